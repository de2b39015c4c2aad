/**
 * How translation fares with long inputs, with attention and without: random words are written backwards, and measured by
 * their length. Prints a table and draws docs/pictures/translation-length.svg: node tools/translation-length.ts [steps]
 */
import { writeFileSync } from 'node:fs';
import { openDevice, Random } from 'unrolled';
import { lineChart } from 'unrolled/charts';
import {
  evaluateTranslator,
  sidesFor,
  type TranslationPair,
  Translator,
  type TranslatorConfig,
  translatorTraining,
} from 'unrolled/tasks/translate';
import { train } from 'unrolled/train';

const longest = 40;
const lengths = [5, 10, 15, 20, 25, 30, 35, 40];
const steps = Number(process.argv[2] ?? 2000);
const letters = 'abcdefghijklmnopqrstuvwxyz';
const random = new Random(1);

function pairOf(length: number): TranslationPair {
  const word = Array.from({ length }, () => letters[random.below(letters.length)]);
  return { source: word.join(''), target: word.toReversed().join('') };
}

const pairs = Array.from({ length: 20_000 }, () => pairOf(1 + random.below(longest)));
const tests = lengths.map((length) => Array.from({ length: 200 }, () => pairOf(length)));
const kinds: Readonly<Record<string, Partial<TranslatorConfig>>> = {
  'one vector': { attention: 'none' },
  'with attention': { attention: 'additive' },
};

const found: Record<string, number[]> = {};
for (const [name, kind] of Object.entries(kinds)) {
  const device = await openDevice('wasm', { threads: 1 });
  const config = { cell: 'gru', hidden: 64, layers: 1, embedding: 32, dropout: 0, ...kind };
  const model = new Translator(device, sidesFor(pairs), config, 1);
  const task = translatorTraining(model, pairs, { validation: [], batch: 32, seed: 1 });
  const options = { optimizer: { method: 'adam' }, learningRate: 3e-3, schedule: 'linear', clipNorm: 1 } as const;
  let loss = 0;
  for await (const event of train(task, { ...options, steps, progressEvery: 100, validateEvery: 0, sampleEvery: 0 })) {
    if (event.type === 'progress') {
      loss = event.loss;
      if (event.step % 500 === 0)
        console.log(name, event.step, loss.toFixed(4), `${event.secondsElapsed.toFixed(0)} s`);
    }
  }
  found[name] = [];
  for (const test of tests) {
    const { scores } = await evaluateTranslator(model, test);
    found[name].push(100 * (1 - scores.characterErrorRate));
  }
  console.log(`| ${name} | ${found[name].map((share) => share.toFixed(1)).join(' | ')} |`);
  device.close();
}

const series = Object.entries(found).map(([name, shares]) => ({
  name,
  points: shares.map((share, i) => [lengths[i], Math.max(0, share)] as const),
}));
const chart = lineChart({
  title: 'Random letters, written backwards',
  description: `Characters that are right, by length of the word, after ${steps} steps. Made by: node tools/translation-length.ts`,
  x: { label: 'letters in the word' },
  y: { label: '% of characters right', from: 0, to: 100 },
  series,
});
writeFileSync(new URL('../docs/pictures/translation-length.svg', import.meta.url), chart);
