import { broadcastShapes, type Shape, sizeOf, stridesOf } from '../../shape.ts';
import { binaryOperations, type UnaryOperation, unaryOperations } from '../backend.ts';
import { activations } from '../convolution.ts';
import { unaryRules } from '../reference/elementwise.ts';
import type { Case, Lab } from './lab.ts';

/** Around lanes, unrolling and nothing at all. */
export const lengths = [0, 1, 3, 4, 5, 17, 64, 1003];

const special = [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, -0, 1, -1, 0.5, -2];
const wide = [1e-30, -1e-30, 1e-5, -1e-5, 1e-3, 9, -9, 20, -20, 80, -80, 100, -100, 1000, -1000, 1e30, -1e30, 3e38];

const unary: Case[] = unaryOperations.flatMap((operation): Case[] => [
  ...lengths.map((length) => ({
    name: `unary ${operation} of ${length}`,
    floor: 0.01,
    run: (lab: Lab) => {
      const x = lab.floats([length], Float32Array.from(lab.normals(length, 3), domainOf(operation)));
      const out = lab.empty([length]);
      lab.backend.unary(operation, x, out);
      return { out };
    },
  })),
  {
    name: `unary ${operation} of NaN, ±∞, ±0, the tiny and the huge`,
    floor: 0.01,
    run: (lab) => {
      const values = Float32Array.from([...special, ...wide]);
      const x = lab.floats([values.length], values);
      const out = lab.empty([values.length]);
      lab.backend.unary(operation, x, out);
      return { out };
    },
  },
  ...lengths.map((length) => ({
    name: `unaryGrad ${operation} of ${length}`,
    // Near saturation 1 − y² keeps few of y's digits.
    floor: 0.1,
    run: (lab: Lab) => {
      const values = Float32Array.from(lab.normals(length, 2), domainOf(operation));
      // Where y is kept in float32, so is what the gradient starts from.
      const x = lab.floats([length], values);
      const y = lab.floats([length], Float32Array.from(values, unaryRules[operation].value));
      const dy = lab.normal([length]);
      const dx = lab.empty([length]);
      lab.backend.unaryGrad(operation, x, y, dy, dx);
      return { dx };
    },
  })),
]);

/** Keeps random numbers where the operation has a value. */
function domainOf(operation: UnaryOperation): (x: number) => number {
  return operation === 'log' || operation === 'sqrt' ? (x) => Math.abs(x) + 0.01 : (x) => x;
}

const broadcasts: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[], [5]],
  [[7], []],
  [[0], [1]],
  [[0, 3], [3]],
  [[4, 5], [5]],
  [
    [4, 5],
    [4, 1],
  ],
  [
    [4, 1],
    [1, 5],
  ],
  [[17], [3, 17]],
  [[1], [3, 17]],
  [
    [2, 3, 4],
    [3, 1],
  ],
  [
    [2, 1, 4],
    [1, 3, 1],
  ],
  [[50, 33], [33]],
  [
    [2, 3, 4, 5],
    [3, 1, 5],
  ],
  [
    [2, 1, 4, 1],
    [1, 3, 1, 65],
  ],
  [[], [2, 3, 4, 5]],
];

const binary: Case[] = [
  ...broadcasts.flatMap(([a, b]) => (['add', 'sub', 'div'] as const).map((operation) => binaryCase(operation, a, b))),
  ...binaryOperations.flatMap((operation) => [
    ...lengths.map((length) => binaryCase(operation, [length], [length])),
    binaryCase(operation, [9, 6], [6]),
    {
      name: `binary ${operation} of all pairs of NaN, ±∞, ±0, …`,
      run: (lab) => {
        const a = lab.floats([special.length, 1], special);
        const b = lab.floats([special.length], special);
        const out = lab.empty([special.length, special.length]);
        lab.backend.binary(operation, a, b, out);
        return { out };
      },
    } satisfies Case,
  ]),
];

function binaryCase(operation: (typeof binaryOperations)[number], aShape: Shape, bShape: Shape): Case {
  return {
    name: `binary ${operation} of [${aShape}] and [${bShape}]`,
    run: (lab) => {
      // Whole numbers, so that some are equal; never 0, so that division is about rounding only.
      const whole = (x: number) => Math.round(x * 2) || 3;
      const a = lab.floats(aShape, lab.normals(sizeOf(aShape)).map(whole));
      const b = lab.floats(bShape, lab.normals(sizeOf(bShape)).map(whole));
      const out = lab.empty(broadcastShapes(operation, aShape, bShape));
      lab.backend.binary(operation, a, b, out);
      return { out };
    },
  };
}

