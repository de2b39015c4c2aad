import { sizeOf } from '../../../shape.ts';
import type { ConvolutionWeightGrad } from '../../convolution.ts';
import { convolutionWeightsJob } from '../jobs/convolution-weights.ts';
import { depthwiseWeightsJob } from '../jobs/depthwise-weights.ts';
import type { Context } from './context.ts';
import { DEPTHWISE, isDepthwise, writeTaps } from './depthwise.ts';
import { borderOf, forwardGrid, runsOf } from './taps.ts';

/** Parts of the batch that have sums of their own, so that threads share them; not more, since all are added in the end. */
const SUMS = 8;
/** Floats of all these sums. */
const SUMS_ROOM = 4e6;
/** Pixels that are summed in registers: a short sum rounds less. */
const BLOCK_PIXELS = 512;
/** Floats of inputs and gradients in a block, which are read once for each tile: most stay in the first-level cache. */
const BLOCK_FLOATS = 16_384;

/** The order of the sums follows from the shapes alone: pixels of a block, blocks of a part, parts. */
export function convolutionWeightGrad(context: Context, given: ConvolutionWeightGrad): void {
  const { x, dWeight, dBias } = given;
  if (sizeOf(given.dy.shape) === 0 || sizeOf(x.shape) === 0) {
    for (const out of [dWeight, dBias]) if (out) context.memory.view(out).fill(0);
  } else if (isDepthwise(dWeight.shape, given.groups)) {
    depthwiseGrad(context, given);
  } else {
    sumsGrad(context, given);
  }
}

function sumsGrad(context: Context, { x, dy, dWeight, dBias, window, groups }: ConvolutionWeightGrad): void {
  const { memory } = context;
  const [B, H, W, C] = x.shape;
  const O = dy.shape[3];
  const [inputs, outputs] = [C / groups, O / groups];
  const grid = forwardGrid(window, dy.shape);
  const { rows, columns, rowStride, columnStride } = grid;
  const border = borderOf(grid, x.shape);
  const width = border.isNeeded ? border.left + W + border.right : W;
  const runs = runsOf(grid, border, width, C, inputs);
  const address = memory.scratch('runs', Math.max(1024, runs.length * 4));
  memory.ints(address, runs.length).set(runs);
  const pixels = Math.max(64, Math.min(BLOCK_PIXELS, Math.floor(BLOCK_FLOATS / (inputs + outputs))));
  const bandRows = Math.max(1, Math.min(rows, Math.floor(pixels / columns)));
  const bandImages = bandRows < rows ? 1 : Math.max(1, Math.min(B, Math.floor(pixels / (rows * columns))));
  const bands = bandRows < rows ? B * Math.ceil(rows / bandRows) : Math.ceil(B / bandImages);
  const taps = grid.taps.length;
  const k = taps * inputs;
  // One row more for the biases.
  const sumsFloats = groups * (k + 1) * outputs;
  const sums = Math.max(1, Math.min(SUMS, bands, Math.floor(SUMS_ROOM / sumsFloats)));
  const work = 2 * B * rows * columns * k * O;
  const parts = context.partsFor(work);
  const scratchBytes = border.isNeeded ? bandImages * ((bandRows - 1) * rowStride + border.span) * width * C * 4 : 0;
  const parameters = {
    ...{ x: memory.input(x), images: B, height: H, width: W, channels: C, xWidth: width, dy: memory.input(dy) },
    ...{ rows, columns, rowStride, columnStride, bordered: border.isNeeded ? 1 : 0 },
    ...{ top: border.top, left: border.left, right: border.right, span: border.span, bandRows, bandImages, bands },
    ...{
      scratch: memory.scratch('border', parts * scratchBytes),
      scratchBytes,
      runs: address,
      runCount: runs.length / 2,
    },
    ...{
      groups,
      inputs,
      outputs,
      taps,
      sums: memory.scratch('sums', sums * sumsFloats * 4),
      sumsFloats,
      sumsCount: sums,
    },
    ...{ dWeight: memory.address(dWeight), dBias: memory.addressOrNull(dBias) },
  };
  context.run(convolutionWeightsJob, parameters, work);
}

function depthwiseGrad(context: Context, { x, dy, dWeight, dBias, window }: ConvolutionWeightGrad): void {
  const { memory } = context;
  const [B, H, W, C] = x.shape;
  const { rows, columns, rowStride, columnStride, ...grid } = forwardGrid(window, dy.shape);
  const tapCount = grid.taps.length;
  const { taps } = writeTaps(context, { rows, columns, rowStride, columnStride, ...grid });
  const sumsFloats = (tapCount + 1) * C;
  const sums = Math.max(1, Math.min(SUMS, B, Math.floor(SUMS_ROOM / sumsFloats)));
  const work = DEPTHWISE * B * rows * columns * C * tapCount;
  const parameters = {
    ...{ x: memory.input(x), images: B, height: H, width: W, channels: C, dy: memory.input(dy) },
    ...{ rows, columns, rowStride, columnStride, taps, tapCount },
    ...{ sums: memory.scratch('sums', sums * sumsFloats * 4), sumsFloats, sumsCount: sums },
    ...{ dWeight: memory.address(dWeight), dBias: memory.addressOrNull(dBias) },
  };
  context.run(depthwiseWeightsJob, parameters, work);
}
