import { apply, type Operation } from '../autodiff/operation.ts';
import { type Activation, activations, type Pair, type Window } from '../backend/convolution.ts';
import { oneOf, requireKind } from '../checks.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add } from './elementwise.ts';
import { reshape } from './movement.ts';
import { extentOf, type Padding2d, paddingOf, requireImages, type Size2d, windowOver } from './window.ts';

export interface Conv2dOptions {
  /** Default 1. */
  readonly stride?: Size2d | undefined;
  /** Distance of neighbouring taps of the kernel. Default 1. */
  readonly dilation?: Size2d | undefined;
  /** Groups of channels that do not see each other; as many as there are input channels make it depthwise. Default 1. */
  readonly groups?: number | undefined;
  /** Default 'valid'. */
  readonly padding?: Padding2d | undefined;
  /** What follows in the same operation. Default 'none'. */
  readonly activation?: Activation | undefined;
  /** A factor for each output channel `[O]`, such as a batch norm's in inference. Default: none. */
  readonly scale?: Tensor | null | undefined;
}

interface Convolution {
  readonly window: Window;
  readonly groups: number;
  readonly output: Pair;
  readonly activation: Activation;
}

type Inputs = [x: Tensor, weight: Tensor, scale: Tensor | null, bias: Tensor | null];

const convolutionOperation: Operation<Inputs, Convolution, Tensor> = {
  name: 'conv2d',
  forward([x, weight, scale, bias], { window, groups, output, activation }, device) {
    const y = device.empty([x.shape[0], ...output, weight.shape[0]]);
    device.backend.convolution({ x, weight, scale, bias, y, window, groups, activation });
    return { outputs: [y], saved: y };
  },
  backward({ inputs: [x, weight, scale, bias], options, saved: y, gradients: [dy], wanted }, device) {
    const { window, groups, activation } = options;
    const { backend } = device;
    const given = activation === 'none' ? dy! : device.empty(y.shape);
    if (activation !== 'none') backend.unaryGrad(activation, y, y, dy!, given);
    const d = scale === null ? given : product(given, scale, device);
    const dx = wanted[0] ? device.empty(x.shape) : null;
    if (dx) backend.convolutionInputGrad({ dy: d, weight, dx, window, groups });
    const dWeight = wanted[1] ? device.empty(weight.shape) : null;
    const dBias = bias && wanted[3] ? device.empty(bias.shape) : null;
    if (dWeight) backend.convolutionWeightGrad({ x, dy: d, dWeight, dBias: scale ? null : dBias, window, groups });
    if (dBias && (scale || !dWeight)) sumChannels(given, dBias, device);
    let dScale: Tensor | null = null;
    if (scale && wanted[2]) {
      const plain = device.empty(y.shape);
      backend.convolution({ x, weight, scale: null, bias: null, y: plain, window, groups, activation: 'none' });
      dScale = device.empty(scale.shape);
      sumChannels(product(given, plain, device), dScale, device);
    }
    return [dx, dWeight, dScale, dBias];
  },
};

function product(a: Tensor, b: Tensor, device: Device): Tensor {
  const out = device.empty(a.shape);
  device.backend.binary('mul', a, b, out);
  return out;
}

/** out [C] ← Σ x […, C] */
function sumChannels(x: Tensor, out: Tensor, device: Device): void {
  device.backend.reduce('sum', x, out, 1, sizeOf(x.shape.slice(0, -1)), x.shape.at(-1)!);
}

/**
 * Convolution (as everywhere in the field: cross-correlation) of images `[B, H, W, C]`, channels last, with weights
 * `[O, C/groups, kh, kw]` as in PyTorch, to `[B, OH, OW, O]`:
 *
 *     y[b, i, j, o] = φ(scale[o] · Σ_{a,c,k} w[o, k, a, c] · x[b, i·s − p + a·d, j·s − p + c·d, k] + bias[o])
 *
 * with stride s, padding p, dilation d, the channels k of o's group, and activation φ.
 * @param bias  `[O]`, or null
 * @throws ShapeError if the shapes do not fit together, ConfigError on options that cannot work
 */
