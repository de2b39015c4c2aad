import { attentionGradJob, attentionJob } from './attention.ts';
import { convolutionJob } from './convolution.ts';
import { convolutionWeightsJob } from './convolution-weights.ts';
import { depthwiseJob } from './depthwise.ts';
import { depthwiseWeightsJob } from './depthwise-weights.ts';
import {
  addActivatedJob,
  axpyJob,
  binaryJob,
  dropoutJob,
  selectJob,
  stridedCopyJob,
  unaryGradJob,
  unaryJob,
} from './elementwise.ts';
import {
  averagePoolGradJob,
  averagePoolJob,
  batchNormGradJob,
  batchNormJob,
  maxPoolGradJob,
  maxPoolJob,
} from './images.ts';
import type { Job } from './job.ts';
import { adagradJob, adamJob, rmspropJob, sgdJob } from './optimize.ts';
import { batchedMatmulJob, matmulJob } from './products.ts';
import { recurrentBackwardJob } from './recurrent-backward.ts';
import { recurrentFewRowsJob } from './recurrent-few-rows.ts';
import { recurrentForwardJob } from './recurrent-forward.ts';
import {
  argmaxJob,
  crossEntropyGradJob,
  crossEntropyJob,
  gatherJob,
  layerNormGradJob,
  layerNormJob,
  reduceJob,
  scatterAddJob,
  softmaxGradJob,
  softmaxJob,
} from './rows.ts';
import { scanJob } from './scan.ts';
import { winogradJob } from './winograd.ts';
import { winogradWeightsJob } from './winograd-weights.ts';

/**
 * Every job; its index in this list is the number sent to workers. Listed explicitly, since the order of a module's exports
 * differs between loaders and bundlers.
 */
export const jobs: readonly Job[] = [
  ...[matmulJob, batchedMatmulJob, recurrentForwardJob, recurrentFewRowsJob, recurrentBackwardJob, scanJob],
  ...[unaryJob, unaryGradJob, binaryJob, stridedCopyJob, selectJob, addActivatedJob, axpyJob, dropoutJob],
  ...[softmaxJob, softmaxGradJob, crossEntropyJob, crossEntropyGradJob, layerNormJob, layerNormGradJob],
  ...[argmaxJob, reduceJob, gatherJob, scatterAddJob],
  ...[batchNormJob, batchNormGradJob, maxPoolJob, maxPoolGradJob, averagePoolJob, averagePoolGradJob],
  ...[convolutionJob, convolutionWeightsJob, winogradJob, winogradWeightsJob, depthwiseJob, depthwiseWeightsJob],
  ...[attentionJob, attentionGradJob],
  ...[sgdJob, adagradJob, rmspropJob, adamJob],
];
