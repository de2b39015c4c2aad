/**
 * The figures of docs/keras.md: Keras' first examples on real data, `node tools/keras-figures.ts digits FOLDER` (MNIST's files, packed
 * or not), `node tools/keras-figures.ts reviews FOLDER` (Stanford Sentiment Treebank: sst-train.tsv, -dev, -test, with a label from 0
 * to 4 and a text), `node tools/keras-figures.ts sums .`. A number after them says how many seeds; default 3. Printed is the share that is right of
 * what was not trained on.
 */
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { openDevice, Random } from 'unrolled';
import { decodeIdx } from 'unrolled/data';
import {
  bidirectional,
  dense,
  dropout,
  earlyStopping,
  embedding,
  input,
  lstm,
  repeatVector,
  sequential,
  useDevice,
} from 'unrolled/keras';
import { wordIds, wordVocabulary } from 'unrolled/words';

function idx(folder: string, pattern: string): Uint8Array {
  const [path] = globSync(join(folder, pattern));
  const bytes = readFileSync(path);
  return decodeIdx(path.endsWith('.gz') ? gunzipSync(bytes) : bytes).data as Uint8Array;
}

/** A dense layer of 512 over pixels, 5 epochs: the first example of Chollet's book. */
async function digits(seed: number, folder: string): Promise<number> {
  const part = (start: string) => {
    const pixels = idx(folder, `${start}*images*`);
    const labels = idx(folder, `${start}*labels*`);
    return {
      x: { shape: [labels.length, 784], data: Float32Array.from(pixels, (n) => n / 255) },
      y: Array.from(labels),
    };
  };
  const [train, test] = [part('train'), part('t10k')];
  const layers = [
    input({ shape: [784] }),
    dense({ units: 512, activation: 'relu' }),
    dense({ units: 10, activation: 'softmax' }),
  ] as const;
  const model = sequential(layers, { seed });
  model.compile({ optimizer: 'rmsprop', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  await model.fit(train.x, train.y, { epochs: 5, batchSize: 128, verbose: 2 });
  const { accuracy } = await model.evaluate(test.x, test.y);
  return accuracy;
}

/** Positive or negative, without the neutral ones. */
async function reviews(seed: number, folder: string): Promise<number> {
  const part = (name: string) =>
    readFileSync(join(folder, `sst-${name}.tsv`), 'utf8')
      .trim()
      .split('\n')
      .slice(1)
      .map((line) => line.split('\t'))
      .filter(([label]) => label !== '2')
      .map(([label, text]) => ({ label: Number(label > '2'), words: text.toLowerCase().split(' ') }));
  const [train, dev, test] = ['train', 'dev', 'test'].map(part);
  const vocabulary = wordVocabulary(
    train.map(({ words }) => words),
    { size: 8000 },
  );
  const idOf = wordIds(vocabulary);
  // 0 is padding, 1 an unknown word.
  const length = 56;
  const ids = (some: typeof train) =>
    some.map(({ words }) => {
      const own = words.slice(0, length).map((word) => idOf(word) + 1);
      return [...own, ...new Array<number>(length - own.length).fill(0)];
    });
  const labels = (some: typeof train) => some.map(({ label }) => label);
  const model = sequential(
    [
      embedding({ inputDim: vocabulary.words.length + 2, outputDim: 64, maskZero: true }),
      bidirectional(lstm({ units: 32 })),
      dropout({ rate: 0.5 }),
      dense({ units: 1, activation: 'sigmoid' }),
    ],
    { seed },
  );
  model.compile({ optimizer: 'adam', loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  await model.fit(ids(train), labels(train), {
    epochs: 10,
    batchSize: 32,
    validationData: [ids(dev), labels(dev)],
    callbacks: [earlyStopping({ monitor: 'val_accuracy', mode: 'max', patience: 2, restoreBestWeights: true })],
    verbose: 2,
  });
  const { accuracy } = await model.evaluate(ids(test), labels(test));
  return accuracy;
}

/** Keras' sums of numbers of three digits, the question in reverse. */
async function sums(seed: number): Promise<number> {
  const random = new Random(1);
  const alphabet = ' +0123456789';
  const seen = new Set<string>();
  const pairs: (readonly [string, string])[] = [];
  while (pairs.length < 50_000) {
    const [a, b] = [0, 1].map(() => random.below(10 ** (1 + random.below(3))));
    const key = [a, b].sort((p, q) => p - q).join();
    if (seen.has(key)) continue;
    seen.add(key);
    const question = `${a}+${b}`.padEnd(7);
    pairs.push([[...question].reverse().join(''), String(a + b).padEnd(4)]);
  }
  const ids = (text: string): number[] => [...text].map((letter) => alphabet.indexOf(letter));
  const [x, y] = [0, 1].map((side) => pairs.map((pair) => ids(pair[side])));
  const model = sequential(
    [
      input({ shape: [7], dtype: 'int32' }),
      embedding({ inputDim: alphabet.length, outputDim: 12, embeddingsInitializer: 'identity', trainable: false }),
      lstm({ units: 128 }),
      repeatVector({ n: 4 }),
      lstm({ units: 128, returnSequences: true }),
      dense({ units: alphabet.length, activation: 'softmax' }),
    ],
    { seed },
  );
  model.compile({ optimizer: 'adam', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const [from, data] = [45_000, { verbose: 2 as const }];
  await model.fit(x.slice(0, from), y.slice(0, from), {
    ...data,
    epochs: 35,
    batchSize: 128,
    validationData: [x.slice(from), y.slice(from)],
    callbacks: [earlyStopping({ monitor: 'val_accuracy', mode: 'max', patience: 8, restoreBestWeights: true })],
  });
  const { data: scores } = await model.predict(x.slice(from));
  const V = alphabet.length;
  const right = y.slice(from).filter((answer, i) =>
    answer.every((id, t) => {
      const row = Array.from({ length: V }, (_, v) => scores[(4 * i + t) * V + v]);
      return row.indexOf(Math.max(...row)) === id;
    }),
  ).length;
  return right / (x.length - from);
}

const [name, folder = '.', seeds = '3'] = process.argv.slice(2);
useDevice(await openDevice());
const all = { digits, reviews, sums };
if (!Object.hasOwn(all, name)) throw new Error(`give one of ${Object.keys(all).join(', ')}`);
for (let seed = 1; seed <= Number(seeds); seed++) {
  console.log(`seed ${seed}: ${(await all[name as keyof typeof all](seed, folder)).toFixed(4)}`);
}
