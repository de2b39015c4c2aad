import { reduceOperations } from '../backend.ts';
import { lengths } from './elementwise.ts';
import type { Case, Lab } from './lab.ts';

const folds = [
  [1, 0, 1],
  [0, 4, 3],
  [3, 4, 0],
  [1, 1, 1],
  ...lengths.filter((n) => n > 0).map((n) => [2, n, 1]),
  ...lengths.filter((n) => n > 0).map((n) => [1, n, 3]),
  [3, 5, 4],
  [4, 3, 17],
  [17, 65, 5],
  [1, 50, 130],
] as const;

const reductions: Case[] = folds.flatMap(([outer, n, inner]): Case[] => [
  ...reduceOperations.map((operation) => ({
    name: `reduce ${operation} of [${outer}, ${n}, ${inner}]`,
    run: (lab: Lab) => {
      const x = lab.normal([outer, n, inner]);
      const out = lab.empty([outer, inner]);
      lab.backend.reduce(operation, x, out, outer, n, inner);
      return { out };
    },
  })),
  {
    name: `argmax of [${outer}, ${n}, ${inner}]`,
    run: (lab) => {
      // Few different values, so that the first of several maxima is asked for.
      const x = lab.floats([outer, n, inner], lab.normals(outer * n * inner).map(Math.round));
      const out = lab.empty([outer, inner], 'int32');
      if (n > 0) lab.backend.argmax(x, out, outer, n, inner);
      return { out };
    },
  },
]);

const notFinite: Case[] = reduceOperations.map((operation) => ({
  name: `reduce ${operation} with NaN and ±∞`,
  run: (lab) => {
    const values = lab.normals(6 * 9);
    values.set([Number.NaN], 4);
    values.set([Number.POSITIVE_INFINITY], 9 + 8);
    values.set([Number.NEGATIVE_INFINITY], 18);
    const x = lab.floats([6, 9], values);
    const [rows, columns] = [lab.empty([6]), lab.empty([9])];
    lab.backend.reduce(operation, x, rows, 6, 9, 1);
    lab.backend.reduce(operation, x, columns, 1, 6, 9);
    return { rows, columns };
  },
}));

const sums: Case[] = [...lengths, 100_001].map((length) => ({
  name: `norm of ${length}, and of great ones`,
  tolerance: 1e-6,
  run: (lab) => {
    const [out, great] = [lab.empty([1]), lab.empty([])];
    lab.backend.norm(lab.normal([length], 2), out);
    lab.backend.norm(lab.normal([length], 1e30), great);
    return { out, great };
  },
}));

const shapes = [[0, 5], ...lengths.filter((n) => n > 0).map((n) => [3, n]), [1, 5], [130, 65]] as const;

const softmaxes: Case[] = shapes.flatMap(([R, V]): Case[] => [
  {
    name: `softmax and logSoftmax of [${R}, ${V}], and gradients`,
    floor: 0.1,
    run: (lab) => {
      const x = lab.normal([R, V], 4);
      const dy = lab.normal([R, V]);
      const [p, logP, dx, dxLog] = Array.from({ length: 4 }, () => lab.empty([R, V]));
      lab.backend.softmax(x, p, V);
      lab.backend.logSoftmax(x, logP, V);
      lab.backend.softmaxGrad(p, dy, dx, V);
      lab.backend.logSoftmaxGrad(logP, dy, dxLog, V);
      return { p, logP, dx, dxLog };
    },
  },
  {
    name: `crossEntropy of [${R}, ${V}], and its gradient`,
    floor: 0.1,
    run: (lab) => {
      const logits = lab.normal([R, V], 4);
      // Every fifth row has no target.
      const targets = lab.ints(
        [R],
        Array.from({ length: R }, (_, i) => (i % 5 === 1 ? -1 : lab.random.below(V))),
      );
      const [losses, logNormaliser] = [lab.empty([R]), lab.empty([R])];
      const dLosses = lab.normal([R]);
      const dLogits = lab.empty([R, V]);
      lab.backend.crossEntropy(logits, targets, losses, logNormaliser);
      lab.backend.crossEntropyGrad(logits, targets, logNormaliser, dLosses, dLogits);
      return { losses, dLogits };
    },
  },
]);

