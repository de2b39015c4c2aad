// Keras' example of a functional model: tickets with a title and tags, a priority and a department.
//
//     node examples/keras-tickets.ts

import { openDevice, Random } from 'unrolled';
import { concatenate, dense, embedding, gru, input, model, useDevice } from 'unrolled/keras';

// One thread: the model is small.
useDevice(await openDevice('wasm', { threads: 1 }));

const random = new Random(4);
/** Words 1–5 are of billing, 6–10 of machines, 11–15 of travel; 16 is "urgent", the others say nothing. */
function ticket() {
  const department = random.below(3);
  const words = Array.from({ length: 8 }, () =>
    random.uniform() < 0.4 ? 1 + 5 * department + random.below(5) : 17 + random.below(23),
  );
  const isUrgent = random.uniform() < 0.5;
  if (isUrgent) words[random.below(8)] = 16;
  const tags = [random.below(2), random.below(2)];
  return { title: words, tags, priority: isUrgent || tags[0] + tags[1] === 2 ? 1 : 0, department };
}
const tickets = Array.from({ length: 2400 }, ticket);
const part = (start: number, end?: number) => {
  const some = tickets.slice(start, end);
  return [
    { title: some.map((one) => one.title), tags: some.map((one) => one.tags) },
    { priority: some.map((one) => one.priority), department: some.map((one) => one.department) },
  ] as const;
};

const title = input({ shape: [null], dtype: 'int32', name: 'title' });
const tags = input({ shape: [2], name: 'tags' });
const read = gru({ units: 24 }).apply(embedding({ inputDim: 40, outputDim: 16 }).apply(title));
const features = dense({ units: 16, activation: 'relu' }).apply(concatenate().apply([read, tags]));
const priority = dense({ units: 1, activation: 'sigmoid' }).apply(features);
const department = dense({ units: 3, activation: 'softmax' }).apply(features);
const triage = model({ inputs: { title, tags }, outputs: { priority, department }, seed: 4 });
triage.compile({
  optimizer: { name: 'adam', learningRate: 0.01 },
  loss: { priority: 'binaryCrossentropy', department: 'sparseCategoricalCrossentropy' },
  metrics: { priority: ['accuracy'], department: ['accuracy'] },
});
triage.summary();
await triage.fit(...part(0, 2000), { epochs: 6, verbose: 2 });
const scores = await triage.evaluate(...part(2000));
console.log(`priority ${scores.priority_accuracy.toFixed(3)}, department ${scores.department_accuracy.toFixed(3)}`);
