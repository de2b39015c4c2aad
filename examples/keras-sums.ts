// Keras' sequence to sequence: sums of two numbers, written digit by digit by a decoder that begins with the encoder's state.
//
//     node examples/keras-sums.ts

import { openDevice, Random } from 'unrolled';
import { dense, embedding, input, lstm, model, useDevice } from 'unrolled/keras';

// One thread: the model is small.
useDevice(await openDevice('wasm', { threads: 1 }));

const random = new Random(3);
const alphabet = '_0123456789+<'; // padding, digits, plus, start
const ids = (text: string, length: number): number[] =>
  [...text.padEnd(length, '_')].map((letter) => alphabet.indexOf(letter));
// All pairs below 50 in random order: those at the end are not trained on.
const pairs = Array.from(random.permutation(2500), (n) => [n % 50, Math.floor(n / 50)]);
const questions = pairs.map(([a, b]) => ids(`${a}+${b}`, 5));
// The last digit first, so that carries go with the direction of writing.
const reversed = pairs.map(([a, b]) => [...String(a + b)].reverse().join(''));
const written = reversed.map((text) => ids(`<${text}`, 3));
const answers = reversed.map((text) => ids(text, 3));

const asked = input({ shape: [null], dtype: 'int32', name: 'asked' });
const before = input({ shape: [null], dtype: 'int32', name: 'before' });
const letters = { inputDim: alphabet.length, outputDim: 16 };
const [, h, c] = lstm({ units: 64, returnState: true }).apply(embedding({ ...letters, maskZero: true }).apply(asked));
const decoded = lstm({ units: 64, returnSequences: true }).apply(embedding(letters).apply(before), {
  initialState: [h, c],
});
const next = dense({ units: alphabet.length, activation: 'softmax' }).apply(decoded);
const adder = model({ inputs: { asked, before }, outputs: next, seed: 3 });
adder.compile({
  optimizer: { name: 'adam', learningRate: 0.015 },
  loss: 'sparseCategoricalCrossentropy',
  metrics: ['accuracy'],
});

const [x, y] = [{ asked: questions.slice(0, 2200), before: written.slice(0, 2200) }, answers.slice(0, 2200)];
await adder.fit(x, y, { epochs: 20, batchSize: 64, verbose: 2 });

/** Greedy: each digit is written after those before it. */
const answersSoFar = questions.slice(2200).map(() => ids('<', 3));
for (let t = 0; t < 3; t++) {
  const { data, shape } = await adder.predict({ asked: questions.slice(2200), before: answersSoFar });
  const V = shape[2];
  answersSoFar.forEach((row, b) => {
    const scores = Array.from({ length: V }, (_, v) => data[(b * 3 + t) * V + v]);
    const best = scores.indexOf(Math.max(...scores));
    if (t < 2) row[t + 1] = best;
    else row.push(best);
  });
}
const right = answersSoFar.filter((row, b) => row.slice(1).join() === answers[2200 + b].join()).length;
console.log(`new sums that are right: ${((100 * right) / answersSoFar.length).toFixed(1)}%`);
