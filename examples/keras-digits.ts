// Keras' first example: a dense network that reads digits, here drawn from seven segments in noise.
//
//     node examples/keras-digits.ts

import { openDevice, Random } from 'unrolled';
import { dense, dropout, input, sequential, useDevice } from 'unrolled/keras';

// One thread: the model is small.
useDevice(await openDevice('wasm', { threads: 1 }));

const random = new Random(1);
const segments = [
  '1110111',
  '0010010',
  '1011101',
  '1011011',
  '0111010',
  '1101011',
  '1101111',
  '1010010',
  '1111111',
  '1111011',
];
/** The pixels of each segment on 7 × 5: top, upper left and right, middle, lower left and right, bottom. */
const strokes = [
  [1, 2, 3],
  [5, 10],
  [9, 14],
  [16, 17, 18],
  [20, 25],
  [24, 29],
  [31, 32, 33],
];
function draw(digit: number): number[] {
  const pixels = new Array<number>(35).fill(0);
  for (const [i, stroke] of strokes.entries()) for (const place of stroke) pixels[place] += Number(segments[digit][i]);
  return pixels.map((ink) => ink + 0.4 * random.normal());
}

const digits = Array.from({ length: 2500 }, (_, i) => i % 10);
const images = digits.map(draw);
const [trainX, testX] = [images.slice(0, 2000), images.slice(2000)];
const [trainY, testY] = [digits.slice(0, 2000), digits.slice(2000)];

const model = sequential(
  [
    input({ shape: [35] }),
    dense({ units: 64, activation: 'relu' }),
    dropout({ rate: 0.2 }),
    dense({ units: 10, activation: 'softmax' }),
  ],
  { seed: 1 },
);
model.compile({ optimizer: 'rmsprop', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
await model.fit(trainX, trainY, { epochs: 20, batchSize: 64, verbose: 2 });
const { accuracy } = await model.evaluate(testX, testY);
console.log(`accuracy on new digits ${accuracy.toFixed(3)}`);
