import { sizeOf } from '../../../shape.ts';
import type { ConvolutionForward, ConvolutionInputGrad } from '../../convolution.ts';
import type { Context } from '../context.ts';
import { convolutionJob } from '../jobs/convolution.ts';
import { bandOf, inputParameters, isFlat, tableOf } from './bands.ts';
import { isDepthwise, runDepthwise } from './depthwise.ts';
import { outputParameters, type Sums, weightParameters } from './packed.ts';
import { borderOf, forwardGrid, gradientGrids, runsOf } from './taps.ts';
import { isWinograd, runWinograd } from './winograd.ts';

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
  const { weight, groups, grid } = sums;
  if (isDepthwise(weight.shape, groups)) runDepthwise(context, sums);
  else if (isWinograd(weight.shape, groups, grid)) runWinograd(context, sums);
  else runSums(context, sums);
}

function runSums(context: Context, sums: Sums): void {
  const { memory, kernels } = context;
  const { x, weight, grid, groups, isGradient } = sums;
  const [O, share] = weight.shape;
  const taps = grid.taps.length;
  const [inputs, outputs] = isGradient ? [O / groups, share] : [share, O / groups];
  const k = taps * inputs;
  const border = borderOf(grid, x.shape);
  const band = bandOf(grid, border, x.shape);
  const pixels = x.shape[0] * grid.rows * grid.columns;
  const parts = context.partsFor(2 * pixels * k * outputs * groups);
  const packedBytes = kernels.packedSize(k, outputs, 8) * 4;
  const runs = runsOf(grid, border, x.shape[3], inputs);
  const table = tableOf(memory, [...runs, ...grid.taps.map(({ index }) => index)]);
  const parameters = {
    ...inputParameters(memory, x, grid, border, band, parts),
    ...outputParameters(memory, sums),
    ...weightParameters(memory, sums, 'taps', groups * packedBytes),
    ...{ rows: grid.rows, columnStride: grid.columnStride, ...band, groups, inputs, outputs, k, packedBytes },
    ...{ runs: table, runCount: runs.length / 2, taps: table + runs.length * 4, tapCount: taps },
    byOutputs: groups === 1 && isFlat(pixels, outputs, parts) ? 1 : 0,
  };
  context.run(convolutionJob, parameters, parts);
}
