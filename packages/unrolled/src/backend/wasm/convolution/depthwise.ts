import type { Shape } from '../../../shape.ts';
import type { Context } from '../context.ts';
import { depthwiseJob } from '../jobs/depthwise.ts';
import { tableOf } from './bands.ts';
import { outputParameters, type Sums, weightParameters } from './packed.ts';
import type { Grid } from './taps.ts';

/** A multiply-add of a depthwise kernel costs twice as much as one of a matrix product. */
export const DEPTHWISE = 4;

/** One input and one output channel in each group, weights [C, 1, kh, kw]. */
export function isDepthwise([O, share]: Shape, groups: number): boolean {
  return share === 1 && O === groups && groups > 1;
}

/** The taps of a grid as pairs (row, column), then their numbers in the weights. */
export function tapsTable({ memory }: Context, { taps }: Grid): { readonly taps: number; readonly indices: number } {
  const pairs = taps.flatMap(({ row, column }) => [row, column]);
  const address = tableOf(memory, [...pairs, ...taps.map(({ index }) => index)]);
  return { taps: address, indices: address + pairs.length * 4 };
}

export function runDepthwise(context: Context, sums: Sums): void {
  const { memory, kernels } = context;
  const { x, grid } = sums;
  const [B, H, W, C] = x.shape;
  const tapCount = grid.taps.length;
  const { taps, indices } = tapsTable(context, grid);
  const { weight, weightTaps, packed, ready } = weightParameters(memory, sums, 'depthwise', tapCount * C * 4);
  if (!ready) kernels.packDepthwise(weight, weightTaps, C, indices, tapCount, packed);
  const parts = context.partsFor(DEPTHWISE * B * grid.rows * grid.columns * C * (tapCount + 1));
  const scratchBytes = tapCount * 8;
  const parameters = {
    ...{ x: memory.input(x), images: B, height: H, width: W, channels: C },
    ...outputParameters(memory, sums),
    ...{ rows: grid.rows, rowStride: grid.rowStride, columnStride: grid.columnStride, taps, tapCount, weights: packed },
    ...{ scratch: memory.scratch('parts', parts * scratchBytes), scratchBytes },
  };
  context.run(depthwiseJob, parameters, parts);
}
