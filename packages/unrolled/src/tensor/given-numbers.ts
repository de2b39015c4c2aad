import type { Dtype } from '../backend/backend.ts';
import { shown } from '../checks.ts';
import { DataError, ShapeError } from '../errors.ts';
import { formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';

/** Numbers nested as deep as the tensor has axes. */
export type NestedNumbers = number | readonly NestedNumbers[];

/**
 * The numbers of a tensor, flat, and its shape.
 * @throws ShapeError if they do not fill the shape, or nested rows differ in length; DataError if a value is not a number, or
 *   not a whole one for int32
 */
export function givenNumbers(
  values: NestedNumbers | ArrayLike<number>,
  given: Shape | undefined,
  dtype: Dtype,
): { readonly flat: ArrayLike<number>; readonly shape: Shape } {
  const flat = given !== undefined && isFlat(values) ? values : flatten(values as NestedNumbers);
  const shape = given ?? nestedShape(values as NestedNumbers);
  if (flat.length !== sizeOf(shape)) {
    throw new ShapeError(
      `tensor: ${flat.length} numbers do not fill shape ${formatShape(shape)}, which has ${sizeOf(shape)}`,
      { count: flat.length, shape },
    );
  }
  requireNumbers(flat, dtype);
  return { flat, shape };
}

function isFlat(values: NestedNumbers | ArrayLike<number>): values is ArrayLike<number> {
  return typeof values === 'object' && !Array.isArray(values[0]);
}

function nestedShape(values: NestedNumbers): number[] {
  if (typeof values !== 'object' || values === null) return [];
  if (values.length === 0) return [0];
  return [values.length, ...nestedShape(values[0])];
}

function flatten(values: NestedNumbers): number[] {
  if (typeof values !== 'object' || values === null) return [values];
  const shapes = Array.from(values, nestedShape);
  const odd = shapes.findIndex((shape) => !sameShape(shape, shapes[0]));
  if (odd > 0) {
    throw new ShapeError(
      `tensor: nested row ${odd} has shape ${formatShape(shapes[odd])}, row 0 has ${formatShape(shapes[0])}; ` +
        'give rows of one shape',
      { row: odd, received: shapes[odd], expected: shapes[0] },
    );
  }
  return Array.from(values, flatten).flat();
}

/** @throws DataError where a value is not a number, or in int32 not a whole one */
function requireNumbers(values: ArrayLike<number>, dtype: Dtype): void {
  if (dtype === 'int32') {
    if (values instanceof Int32Array) return;
    for (let i = 0; i < values.length; i++) {
      if ((values[i] | 0) === values[i]) continue;
      throw new DataError(
        `ids: ${shown(values[i])} at position ${i} is not a whole number of 32 bits; give ids from 0, or −1 for none`,
        { value: values[i], position: i },
      );
    }
  } else if (Array.isArray(values)) {
    const odd = values.findIndex((value) => typeof value !== 'number');
    if (odd < 0) return;
    throw new DataError(`tensor: ${shown(values[odd])} at position ${odd} is not a number`, { position: odd });
  }
}
