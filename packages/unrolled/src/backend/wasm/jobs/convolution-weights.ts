import { type Band, bandInput, type Columns, inputNames, PANEL } from './band.ts';
import { defineJob, type JobParameters, type Part, startOf } from './job.ts';

/** Names of what all gradients of weights have: convolution/weight-grad.ts. */
export const sumNames = [
  ...inputNames,
  ...([
    'dy',
    'rows',
    'columns',
    'bandRows',
    'bandImages',
    'bands',
    'outputs',
    'sums',
    'sumsFloats',
    'sumsCount',
  ] as const),
  ...(['dWeight', 'dBias'] as const),
];
type SumParameters = JobParameters<(typeof sumNames)[number]>;

/**
 * Calls `add` for each of the part's panels of each of a fixed number of sums, to which the batch's bands belong, with the
 * bands and whether they are to be added. Each sum is for one thread at a time, whatever the number of threads.
 */
export function forEachSum(
  p: SumParameters,
  { part, parts }: Part,
  add: (sums: number, band: Band, columns: Columns, accumulate: number) => void,
): void {
  const panels = Math.ceil(p.outputs / PANEL);
  const last = startOf(p.sumsCount * panels, part + 1, parts);
  for (let next = startOf(p.sumsCount * panels, part, parts); next < last; ) {
    const sum = Math.floor(next / panels);
    const first = next - sum * panels;
    const count = Math.min(panels - first, last - next);
    const columns = { from: first * PANEL, to: Math.min(p.outputs, (first + count) * PANEL) };
    const begin = startOf(p.bands, sum, p.sumsCount);
    const end = startOf(p.bands, sum + 1, p.sumsCount);
    for (let b = begin; b < end; b++) add(p.sums + sum * p.sumsFloats * 4, bandOf(p, b), columns, b > begin ? 1 : 0);
    next += count;
  }
}

/** Band b: some rows of one image, or some images. */
function bandOf({ images, rows, bandRows, bandImages }: SumParameters, b: number): Band {
  if (bandRows === rows) {
    return { image: b * bandImages, row: 0, images: Math.min(bandImages, images - b * bandImages), rows };
  }
  const perImage = Math.ceil(rows / bandRows);
  const image = Math.floor(b / perImage);
  const row = (b - image * perImage) * bandRows;
  return { image, row, images: 1, rows: Math.min(bandRows, rows - row) };
}

/**
 * dWeight and dBias. The sums, each [groups, k + 1, outputs] with those of the biases in the last row, are added in the end:
 * then parts share the outputs.
 */
export const convolutionWeightsJob = defineJob(
  [...sumNames, ...(['columnStride', 'runs', 'runCount', 'groups', 'inputs', 'taps'] as const)],
  (kernels, p, share) => {
    const { columns, outputs, groups, inputs, taps } = p;
    const O = groups * outputs;
    const k = taps * inputs;
    const groupBytes = (k + 1) * outputs * 4;
    forEachSum(p, share, (all, band, { from, to }, accumulate) => {
      const { x, xRow, xImage } = bandInput(kernels, p, share, band);
      const first = p.dy + (band.image * p.rows + band.row) * columns * O * 4;
      const size = [band.images, band.rows, columns] as const;
      for (let group = 0; group < groups; group++) {
        const [xGroup, dy] = [x + group * inputs * 4, first + (group * outputs + from) * 4];
        const sums = all + group * groupBytes + from * 4;
        kernels.convolveGrad(
          ...([xGroup, p.columnStride * p.channels, xRow, xImage, dy, O, columns * O, p.rows * columns * O] as const),
          ...([...size, p.runs, p.runCount, to - from, sums, outputs, accumulate] as const),
        );
        const pixels = band.images * band.rows * columns;
        if (p.dBias) kernels.columnSums(dy, O, pixels, to - from, sums + k * outputs * 4, accumulate);
      }
    });
  },
  (kernels, p, share) => {
    const { outputs, groups, inputs, taps, sumsCount, sumsFloats } = p;
    const k = taps * inputs;
    const groupBytes = (k + 1) * outputs * 4;
    const [from, to] = [0, 1].map((i) => startOf(outputs, share.part + i, share.parts, 4));
    for (let group = 0; group < groups; group++) {
      const sums = p.sums + group * groupBytes;
      kernels.sumTaps(
        sums,
        sumsCount,
        sumsFloats,
        taps,
        inputs,
        outputs,
        from,
        to,
        p.dWeight + group * outputs * k * 4,
      );
      if (!p.dBias) continue;
      const dBias = p.dBias + group * outputs * 4;
      kernels.sumTaps(sums + k * outputs * 4, sumsCount, sumsFloats, 1, 1, outputs, from, to, dBias);
    }
  },
);
