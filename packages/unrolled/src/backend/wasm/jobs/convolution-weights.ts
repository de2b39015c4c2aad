import type { Kernels } from '../generated/kernels.ts';
import { type Band, bandInput } from './convolution.ts';
import { defineJob, type JobParameters, type Share, startOf } from './job.ts';

/** Columns in a panel of the sums. */
const PANEL = 8;

const names = [
  ...([
    'x',
    'images',
    'height',
    'width',
    'channels',
    'xWidth',
    'dy',
    'rows',
    'columns',
    'rowStride',
    'columnStride',
  ] as const),
  ...([
    'bordered',
    'top',
    'left',
    'right',
    'span',
    'bandRows',
    'bandImages',
    'bands',
    'scratch',
    'scratchBytes',
  ] as const),
  ...(['runs', 'runCount', 'groups', 'inputs', 'outputs', 'taps', 'sums', 'sumsFloats', 'sumsCount'] as const),
  ...(['dWeight', 'dBias'] as const),
];
type Parameters = JobParameters<(typeof names)[number]>;

/**
 * dWeight and dBias. The bands of the batch belong to a fixed number of sums, each [groups, k + 1, outputs] with the biases in
 * the last row, which are added in the end. Parts share the panels of all sums, then the outputs.
 */
export const convolutionWeightsJob = defineJob(names, (kernels, p, share) => {
  const { outputs, groups, inputs, taps } = p;
  const panels = Math.ceil(outputs / PANEL);
  const last = startOf(p.sumsCount * panels, share.part + 1, share.parts);
  for (let next = startOf(p.sumsCount * panels, share.part, share.parts); next < last; ) {
    const sum = Math.floor(next / panels);
    const first = next - sum * panels;
    const count = Math.min(panels - first, last - next);
    addBands(kernels, p, share, sum, { from: first * PANEL, to: Math.min(outputs, (first + count) * PANEL) });
    next += count;
  }
  share.barrier();
  const k = taps * inputs;
  const [from, to] = [0, 1].map((i) => startOf(outputs, share.part + i, share.parts, 4));
  for (let group = 0; group < groups; group++) {
    const sums = p.sums + group * (k + 1) * outputs * 4;
    const dWeight = p.dWeight + group * outputs * k * 4;
    kernels.sumTaps(sums, p.sumsCount, p.sumsFloats, taps, inputs, outputs, from, to, dWeight);
    if (!p.dBias) continue;
    kernels.sumTaps(
      sums + k * outputs * 4,
      p.sumsCount,
      p.sumsFloats,
      1,
      1,
      outputs,
      from,
      to,
      p.dBias + group * outputs * 4,
    );
  }
});

/** One sum's columns from … to − 1: its bands one after the other. */
function addBands(
  kernels: Kernels,
  p: Parameters,
  share: Share,
  sum: number,
  { from, to }: { from: number; to: number },
): void {
  const { rows, columns, groups, inputs, outputs, channels, columnStride } = p;
  const O = groups * outputs;
  const k = p.taps * inputs;
  const first = startOf(p.bands, sum, p.sumsCount);
  const end = startOf(p.bands, sum + 1, p.sumsCount);
  for (let b = first; b < end; b++) {
    const band = bandOf(p, b);
    const { x, xRow, xImage } = bandInput(kernels, p, share, band);
    const dy = p.dy + (band.image * rows + band.row) * columns * O * 4;
    const add = b > first ? 1 : 0;
    for (let group = 0; group < groups; group++) {
      const [xGroup, dyGroup] = [x + group * inputs * 4, dy + (group * outputs + from) * 4];
      const sums = p.sums + (sum * p.sumsFloats + group * (k + 1) * outputs + from) * 4;
      kernels.convolveGrad(
        ...([xGroup, columnStride * channels, xRow, xImage, dyGroup, O, columns * O, rows * columns * O] as const),
        ...([band.images, band.rows, columns, p.runs, p.runCount, to - from, sums, outputs, add] as const),
      );
      if (p.dBias)
        kernels.columnSums(dyGroup, O, band.images * band.rows * columns, to - from, sums + k * outputs * 4, add);
    }
  }
}

/** Band b: some rows of one image, or some images. */
function bandOf({ images, rows, bandRows, bandImages }: Parameters, b: number): Band {
  if (bandRows === rows) {
    return { image: b * bandImages, row: 0, images: Math.min(bandImages, images - b * bandImages), rows };
  }
  const perImage = Math.ceil(rows / bandRows);
  const image = Math.floor(b / perImage);
  const row = (b - image * perImage) * bandRows;
  return { image, row, images: 1, rows: Math.min(bandRows, rows - row) };
}