const extremes: Case = {
  name: 'softmax, logSoftmax and crossEntropy of very large and −∞ logits',
  floor: 0.01,
  run: (lab) => {
    const x = lab.floats(
      [3, 5],
      [
        ...[1000, 999, -1000, 0, 1000],
        ...[-1e5, -1e5, -1e5 + 1, -1e5, -1e5],
        ...[Number.NEGATIVE_INFINITY, 1, 2, Number.NEGATIVE_INFINITY, 3],
      ],
    );
    const [p, logP, losses, normaliser] = [lab.empty([3, 5]), lab.empty([3, 5]), lab.empty([3]), lab.empty([3])];
    lab.backend.softmax(x, p, 5);
    lab.backend.logSoftmax(x, logP, 5);
    lab.backend.crossEntropy(x, lab.ints([3], [1, 2, 4]), losses, normaliser);
    return { p, logP, losses };
  },
};

const tables: Case[] = lengths.slice(1).map((n) => ({
  name: `gather and scatterAdd of rows of ${n}, with repeated and edge ids`,
  run: (lab) => {
    const table = lab.normal([9, n]);
    const ids = lab.ints([2, 4], [0, 8, 3, 3, 0, 3, 8, 7]);
    const out = lab.empty([2, 4, n]);
    const dTable = lab.normal([9, n]);
    lab.backend.gather(table, ids, out);
    lab.backend.scatterAdd(lab.normal([2, 4, n]), ids, dTable);
    const none = lab.ints([0], []);
    lab.backend.gather(table, none, lab.empty([0, n]));
    lab.backend.scatterAdd(lab.empty([0, n]), none, dTable);
    return { out, dTable };
  },
}));

const strays: Case = {
  name: 'ids and targets out of range reach nothing',
  run: (lab) => {
    const ids = lab.ints([5], [2, 3, -1, 2 ** 31 - 1, -(2 ** 31)]);
    const [table, out, dTable] = [lab.normal([3, 7]), lab.empty([5, 7]), lab.normal([3, 7])];
    lab.backend.gather(table, ids, out);
    lab.backend.scatterAdd(lab.normal([5, 7]), ids, dTable);
    const logits = lab.normal([5, 3]);
    const [losses, normaliser, dLogits] = [lab.empty([5]), lab.empty([5]), lab.empty([5, 3])];
    lab.backend.crossEntropy(logits, ids, losses, normaliser);
    lab.backend.crossEntropyGrad(logits, ids, normaliser, lab.normal([5]), dLogits);
    return { out, dTable, losses, normaliser, dLogits };
  },
};

const forms = [
  { affine: true, centred: true },
  { affine: false, centred: true },
  { affine: true, centred: false },
];
const norms: Case[] = shapes.flatMap(([R, n]) =>
  forms.map(({ affine, centred }) => ({
    name: `${centred ? 'layerNorm' : 'RMS norm'} of [${R}, ${n}]${affine ? ' with gain and bias' : ''}, and its gradient`,
    // One element a row: x − mean is all rounding.
    floor: 1,
    run: (lab: Lab) => {
      const x = lab.floats(
        [R, n],
        lab.normals(R * n, 2).map((v) => v + 1),
      );
      const [gain, bias] = affine ? [lab.normal([n]), lab.normal([n])] : [null, null];
      const [y, mean, inverseDeviation] = [lab.empty([R, n]), lab.empty([R]), lab.empty([R])];
      lab.backend.layerNorm({ x, gain, bias, y, mean, inverseDeviation, centred, epsilon: 1e-3 });
      const dy = lab.normal([R, n]);
      const dx = lab.empty([R, n]);
      const [dGain, dBias] = affine ? [lab.normal([n]), lab.normal([n])] : [null, null];
      lab.backend.layerNormGrad({ x, gain, mean, inverseDeviation, centred, dy, dx, dGain, dBias });
      return { y, mean, dx, ...(dGain && dBias ? { dGain, dBias } : {}) };
    },
  })),
);

export const rowCases: readonly Case[] = [
  ...reductions,
  ...notFinite,
  ...sums,
  ...softmaxes,
  extremes,
  ...tables,
  strays,
  ...norms,
];
