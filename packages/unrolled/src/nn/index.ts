/**
 * Cells, unrolling over time, layers, attention, pooling, a CRF, encoder–decoders, initialisers and losses.
 * @module
 */

export * from './adaptive-softmax.ts';
export * from './attention.ts';
export { Buildable } from './buildable.ts';
export * from './cells/index.ts';
export * from './check-gradients.ts';
export * from './crf.ts';
export * from './dropout.ts';
export * from './embedding.ts';
export * from './first-non-finite.ts';
export * from './held-units.ts';
export * from './highway.ts';
export * from './initialisers.ts';
export * from './layer.ts';
export { type LayerFrom, layerFrom } from './layer-from.ts';
export type { AnyLayer, LayerKind, OwnParts } from './layer-kind.ts';
export * from './layer-norm.ts';
export { activeSteps } from './lengths.ts';
export * from './linear.ts';
export * from './losses.ts';
export { Declarations, Parameter, Parameters, type ParameterValues, type SavedParameters } from './parameters.ts';
export * from './pooling.ts';
export * from './recurrent.ts';
export * from './reinforce.ts';
export * from './seq2seq/index.ts';
export * from './sequence-layer.ts';
export * from './sequential.ts';
export * from './spelling-encoder.ts';
export * from './stacked-attention.ts';
export * from './tag-constraints.ts';
export * from './tied-linear.ts';
export * from './transformer/index.ts';
export * from './unroll.ts';
export * from './vision/index.ts';
export * from './viterbi.ts';
export * from './word-table.ts';
