/**
 * Models of layers as in Keras 3, in camelCase: sequential and functional, with compile, fit, evaluate, predict, save and load.
 * @module
 */

export type { ActivationName } from './activations.ts';
export { type ArrayData, NumberArray, type ShapedNumbers } from './arrays.ts';
export type { Callback, FitContext, FitParameters, Logs } from './callbacks/callback.ts';
export type { MonitorOptions } from './callbacks/monitor.ts';
export { type ProgressBarOptions, progressBar } from './callbacks/progress-bar.ts';
export * from './callbacks/recording.ts';
export * from './callbacks/stopping.ts';
export { type EventSink, type TensorBoardOptions, tensorBoard } from './callbacks/tensorboard.ts';
export type { Constraint } from './constraints.ts';
export { useDevice } from './default-device.ts';
export { exportKeras, exportTfjs } from './files/export-file.ts';
export { type InspectedFile, type InspectedLayer, inspectKeras, inspectTfjs, isKeras } from './files/inspect-file.ts';
export { type ImportedModel, type ImportKerasOptions, importKeras } from './files/keras-file.ts';
export { type FileBeside, type ImportTfjsOptions, importTfjs, isTfjs } from './files/tfjs.ts';
export { Functional, type FunctionalConfig, type FunctionalOptions, model } from './functional.ts';
export type { Initializer } from './initializers.ts';
export {
  type CallContext,
  type CarriedState,
  type CommonOptions,
  KerasLayer,
  type KerasLayerConfig,
  type MaskUse,
  type PlacedWeight,
} from './layer.ts';
export * from './layers/attention.ts';
export {
  type ConvOptions,
  conv1D,
  conv2D,
  type DepthwiseConvOptions,
  depthwiseConv1D,
  depthwiseConv2D,
  type SeparableConvOptions,
  type Sizes,
  separableConv1D,
  separableConv2D,
} from './layers/convolution.ts';
export * from './layers/core.ts';
export { Dense, type DenseOptions, dense } from './layers/dense.ts';
export * from './layers/embedding.ts';
export * from './layers/merge.ts';
export {
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
  multiHeadAttention,
} from './layers/multi-head-attention.ts';
export {
  BatchNormalization,
  type BatchNormalizationOptions,
  batchNormalization,
  LayerNormalization,
  type LayerNormalizationOptions,
  layerNormalization,
} from './layers/normalization.ts';
export type { KernelOptions } from './layers/options.ts';
export * from './layers/pooling.ts';
export { Bidirectional, type BidirectionalOptions, type MergeMode } from './layers/recurrent/bidirectional.ts';
export { bidirectional } from './layers/recurrent/both-directions.ts';
export {
  type CellOptions,
  type GatedCellOptions,
  type GruCellOptions,
  gruCell,
  type KerasCell,
  type LstmCellOptions,
  lstmCell,
  simpleRNNCell,
} from './layers/recurrent/cells.ts';
export * from './layers/recurrent/layers.ts';
export { type ApplyOptions, Rnn, type RnnLayerOptions } from './layers/recurrent/rnn.ts';
export * from './layers/shapes.ts';
export * from './layers/time-distributed.ts';
export { type LoadOptions, loadModel } from './loading.ts';
export { Mask } from './mask.ts';
export { Model, type ModelOptions, type OutputForm } from './model.ts';
export { type CustomObjects, layerFrom, modelFrom } from './registry.ts';
export type { Regularizer } from './regularizers.ts';
export type { SaveOptions } from './saving.ts';
export { Sequential, type SequentialConfig, sequential } from './sequential.ts';
export type { SummaryOptions } from './summary.ts';
export { type InputOptions, input, SymbolicTensor, type Symbols } from './symbolic.ts';
export type { CompileOptions } from './training/compile.ts';
export type { ModelData } from './training/data.ts';
export type { Loss, LossConfig, LossFunction } from './training/losses.ts';
export type { MetricConfig, MetricSource } from './training/metrics.ts';
export type { OptimizerConfig } from './training/optimizer-config.ts';
export type { EvaluateOptions, FitData, FitOptions, Predicted, PredictOptions } from './training/options.ts';
export type { LearningRateSchedule } from './training/schedules.ts';
export type { BatchStream, FitBatch } from './training/sources.ts';
export { Weight, type WeightOptions } from './weight.ts';
