export { Activation, type ActivationKind } from './activation.ts';
export { BatchNorm, type BatchNormOptions } from './batch-norm.ts';
export { ChannelDropout } from './channel-dropout.ts';
export { ConvTranspose2d, type ConvTranspose2dOptions } from './conv-transpose2d.ts';
export { Conv1d, type Conv1dOptions } from './conv1d.ts';
export { Conv2d, type Conv2dOptions } from './conv2d.ts';
export { DepthwiseConv2d, type DepthwiseConv2dOptions } from './depthwise-conv2d.ts';
export { FilterAttention, type FilterAttentionOptions, type FilterFocus } from './filter-attention.ts';
export {
  boxBank,
  type FilterBanks,
  type FilterPlacement,
  gaussianBank,
  readPatches,
  writePatches,
} from './filter-banks.ts';
export { Fire, type FireOptions } from './fire.ts';
export { Flatten, type FlattenOptions } from './flatten.ts';
export { GlimpseSensor, type GlimpseSensorOptions } from './glimpse-sensor.ts';
export { imageLayerFrom } from './image-layers.ts';
export { InvertedResidual, type InvertedResidualOptions } from './inverted-residual.ts';
export { LayerGraph, type LayerGraphOptions } from './layer-graph.ts';
export { LayerMeans, type LayerMeansOptions } from './layer-means.ts';
export { AveragePool2d, GlobalAveragePool, MaxPool2d } from './pooling.ts';
export { Residual, type ResidualOptions } from './residual.ts';
export { SeparableConv2d, type SeparableConv2dOptions } from './separable-conv2d.ts';
export { SqueezeExcite, type SqueezeExciteOptions } from './squeeze-excite.ts';
export { VisionTransformer, type VisionTransformerOptions } from './vision-transformer.ts';
