/** Everything the kernels export; each file is one subject. */
export { attention, attentionGrad, attentionGradScratchSize, attentionScratchSize } from './attention';
export { attentionFew, attentionFewScratchSize } from './attention-few';
export {
  batchNormAffine,
  batchNormApply,
  batchNormBlock,
  batchNormGradApply,
  batchNormGradJoin,
  batchNormGradSums,
  batchNormJoin,
  batchNormMoments,
  batchNormScale,
} from './batch-norm';
export { binary } from './broadcast';
export { columnSums } from './columns';
export { border, convolve } from './convolution';
export { convolveGrad } from './convolution-weights';
export { stridedCopy } from './copy';
export { depthwise, depthwiseGrad } from './depthwise';
export { dropout } from './dropout';
export { addActivated, axpy, fill, scaleInto, select, unary, unaryGrad } from './elementwise';
export { gemmFewRows } from './few-rows';
export { gemm, gemmScratchSize } from './gemm';
export { gruAfterBackward, gruAfterForward } from './gru';
export { gruBeforeGates, gruBeforeGatesBackward, gruBeforeOutput, gruBeforeOutputBackward } from './gru-before';
export { layerNorm, layerNormGrad, layerNormSums } from './layer-norm';
export { gather, scatterAdd } from './lookup';
export { lstmBackward, lstmForward } from './lstm';
export { heapBase } from './memory';
export { adagrad, adam, rmsprop, sgd } from './optimizer';
export { packRight, packedSize } from './pack';
export { packDepthwise, packTaps, sumTaps } from './pack-taps';
export { averagePool, averagePoolGrad, maxPool, maxPoolGrad } from './pool';
export { argmax, reduce, sumOfSquares } from './reduce';
export { rnnBackward, rnnForward } from './rnn';
export { scan, scanPack, scanWorkSize } from './scan';
export { crossEntropy, crossEntropyGrad, logSoftmax, logSoftmaxGrad, softmax, softmaxGrad } from './softmax';
export { fitsHalf, gemmHalf, gemmWide, packHalf, wideScratchSize } from './wide';
export { winograd, winogradInputs, winogradSize } from './winograd';
export { winogradGradients, winogradSum, winogradWeights } from './winograd-weights';
