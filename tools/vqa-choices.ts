/**
 * Makes multiple choice of open questions: a CSV with image, question, answer and three wrong answers beside the right one, in random
 * order. Wrong answers are drawn as often as all questions of the file have them (frequency), or as often as questions of the same type have
 * them (type).
 *
 *     node tools/vqa-choices.ts daquar/all_qa_pairs.txt frequency > choices-by-frequency.csv
 */

import { readFileSync } from 'node:fs';
import { Random } from 'unrolled';
import { commonAnswer, normaliseAnswer } from 'unrolled/metrics';
import { questionTypes, typeFinder } from 'unrolled/tasks/vqa';
import { parseQuestions } from '../packages/cli/src/input/questions.ts';

const [file, by, seed = '1'] = process.argv.slice(2);
if (file === undefined || (by !== 'frequency' && by !== 'type')) {
  throw new Error('usage: node tools/vqa-choices.ts QUESTIONS frequency|type [seed]');
}
const wrong = 3;
// Several answers to one question are no choice.
const lines = (await parseQuestions(readFileSync(file, 'utf8'), file)).filter(
  ({ answers }) => !answers.some((answer) => answer.includes(',')),
);
const asked = lines.map(({ question, answers }) => ({ question, answer: commonAnswer(answers) }));
const typeOf = typeFinder(questionTypes(asked));
const pools = Map.groupBy(asked, ({ question }) => (by === 'type' ? typeOf(question).begin : ''));
const all = asked.map(({ answer }) => answer);
const random = new Random(Number(seed));

/** The right answer and others that are drawn from a pool; from all answers where it has too few. */
function choicesFor(question: string, answer: string): string[] {
  const pool = pools.get(by === 'type' ? typeOf(question).begin : '')!.map((one) => one.answer);
  const from = new Set(pool).size > wrong ? pool : all;
  const choices = new Set([answer]);
  while (choices.size <= wrong) choices.add(from[random.below(from.length)]);
  const list = [...choices];
  return Array.from(random.permutation(list.length), (place) => list[place]);
}

const quoted = (text: string): string => (/[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
const rows = lines.map(({ image, question, answers }) => {
  const answer = normaliseAnswer(commonAnswer(answers));
  return [image, question, answer, choicesFor(question, answer).join('|')].map(quoted).join(',');
});
process.stdout.write(`image,question,answer,choices\n${rows.join('\n')}\n`);
