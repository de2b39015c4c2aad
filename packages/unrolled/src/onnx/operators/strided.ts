import { sizeOf, stridesOf } from '../../shape.ts';
import type { Node } from '../node.ts';
import { onDevice, onHost, type Value } from '../value.ts';

/** A part of a value: element i of the result is element start + Σ i·strides of the source. */
export interface Part {
  readonly start: number;
  readonly strides: readonly number[];
  readonly extents: readonly number[];
}

/** Copies a part, on the host where the numbers are there. */
export function copyPart(value: Value, { start, strides, extents }: Part, node: Node): Value {
  node.requireRoom(extents, value.numbers ? 'host' : 'device');
  if (value.numbers !== null) {
    return onHost(value.kind, extents, partOf(value.numbers, { start, strides, extents }));
  }
  const x = value.tensor!;
  const { device } = x;
  const y = device.empty(extents, x.dtype);
  if (y.size > 0) {
    device.backend.stridedCopy(x, { start, strides }, y, { start: 0, strides: stridesOf(extents) }, extents, false);
  }
  return onDevice(y, value.kind);
}

function partOf(numbers: ArrayLike<number>, { start, strides, extents }: Part): Float64Array {
  const result = new Float64Array(sizeOf(extents));
  const index = new Array<number>(extents.length).fill(0);
  let from = start;
  for (let i = 0; i < result.length; i++) {
    result[i] = numbers[from];
    for (let axis = extents.length - 1; axis >= 0; axis--) {
      index[axis]++;
      from += strides[axis];
      if (index[axis] < extents[axis]) break;
      from -= strides[axis] * extents[axis];
      index[axis] = 0;
    }
  }
  return result;
}

/** The same elements in the same order; the sizes agree. */
export function reshaped(value: Value, shape: readonly number[]): Value {
  return { ...value, shape, tensor: value.tensor?.view(shape) ?? null };
}

export function transposed(value: Value, order: readonly number[], node: Node): Value {
  const strides = stridesOf(value.shape);
  return copyPart(
    value,
    { start: 0, strides: order.map((axis) => strides[axis]), extents: order.map((axis) => value.shape[axis]) },
    node,
  );
}

/** An axis as an index from the front. */
export function axisOf(axis: number, rank: number, node: Node): number {
  const index = axis < 0 ? axis + rank : axis;
  if (Number.isInteger(axis) && index >= 0 && index < rank) return index;
  throw node.refusal(`has the axis ${axis}, of a value of rank ${rank}; the file is damaged`, { axis, rank });
}

/** Different axes, as indices from the front. */
export function axesOf(axes: readonly number[], rank: number, node: Node): readonly number[] {
  const indices = axes.map((axis) => axisOf(axis, rank, node));
  if (new Set(indices).size === indices.length) return indices;
  throw node.refusal(`names an axis twice: [${axes}]; the file is damaged`, { axes });
}
