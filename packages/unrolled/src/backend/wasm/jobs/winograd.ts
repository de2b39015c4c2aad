import { bandInput, bandsOf, columnOf, inputNames, outputNames, panelsOf, weightStrides } from './band.ts';
import { defineJob } from './job.ts';

/** Numbers of a tile. */
const PLACES = 16;

/**
 * A convolution of 3 × 3 taps in tiles of 2 × 2 outputs, of which `rows` are an image's rows of tiles and `outputRows` those of
 * outputs. Split as `convolutionJob`.
 */
export const winogradJob = defineJob(
  [
    ...inputNames,
    ...outputNames,
    ...(['outputRows', 'firstRow', 'firstColumn', 'chunk', 'tiles', 'tilesBytes'] as const),
  ],
  {
    needed: (p) => !p.ready,
    run(kernels, p, share) {
      const { channels, packed, weight } = p;
      const panels = panelsOf(p.outputs, share);
      if (panels.to <= panels.from) return;
      const stride = weightStrides(p, channels);
      const [from, to] = [weight + panels.from * stride.output * 4, packed + panels.from * PLACES * channels * 4];
      kernels.winogradWeights(from, stride.output, stride.input, channels, panels.to - panels.from, p.taps, to);
    },
  },
  (kernels, p, share) => {
    const { channels, xWidth, packed, chunk } = p;
    const panels = panelsOf(p.outputs, share);
    const { from, to } = p.byOutputs ? panels : { from: 0, to: p.outputs };
    if (to <= from) return;
    const weights = packed + from * PLACES * channels * 4;
    const [scale, bias] = [columnOf(p.scale, from), columnOf(p.bias, from)];
    const tiles = p.tiles + share.part * p.tilesBytes;
    for (const band of bandsOf(p, share)) {
      const input = bandInput(kernels, p, share, band);
      const x = input.x + (p.firstRow * xWidth + p.firstColumn) * channels * 4;
      const y = p.y + (band.image * p.yImage + 2 * band.row * p.yRow + from) * 4;
      const rows = Math.min(2 * band.rows, p.outputRows - 2 * band.row);
      kernels.winograd(
        ...([x, channels, xWidth * channels, input.xImage, y, p.yColumn, p.yRow, p.yImage] as const),
        ...([band.images, rows, p.columns, weights, to - from, scale, bias, p.activation, chunk, tiles] as const),
      );
    }
  },
);
