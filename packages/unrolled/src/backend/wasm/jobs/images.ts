import type { Kernels } from '../generated/kernels.ts';
import { defineJob, LINE, type Part, startOf } from './job.ts';

/** Rows of a batch norm that a part takes, in whole blocks, and the first of these. */
function blocksOf(kernels: Kernels, rows: number, channels: number, { part, parts }: Part) {
  const block = kernels.batchNormBlock(channels);
  const blocks = Math.ceil(rows / block);
  const [first, end] = [startOf(blocks, part, parts), startOf(blocks, part + 1, parts)];
  return { first, from: first * block, to: Math.min(rows, end * block) };
}

/** Floats of a run of rows. */
const RUN = 16_384;

/** The second pass over rows begins with those that the first has read last: they are still in the cache. */
function* runsBackwards({ from, to }: { from: number; to: number }, channels: number) {
  const size = Math.max(1, Math.floor(RUN / channels));
  for (let end = to; end > from; end -= size) {
    const first = Math.max(from, end - size);
    yield { at: first * channels * 4, count: end - first };
  }
}

/** Statistics by blocks of rows, joined by channels, and the output by rows again. */
export const batchNormJob = defineJob(
  [
    ...(['x', 'gain', 'bias', 'y', 'mean', 'variance', 'runningMean', 'runningVariance', 'momentum'] as const),
    ...(['scale', 'moments', 'rows', 'channels', 'epsilon', 'activation'] as const),
  ],
  (kernels, p, share) => {
    const { x, moments, rows, channels } = p;
    const own = blocksOf(kernels, rows, channels, share);
    const rowBytes = channels * 4;
    const ownMoments = moments + own.first * 2 * rowBytes;
    kernels.batchNormMoments(x + own.from * rowBytes, own.to - own.from, channels, ownMoments);
  },
  (kernels, p, share) => {
    const { gain, mean, variance, scale, moments, rows, channels, epsilon } = p;
    const begin = startOf(channels, share.part, share.parts, LINE);
    const end = startOf(channels, share.part + 1, share.parts, LINE);
    const running = [p.runningMean, p.runningVariance, p.momentum] as const;
    kernels.batchNormJoin(moments, rows, channels, gain, mean, variance, ...running, scale, epsilon, begin, end);
  },
  (kernels, p, share) => {
    const { x, bias, y, mean, scale, channels, activation } = p;
    for (const { at, count } of runsBackwards(blocksOf(kernels, p.rows, channels, share), channels)) {
      kernels.batchNormApply(activation, x + at, mean, scale, bias, y + at, count, channels);
    }
  },
);

export const batchNormGradJob = defineJob(
  [
    ...(['x', 'dy', 'gain', 'bias', 'mean', 'variance', 'dx', 'dGain', 'dBias', 'sums', 'factors'] as const),
    ...(['scale', 'rows', 'channels', 'epsilon', 'activation'] as const),
  ],
  (kernels, p, share) => {
    const { x, dy, gain, bias, mean, variance, sums, rows, channels, epsilon, activation } = p;
    const own = blocksOf(kernels, rows, channels, share);
    const rowBytes = channels * 4;
    const scale = p.scale + share.part * rowBytes;
    kernels.batchNormScale(gain, variance, epsilon, scale, channels);
    const [first, ownSums] = [own.from * rowBytes, sums + own.first * 2 * rowBytes];
    kernels.batchNormGradSums(
      ...([activation, x + first, dy + first, mean, scale, bias, ownSums, own.to - own.from, channels] as const),
    );
  },
  (kernels, p, share) => {
    const { gain, variance, dGain, dBias, sums, factors, rows, channels, epsilon } = p;
    const begin = startOf(channels, share.part, share.parts, LINE);
    const end = startOf(channels, share.part + 1, share.parts, LINE);
    kernels.batchNormGradJoin(sums, rows, channels, gain, variance, epsilon, dGain, dBias, factors, begin, end);
  },
  (kernels, p, share) => {
    const { x, dy, bias, mean, dx, factors, channels, activation } = p;
    for (const { at, count } of runsBackwards(blocksOf(kernels, p.rows, channels, share), channels)) {
      kernels.batchNormGradApply(activation, x + at, dy + at, mean, bias, factors, dx + at, count, channels);
    }
  },
);

export const poolNames = [
  ...(['B', 'H', 'W', 'C', 'OH', 'OW', 'kh', 'kw', 'sh', 'sw', 'dh', 'dw', 'top', 'left'] as const),
] as const;

/** Split between rows of outputs. */
export const maxPoolJob = defineJob(['x', 'y', 'places', ...poolNames], (kernels, p, { part, parts }) => {
  const { x, y, places, B, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left } = p;
  const [from, to] = [startOf(B * OH, part, parts), startOf(B * OH, part + 1, parts)];
  kernels.maxPool(x, y, places, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
});

/** Split between rows of inputs, as is the gradient of averages. */
export const maxPoolGradJob = defineJob(['dy', 'places', 'dx', ...poolNames], (kernels, p, { part, parts }) => {
  const { dy, places, dx, B, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left } = p;
  const [from, to] = [startOf(B * H, part, parts), startOf(B * H, part + 1, parts)];
  kernels.maxPoolGrad(dy, places, dx, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
});

export const averagePoolJob = defineJob(['x', 'y', 'countPadding', ...poolNames], (kernels, p, { part, parts }) => {
  const { x, y, countPadding, B, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left } = p;
  const [from, to] = [startOf(B * OH, part, parts), startOf(B * OH, part + 1, parts)];
  kernels.averagePool(x, y, countPadding, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
});

export const averagePoolGradJob = defineJob(
  ['dy', 'dx', 'countPadding', ...poolNames],
  (kernels, p, { part, parts }) => {
    const { dy, dx, countPadding, B, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left } = p;
    const [from, to] = [startOf(B * H, part, parts), startOf(B * H, part + 1, parts)];
    kernels.averagePoolGrad(dy, dx, countPadding, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
  },
);
