import type { Kernels } from '../generated/kernels.ts';
import { defineJob, type JobParameters, type Share, startOf } from './job.ts';

/** Columns in a panel of packed weights. */
const PANEL = 8;

const names = [
  ...(['x', 'images', 'height', 'width', 'channels', 'xWidth', 'y', 'yColumn', 'yRow', 'yImage'] as const),
  ...(['rows', 'columns', 'rowStride', 'columnStride', 'bordered', 'top', 'left', 'right', 'span'] as const),
  ...(['bandRows', 'bandImages', 'scratch', 'scratchBytes', 'runs', 'runCount', 'taps', 'tapCount'] as const),
  ...([
    'weight',
    'weightTaps',
    'isGradient',
    'groups',
    'inputs',
    'outputs',
    'k',
    'packed',
    'packedBytes',
    'ready',
  ] as const),
  ...(['scale', 'bias', 'activation', 'byOutputs'] as const),
];
type Parameters = JobParameters<(typeof names)[number]>;

/** Some rows of one image, or some whole images. */
export interface Band {
  readonly image: number;
  readonly row: number;
  readonly images: number;
  readonly rows: number;
}

/** The rows from … to − 1 of all images, counted through, in bands. */
export function* bandsOf(
  from: number,
  to: number,
  { rows, bandRows, bandImages }: { readonly rows: number; readonly bandRows: number; readonly bandImages: number },
): Generator<Band> {
  for (let next = from; next < to; ) {
    const image = Math.floor(next / rows);
    const row = next - image * rows;
    const whole = row === 0 ? Math.min(bandImages, Math.floor((to - next) / rows)) : 0;
    const band =
      whole > 1
        ? { image, row, images: whole, rows }
        : { image, row, images: 1, rows: Math.min(bandRows, rows - row, to - next) };
    yield band;
    next += band.images * band.rows;
  }
}

/**
 * A grid of sums over taps (convolution/taps.ts), split by rows of the outputs, or by their channels with `byOutputs`. Each part
 * copies the images that it reads with a border of zeros, a band at a time, where one is needed.
 */
export const convolutionJob = defineJob(names, (kernels, p, share) => {
  const { images, rows, outputs, groups } = p;
  const panels = {
    from: startOf(outputs, share.part, share.parts, PANEL),
    to: startOf(outputs, share.part + 1, share.parts, PANEL),
  };
  if (!p.ready) pack(kernels, p, share, panels);
  if (p.byOutputs) {
    for (const band of bandsOf(0, images * rows, p))
      convolve(kernels, p, band, bandInput(kernels, p, share, band), 0, panels);
    return;
  }
  if (!p.ready) share.barrier();
  const grain = images >= 4 * share.parts ? rows : 1;
  const [from, to] = [0, 1].map((i) => startOf(images * rows, share.part + i, share.parts, grain));
  const all = { from: 0, to: outputs };
  for (const band of bandsOf(from, to, p)) {
    const x = bandInput(kernels, p, share, band);
    for (let group = 0; group < groups; group++) convolve(kernels, p, band, x, group, all);
  }
});

interface Columns {
  readonly from: number;
  readonly to: number;
}

/** With one group, the panels of a part; else the groups. */
function pack(kernels: Kernels, p: Parameters, { part, parts }: Share, panels: Columns): void {
  const { inputs, outputs, weightTaps, groups, k } = p;
  const inner = (p.isGradient ? outputs : inputs) * weightTaps;
  const [outputStride, inputStride] = p.isGradient ? [weightTaps, inner] : [inner, weightTaps];
  const packSome = (group: number, { from, to }: Columns): void => {
    const weight = p.weight + (group * inputs * outputs * weightTaps + from * outputStride) * 4;
    const packed = p.packed + group * p.packedBytes + from * k * 4;
    kernels.packTaps(weight, outputStride, inputStride, inputs, to - from, p.taps, p.tapCount, packed);
  };
  if (groups === 1) {
    if (panels.to > panels.from) packSome(0, panels);
    return;
  }
  const last = startOf(groups, part + 1, parts);
  for (let group = startOf(groups, part, parts); group < last; group++) packSome(group, { from: 0, to: outputs });
}

/** Where a band's images are read, and the floats between rows of the outputs' inputs and between images. */
interface Input {
  readonly x: number;
  readonly xRow: number;
  readonly xImage: number;
}

interface Bordered {
  readonly x: number;
  readonly height: number;
  readonly width: number;
  readonly channels: number;
  /** Pixels in a row of the copy. */
  readonly xWidth: number;
  readonly rowStride: number;
  readonly bordered: number;
  readonly top: number;
  readonly left: number;
  readonly right: number;
  readonly span: number;
  readonly scratch: number;
  readonly scratchBytes: number;
}

/** A copy with a border, where one is needed. */
export function bandInput(kernels: Kernels, p: Bordered, { part }: Share, { image, row, images, rows }: Band): Input {
  const { height, width, channels, xWidth, rowStride } = p;
  const imageFloats = height * width * channels;
  const x = p.x + image * imageFloats * 4;
  const xRow = rowStride * xWidth * channels;
  const first = row * rowStride;
  if (!p.bordered) return { x: x + first * width * channels * 4, xRow, xImage: imageFloats };
  const copied = (rows - 1) * rowStride + p.span;
  const xImage = copied * xWidth * channels;
  const scratch = p.scratch + part * p.scratchBytes;
  for (let i = 0; i < images; i++) {
    const [from, to] = [x + i * imageFloats * 4, scratch + i * xImage * 4];
    kernels.border(from, height, width, channels, to, first - p.top, copied, p.left, p.right);
  }
  return { x: scratch, xRow, xImage };
}

function convolve(
  kernels: Kernels,
  p: Parameters,
  band: Band,
  input: Input,
  group: number,
  { from, to }: Columns,
): void {
  if (to <= from) return;
  const { image, row, images, rows } = band;
  const { runs, runCount, k, inputs, outputs } = p;
  const x = input.x + group * inputs * 4;
  const column = group * outputs + from;
  const y = p.y + (image * p.yImage + row * p.yRow + column) * 4;
  const packed = p.packed + group * p.packedBytes + from * k * 4;
  const [scale, bias] = [p.scale, p.bias].map((address) => address && address + column * 4);
  kernels.convolve(
    ...([x, p.columnStride * p.channels, input.xRow, input.xImage, y, p.yColumn, p.yRow, p.yImage] as const),
    ...([images, rows, p.columns, runs, runCount, packed, k, to - from, scale, bias, p.activation] as const),
  );
}
