import type { Kernels } from '../generated/kernels.ts';
import {
  type Band,
  bandInput,
  bandsOf,
  type Columns,
  columnOf,
  type Input,
  inputNames,
  outputNames,
  panelsOf,
  weightStrides,
} from './band.ts';
import { defineJob, type JobParameters, type Part, startOf } from './job.ts';

const names = [
  ...inputNames,
  ...outputNames,
  ...(['columnStride', 'runs', 'runCount', 'tapCount', 'groups', 'inputs', 'k', 'packedBytes'] as const),
];
type Parameters = JobParameters<(typeof names)[number]>;

const packPhase = {
  needed: (p: Parameters) => !p.ready && !p.byOutputs,
  run: (kernels: Kernels, p: Parameters, part: Part) => pack(kernels, p, part, panelsOf(p.outputs, part)),
};

/**
 * A grid of sums over taps (convolution/taps.ts), split by rows of the outputs, or by their channels with `byOutputs`: then
 * each part has packed the weights that it needs.
 */
export const convolutionJob = defineJob(names, packPhase, (kernels, p, share) => {
  const panels = panelsOf(p.outputs, share);
  if (!p.ready && p.byOutputs) pack(kernels, p, share, panels);
  const columns = p.byOutputs ? panels : { from: 0, to: p.outputs };
  if (columns.to <= columns.from) return;
  for (const band of bandsOf(p, share)) {
    const input = bandInput(kernels, p, share, band);
    for (let group = 0; group < p.groups; group++) convolve(kernels, p, band, input, group, columns);
  }
});

/** With one group, the panels of a part; else some groups. */
function pack(kernels: Kernels, p: Parameters, { part, parts }: Part, panels: Columns): void {
  const { inputs, outputs, weightTaps, groups, k } = p;
  const stride = weightStrides(p, inputs);
  const packSome = (group: number, { from, to }: Columns): void => {
    if (to <= from) return;
    const weight = p.weight + (group * inputs * outputs * weightTaps + from * stride.output) * 4;
    const packed = p.packed + group * p.packedBytes + from * k * 4;
    kernels.packTaps(weight, stride.output, stride.input, inputs, to - from, p.taps, p.tapCount, packed);
  };
  if (groups === 1) packSome(0, panels);
  else {
    const last = startOf(groups, part + 1, parts);
    for (let group = startOf(groups, part, parts); group < last; group++) packSome(group, { from: 0, to: outputs });
  }
}

function convolve(
  kernels: Kernels,
  p: Parameters,
  band: Band,
  input: Input,
  group: number,
  { from, to }: Columns,
): void {
  const { image, row, images, rows } = band;
  const { runs, runCount, k, inputs, outputs } = p;
  const x = input.x + group * inputs * 4;
  const column = group * outputs + from;
  const y = p.y + (image * p.yImage + row * p.yRow + column) * 4;
  const packed = p.packed + group * p.packedBytes + from * k * 4;
  const [scale, bias] = [columnOf(p.scale, column), columnOf(p.bias, column)];
  kernels.convolve(
    ...([x, p.columnStride * p.channels, input.xRow, input.xImage, y, p.yColumn, p.yRow, p.yImage] as const),
    ...([images, rows, p.columns, runs, runCount, packed, k, to - from, scale, bias, p.activation] as const),
  );
}
