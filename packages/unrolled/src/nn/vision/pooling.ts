import { flag, required } from '../../checks.ts';
import {
  type AveragePoolOptions,
  averagePool2d,
  globalAveragePool,
  maxPool2d,
  type PoolOptions,
} from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Layer } from '../layer.ts';
import { layerConfig } from '../layer-config.ts';
import { padding2d, requireImages, rowsAndColumns, size2d } from './window.ts';

const poolKinds = {
  kernel: required(size2d),
  stride: size2d,
  dilation: size2d,
  padding: padding2d,
  ceil: flag,
};

function pooledShape(layer: string, input: Shape, { kernel, stride = kernel, ...options }: PoolOptions): Shape {
  return [input[0], ...rowsAndColumns(layer, input, { kernel, stride, ...options }), input[3]];
}

/** The greatest value of each window, for each channel, `[B, H, W, C]` → `[B, H′, W′, C]`. */
export class MaxPool2d implements Layer {
  readonly config: { readonly layer: 'maxPool2d' } & PoolOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: PoolOptions) {
    this.config = layerConfig('maxPool2d', options, poolKinds);
  }

  /** @throws ShapeError if the input is not [B, H, W, C] or smaller than the window */
  build(input: Shape): Shape {
    return pooledShape('maxPool2d', input, optionsOf(this.config));
  }

  apply(x: Tensor): Tensor {
    return maxPool2d(x, optionsOf(this.config));
  }
}

/** The mean of each window, for each channel, `[B, H, W, C]` → `[B, H′, W′, C]`. */
export class AveragePool2d implements Layer {
  readonly config: { readonly layer: 'averagePool2d' } & AveragePoolOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: AveragePoolOptions) {
    this.config = layerConfig('averagePool2d', options, { ...poolKinds, countPadding: flag });
  }

  /** @throws ShapeError if the input is not [B, H, W, C] or smaller than the window */
  build(input: Shape): Shape {
    const { countPadding: _, ...options } = optionsOf(this.config);
    return pooledShape('averagePool2d', input, options);
  }

  apply(x: Tensor): Tensor {
    return averagePool2d(x, optionsOf(this.config));
  }
}

/** The mean of each channel over all places, `[B, H, W, C]` → `[B, C]`. */
export class GlobalAveragePool implements Layer {
  readonly config: { readonly layer: 'globalAveragePool' };

  /** @throws ConfigError if there are options: it has none */
  constructor(options: object = {}) {
    this.config = layerConfig('globalAveragePool', options, {});
  }

  /** @throws ShapeError unless the input is [B, H, W, C] */
  build(input: Shape): Shape {
    const [B, , , C] = requireImages('globalAveragePool', input);
    return [B, C];
  }

  apply(x: Tensor): Tensor {
    return globalAveragePool(x);
  }
}

const optionsOf = <Options extends object>({ layer: _, ...options }: { layer: string } & Options) => options;
