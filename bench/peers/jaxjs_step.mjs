/** Times the same training step in jax-js: a case (LSTM), warmup and runs as JSON on the standard input. */
import { readFileSync } from 'node:fs';
import { defaultDevice, init, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax';

const {
  layers,
  hidden: H,
  embedding: E,
  vocabulary: V,
  batch: B,
  steps: T,
  warmup,
  runs,
} = JSON.parse(readFileSync(0));
await init('wasm');
defaultDevice('wasm');

let seed = 1;
const uniform = (bound, ...shape) => {
  const numbers = Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => {
    seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
    return (seed / 2 ** 32 - 0.5) * 2 * bound;
  });
  return np.array(numbers).reshape(shape);
};
const bound = 1 / Math.sqrt(H);
let parameters = {
  embedding: uniform(1, V, E),
  cells: Array.from({ length: layers }, (_, layer) => ({
    input: uniform(bound, layer === 0 ? E : H, 4 * H),
    hidden: uniform(bound, H, 4 * H),
    bias: uniform(bound, 4 * H),
  })),
  output: uniform(bound, H, V),
  bias: uniform(bound, V),
};

/** There is no scan: the steps are unrolled. What is used again needs `.ref`; each use consumes one. */
const lossOf = (p, inputs, targets) => {
  let xs = Array.from({ length: T }, (_, t) => np.matmul(inputs.ref.slice(t), p.embedding.ref));
  for (const cell of p.cells) {
    let [h, c] = [np.zeros([B, H]), np.zeros([B, H])];
    xs = xs.map((x) => {
      const gates = np.matmul(x, cell.input.ref).add(np.matmul(h, cell.hidden.ref)).add(cell.bias.ref);
      const [i, f, g, o] = [0, 1, 2, 3].map((n) => gates.ref.slice([], [n * H, (n + 1) * H]));
      gates.dispose();
      c = nn
        .sigmoid(f)
        .mul(c)
        .add(nn.sigmoid(i).mul(np.tanh(g)));
      h = nn.sigmoid(o).mul(np.tanh(c.ref));
      return h.ref;
    });
    h.dispose();
    c.dispose();
    tree.dispose(cell);
  }
  const logits = np.matmul(np.concatenate(xs, 0), p.output).add(p.bias);
  p.embedding.dispose();
  inputs.dispose();
  return nn
    .logSoftmax(logits)
    .mul(targets)
    .sum()
    .mul(-1 / (T * B));
};

const gradientsOf = valueAndGrad(lossOf);
const step = jit((p, m, v, inputs, targets, rate) => {
  const [loss, raw] = gradientsOf(tree.ref(p), inputs, targets);
  const squares = tree.leaves(tree.ref(raw)).map((g) => np.square(g).sum());
  const scale = np.minimum(np.array(5).div(np.sqrt(squares.reduce((a, b) => a.add(b)))), np.array(1));
  const g = tree.map((x) => x.mul(scale.ref), raw);
  scale.dispose();
  const mean = tree.map((a, b) => a.mul(0.9).add(b.mul(0.1)), m, tree.ref(g));
  const variance = tree.map((a, b) => a.mul(0.999).add(np.square(b).mul(0.001)), v, g);
  const update = (w, a, b) => w.sub(rate.ref.mul(a).div(np.sqrt(b).add(1e-8)));
  const next = tree.map(update, p, tree.ref(mean), tree.ref(variance));
  rate.dispose();
  return [loss, next, mean, variance];
});

const oneHot = (ahead) => {
  const numbers = new Float32Array(T * B * V);
  for (let i = 0; i < T; i++) {
    for (let b = 0; b < B; b++) numbers[(i * B + b) * V + (((i + ahead) ** 2 + 7 * (i + ahead) + 31 * b) % V)] = 1;
  }
  return np.array(numbers);
};
const inputs = oneHot(0).reshape([T, B, V]);
const targets = oneHot(1).reshape([T * B, V]);
let mean = tree.map((x) => np.zerosLike(x), tree.ref(parameters));
let variance = tree.map((x) => np.zerosLike(x), tree.ref(parameters));

const milliseconds = [];
const losses = [];
for (let i = 0; i < warmup + runs; i++) {
  const start = performance.now();
  const rate = (2e-3 * Math.sqrt(1 - 0.999 ** (i + 1))) / (1 - 0.9 ** (i + 1));
  const [loss, ...next] = step(parameters, mean, variance, inputs.ref, targets.ref, np.array(rate));
  [parameters, mean, variance] = next;
  losses.push((await loss.data())[0]);
  if (i >= warmup) milliseconds.push(performance.now() - start);
}
console.log(JSON.stringify({ milliseconds, losses }));