export function conv2d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv2dOptions = {}): Tensor {
  const { stride, dilation, groups = 1, padding, activation = 'none', scale = null } = options;
  requireKind('conv2d', 'activation', activation, oneOf(activations));
  requireImages('conv2d', x);
  requireWeight('conv2d', x, weight, groups);
  requireChannels('conv2d', { bias, scale }, weight.shape[0]);
  const kernel = [weight.shape[2], weight.shape[3]] as const;
  const { window, output } = windowOver('conv2d', x, { kernel, stride, dilation, padding });
  return apply(convolutionOperation, [x, weight, scale, bias], { window, groups, output, activation });
}

export interface Conv1dOptions {
  /** Default 1. */
  readonly stride?: number | undefined;
  /** Default 1. */
  readonly dilation?: number | undefined;
  /** Default 1. */
  readonly groups?: number | undefined;
  /**
   * Steps of zeros: 'valid' none, 'same' as many outputs as ⌈T/stride⌉, 'causal' all before, so that no output sees a later
   * step; a number on both sides, or [before, after]. Default 'valid'.
   */
  readonly padding?: 'valid' | 'same' | 'causal' | number | readonly [number, number] | undefined;
  /** Default 'none'. */
  readonly activation?: Activation | undefined;
}

/**
 * Convolution over time: sequences `[T, B, C]`, time-major, with weights `[O, C/groups, k]` to `[T′, B, O]`; see `conv2d`.
 * @throws ShapeError if the shapes do not fit together, ConfigError on options that cannot work
 */
export function conv1d(x: Tensor, weight: Tensor, bias: Tensor | null = null, options: Conv1dOptions = {}): Tensor {
  const { stride = 1, dilation = 1, groups, padding = 'valid', activation } = options;
  if (x.rank !== 3 || weight.rank !== 3) {
    throw new ShapeError(
      `conv1d: needs sequences [T, B, C] and weights [O, C/groups, k], received ${formatShape(x.shape)} and ${formatShape(weight.shape)}`,
      { x: x.shape, weight: weight.shape },
    );
  }
  // Time becomes the rows of one image, and the batch its columns, which a kernel of one column does not mix.
  const image = reshape(x, [1, ...x.shape]);
  const kernel = reshape(weight, [...weight.shape, 1]);
  const y = conv2d(image, kernel, bias, {
    stride: [stride, 1],
    dilation: [dilation, 1],
    groups,
    padding: timePadding(padding, extentOf(weight.shape[2], dilation)),
    activation,
  });
  return reshape(y, y.shape.slice(1));
}

function timePadding(padding: NonNullable<Conv1dOptions['padding']>, covered: number): Padding2d {
  if (padding === 'valid' || padding === 'same') return padding;
  if (padding === 'causal') {
    return [
      [covered - 1, 0],
      [0, 0],
    ];
  }
  return typeof padding === 'number' ? [padding, 0] : [padding, [0, 0]];
}

interface Transposed {
  readonly window: Window;
  readonly groups: number;
  readonly output: Pair;
}

const transposedOperation: Operation<[x: Tensor, weight: Tensor], Transposed, null> = {
  name: 'convTranspose2d',
  forward([x, weight], { window, groups, output }, device) {
    const y = device.empty([x.shape[0], ...output, weight.shape[1] * groups]);
    device.backend.convolutionInputGrad({ dy: x, weight, dx: y, window, groups });
    return { outputs: [y], saved: null };
  },
  backward({ inputs: [x, weight], options: { window, groups }, gradients: [dy], wanted }, device) {
    const common = { window, groups };
    const dx = wanted[0] ? device.empty(x.shape) : null;
    const plain = { scale: null, bias: null, activation: 'none' } as const;
    if (dx) device.backend.convolution({ x: dy!, weight, y: dx, ...plain, ...common });
    const dWeight = wanted[1] ? device.empty(weight.shape) : null;
    if (dWeight) device.backend.convolutionWeightGrad({ x: dy!, dy: x, dWeight, dBias: null, ...common });
    return [dx, dWeight];
  },
};

export interface ConvTranspose2dOptions {
  /** Default 1. */
  readonly stride?: Size2d | undefined;
  /** Default 1. */
  readonly dilation?: Size2d | undefined;
  /** Default 1. */
  readonly groups?: number | undefined;
  /** Rows and columns cut off the output on both sides: the padding of the convolution whose gradient this is. Default 0. */
  readonly padding?: number | readonly [number, number] | undefined;
  /** Further rows and columns below and right, fewer than the stride. Default 0. */
  readonly outputPadding?: Size2d | undefined;
}

