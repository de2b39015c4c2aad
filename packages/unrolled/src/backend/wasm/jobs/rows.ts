import { Reduction } from '../generated/kernels.ts';
import { COLUMNS, defineJob, LINE, startOf } from './job.ts';

/** Jobs over rows of n, such as softmax, split between rows. */
export const softmaxJob = defineJob(['log', 'x', 'out', 'rows', 'n'], (kernels, { log, x, out, rows, n }, share) => {
  const from = startOf(rows, share.part, share.parts);
  const count = startOf(rows, share.part + 1, share.parts) - from;
  const at = from * n * 4;
  if (log) kernels.logSoftmax(x + at, out + at, count, n);
  else kernels.softmax(x + at, out + at, count, n);
});

export const softmaxGradJob = defineJob(['log', 'y', 'dy', 'dx', 'rows', 'n'], (kernels, p, share) => {
  const from = startOf(p.rows, share.part, share.parts);
  const count = startOf(p.rows, share.part + 1, share.parts) - from;
  const at = from * p.n * 4;
  if (p.log) kernels.logSoftmaxGrad(p.y + at, p.dy + at, p.dx + at, count, p.n);
  else kernels.softmaxGrad(p.y + at, p.dy + at, p.dx + at, count, p.n);
});

export const crossEntropyJob = defineJob(
  ['logits', 'targets', 'losses', 'normaliser', 'rows', 'n'],
  (kernels, p, share) => {
    const from = startOf(p.rows, share.part, share.parts);
    const count = startOf(p.rows, share.part + 1, share.parts) - from;
    const [logits, at] = [p.logits + from * p.n * 4, from * 4];
    kernels.crossEntropy(logits, p.targets + at, p.losses + at, p.normaliser + at, count, p.n);
  },
);

export const crossEntropyGradJob = defineJob(
  ['logits', 'targets', 'normaliser', 'dLosses', 'dLogits', 'rows', 'n'],
  (kernels, p, share) => {
    const from = startOf(p.rows, share.part, share.parts);
    const count = startOf(p.rows, share.part + 1, share.parts) - from;
    const [wide, at] = [from * p.n * 4, from * 4];
    const { logits, targets, normaliser, dLosses, dLogits } = p;
    kernels.crossEntropyGrad(logits + wide, targets + at, normaliser + at, dLosses + at, dLogits + wide, count, p.n);
  },
);

export const layerNormJob = defineJob(
  ['x', 'gain', 'bias', 'y', 'mean', 'inverseDeviation', 'rows', 'n', 'centred', 'epsilon'],
  (kernels, p, share) => {
    const from = startOf(p.rows, share.part, share.parts);
    const count = startOf(p.rows, share.part + 1, share.parts) - from;
    const [wide, at] = [from * p.n * 4, from * 4];
    const { x, gain, bias, y, mean, inverseDeviation, n, centred, epsilon } = p;
    kernels.layerNorm(x + wide, gain, bias, y + wide, mean + at, inverseDeviation + at, count, n, centred, epsilon);
  },
);

/** ∂L/∂x is split between rows; the gradients of gain and bias, which are sums over rows, between columns. */
export const layerNormGradJob = defineJob(
  ['x', 'gain', 'mean', 'inverseDeviation', 'dy', 'dx', 'dGain', 'dBias', 'rows', 'n', 'centred'],
  (kernels, { x, gain, mean, inverseDeviation, dy, dx, dGain, dBias, rows, n, centred }, { part, parts }) => {
    if (parts === 1) {
      kernels.layerNormGrad(x, gain, mean, inverseDeviation, dy, dx, dGain, dBias, rows, n, centred);
      return;
    }
    const from = startOf(rows, part, parts);
    const count = startOf(rows, part + 1, parts) - from;
    const [wide, at] = [from * n * 4, from * 4];
    const [own, given] = [x + wide, dy + wide];
    kernels.layerNormGrad(own, gain, mean + at, inverseDeviation + at, given, dx + wide, 0, 0, count, n, centred);
    const first = startOf(n, part, parts, LINE);
    const columns = startOf(n, part + 1, parts, LINE) - first;
    const [side, columnsFrom] = [first * 4, (sum: number): number => sum && sum + first * 4];
    const sums = [columnsFrom(dGain), columnsFrom(dBias)] as const;
    kernels.layerNormSums(x + side, mean, inverseDeviation, dy + side, ...sums, rows, n, columns);
  },
);

/** Split between groups. */
export const argmaxJob = defineJob(['x', 'out', 'outer', 'n', 'inner'], (kernels, p, share) => {
  const from = startOf(p.outer, share.part, share.parts);
  const count = startOf(p.outer, share.part + 1, share.parts) - from;
  kernels.argmax(p.x + from * p.n * p.inner * 4, p.out + from * p.inner * 4, count, p.n, p.inner);
});

/** Split between columns: the rows of one id are added in their order. */
export const scatterAddJob = defineJob(['dOut', 'ids', 'dTable', 'count', 'rows', 'n'], (kernels, p, share) => {
  const from = startOf(p.n, share.part, share.parts, LINE);
  const columns = startOf(p.n, share.part + 1, share.parts, LINE) - from;
  kernels.scatterAdd(p.dOut + from * 4, p.ids, p.dTable + from * 4, p.count, p.rows, p.n, columns);
});

/** Split between groups of `n` to fold, of which there are `outer`; sums down the columns of one group between columns. */
export const reduceJob = defineJob(['operation', 'x', 'out', 'outer', 'n', 'inner'], (kernels, p, share) => {
  if (p.outer === 1 && p.inner > 1 && p.operation === Reduction.sum) {
    const from = startOf(p.inner, share.part, share.parts, COLUMNS);
    const columns = startOf(p.inner, share.part + 1, share.parts, COLUMNS) - from;
    kernels.columnSums(p.x + from * 4, p.inner, p.n, columns, p.out + from * 4, 0);
    return;
  }
  const from = startOf(p.outer, share.part, share.parts);
  const count = startOf(p.outer, share.part + 1, share.parts) - from;
  kernels.reduce(p.operation, p.x + from * p.n * p.inner * 4, p.out + from * p.inner * 4, count, p.n, p.inner);
});

export const gatherJob = defineJob(['table', 'ids', 'out', 'count', 'rows', 'n'], (kernels, p, share) => {
  const from = startOf(p.count, share.part, share.parts);
  const count = startOf(p.count, share.part + 1, share.parts) - from;
  kernels.gather(p.table, p.ids + from * 4, p.out + from * p.n * 4, count, p.rows, p.n);
});
