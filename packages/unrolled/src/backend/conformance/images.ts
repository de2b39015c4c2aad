import type { Shape } from '../../shape.ts';
import { type Activation, activations, type Window } from '../convolution.ts';
import type { Case, Lab } from './lab.ts';

interface Geometry {
  readonly x: Shape; // [B, H, W, C]
  readonly O: number;
  readonly window: Window;
  readonly groups?: number;
  /** Rows and columns below and right of the image, which the window reaches. Default: as above and left. */
  readonly after?: readonly [number, number];
}

const windowOf = (kernel: [number, number], stride = [1, 1], padding = [0, 0], dilation = [1, 1]): Window =>
  ({ kernel, stride, padding, dilation }) as unknown as Window;

function outputOf({ x, O, window: { kernel, stride, dilation, padding }, after = padding }: Geometry): Shape {
  const extent = (axis: 0 | 1): number => {
    const room = x[axis + 1] + padding[axis] + after[axis] - (kernel[axis] - 1) * dilation[axis] - 1;
    return Math.floor(room / stride[axis]) + 1;
  };
  return [x[0], extent(0), extent(1), O];
}

const same = windowOf([3, 3], [1, 1], [1, 1]);

/** Around tiles of pixels, panels of channels, borders, strides and groups. */
const geometries: readonly Geometry[] = [
  { x: [0, 5, 5, 3], O: 4, window: same },
  { x: [1, 1, 1, 1], O: 1, window: windowOf([1, 1]) },
  { x: [2, 4, 3, 5], O: 7, window: windowOf([1, 1]) },
  { x: [1, 5, 7, 3], O: 8, window: same },
  { x: [2, 6, 5, 8], O: 9, window: same },
  { x: [3, 7, 11, 16], O: 16, window: same },
  { x: [1, 9, 9, 3], O: 17, window: windowOf([3, 3], [2, 2], [1, 1]) },
  { x: [2, 8, 8, 4], O: 8, window: windowOf([3, 3], [2, 2], [0, 0]), after: [1, 1] },
  { x: [1, 12, 10, 1], O: 6, window: windowOf([5, 5], [1, 1], [2, 2]) },
  { x: [1, 11, 9, 2], O: 3, window: windowOf([7, 7], [2, 2], [3, 3]) },
  { x: [2, 9, 8, 3], O: 5, window: windowOf([3, 2], [2, 3], [2, 0], [2, 1]) },
  { x: [1, 6, 6, 4], O: 4, window: windowOf([1, 1], [2, 2]) },
  { x: [1, 7, 2, 6], O: 5, window: windowOf([3, 1], [1, 1], [2, 0]), after: [0, 0] },
  { x: [1, 3, 3, 2], O: 2, window: windowOf([5, 5], [1, 1], [4, 4]) },
  { x: [2, 5, 6, 8], O: 8, window: same, groups: 8 },
  { x: [1, 7, 5, 3], O: 3, window: windowOf([3, 3], [2, 2], [1, 1]), groups: 3 },
  { x: [1, 9, 8, 17], O: 17, window: windowOf([5, 5], [1, 1], [2, 2]), groups: 17 },
  { x: [1, 4, 4, 4], O: 8, window: same, groups: 4 },
  { x: [1, 5, 4, 6], O: 10, window: same, groups: 2 },
  { x: [1, 4, 33, 40], O: 24, window: same },
  { x: [9, 1, 1, 12], O: 9, window: windowOf([1, 1]) },
  { x: [2, 7, 9, 6], O: 5, window: windowOf([2, 2], [2, 3]) },
  { x: [1, 40, 6, 16], O: 4, window: windowOf([5, 1], [1, 1], [8, 0], [2, 1]), after: [0, 0] },
  { x: [5, 6, 13, 20], O: 20, window: windowOf([3, 3], [2, 2], [1, 1]), groups: 20 },
];

/** For convolutions alone: many small images, more than a block holds, few pixels, several bands, channels enough for Winograd. */
const furtherGeometries: readonly Geometry[] = [
  { x: [20, 3, 3, 4], O: 5, window: same },
  { x: [7, 10, 10, 3], O: 2, window: same },
  { x: [1, 3, 3, 5], O: 70, window: same },
  { x: [1, 70, 24, 20], O: 3, window: same },
  { x: [2, 9, 8, 16], O: 23, window: windowOf([3, 3]) },
  { x: [1, 8, 8, 16], O: 16, window: windowOf([3, 3], [1, 1], [1, 2], [1, 2]) },
  { x: [1, 14, 15, 16], O: 16, window: windowOf([3, 3], [2, 2], [1, 1]) },
  { x: [1, 8, 7, 18], O: 16, window: windowOf([3, 3], [1, 1], [2, 3]) },
  { x: [1, 70, 25, 16], O: 16, window: windowOf([3, 3], [1, 1], [1, 0]), after: [0, 1] },
];

const nameOf = ({ x, O, window, groups = 1 }: Geometry): string => {
  const { kernel, stride, dilation, padding } = window;
  return `[${x}] → ${O}, kernel ${kernel}, stride ${stride}, padding ${padding}, dilation ${dilation}, groups ${groups}`;
};

