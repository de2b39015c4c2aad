import { defineJob, LINE, startOf } from './job.ts';

/** Blocks of rows of a batch norm that a part takes: where they begin and how many rows they have. */
function blocksOf(
  rows: number,
  block: number,
  part: number,
  parts: number,
): { from: number; count: number; first: number } {
  const blocks = Math.ceil(rows / block);
  const [begin, end] = [startOf(blocks, part, parts), startOf(blocks, part + 1, parts)];
  return { from: begin * block, count: Math.min(rows, end * block) - begin * block, first: begin };
}

/** Statistics by blocks of rows, joined by channels, and the output by rows again. */
export const batchNormJob = defineJob(
  ['x', 'gain', 'bias', 'y', 'mean', 'variance', 'scale', 'moments', 'rows', 'channels', 'epsilon', 'activation'],
  (kernels, p, share) => {
    const { x, gain, bias, y, mean, variance, scale, moments, rows, channels, epsilon, activation } = p;
    const { from, count, first } = blocksOf(rows, kernels.batchNormBlock(channels), share.part, share.parts);
    const at = from * channels * 4;
    kernels.batchNormMoments(x + at, count, channels, moments + first * 2 * channels * 4);
    share.barrier();
    const begin = startOf(channels, share.part, share.parts, LINE);
    const end = startOf(channels, share.part + 1, share.parts, LINE);
    kernels.batchNormJoin(moments, rows, channels, gain, mean, variance, scale, epsilon, begin, end);
    share.barrier();
    kernels.batchNormApply(activation, x + at, mean, scale, bias, y + at, count, channels);
  },
);

export const batchNormGradJob = defineJob(
  [
    ...(['x', 'y', 'dy', 'gain', 'mean', 'variance', 'dx', 'dGain', 'dBias', 'sums', 'factors'] as const),
    ...(['rows', 'channels', 'epsilon', 'activation'] as const),
  ],
  (kernels, p, share) => {
    const { x, y, dy, gain, mean, variance, dx, dGain, dBias, sums, factors, rows, channels, epsilon, activation } = p;
    const { from, count, first } = blocksOf(rows, kernels.batchNormBlock(channels), share.part, share.parts);
    const at = from * channels * 4;
    const own = sums + first * 2 * channels * 4;
    kernels.batchNormGradSums(activation, x + at, y + at, dy + at, mean, own, count, channels);
    share.barrier();
    const begin = startOf(channels, share.part, share.parts, LINE);
    const end = startOf(channels, share.part + 1, share.parts, LINE);
    kernels.batchNormGradJoin(sums, rows, channels, gain, variance, epsilon, dGain, dBias, factors, begin, end);
    share.barrier();
    kernels.batchNormGradApply(activation, x + at, y + at, dy + at, mean, factors, dx + at, count, channels);
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
