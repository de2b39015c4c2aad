/**
 * What questions about made scenes tell without their history or their image, by counting: the share of answers that are right
 *
 * - by the question alone: the most frequent answer to it in other dialogues;
 * - without the image: the most frequent answer after the same question and answer;
 * - without the history: the most frequent answer to the question in other dialogues about the same scene, which is all that
 *   somebody can know who sees the scene and does not know what it is about.
 *
 *     node tools/dialogue-baselines.ts [scenes] [dialogues about each]
 */
import { makeConversation, makeDialogues, makeScene, refersBack, type Turn } from 'unrolled/tasks/dialogue';

const [scenes = 200, others = 300] = process.argv.slice(2).map(Number);

/** Counts answers by key; the best answer to a key, or undefined. */
class Counts {
  readonly #answers = new Map<string, Map<string, number>>();

  add(key: string, answer: string): void {
    const counts = this.#answers.get(key) ?? new Map<string, number>();
    this.#answers.set(key, counts.set(answer, (counts.get(answer) ?? 0) + 1));
  }

  best(key: string): string | undefined {
    return [...(this.#answers.get(key) ?? [])].sort(([, a], [, b]) => b - a)[0]?.[0];
  }
}

const after = (turns: readonly Turn[], i: number): string =>
  `${i > 0 ? `${turns[i - 1].question} ${turns[i - 1].answer}` : ''} | ${turns[i].question}`;

const alone = new Counts();
const history = new Counts();
for (const { turns } of makeDialogues({ seed: 1_000_000, count: 20_000 })) {
  for (const [i, { question, answer }] of turns.entries()) {
    alone.add(question, answer);
    history.add(after(turns, i), answer);
  }
}

const right = { 'the question alone': 0, 'without the image': 0, 'without the history': 0 };
const back = { ...right };
let [questions, backQuestions] = [0, 0];
for (let seed = 9_000_000; seed < 9_000_000 + scenes; seed++) {
  const scene = makeScene({ seed });
  const image = new Counts();
  for (let other = 1; other <= others; other++) {
    for (const { question, answer } of makeConversation(scene, { seed: seed + other * 1_000_003 }).turns) {
      image.add(question, answer);
    }
  }
  const { turns } = makeConversation(scene, { seed });
  for (const [i, { question, answer }] of turns.entries()) {
    const guess = alone.best(question);
    const guesses = {
      'the question alone': guess,
      'without the image': history.best(after(turns, i)) ?? guess,
      'without the history': image.best(question) ?? guess,
    };
    questions++;
    if (refersBack(question)) backQuestions++;
    for (const name of Object.keys(guesses) as (keyof typeof guesses)[]) {
      if (guesses[name] !== answer) continue;
      right[name]++;
      if (refersBack(question)) back[name]++;
    }
  }
}
const percent = (part: number, whole: number): string => `${((100 * part) / whole).toFixed(1)}%`;
console.log(`${questions} questions about ${scenes} scenes, ${backQuestions} of which point back`);
for (const name of Object.keys(right) as (keyof typeof right)[]) {
  console.log(
    `${name}: ${percent(right[name], questions)}, of those that point back ${percent(back[name], backQuestions)}`,
  );
}
