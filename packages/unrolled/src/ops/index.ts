export type { MatmulOptions, Operand, ReductionOptions } from '../tensor/operations.ts';
export * from './add-activated.ts';
export { type AttentionOptions, attention, attentionWeights } from './attention.ts';
export * from './batch-norm.ts';
export {
  type Conv1dOptions,
  type Conv2dOptions,
  type ConvTranspose2dOptions,
  conv1d,
  conv2d,
  convTranspose2d,
} from './convolution.ts';
export { createDevice } from './create-device.ts';
export * from './dropout.ts';
export {
  abs,
  add,
  div,
  equal,
  exp,
  gelu,
  geluTanh,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  maximum,
  minimum,
  mul,
  neg,
  reciprocal,
  relu,
  relu6,
  select,
  sigmoid,
  sign,
  silu,
  softplus,
  sqrt,
  square,
  sub,
  tanh,
} from './elementwise.ts';
export { embedding } from './embedding.ts';
export * from './layer-norm.ts';
export { append, at, broadcastTo, concat, flip, reshape, slice, stack, transpose, unstack } from './movement.ts';
export {
  type AveragePoolOptions,
  averagePool2d,
  globalAveragePool,
  globalMaxPool,
  maxPool2d,
  type PoolOptions,
} from './pool.ts';
export { linear, matmul } from './product.ts';
export { recompute, recomputeInParts } from './recompute.ts';
export * from './recurrent.ts';
export { argmax, max, mean, min, scale, sum } from './reduction.ts';
export * from './resize.ts';
export { type Angles, rotary, rotaryAngles } from './rotary.ts';
export { crossEntropy, logSoftmax, logSumExp, softmax } from './rows.ts';
export { tap } from './tap.ts';
export type { Padding2d, Size2d, WindowOptions } from './window.ts';
