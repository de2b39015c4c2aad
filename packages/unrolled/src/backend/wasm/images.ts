import { sizeOf } from '../../shape.ts';
import type { Block } from '../backend.ts';
import type {
  BatchNormAffine,
  BatchNormBackward,
  BatchNormForward,
  ConvolutionForward,
  ConvolutionInputGrad,
  ConvolutionWeightGrad,
  PoolBackward,
  PoolForward,
  Window,
} from '../convolution.ts';
import { COPY, type Context } from './context.ts';
import { convolution, convolutionInputGrad } from './convolution/sums.ts';
import { convolutionWeightGrad } from './convolution/weight-grad.ts';
import { FusedActivation, type Kernels } from './generated/kernels.ts';
import * as jobs from './jobs/images.ts';
import type { Job, JobParameters, ParametersOf } from './jobs/job.ts';
import type { LinearMemory } from './linear-memory.ts';

export function imageOperations(context: Context) {
  const { memory, kernels } = context;
  return {
    convolution: (given: ConvolutionForward) => convolution(context, given),
    convolutionInputGrad: (given: ConvolutionInputGrad) => convolutionInputGrad(context, given),
    convolutionWeightGrad: (given: ConvolutionWeightGrad) => convolutionWeightGrad(context, given),

    pool(given: PoolForward): void {
      const parameters = poolParameters(given, memory);
      const job: Job = given.kind === 'max' ? jobs.maxPoolJob : jobs.averagePoolJob;
      context.share(job, parameters, sizeOf(given.y.shape) * parameters.kh * parameters.kw * COPY);
    },

    poolGrad(given: PoolBackward): void {
      const parameters = poolGradParameters(given, memory);
      const job: Job = given.kind === 'max' ? jobs.maxPoolGradJob : jobs.averagePoolGradJob;
      context.share(job, parameters, sizeOf(given.dy.shape) * parameters.kh * parameters.kw * COPY);
    },

    batchNorm(given: BatchNormForward): void {
      const parameters = batchNormParameters(given, memory, kernels);
      context.share(jobs.batchNormJob, parameters, 3 * sizeOf(given.x.shape) * COPY);
    },

    batchNormGrad(given: BatchNormBackward): void {
      const parts = context.partsFor(4 * sizeOf(given.x.shape) * COPY);
      context.run(jobs.batchNormGradJob, batchNormGradParameters(given, memory, kernels, parts), parts);
    },

    batchNormAffine({ gain, bias, mean, variance, scale, shift, epsilon }: BatchNormAffine): void {
      const statistics = [memory.input(mean), memory.input(variance)] as const;
      const results = [memory.address(scale), memory.address(shift)] as const;
      const channels = sizeOf(scale.shape);
      kernels.batchNormAffine(memory.input(gain), memory.input(bias), ...statistics, epsilon, ...results, channels);
    },
  };
}

interface Rows {
  readonly rows: number;
  readonly channels: number;
}

function rowsOf(x: Block): Rows {
  const channels = x.shape[x.shape.length - 1];
  return { rows: channels === 0 ? 0 : sizeOf(x.shape) / channels, channels };
}

/** Bytes of two numbers for each channel in each block of rows. */
const blockBytes = (kernels: Kernels, { rows, channels }: Rows): number =>
  Math.ceil(rows / kernels.batchNormBlock(channels)) * 2 * channels * 4;

function batchNormParameters(
  { x, gain, bias, y, mean, variance, running, epsilon, activation }: BatchNormForward,
  memory: LinearMemory,
  kernels: Kernels,
): ParametersOf<typeof jobs.batchNormJob> {
  const size = rowsOf(x);
  return {
    x: memory.input(x),
    gain: memory.input(gain),
    bias: memory.input(bias),
    y: memory.address(y),
    mean: memory.address(mean),
    variance: memory.address(variance),
    runningMean: memory.addressOrNull(running?.mean ?? null),
    runningVariance: memory.addressOrNull(running?.variance ?? null),
    momentum: running?.momentum ?? 0,
    scale: memory.scratch('batch norm: scale', size.channels * 4),
    moments: memory.scratch('batch norm: blocks', blockBytes(kernels, size)),
    ...size,
    epsilon,
    activation: FusedActivation[activation],
  };
}

function batchNormGradParameters(
  { x, gain, bias, mean, variance, dy, dx, dGain, dBias, epsilon, activation }: BatchNormBackward,
  memory: LinearMemory,
  kernels: Kernels,
  parts: number,
): ParametersOf<typeof jobs.batchNormGradJob> {
  const size = rowsOf(x);
  return {
    x: memory.input(x),
    dy: memory.input(dy),
    gain: memory.input(gain),
    bias: memory.input(bias),
    mean: memory.input(mean),
    variance: memory.input(variance),
    dx: memory.address(dx),
    dGain: memory.addressOrNull(dGain),
    dBias: memory.addressOrNull(dBias),
    sums: memory.scratch('batch norm: blocks', blockBytes(kernels, size)),
    scale: memory.scratch('batch norm: scale', parts * size.channels * 4),
    factors: memory.scratch('batch norm: factors', size.channels * 3 * 4),
    ...size,
    epsilon,
    activation: FusedActivation[activation],
  };
}

/** Sizes of a pool by the names of its jobs. */
function poolSizes(input: Block, output: Block, window: Window): JobParameters<(typeof jobs.poolNames)[number]> {
  const [B, H, W, C] = input.shape;
  const [, OH, OW] = output.shape;
  const [[kh, kw], [sh, sw], [dh, dw], [top, left]] = [window.kernel, window.stride, window.dilation, window.padding];
  return { B, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left };
}

function poolParameters({ x, y, places, window, countPadding }: PoolForward, memory: LinearMemory) {
  return {
    x: memory.input(x),
    y: memory.address(y),
    places: memory.addressOrNull(places),
    countPadding: Number(countPadding),
    ...poolSizes(x, y, window),
  };
}

function poolGradParameters({ dy, places, dx, window, countPadding }: PoolBackward, memory: LinearMemory) {
  return {
    dy: memory.input(dy),
    places: memory.input(places),
    dx: memory.address(dx),
    countPadding: Number(countPadding),
    ...poolSizes(dx, dy, window),
  };
}
