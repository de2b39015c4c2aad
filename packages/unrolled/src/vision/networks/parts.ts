import type { LayerConfig } from '../../nn/layer.ts';
import type { LinearOptions } from '../../nn/linear.ts';
import type { ActivationKind } from '../../nn/vision/activation.ts';
import type { BatchNormOptions } from '../../nn/vision/batch-norm.ts';
import type { Conv2dOptions } from '../../nn/vision/conv2d.ts';
import type { DepthwiseConv2dOptions } from '../../nn/vision/depthwise-conv2d.ts';
import type { InvertedResidualOptions } from '../../nn/vision/inverted-residual.ts';
import type { PoolOptions } from '../../ops/index.ts';

/** Configurations of layers, with the types of their options. */
export const conv = (
  channels: number,
  kernel: number,
  options: Omit<Conv2dOptions, 'channels' | 'kernel'> = {},
): LayerConfig & Conv2dOptions => ({ layer: 'conv2d', channels, kernel, ...options });

export const depthwise = (
  kernel: number,
  options: Omit<DepthwiseConv2dOptions, 'kernel'> = {},
): LayerConfig & DepthwiseConv2dOptions => ({ layer: 'depthwiseConv2d', kernel, ...options });

export const batchNorm = (options: BatchNormOptions = {}): LayerConfig & BatchNormOptions => ({
  layer: 'batchNorm',
  ...options,
});

export const activation = (kind: ActivationKind) => ({ layer: 'activation', kind });
export const relu = activation('relu');
export const maxPool = (kernel: number, options: Omit<PoolOptions, 'kernel'> = {}): LayerConfig & PoolOptions => ({
  layer: 'maxPool2d',
  kernel,
  ...options,
});
export const globalAveragePool: LayerConfig = { layer: 'globalAveragePool' };
export const flatten: LayerConfig = { layer: 'flatten' };
export const dropout = (rate: number) => ({ layer: 'dropout', rate });
export const linear = (units: number): LayerConfig & LinearOptions => ({ layer: 'linear', units });
export const invertedResidual = (options: InvertedResidualOptions): LayerConfig & InvertedResidualOptions => ({
  layer: 'invertedResidual',
  ...options,
});

export interface SequenceConfig extends LayerConfig {
  readonly layer: 'sequential';
  readonly layers: readonly LayerConfig[];
}
export const sequence = (...layers: readonly LayerConfig[]): SequenceConfig => ({ layer: 'sequential', layers });

/** `channels` scaled by a width, at least 1. */
export const scaled = (channels: number, width: number): number => Math.max(1, Math.round(channels * width));

/** The multiple of 8 nearest to v, at least 8 and no less than 0.9v: the MobileNets' rounding, as in torchvision. */
export function roundedTo8(v: number): number {
  const nearest = Math.max(8, Math.floor((v + 4) / 8) * 8);
  return nearest < 0.9 * v ? nearest + 8 : nearest;
}

/**
 * How often images of this size are halved: up to five times for the large ones of ImageNet, fewer for small ones, whose last
 * map would else be a pixel or two.
 */
export const halvings = (size: number): number => (size >= 96 ? 5 : size >= 48 ? 4 : 3);
