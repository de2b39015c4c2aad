import type { Shape } from '../../../shape.ts';
import { FusedActivation } from '../generated/kernels.ts';
import { depthwiseJob } from '../jobs/depthwise.ts';
import type { Context } from './context.ts';
import { packedRoom, type Sums } from './packed.ts';
import type { Grid } from './taps.ts';

/** A multiply-add of a depthwise kernel costs twice as much as one of a matrix product. */
export const DEPTHWISE = 4;

/** One input and one output channel in each group, weights [C, 1, kh, kw]. */
export function isDepthwise([O, share]: Shape, groups: number): boolean {
  return share === 1 && O === groups && groups > 1;
}

/** Writes the taps of a grid as [row, column] to scratch space, then their numbers in the weights. */
export function writeTaps({ memory }: Context, { taps }: Grid): { readonly taps: number; readonly indices: number } {
  const numbers = [...taps.flatMap(({ row, column }) => [row, column]), ...taps.map(({ index }) => index)];
  const address = memory.scratch('runs', Math.max(1024, numbers.length * 4));
  memory.ints(address, numbers.length).set(numbers);
  return { taps: address, indices: address + taps.length * 8 };
}

export function runDepthwise(context: Context, sums: Sums): void {
  const { memory, kernels } = context;
  const { x, weight, grid, scale, bias } = sums;
  const [B, H, W, C] = x.shape;
  const tapCount = grid.taps.length;
  const { taps, indices } = writeTaps(context, grid);
  const { packed, ready } = packedRoom(context, sums, tapCount * C * 4);
  if (!ready)
    kernels.packDepthwise(memory.input(weight), weight.shape[2] * weight.shape[3], C, indices, tapCount, packed);
  const work = DEPTHWISE * B * grid.rows * grid.columns * C * (tapCount + 1);
  const scratchBytes = tapCount * 8;
  const parameters = {
    ...{ x: memory.input(x), images: B, height: H, width: W, channels: C },
    ...{ y: sums.y + grid.start * 4, yColumn: grid.yColumn, yRow: grid.yRow, yImage: grid.yImage },
    ...{ rows: grid.rows, columns: grid.columns, rowStride: grid.rowStride, columnStride: grid.columnStride },
    ...{ taps, tapCount, weights: packed },
    ...{ scale: memory.input(scale), bias: memory.input(bias), activation: FusedActivation[sums.activation] },
    ...{ scratch: memory.scratch('parts', context.partsFor(work) * scratchBytes), scratchBytes },
  };
  context.run(depthwiseJob, parameters, work);
}
