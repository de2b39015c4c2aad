import { apply, type Operation } from '../autodiff/operation.ts';
import type { Pair, Window } from '../backend/convolution.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { max, mean } from './reduction.ts';
import { type Padding2d, requireImages, type Size2d, windowOver } from './window.ts';

export interface PoolOptions {
  /** Rows and columns of the window. */
  readonly kernel: Size2d;
  /** Default: the kernel's, so that windows do not overlap. */
  readonly stride?: Size2d | undefined;
  /** Default 1. */
  readonly dilation?: Size2d | undefined;
  /** Default 'valid'. */
  readonly padding?: Padding2d | undefined;
  /** Round the number of outputs up, so that the last window may reach beyond the image (PyTorch's ceil_mode). Default false. */
  readonly ceil?: boolean | undefined;
}

export interface AveragePoolOptions extends PoolOptions {
  /** Divide by all of the window, zeros of the padding included (PyTorch's default), not by what it sees of the image. Default false. */
  readonly countPadding?: boolean | undefined;
}

interface Pool {
  readonly kind: 'max' | 'average';
  readonly window: Window;
  readonly output: Pair;
  readonly countPadding: boolean;
}

const poolOperation: Operation<[Tensor], Pool, Tensor | null> = {
  name: 'pool',
  forward([x], { kind, window, output, countPadding }, device) {
    const shape = [x.shape[0], ...output, x.shape[3]];
    const y = device.empty(shape);
    const recorded = device.recordingAll || (device.recording && x.tracked);
    const places = kind === 'max' && recorded ? device.empty(shape, 'int32') : null;
    device.backend.pool({ kind, x, y, places, window, countPadding });
    return { outputs: [y], saved: places };
  },
  backward({ inputs: [x], options: { kind, window, countPadding }, saved: places, gradients: [dy] }, device) {
    const dx = device.empty(x.shape);
    device.backend.poolGrad({ kind, dy: dy!, places, dx, window, countPadding });
    return [dx];
  },
};

function pool(
  kind: Pool['kind'],
  x: Tensor,
  { kernel, stride = kernel, countPadding = false, ...rest }: AveragePoolOptions,
): Tensor {
  const { window, output } = windowOver(`${kind}Pool2d`, x, { kernel, stride, ...rest });
  return apply(poolOperation, [x], { kind, window, output, countPadding });
}

/**
 * The greatest value of each window, for each channel: `[B, H, W, C]` → `[B, OH, OW, C]`. Padding never wins. The first of
 * equal values gets the gradient.
 * @throws ShapeError if x is not `[B, H, W, C]` or the window does not fit, ConfigError on options that cannot work
 */
export function maxPool2d(x: Tensor, options: PoolOptions): Tensor {
  return pool('max', x, options);
}

/**
 * The mean of each window, for each channel: `[B, H, W, C]` → `[B, OH, OW, C]`.
 * @throws ShapeError if x is not `[B, H, W, C]` or the window does not fit, ConfigError on options that cannot work
 */
export function averagePool2d(x: Tensor, options: AveragePoolOptions): Tensor {
  return pool('average', x, options);
}

/** The mean of each channel over all places: `[B, H, W, C]` → `[B, C]`. */
export function globalAveragePool(x: Tensor): Tensor {
  requireImages('globalAveragePool', x);
  return mean(x, { axes: [1, 2] });
}

/** The greatest value of each channel over all places: `[B, H, W, C]` → `[B, C]`. */
export function globalMaxPool(x: Tensor): Tensor {
  requireImages('globalMaxPool', x);
  return max(x, { axes: [1, 2] });
}