const convolutions: Case[] = [...geometries, ...furtherGeometries].map((geometry, index) => ({
  name: `convolution ${nameOf(geometry)}, and its gradients`,
  run: (lab: Lab) => {
    const { x: input, O, window, groups = 1 } = geometry;
    const weights = [O, input[3] / groups, ...window.kernel];
    const output = outputOf(geometry);
    const [x, weight, dy] = [lab.normal(input), lab.normal(weights), lab.normal(output)];
    const [y, dx, dWeight] = [lab.empty(output), lab.empty(input), lab.empty(weights)];
    const scale = index % 3 === 1 ? lab.normal([O]) : null;
    const [bias, dBias] = index % 2 === 1 ? [lab.normal([O], 2), lab.empty([O])] : [null, null];
    const activation = activations[index % activations.length];
    lab.backend.convolution({ x, weight, scale, bias, y, window, groups, activation });
    lab.backend.convolutionInputGrad({ dy, weight, dx, window, groups });
    lab.backend.convolutionWeightGrad({ x, dy, dWeight, dBias, window, groups });
    return { y, dx, dWeight, ...(dBias ? { dBias } : {}) };
  },
}));

const pools: Case[] = geometries.flatMap((geometry) =>
  (['max', 'average'] as const).flatMap((kind) =>
    (kind === 'max' ? [false] : [false, true]).map((countPadding) => ({
      name: `${kind} pool ${nameOf(geometry)}${countPadding ? ', padding counted' : ''}, and its gradient`,
      run: (lab: Lab) => {
        const { x: input, window } = geometry;
        const output = outputOf({ ...geometry, O: input[3] });
        // Few different values, so that the first of several maxima is asked for.
        const x = lab.floats(
          input,
          lab
            .normals(
              input.reduce((n, extent) => n * extent, 1),
              2,
            )
            .map(Math.round),
        );
        const dy = lab.normal(output);
        const [y, dx] = [lab.empty(output), lab.empty(input)];
        const places = kind === 'max' ? lab.empty(output, 'int32') : null;
        lab.backend.pool({ kind, x, y, places, window, countPadding });
        const only = kind === 'max' ? lab.empty(output) : null;
        if (only) lab.backend.pool({ kind, x, y: only, places: null, window, countPadding });
        lab.backend.poolGrad({ kind, dy, places, dx, window, countPadding });
        return { y, dx, ...(places && only ? { places, only } : {}) };
      },
    })),
  ),
);

const missing: Case = {
  name: 'pools of NaN and ±∞',
  run: (lab) => {
    const values = lab.normals(4 * 4 * 3);
    values.set([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY], 3);
    values.set([Number.NaN], 40);
    const x = lab.floats([1, 4, 4, 3], values);
    const window = windowOf([2, 2], [2, 2]);
    const [y, mean, places] = [lab.empty([1, 2, 2, 3]), lab.empty([1, 2, 2, 3]), lab.empty([1, 2, 2, 3], 'int32')];
    lab.backend.pool({ kind: 'max', x, y, places, window, countPadding: false });
    const only = lab.empty([1, 2, 2, 3]);
    lab.backend.pool({ kind: 'max', x, y: only, places: null, window, countPadding: false });
    lab.backend.pool({ kind: 'average', x, y: mean, places: null, window, countPadding: false });
    return { y, only, mean, places };
  },
};

const norms: Case[] = [
  [[1, 1], 'none'],
  [[2, 3], 'relu'],
  [[5, 4], 'none'],
  [[3, 5, 7, 9], 'relu6'],
  [[2, 4, 4, 16], 'relu'],
  [[1000, 3], 'none'],
  [[130, 65], 'relu'],
  [[2, 17, 31, 20], 'relu'],
  [[9, 700], 'none'],
].flatMap(([shape, activation]) =>
  [true, false].map((affine) => ({
    name: `batchNorm of [${shape}], ${activation}${affine ? ' with gain and bias' : ''}, and its gradient`,
    // One row: x − mean is all rounding.
    floor: 1,
    run: (lab: Lab) => {
      const given = shape as Shape;
      const size = given.reduce((n, extent) => n * extent, 1);
      const C = given[given.length - 1];
      const x = lab.floats(
        given,
        lab.normals(size, 2).map((v) => v + 1),
      );
      const [gain, bias] = affine ? [lab.normal([C], 3), lab.normal([C])] : [null, null];
      const [y, mean, variance] = [lab.empty(given), lab.empty([C]), lab.empty([C])];
      const common = { x, gain, bias, mean, variance, epsilon: 1e-3, activation: activation as Activation };
      const running =
        affine && size > C ? { mean: lab.normal([C]), variance: lab.normal([C], 2), momentum: 0.3 } : null;
      lab.backend.batchNorm({ ...common, y, running });
      const [dy, dx] = [lab.normal(given), lab.empty(given)];
      const [dGain, dBias] = affine ? [lab.empty([C]), lab.empty([C])] : [null, null];
      lab.backend.batchNormGrad({ ...common, dy, dx, dGain, dBias });
      return {
        ...{ y, mean, variance, dx },
        ...(running ? { runningMean: running.mean, runningVariance: running.variance } : {}),
        ...(dGain && dBias ? { dGain, dBias } : {}),
      };
    },
  })),
);

const affines: Case[] = [1, 3, 8, 37].map((C) => ({
  name: `batchNormAffine of ${C} channels`,
  run: (lab: Lab) => {
    const [gain, bias, mean] = [lab.normal([C], 3), lab.normal([C]), lab.normal([C], 2)];
    const variance = lab.floats(
      [C],
      lab.normals(C).map((v) => v * v),
    );
    const [scale, shift] = [lab.empty([C]), lab.empty([C])];
    lab.backend.batchNormAffine({ gain, bias, mean, variance, scale, shift, epsilon: 1e-3 });
    return { scale, shift };
  },
}));

export const imageCases: readonly Case[] = [...convolutions, ...pools, missing, ...norms, ...affines];
