import type { Kernels } from '../generated/kernels.ts';
import { type JobParameters, type Part, startOf } from './job.ts';

/** Columns in a panel of packed weights. */
export const PANEL = 8;

/** The images that a job reads: convolution/bands.ts. */
export const inputNames = [
  ...(['x', 'images', 'height', 'width', 'channels', 'rowStride', 'bordered', 'top', 'left', 'right', 'span'] as const),
  ...(['xWidth', 'scratch', 'scratchBytes'] as const),
];
/** What it writes, and the weights: convolution/packed.ts. */
export const outputNames = [
  ...(['y', 'yColumn', 'yRow', 'yImage', 'rows', 'columns', 'scale', 'bias', 'activation', 'bandRows'] as const),
  ...(['bandImages', 'byOutputs', 'outputs', 'weight', 'weightTaps', 'isGradient', 'taps', 'packed', 'ready'] as const),
];
type InputParameters = JobParameters<(typeof inputNames)[number]>;
type OutputParameters = JobParameters<(typeof outputNames)[number]>;

/** Some rows of one image, or some whole images. */
export interface Band {
  readonly image: number;
  readonly row: number;
  readonly images: number;
  readonly rows: number;
}

export interface Columns {
  readonly from: number;
  readonly to: number;
}

/** The panels of a part. */
export function panelsOf(outputs: number, { part, parts }: Part): Columns {
  return { from: startOf(outputs, part, parts, PANEL), to: startOf(outputs, part + 1, parts, PANEL) };
}

/** The bands of a part: with `byOutputs` all, else a run of the rows of all images. */
export function* bandsOf(p: OutputParameters & InputParameters, { part, parts }: Part): Generator<Band> {
  const { images, rows, bandRows, bandImages } = p;
  const grain = images >= 4 * parts ? rows : 1;
  const end = p.byOutputs ? images * rows : startOf(images * rows, part + 1, parts, grain);
  for (let next = p.byOutputs ? 0 : startOf(images * rows, part, parts, grain); next < end; ) {
    const image = Math.floor(next / rows);
    const row = next - image * rows;
    const whole = row === 0 ? Math.min(bandImages, Math.floor((end - next) / rows)) : 0;
    const band = {
      image,
      row,
      images: Math.max(1, whole),
      rows: whole > 1 ? rows : Math.min(bandRows, rows - row, end - next),
    };
    yield band;
    next += band.images * band.rows;
  }
}

/** Where a band's images are read, and the floats between rows of the outputs' inputs and between images. */
export interface Input {
  readonly x: number;
  readonly xRow: number;
  readonly xImage: number;
}

/** A copy with a border of zeros, where one is needed. */
export function bandInput(
  kernels: Kernels,
  p: InputParameters,
  { part }: Part,
  { image, row, images, rows }: Band,
): Input {
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

/** The strides of weights [O, C, taps] as the matrix [inputs, outputs] that a job multiplies with. */
export function weightStrides({ isGradient, weightTaps, outputs }: OutputParameters, inputs: number) {
  const outer = (isGradient ? outputs : inputs) * weightTaps;
  return isGradient ? { output: weightTaps, input: outer } : { output: outer, input: weightTaps };
}

/** Address of an output column of scale or bias, 0 where absent. */
export const columnOf = (address: number, column: number): number => address && address + column * 4;