/**
 * Transposed convolution, the gradient of a convolution with respect to its input: each pixel of x `[B, H, W, C]` adds its
 * kernel to the output, `stride` apart. Weights `[C, O/groups, kh, kw]` as in PyTorch; output `[B, H′, W′, O]` with
 * H′ = (H − 1)·stride − 2·padding + dilation·(kh − 1) + 1 + outputPadding.
 * @throws ShapeError if the shapes do not fit together, ConfigError on options that cannot work
 */
export function convTranspose2d(
  x: Tensor,
  weight: Tensor,
  bias: Tensor | null = null,
  options: ConvTranspose2dOptions = {},
): Tensor {
  const { stride = 1, dilation = 1, groups = 1, padding = 0, outputPadding = 0 } = options;
  requireImages('convTranspose2d', x);
  if (weight.rank !== 4 || weight.shape[0] !== x.shape[3] || !(weight.shape[0] % groups === 0)) {
    throw new ShapeError(
      `convTranspose2d: weight ${formatShape(weight.shape)} does not fit ${formatShape(x.shape)}; ` +
        `it must be [${x.shape[3]}, outputs/groups, rows, columns], its first extent a multiple of groups ${groups}`,
      { x: x.shape, weight: weight.shape, groups },
    );
  }
  requireChannels('convTranspose2d', { bias }, weight.shape[1] * groups);
  const [steps, taps, extra] = [stride, dilation, outputPadding].map(both);
  const kernel = [weight.shape[2], weight.shape[3]] as const;
  const shape = { kernel, stride: steps, dilation: taps };
  const [rows, columns] = paddingOf('convTranspose2d', padding, [x.shape[1], x.shape[2]], shape);
  const output = [rows, columns].map(([before, after], axis) => {
    const covered = extentOf(kernel[axis], taps[axis]);
    return (x.shape[axis + 1] - 1) * steps[axis] + covered - before - after + extra[axis];
  }) as unknown as Pair;
  if (output.some((n) => n < 1) || extra.some((n, axis) => n < 0 || n >= Math.max(steps[axis], taps[axis]))) {
    throw new ConfigError(
      `convTranspose2d: padding ${JSON.stringify(padding)} and outputPadding ${JSON.stringify(outputPadding)} leave an output of ` +
        `${output.join('×')}; padding must leave a pixel, and outputPadding be smaller than the stride or the dilation`,
      { output, padding, outputPadding },
    );
  }
  const window: Window = { ...shape, padding: [rows[0], columns[0]] };
  const y = apply(transposedOperation, [x, weight], { window, groups, output });
  return bias === null ? y : add(y, bias);
}

const both = (size: Size2d): Pair => (typeof size === 'number' ? [size, size] : size);

/** @throws ShapeError unless weight is [O, C/groups, kh, kw] for the channels of x */
function requireWeight(operation: string, x: Tensor, weight: Tensor, groups: number): void {
  const C = x.shape[3];
  const [O, share]: Shape = weight.shape;
  const fits =
    Number.isSafeInteger(groups) && groups > 0 && C % groups === 0 && O % groups === 0 && share === C / groups;
  if (weight.rank === 4 && fits) return;
  throw new ShapeError(
    `${operation}: weight ${formatShape(weight.shape)} does not fit images ${formatShape(x.shape)} in ${groups} group${groups === 1 ? '' : 's'}; ` +
      'it must be [outputs, channels/groups, rows, columns], both channel counts multiples of groups',
    { operation, x: x.shape, weight: weight.shape, groups },
  );
}

/** @throws ShapeError unless each is `[O]` or null */
function requireChannels(operation: string, given: Readonly<Record<string, Tensor | null>>, O: number): void {
  for (const [name, part] of Object.entries(given)) {
    if (part === null || sameShape(part.shape, [O])) continue;
    throw new ShapeError(
      `${operation}: ${name} must be [${O}], one number an output channel, received ${formatShape(part.shape)}`,
      {
        operation,
        [name]: part.shape,
        expected: [O],
      },
    );
  }
}
