import { sizeOf } from '../shape.ts';
import type { Column } from './arrays.ts';

/** Some samples of a column, in this order. */
export function taken({ data, shape }: Column, indices: ArrayLike<number>): Column {
  const width = sizeOf(shape.slice(1));
  const part = new Float64Array(indices.length * width);
  for (let i = 0; i < indices.length; i++) {
    const start = indices[i] * width;
    for (let k = 0; k < width; k++) part[i * width + k] = data[start + k];
  }
  return { data: part, shape: [indices.length, ...shape.slice(1)] };
}

/** The samples from `start` to before `end`. */
export const sliced = (column: Column, start: number, end: number): Column =>
  taken(
    column,
    Int32Array.from({ length: end - start }, (_, i) => start + i),
  );
