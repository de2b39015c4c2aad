import { bandInput } from './band.ts';
import { forEachSum, sumNames } from './convolution-weights.ts';
import { defineJob, startOf } from './job.ts';

/** Numbers of a tile. */
const PLACES = 16;

/**
 * dWeight and dBias of a convolution of 3 × 3 taps in tiles of 2 × 2 outputs; `rows` are an image's rows of tiles, `outputRows`
 * those of outputs. The sums are [16 · channels + 1, outputs], those of the biases in the last row.
 */
export const winogradWeightsJob = defineJob(
  [
    ...sumNames,
    ...([
      'outputRows',
      'firstRow',
      'firstColumn',
      'run',
      'tiles',
      'tilesBytes',
      'placeFloats',
      'gradientFloats',
    ] as const),
  ],
  (kernels, p, share) => {
    const { channels, outputs, columns, outputRows, xWidth, placeFloats, gradientFloats } = p;
    const tileColumns = Math.ceil(columns / 2);
    const inputs = p.tiles + share.part * p.tilesBytes;
    const gradients = inputs + PLACES * placeFloats * 4;
    const dyRow = columns * outputs;
    forEachSum(p, share, (all, band, { from, to }, accumulate) => {
      const input = bandInput(kernels, p, share, band);
      const x = input.x + (p.firstRow * xWidth + p.firstColumn) * channels * 4;
      const dy = p.dy + ((band.image * outputRows + 2 * band.row) * dyRow + from) * 4;
      const rows = Math.min(2 * band.rows, outputRows - 2 * band.row);
      const count = band.images * band.rows * tileColumns;
      const n = to - from;
      kernels.winogradInputs(
        ...([x, channels, xWidth * channels, input.xImage, band.rows, tileColumns, 0, count] as const),
        ...([inputs, channels, placeFloats] as const),
      );
      kernels.winogradGradients(
        ...([dy, n, outputs, dyRow, outputRows * dyRow, rows, columns, 0, count] as const),
        ...([gradients, n, gradientFloats] as const),
      );
      for (let place = 0; place < PLACES; place++) {
        kernels.convolveGrad(
          ...([inputs + place * placeFloats * 4, channels, 0, 0] as const),
          ...([gradients + place * gradientFloats * 4, n, 0, 0, 1, 1, count, p.run, 1, n] as const),
          ...([all + (place * channels * outputs + from) * 4, outputs, accumulate] as const),
        );
      }
      if (!p.dBias) return;
      const bias = all + (PLACES * channels * outputs + from) * 4;
      for (let i = 0; i < band.images; i++) {
        kernels.columnSums(dy + i * outputRows * dyRow * 4, outputs, rows * columns, n, bias, i > 0 ? 1 : accumulate);
      }
    });
  },
  (kernels, p, share) => {
    const { channels, outputs, sumsCount, sumsFloats } = p;
    const [from, to] = [0, 1].map((i) => startOf(outputs, share.part + i, share.parts, 4));
    kernels.winogradSum(p.sums, sumsCount, sumsFloats, channels, outputs, from, to, p.dWeight);
    if (!p.dBias) return;
    const bias = p.sums + PLACES * channels * outputs * 4;
    kernels.sumTaps(bias, sumsCount, sumsFloats, 1, 1, outputs, from, to, p.dBias);
  },
);
