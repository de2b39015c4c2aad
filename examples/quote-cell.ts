// A unit that knows whether it is inside of quotes: a small LSTM learns to predict a text in which people speak, and
// nobody tells it what quotes are. Then all of its units are searched for one that follows them; it is cut, and the
// model forgets where it is.
//
//     node examples/quote-cell.ts

import { openDevice, Random } from 'unrolled';
import { parseProperty } from 'unrolled/inspect';
import {
  evaluateLanguageModel,
  findUnits,
  LanguageModel,
  languageModelTraining,
  tokenizerFor,
  traceUnits,
} from 'unrolled/tasks/language-model';
import { train } from 'unrolled/train';

/** `tom met ann. ann said "oh my no" and sat.` and so on; quotes are of any length, and small in them means nothing. */
function speech(characters: number, random: Random): string {
  const some = (words: string): string => words.split(' ')[random.below(words.split(' ').length)];
  const words = (list: string, count: number): string => Array.from({ length: count }, () => some(list)).join(' ');
  let text = '';
  while (text.length < characters) {
    text += `${words('tom ann sat met the man ran to town', 2 + random.below(8))} `;
    text += `"${words('oh my no yes go we all know it so', 2 + random.below(8))}" `;
  }
  return text;
}

const device = await openDevice('wasm', { threads: 1 });
const text = speech(40_000, new Random(1));
const tokenizer = tokenizerFor('char', text);
const config = { cell: 'lstm', hidden: 32, layers: 1, embedding: 12, dropout: 0 };
const model = new LanguageModel(device, tokenizer, config, 3);
const task = languageModelTraining(model, text, { batch: 16, steps: 50, seed: 1 });
const how = { optimizer: { method: 'adam' }, learningRate: 1e-2, clipNorm: 1, steps: 300 } as const;
for await (const event of train(task, how)) {
  if (event.type === 'progress' && event.step % 100 === 0)
    console.log(`step ${event.step}  loss ${event.loss.toFixed(3)}`);
}

const unseen = tokenizer.encode(speech(12_000, new Random(2)));
const [{ units, shuffledLevel }] = await findUnits(model, unseen, [parseProperty('quotes')]);
const [best] = units;
console.log(
  `${best.name}: AUC ${best.heldOut.toFixed(3)}, shuffled ${shuffledLevel.toFixed(3)}, p ${best.p.toFixed(3)}`,
);

const span = await traceUnits(model, unseen, [best], { from: 300, to: 400 });
const values = span.map((token) => best.sign * token.values[0]);
const [low, high] = [Math.min(...values), Math.max(...values)];
console.log(span.map(({ piece }) => piece).join(''));
console.log(values.map((value) => ' .-=#'[Math.min(4, Math.floor((5 * (value - low)) / (high - low)))]).join(''));

const whole = await evaluateLanguageModel(model, unseen);
const cut = await evaluateLanguageModel(model, unseen, { hold: [{ ...best, value: 0 }] });
console.log(`loss ${whole.loss.toFixed(3)} nats, with ${best.name} cut ${cut.loss.toFixed(3)}`);
device.close();
