import { count, flag, type Kind, oneOf } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import {
  averagePool2d,
  globalAveragePool,
  globalMaxPool,
  max,
  maxPool2d,
  mean,
  mul,
  reshape,
  select,
  sum,
} from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type CallContext, type CommonOptions, KerasLayer, layerConfig, requireRank } from '../layer.ts';
import type { Mask } from '../mask.ts';
import { perAxis, type Sizes, slid } from './convolution.ts';

export interface PoolingOptions extends CommonOptions {
  /** Default 2. */
  readonly poolSize?: Sizes | undefined;
  /** Default: the pool size. */
  readonly strides?: Sizes | null | undefined;
  /** Default 'valid'. */
  readonly padding?: 'valid' | 'same' | undefined;
}

const sizes: Kind = {
  must: 'a whole number from 1, or a list of them',
  fits: (value) => value === null || [value].flat().every((n) => count.fits(n)),
};

type PoolingKind = 'maxPooling1D' | 'maxPooling2D' | 'averagePooling1D' | 'averagePooling2D';

export class Pooling extends KerasLayer {
  readonly config: { readonly layer: PoolingKind } & PoolingOptions;

  constructor(layer: PoolingKind, options: PoolingOptions = {}) {
    super();
    this.config = layerConfig(layer, options, { poolSize: sizes, strides: sizes, padding: oneOf(['valid', 'same']) });
  }

  get #window() {
    const { layer, poolSize, strides, padding = 'valid' } = this.config;
    const axes = layer.endsWith('1D') ? 1 : 2;
    const kernel = perAxis(this.name, poolSize, axes, 2);
    return { kernel, stride: strides == null ? kernel : perAxis(this.name, strides, axes), dilation: [1, 1], padding };
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const window = this.#window;
    requireRank(this.name, shape, window.kernel.length + 2, window.kernel.length === 1 ? '[B, T, C]' : '[B, H, W, C]');
    return [shape[0], ...slid(this.name, shape.slice(1, -1), window), shape.at(-1)!];
  }

  call([x]: readonly Tensor[]): Tensor {
    const { kernel, stride, padding } = this.#window;
    const pool = this.config.layer.startsWith('max') ? maxPool2d : averagePool2d;
    const images = x.rank === 4 ? x : reshape(x, [x.shape[0], x.shape[1], 1, x.shape[2]]);
    const y = pool(images, { kernel: [kernel[0], kernel[1] ?? 1], stride: [stride[0], stride[1] ?? 1], padding });
    return x.rank === 4 ? y : reshape(y, [y.shape[0], y.shape[1], y.shape[3]]);
  }
}

/** The greatest value of each window of steps, `[B, T, C]` → `[B, T′, C]`. Drops a mask. */
export const maxPooling1D = (options: PoolingOptions = {}): Pooling => new Pooling('maxPooling1D', options);
/** The greatest value of each window, `[B, H, W, C]` → `[B, H′, W′, C]`. */
export const maxPooling2D = (options: PoolingOptions = {}): Pooling => new Pooling('maxPooling2D', options);
/** The mean of each window of steps; with padding 'same', of what it sees of the sequence. Drops a mask. */
export const averagePooling1D = (options: PoolingOptions = {}): Pooling => new Pooling('averagePooling1D', options);
/** The mean of each window of images; with padding 'same', of what it sees of the image. */
export const averagePooling2D = (options: PoolingOptions = {}): Pooling => new Pooling('averagePooling2D', options);

export interface GlobalPoolingOptions extends CommonOptions {
  /** Whether the axes that are pooled stay, with extent 1. Default false. */
  readonly keepdims?: boolean | undefined;
  /**
   * Whether the maximum is over the steps that the mask counts. False: over all steps, as Keras and TensorFlow.js compute
   * `GlobalMaxPooling1D`, where padding takes part. Of `globalMaxPooling1D` alone. Default true.
   */
  readonly useMask?: boolean | undefined;
}

type GlobalKind = 'globalMaxPooling1D' | 'globalMaxPooling2D' | 'globalAveragePooling1D' | 'globalAveragePooling2D';

export class GlobalPooling extends KerasLayer {
  readonly config: { readonly layer: GlobalKind } & GlobalPoolingOptions;
  override readonly maskUse = 'consume';

  constructor(layer: GlobalKind, options: GlobalPoolingOptions = {}) {
    super();
    this.config = layerConfig(layer, options, { keepdims: flag, useMask: flag });
    if (options.useMask !== undefined && layer !== 'globalMaxPooling1D') {
      throw new ConfigError(`${layer}: useMask is an option of globalMaxPooling1D`, { layer });
    }
  }

  override outputShape([shape]: readonly Shape[]): Shape {
    const axes = this.config.layer.endsWith('1D') ? 1 : 2;
    requireRank(this.name, shape, axes + 2, axes === 1 ? '[B, T, C]' : '[B, H, W, C]');
    const ones = this.config.keepdims ? shape.slice(1, -1).map(() => 1) : [];
    return [shape[0], ...ones, shape.at(-1)!];
  }

  call([x]: readonly Tensor[], { masks: [mask] }: CallContext): Tensor {
    const y = this.#pool(x, mask ?? null);
    return reshape(y, [x.shape[0], ...this.outputShape([x.shape]).slice(1)]);
  }

  #pool(x: Tensor, mask: Mask | null): Tensor {
    const isMax = this.config.layer.startsWith('globalMax');
    if (x.rank === 4) return isMax ? globalMaxPool(x) : globalAveragePool(x);
    if (mask === null || mask.full || this.config.useMask === false)
      return isMax ? max(x, { axes: 1 }) : mean(x, { axes: 1 });
    const [B, T] = x.shape;
    const counts = x.device.tensor(Float64Array.from(mask.values), [B, T, 1]);
    // A row without steps gives 0.
    if (isMax) {
      const any = x.device.tensor(mask.counts, [B, 1]);
      return select(any, max(select(counts, x, Number.NEGATIVE_INFINITY), { axes: 1 }), 0);
    }
    const shares = x.device.tensor(
      mask.counts.map((n) => 1 / Math.max(1, n)),
      [B, 1],
    );
    return mul(sum(select(counts, x, 0), { axes: 1 }), shares);
  }
}

/**
 * The greatest value of each feature over the steps that the mask counts, `[B, T, C]` → `[B, C]`. Keras takes padding into
 * the maximum: `useMask: false`, which layers from its files have.
 */
export const globalMaxPooling1D = (options: GlobalPoolingOptions = {}): GlobalPooling =>
  new GlobalPooling('globalMaxPooling1D', options);
/** The greatest value of each channel, `[B, H, W, C]` → `[B, C]`. */
export const globalMaxPooling2D = (options: GlobalPoolingOptions = {}): GlobalPooling =>
  new GlobalPooling('globalMaxPooling2D', options);
/** The mean of each feature over the steps that the mask counts, `[B, T, C]` → `[B, C]`. */
export const globalAveragePooling1D = (options: GlobalPoolingOptions = {}): GlobalPooling =>
  new GlobalPooling('globalAveragePooling1D', options);
/** The mean of each channel, `[B, H, W, C]` → `[B, C]`. */
export const globalAveragePooling2D = (options: GlobalPoolingOptions = {}): GlobalPooling =>
  new GlobalPooling('globalAveragePooling2D', options);
