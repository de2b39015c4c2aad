import { sizeOf } from '../../../shape.ts';
import type { ConvolutionWeightGrad } from '../../convolution.ts';
import type { Context } from '../context.ts';
import { convolutionWeightsJob } from '../jobs/convolution-weights.ts';
import { depthwiseWeightsJob } from '../jobs/depthwise-weights.ts';
import { LINE } from '../jobs/job.ts';
import { winogradWeightsJob } from '../jobs/winograd-weights.ts';
import { type BandSize, inputParameters, tableOf } from './bands.ts';
import { DEPTHWISE, isDepthwise, tapsTable } from './depthwise.ts';
import { borderOf, forwardGrid, type Grid, runsOf } from './taps.ts';
import { firstTap, isWinograd, PLACES, tilesOf } from './winograd.ts';

/** Parts of the batch that have sums of their own, so that threads share them; not more, since all are added in the end. */
const SUMS = 8;
/** Floats of all these sums. */
const SUMS_ROOM = 4e6;
/** Pixels or tiles that are summed in registers: a short sum rounds less. */
const BLOCK = 512;
/** Floats of inputs and gradients in a block, which are read once for each tile of the kernel. */
const BLOCK_FLOATS = 16_384;
const WINOGRAD_FLOATS = 65_536;

/** The order of the sums follows from the shapes alone: pixels of a block, blocks of a part, parts. */
export function convolutionWeightGrad(context: Context, given: ConvolutionWeightGrad): void {
  const { x, dy, dWeight, dBias, window, groups } = given;
  const grid = forwardGrid(window, dy.shape);
  if (sizeOf(dy.shape) === 0 || sizeOf(x.shape) === 0) {
    for (const out of [dWeight, dBias]) if (out) context.memory.view(out).fill(0);
  } else if (isDepthwise(dWeight.shape, groups)) {
    depthwiseGrad(context, given, grid);
  } else if (isWinograd(dWeight.shape, groups, grid)) {
    winogradGrad(context, given, grid);
  } else {
    sumsGrad(context, given, grid);
  }
}

function sumsGrad(context: Context, given: ConvolutionWeightGrad, grid: Grid): void {
  const { memory } = context;
  const { x, dy, groups } = given;
  const [B, , , C] = x.shape;
  const O = dy.shape[3];
  const [inputs, outputs] = [C / groups, O / groups];
  const taps = grid.taps.length;
  const border = borderOf(grid, x.shape);
  const band = blockOf(grid, B, Math.max(64, Math.min(BLOCK, Math.floor(BLOCK_FLOATS / (inputs + outputs)))));
  const parts = context.partsFor(2 * B * grid.rows * grid.columns * taps * inputs * O);
  const runs = runsOf(grid, border, C, inputs);
  const parameters = {
    ...inputParameters(memory, x, grid, border, band, parts),
    // One row more for the biases.
    ...sumParameters(context, given, grid, band, groups * (taps * inputs + 1) * outputs),
    ...{ outputs, columnStride: grid.columnStride, groups, inputs, taps },
    ...{ runs: tableOf(memory, runs), runCount: runs.length / 2 },
  };
  context.run(convolutionWeightsJob, parameters, parts);
}

function winogradGrad(context: Context, given: ConvolutionWeightGrad, grid: Grid): void {
  const { memory } = context;
  const { x, dy } = given;
  const [B, , , C] = x.shape;
  const O = dy.shape[3];
  const tiles = tilesOf(grid);
  const border = borderOf(tiles, x.shape);
  const band = blockOf(tiles, B, Math.max(32, Math.min(BLOCK, Math.floor(WINOGRAD_FLOATS / PLACES / (C + O)))));
  const tileCount = band.bandImages * band.bandRows * tiles.columns;
  // A line more for each place: else all would meet in a few sets of the first-level cache.
  const [placeFloats, gradientFloats] = [tileCount * C + LINE, tileCount * O + LINE];
  const tilesBytes = PLACES * (placeFloats + gradientFloats) * 4;
  const parts = context.partsFor(2 * B * grid.rows * grid.columns * 9 * C * O);
  const parameters = {
    ...inputParameters(memory, x, tiles, border, band, parts),
    ...sumParameters(context, given, tiles, band, (PLACES * C + 1) * O),
    ...firstTap(grid, border),
    ...{ outputs: O, columns: grid.columns, outputRows: grid.rows, run: tableOf(memory, [0, C]) },
    ...{ tiles: memory.scratch('parts', parts * tilesBytes), tilesBytes, placeFloats, gradientFloats },
  };
  context.run(winogradWeightsJob, parameters, parts);
}

/** Rows or images of about so many pixels. */
function blockOf({ rows, columns }: Grid, images: number, pixels: number): BandSize {
  const bandRows = Math.max(1, Math.min(rows, Math.floor(pixels / columns)));
  const bandImages = bandRows < rows ? 1 : Math.max(1, Math.min(images, Math.floor(pixels / (rows * columns))));
  return { bandRows, bandImages };
}

/** What jobs/convolution-weights.ts takes for all sums. */
function sumParameters(
  { memory }: Context,
  { x, dy, dWeight, dBias }: ConvolutionWeightGrad,
  { rows, columns }: Grid,
  { bandRows, bandImages }: BandSize,
  sumsFloats: number,
) {
  const B = x.shape[0];
  const bands = bandRows < rows ? B * Math.ceil(rows / bandRows) : Math.ceil(B / bandImages);
  const sumsCount = Math.max(1, Math.min(SUMS, bands, Math.floor(SUMS_ROOM / sumsFloats)));
  const sums = memory.scratch('sums', sumsCount * sumsFloats * 4);
  return {
    ...{ dy: memory.input(dy), rows, columns, bandRows, bandImages, bands, sums, sumsFloats, sumsCount },
    ...{ dWeight: memory.address(dWeight), dBias: memory.addressOrNull(dBias) },
  };
}

function depthwiseGrad(context: Context, { x, dy, dWeight, dBias }: ConvolutionWeightGrad, grid: Grid): void {
  const { memory } = context;
  const [B, H, W, C] = x.shape;
  const { rows, columns, rowStride, columnStride } = grid;
  const tapCount = grid.taps.length;
  const sumsFloats = (tapCount + 1) * C;
  const sumsCount = Math.max(1, Math.min(SUMS, B, Math.floor(SUMS_ROOM / sumsFloats)));
  const parameters = {
    ...{ x: memory.input(x), images: B, height: H, width: W, channels: C, dy: memory.input(dy) },
    ...{ rows, columns, rowStride, columnStride, taps: tapsTable(context, grid).taps, tapCount },
    ...{ sums: memory.scratch('sums', sumsCount * sumsFloats * 4), sumsFloats, sumsCount },
    ...{ dWeight: memory.address(dWeight), dBias: memory.addressOrNull(dBias) },
  };
  context.share(depthwiseWeightsJob, parameters, DEPTHWISE * B * rows * columns * C * tapCount);
}
