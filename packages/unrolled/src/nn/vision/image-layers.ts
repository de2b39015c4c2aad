import { Dropout } from '../dropout.ts';
import type { Layer, LayerConfig } from '../layer.ts';
import { type LayerKind, layerOf, type OwnParts } from '../layer-kind.ts';
import { LayerNorm } from '../layer-norm.ts';
import { Linear } from '../linear.ts';
import { Sequential } from '../sequential.ts';
import { Activation } from './activation.ts';
import { BatchNorm } from './batch-norm.ts';
import { ChannelDropout } from './channel-dropout.ts';
import { ConvTranspose2d } from './conv-transpose2d.ts';
import { Conv1d } from './conv1d.ts';
import { Conv2d } from './conv2d.ts';
import { DepthwiseConv2d } from './depthwise-conv2d.ts';
import { Fire } from './fire.ts';
import { Flatten } from './flatten.ts';
import { InvertedResidual } from './inverted-residual.ts';
import { LayerGraph } from './layer-graph.ts';
import { LayerMeans } from './layer-means.ts';
import { AveragePool2d, GlobalAveragePool, MaxPool2d } from './pooling.ts';
import { Residual } from './residual.ts';
import { SeparableConv2d } from './separable-conv2d.ts';
import { SqueezeExcite } from './squeeze-excite.ts';
import { VisionTransformer } from './vision-transformer.ts';

/** The layers that networks for images are made of, by the name in their configuration. */
export const imageLayers = {
  activation: Activation,
  averagePool2d: AveragePool2d,
  batchNorm: BatchNorm,
  channelDropout: ChannelDropout,
  conv1d: Conv1d,
  conv2d: Conv2d,
  convTranspose2d: ConvTranspose2d,
  depthwiseConv2d: DepthwiseConv2d,
  dropout: Dropout,
  fire: Fire,
  flatten: Flatten,
  globalAveragePool: GlobalAveragePool,
  invertedResidual: InvertedResidual,
  layerGraph: LayerGraph,
  layerMeans: LayerMeans,
  layerNorm: LayerNorm,
  linear: Linear,
  maxPool2d: MaxPool2d,
  residual: Residual,
  separableConv2d: SeparableConv2d,
  sequential: Sequential,
  squeezeExcite: SqueezeExcite,
  visionTransformer: VisionTransformer,
} satisfies Readonly<Record<string, LayerKind>>;

/**
 * `layerFrom` for networks for images, which have no recurrence: a page that uses only this does not load cells and decoders.
 * @throws ConfigError if there is no such layer among them, or an option cannot work
 */
export function imageLayerFrom(config: LayerConfig, own: OwnParts = {}): Layer {
  return layerOf(imageLayers, config, own) as Layer;
}
