import { defineJob, startOf } from './job.ts';

/** Grids of depthwise sums (convolution/taps.ts), split by rows of the outputs. */
export const depthwiseJob = defineJob(
  [
    ...(['x', 'images', 'height', 'width', 'channels', 'y', 'yColumn', 'yRow', 'yImage', 'rows', 'columns'] as const),
    ...(['rowStride', 'columnStride', 'taps', 'tapCount', 'weights', 'scale', 'bias', 'activation'] as const),
    ...(['scratch', 'scratchBytes'] as const),
  ],
  (kernels, p, share) => {
    const { images, height, width, channels, rows } = p;
    const grain = images >= 4 * share.parts ? rows : 1;
    const to = startOf(images * rows, share.part + 1, share.parts, grain);
    const scratch = p.scratch + share.part * p.scratchBytes;
    for (let next = startOf(images * rows, share.part, share.parts, grain); next < to; ) {
      const image = Math.floor(next / rows);
      const from = next - image * rows;
      const last = Math.min(rows, from + to - next);
      kernels.depthwise(
        ...([
          p.x + image * height * width * channels * 4,
          height,
          width,
          channels,
          p.rowStride,
          p.columnStride,
        ] as const),
        ...([p.y + (image * p.yImage + from * p.yRow) * 4, p.yRow, p.yColumn, from, last, p.columns] as const),
        ...([p.taps, p.tapCount, p.weights, p.scale, p.bias, p.activation, scratch] as const),
      );
      next += last - from;
    }
  },
);
