/** Times the same training step in TensorFlow.js: a case, warmup and runs as JSON on the standard input. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';

const {
  cell,
  layers,
  hidden,
  embedding,
  vocabulary: V,
  batch: B,
  steps: T,
  warmup,
  runs,
} = JSON.parse(readFileSync(0));
// Its WebAssembly backend has no gradient of an embedding; this one computes in JavaScript.
await tf.setBackend('cpu');

const recurrent = { lstm: tf.layers.lstm, gru: tf.layers.gru, rnn: tf.layers.simpleRNN }[cell];
// Its own default, orthogonal, takes longer than the steps.
const options = { returnSequences: true, recurrentInitializer: 'glorotUniform' };
const model = tf.sequential();
model.add(tf.layers.embedding({ inputDim: V, outputDim: embedding, inputLength: T }));
for (let layer = 0; layer < layers; layer++) model.add(recurrent({ ...options, units: hidden }));
model.add(tf.layers.dense({ units: V }));
const optimizer = tf.train.adam(2e-3);
const ids = (ahead) =>
  tf.tensor2d(
    Array.from({ length: B }, (_, b) =>
      Array.from({ length: T }, (_, i) => ((i + ahead) ** 2 + 7 * (i + ahead) + 31 * b) % V),
    ),
  );
const inputs = ids(0);
const targets = tf.oneHot(ids(1).toInt(), V);

const milliseconds = [];
const losses = [];
for (let step = 0; step < warmup + runs; step++) {
  const start = performance.now();
  tf.tidy(() => {
    const { value, grads } = tf.variableGrads(() =>
      tf.losses.softmaxCrossEntropy(targets, model.apply(inputs, { training: true })),
    );
    const norm = tf.sqrt(tf.addN(Object.values(grads).map((gradient) => gradient.square().sum())));
    const scale = tf.minimum(1, tf.div(5, norm));
    optimizer.applyGradients(Object.fromEntries(Object.entries(grads).map(([name, g]) => [name, g.mul(scale)])));
    losses.push(value.dataSync()[0]);
  });
  if (step >= warmup) milliseconds.push(performance.now() - start);
}
console.log(JSON.stringify({ milliseconds, losses }));
