import { defineJob, LINE, startOf } from './job.ts';

/**
 * dWeight and dBias of a depthwise convolution. Images belong to a fixed number of sums, each [taps + 1, channels] with the
 * biases in the last row, which are added in the end. Parts share the channels of all sums.
 */
export const depthwiseWeightsJob = defineJob(
  [
    ...(['x', 'images', 'height', 'width', 'channels', 'dy', 'rows', 'columns', 'rowStride', 'columnStride'] as const),
    ...(['taps', 'tapCount', 'sums', 'sumsFloats', 'sumsCount', 'dWeight', 'dBias'] as const),
  ],
  (kernels, p, share) => {
    const { images, height, width, channels, rows, columns, tapCount, sumsCount } = p;
    const lines = Math.ceil(channels / LINE);
    const last = startOf(sumsCount * lines, share.part + 1, share.parts);
    for (let next = startOf(sumsCount * lines, share.part, share.parts); next < last; ) {
      const sum = Math.floor(next / lines);
      const first = next - sum * lines;
      const count = Math.min(lines - first, last - next);
      const from = first * LINE;
      const n = Math.min(channels, (first + count) * LINE) - from;
      const sums = p.sums + (sum * p.sumsFloats + from) * 4;
      const begin = startOf(images, sum, sumsCount);
      const end = startOf(images, sum + 1, sumsCount);
      for (let image = begin; image < end; image++) {
        const dy = p.dy + (image * rows * columns * channels + from) * 4;
        const add = image > begin ? 1 : 0;
        kernels.depthwiseGrad(
          ...([p.x + (image * height * width * channels + from) * 4, height, width, channels] as const),
          ...([p.rowStride, p.columnStride, dy, columns * channels, 0, rows, columns] as const),
          ...([p.taps, tapCount, n, sums, channels, add] as const),
        );
        if (p.dBias) kernels.columnSums(dy, channels, rows * columns, n, sums + tapCount * channels * 4, add);
      }
      next += count;
    }
  },
  (kernels, p, share) => {
    const { channels, tapCount, sumsCount } = p;
    const [from, to] = [0, 1].map((i) => startOf(channels, share.part + i, share.parts, 4));
    kernels.sumTaps(p.sums, sumsCount, p.sumsFloats, tapCount, 1, channels, from, to, p.dWeight);
    if (!p.dBias) return;
    kernels.sumTaps(p.sums + tapCount * channels * 4, sumsCount, p.sumsFloats, 1, 1, channels, from, to, p.dBias);
  },
);