const others: Case[] = lengths.flatMap((length): Case[] => [
  {
    name: `fill and copy of ${length}, float and int32, and from one to the other`,
    run: (lab) => {
      const x = lab.normal([length]);
      const [y, z, converted] = [lab.empty([length]), lab.empty([length], 'int32'), lab.empty([length])];
      const ids = lab.ints([length], lab.normals(length, 1000).map(Math.round));
      const idsOut = lab.empty([length], 'int32');
      lab.backend.copy(x, y);
      lab.backend.copy(ids, idsOut);
      lab.backend.copy(ids, converted);
      const truncated = lab.empty([length], 'int32');
      lab.backend.copy(lab.normal([length], 100), truncated);
      lab.backend.fill(x, 0.1);
      lab.backend.fill(z, -7);
      return { x, y, z, idsOut, converted, truncated };
    },
  },
  {
    name: `select, addActivated and axpy of ${length}`,
    run: (lab) => {
      const condition = lab.floats([length], lab.normals(length).map(Math.round));
      const [a, b, out] = [lab.normal([length]), lab.normal([length]), lab.empty([length])];
      lab.backend.select(condition, a, b, out);
      const ids = [1, 2].map((scale) => lab.ints([length], lab.normals(length, scale * 1e9).map(Math.round)));
      const idsOut = lab.empty([length], 'int32');
      lab.backend.select(condition, ids[0], ids[1], idsOut);
      const sums = activations.map((activation) => {
        const sum = lab.empty([length]);
        lab.backend.addActivated(a, b, sum, activation);
        return [`sum, ${activation}`, sum] as const;
      });
      lab.backend.axpy(-1.5, a, b);
      return { out, b, idsOut, ...Object.fromEntries(sums) };
    },
  },
  {
    name: `dropout of ${length}`,
    run: (lab) => {
      const x = lab.normal([length]);
      const [out, other] = [lab.empty([length]), lab.empty([length])];
      lab.backend.dropout(x, out, 0.3, 1234567890);
      lab.backend.dropout(x, other, 0, -5);
      lab.backend.dropout(x, x, 0.9, 4294967295);
      return { out, other, x };
    },
  },
]);

interface Copying {
  readonly name: string;
  readonly from: Shape;
  readonly xStart?: number;
  readonly xStrides: readonly number[];
  readonly to: Shape;
  readonly outStart?: number;
  readonly outStrides?: readonly number[];
  readonly extents: Shape;
}

const copies: Copying[] = [
  { name: 'a number', from: [], xStrides: [], to: [], extents: [] },
  { name: 'nothing', from: [0, 4], xStrides: [1, 0], to: [4, 0], extents: [4, 0] },
  ...[1, 3, 4, 5, 17, 64].map((n) => ({
    name: `transpose [${n}, ${n + 1}]`,
    from: [n, n + 1],
    xStrides: [1, n + 1],
    to: [n + 1, n],
    extents: [n + 1, n],
  })),
  { name: 'permute [2, 3, 4]', from: [2, 3, 4], xStrides: [1, 12, 4], to: [4, 2, 3], extents: [4, 2, 3] },
  { name: 'swap [5, 6, 7]', from: [5, 6, 7], xStrides: [7, 42, 1], to: [6, 5, 7], extents: [6, 5, 7] },
  { name: 'slice columns', from: [5, 9], xStart: 2, xStrides: [9, 1], to: [5, 4], extents: [5, 4] },
  { name: 'every third', from: [20], xStart: 1, xStrides: [3], to: [6], extents: [6] },
  { name: 'flip', from: [17], xStart: 16, xStrides: [-1], to: [17], extents: [17] },
  { name: 'flip rows', from: [4, 5], xStart: 15, xStrides: [-5, 1], to: [4, 5], extents: [4, 5] },
  { name: 'broadcast a row', from: [6], xStrides: [0, 1], to: [5, 6], extents: [5, 6] },
  { name: 'broadcast a column', from: [6], xStrides: [1, 0], to: [6, 9], extents: [6, 9] },
  {
    name: 'into columns of a wider array',
    from: [5, 4],
    xStrides: [4, 1],
    to: [5, 9],
    outStart: 3,
    outStrides: [9, 1],
    extents: [5, 4],
  },
  {
    name: 'rank 5, axes in the opposite order',
    from: [2, 3, 4, 2, 3],
    xStrides: stridesOf([2, 3, 4, 2, 3]),
    to: [3, 2, 4, 3, 2],
    outStrides: [1, 2, 6, 24, 48],
    extents: [2, 3, 4, 2, 3],
  },
];

const strided: Case[] = copies.flatMap((copy) =>
  [false, true].map((accumulate) => ({
    name: `stridedCopy: ${copy.name}${accumulate ? ', accumulated' : ''}`,
    run: (lab) => {
      const x = lab.normal(copy.from);
      const out = lab.normal(copy.to);
      const xView = { start: copy.xStart ?? 0, strides: copy.xStrides };
      const outView = { start: copy.outStart ?? 0, strides: copy.outStrides ?? stridesOf(copy.to) };
      lab.backend.stridedCopy(x, xView, out, outView, copy.extents, accumulate);
      return { out };
    },
  })),
);

const stridedInts: Case = {
  name: 'stridedCopy: int32 as they are',
  run: (lab) => {
    const x = lab.ints([2, 3], [1, -1, 2147483647, -2147483648, 2139095041, 5]);
    const out = lab.empty([3, 2], 'int32');
    lab.backend.stridedCopy(x, { start: 0, strides: [1, 3] }, out, { start: 0, strides: [2, 1] }, [3, 2], false);
    return { out };
  },
};

export const elementwiseCases: readonly Case[] = [...unary, ...binary, ...others, ...strided, stridedInts];
