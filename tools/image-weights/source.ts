import type { SavedParameters } from 'unrolled/nn';
import type { ImageNetworkDescription } from 'unrolled/vision';

/** A published network in our terms. */
export interface Converted extends Pick<ImageNetworkDescription, 'config' | 'preprocessing'> {
  readonly parameters: SavedParameters;
}

export interface Parameter {
  readonly name: string;
  readonly shape: readonly number[];
}

/** One array of a file, row-major. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** x with its axes in another order, as NumPy's transpose. */
export function transposed({ shape, data }: Stored, order: readonly number[]): Stored {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, n) => product * n, 1));
  const target = order.map((axis) => shape[axis]);
  const result = new Float32Array(data.length);
  const index = target.map(() => 0);
  for (let i = 0; i < result.length; i++) {
    result[i] = data[index.reduce((place, n, axis) => place + n * strides[order[axis]], 0)];
    for (let axis = target.length - 1; axis >= 0 && ++index[axis] === target[axis]; axis--) index[axis] = 0;
  }
  return { shape: target, data: result };
}

/** The arrays under the parameters' names, which follow each other in the same order. @throws Error where a shape differs */
export function named(parameters: readonly Parameter[], arrays: readonly Stored[]): SavedParameters {
  if (arrays.length !== parameters.length) {
    throw new Error(`the file has ${arrays.length} arrays, the network ${parameters.length} parameters`);
  }
  return Object.fromEntries(
    parameters.map(({ name, shape }, i) => {
      const size = shape.reduce((product, n) => product * n, 1);
      const { shape: found, data } = arrays[i];
      if (size !== data.length) throw new Error(`${name} [${shape}] does not fit the file's [${found}]`);
      return [name, { shape, data }];
    }),
  );
}
