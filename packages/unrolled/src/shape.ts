import { ShapeError } from './errors.ts';

/** Extents of a row-major array, outermost first; `[]` is a single number. */
export type Shape = readonly number[];

/** Number of elements. */
export function sizeOf(shape: Shape): number {
  let size = 1;
  for (const extent of shape) size *= extent;
  return size;
}

export function sameShape(a: Shape, b: Shape): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/** `[2, 3, 4]` as people write it. */
export function formatShape(shape: Shape): string {
  return `[${shape.join(', ')}]`;
}

/** Row-major element strides of a contiguous array. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    strides[axis] = stride;
    stride *= shape[axis];
  }
  return strides;
}

/** Strides that read an array of `shape` as if it had the shape `target`: 0 along every repeated axis. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const own = stridesOf(shape);
  const shift = target.length - shape.length;
  return target.map((_, axis) => (axis < shift || shape[axis - shift] === 1 ? 0 : own[axis - shift]));
}

/**
 * The shape of `a ∘ b` for an element-wise ∘, by NumPy's rule: aligned at the last axis, extents equal or 1.
 * @throws ShapeError where an axis differs and neither extent is 1
 */
export function broadcastShapes(operation: string, a: Shape, b: Shape): Shape {
  if (sameShape(a, b)) return a;
  const rank = Math.max(a.length, b.length);
  const result = new Array<number>(rank);
  for (let axis = 1; axis <= rank; axis++) {
    const left = a[a.length - axis] ?? 1;
    const right = b[b.length - axis] ?? 1;
    if (left !== right && left !== 1 && right !== 1) {
      throw new ShapeError(
        `${operation}: shapes ${formatShape(a)} and ${formatShape(b)} do not broadcast: ` +
          `${left} against ${right} at axis ${rank - axis}; make them equal or one of them 1`,
        { operation, a, b },
      );
    }
    result[rank - axis] = left === 1 ? right : left;
  }
  return result;
}

/** A possibly negative axis as an index from the front. */
export function normaliseAxis(operation: string, axis: number, shape: Shape): number {
  const index = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || index < 0 || index >= shape.length) {
    throw new ShapeError(
      `${operation}: axis ${axis} does not exist in shape ${formatShape(shape)}; use ${-shape.length} to ${shape.length - 1}`,
      { operation, axis, shape },
    );
  }
  return index;
}
