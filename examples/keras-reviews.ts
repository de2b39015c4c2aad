// Keras' example of reviews: embedding and a bidirectional LSTM over padded ids. A word that stands after "not" counts the other way.
//
//     node examples/keras-reviews.ts

import { openDevice, Random } from 'unrolled';
import { bidirectional, dense, dropout, earlyStopping, embedding, lstm, sequential, useDevice } from 'unrolled/keras';

// One thread: the model is small.
useDevice(await openDevice('wasm', { threads: 1 }));

const random = new Random(2);
const [padding, not] = [0, 1];
const [good, bad, other] = [[2, 3, 4, 5], [6, 7, 8, 9], Array.from({ length: 30 }, (_, i) => 10 + i)];
const pick = (words: readonly number[]): number => words[random.below(words.length)];

function review(isGood: boolean): number[] {
  const words: number[] = [];
  for (let n = 2 + random.below(2); n > 0; n--) {
    for (let k = random.below(4); k > 0; k--) words.push(pick(other));
    const turned = random.uniform() < 0.4;
    words.push(...(turned ? [not] : []), pick(isGood === turned ? bad : good));
  }
  return [...new Array<number>(16).fill(padding), ...words].slice(-16);
}

const labels = Array.from({ length: 1600 }, (_, i) => i % 2);
const reviews = labels.map((label) => review(label === 1));

const model = sequential(
  [
    embedding({ inputDim: 40, outputDim: 16, maskZero: true }),
    bidirectional(lstm({ units: 16 })),
    dropout({ rate: 0.3 }),
    dense({ units: 1, activation: 'sigmoid' }),
  ],
  { seed: 2 },
);
model.compile({
  optimizer: { name: 'adam', learningRate: 0.005 },
  loss: 'binaryCrossentropy',
  metrics: ['accuracy', 'auc'],
});
await model.fit(reviews.slice(0, 1200), labels.slice(0, 1200), {
  epochs: 7,
  validationSplit: 0.2,
  callbacks: [earlyStopping({ patience: 3, restoreBestWeights: true })],
  verbose: 2,
});
const { accuracy } = await model.evaluate(reviews.slice(1200), labels.slice(1200));
console.log(`accuracy on new reviews ${accuracy.toFixed(3)}`);
