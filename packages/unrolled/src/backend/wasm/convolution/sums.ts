import { sizeOf } from '../../../shape.ts';
import type { ConvolutionForward, ConvolutionInputGrad } from '../../convolution.ts';
import { FusedActivation } from '../generated/kernels.ts';
import { convolutionJob } from '../jobs/convolution.ts';
import type { Context } from './context.ts';
import { isDepthwise, runDepthwise } from './depthwise.ts';
import { packedRoom, type Sums } from './packed.ts';
import { borderOf, forwardGrid, gradientGrids, runsOf } from './taps.ts';

/** Floats of a copy with a border: it stays in the second-level cache while all its outputs are computed. */
const BAND = 32_768;
/** Pixels of a call, from which on the tile that is not full counts for little. */
const MANY_PIXELS = 128;
/** Pixels up to which threads share the outputs' channels, so that each reads a part of the weights only. */
const FEW_PIXELS = 256;

export function convolution(context: Context, given: ConvolutionForward): void {
  const { y, window } = given;
  if (sizeOf(y.shape) === 0) return;
  const grid = forwardGrid(window, y.shape);
  run(context, { ...given, y: context.memory.address(y), grid, isGradient: false });
}

/** A convolution of dy with the weights turned; with strides, one for each place between two outputs. */
export function convolutionInputGrad(context: Context, given: ConvolutionInputGrad): void {
  const { dy, dx, window } = given;
  if (sizeOf(dx.shape) === 0) return;
  const y = context.memory.address(dx);
  const plain = { scale: null, bias: null, activation: 'none' } as const;
  for (const grid of gradientGrids(window, dx.shape)) {
    run(context, { ...given, ...plain, x: dy, y, grid, isGradient: true });
  }
}

function run(context: Context, sums: Sums): void {
  if (isDepthwise(sums.weight.shape, sums.groups)) runDepthwise(context, sums);
  else runSums(context, sums);
}

function runSums(context: Context, sums: Sums): void {
  const { memory, kernels } = context;
  const { x, weight, grid, groups, isGradient, scale, bias } = sums;
  const [B, H, W, C] = x.shape;
  const [O, share, kh, kw] = weight.shape;
  const taps = grid.taps.length;
  const [inputs, outputs] = isGradient ? [O / groups, share] : [share, O / groups];
  const k = taps * inputs;
  const border = borderOf(grid, x.shape);
  const width = border.isNeeded ? border.left + W + border.right : W;
  const { bandRows, bandImages } = bandOf(sums, width, border.span);
  const bandRowsOfX = (bandRows - 1) * grid.rowStride + border.span;
  const pixels = B * grid.rows * grid.columns;
  const work = 2 * pixels * k * outputs * groups;
  const parts = context.partsFor(work);
  const scratchBytes = border.isNeeded ? bandImages * bandRowsOfX * width * C * 4 : 0;
  const packedBytes = kernels.packedSize(k, outputs, 8) * 4;
  const numbers = [...runsOf(grid, border, width, C, inputs), ...grid.taps.map(({ index }) => index)];
  const runs = memory.scratch('runs', Math.max(1024, numbers.length * 4));
  memory.ints(runs, numbers.length).set(numbers);
  const runCount = (numbers.length - taps) / 2;
  const parameters = {
    ...{ x: memory.input(x), images: B, height: H, width: W, channels: C, xWidth: width },
    ...{ y: sums.y + grid.start * 4, yColumn: grid.yColumn, yRow: grid.yRow, yImage: grid.yImage },
    ...{ rows: grid.rows, columns: grid.columns, rowStride: grid.rowStride, columnStride: grid.columnStride },
    ...{
      bordered: border.isNeeded ? 1 : 0,
      top: border.top,
      left: border.left,
      right: border.right,
      span: border.span,
    },
    ...{ bandRows, bandImages, scratch: memory.scratch('border', parts * scratchBytes), scratchBytes },
    ...{ runs, runCount, taps: runs + runCount * 8, tapCount: taps },
    ...{ weight: memory.input(weight), weightTaps: kh * kw, isGradient: isGradient ? 1 : 0 },
    ...{ groups, inputs, outputs, k, packedBytes, ...packedRoom(context, sums, groups * packedBytes) },
    ...{ scale: memory.input(scale), bias: memory.input(bias), activation: FusedActivation[sums.activation] },
    byOutputs: groups === 1 && pixels <= FEW_PIXELS && outputs >= 16 * parts ? 1 : 0,
  };
  context.run(convolutionJob, parameters, work);
}

/** Rows of one image, or whole images, of one call of the kernel. */
function bandOf({ x, grid }: Sums, width: number, span: number): { bandRows: number; bandImages: number } {
  const rowFloats = width * x.shape[3];
  const fitting = Math.max(1, Math.floor((BAND / rowFloats - span) / grid.rowStride) + 1);
  if (fitting < grid.rows) return { bandRows: fitting, bandImages: 1 };
  const imageFloats = ((grid.rows - 1) * grid.rowStride + span) * rowFloats;
  const images = Math.min(
    Math.floor(BAND / imageFloats),
    Math.ceil(MANY_PIXELS / (grid.rows * grid.columns)),
    x.shape[0],
  );
  return { bandRows: grid.rows, bandImages: Math.max(1, images) };
}
