import { shown } from '../checks.ts';
import { DataError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../shape.ts';
import { Tensor } from '../tensor/tensor.ts';

type Numbers = readonly NestedNumber[];
type NestedNumber = number | boolean | ArrayLike<number> | Numbers;

/** Numbers with a shape, the samples first. */
export interface ShapedNumbers {
  readonly data: ArrayLike<number>;
  readonly shape: Shape;
}

/**
 * Samples: nested arrays, a typed array (one number a sample), numbers with a shape, `{ data: pixels, shape: [60000, 28, 28, 1] }`,
 * or a tensor.
 */
export type ArrayData = Numbers | ArrayLike<number> | ShapedNumbers | Tensor;

/** Samples in memory of the host, all of one shape. */
export interface Column {
  readonly data: ArrayLike<number>;
  /** With the samples first. */
  readonly shape: Shape;
}

/**
 * Samples on the host.
 * @throws DataError if rows differ in shape, or there is something else than numbers
 */
export async function columnOf(place: string, given: ArrayData): Promise<Column> {
  if (given instanceof Tensor) return { data: await given.read(), shape: given.shape };
  if (isShaped(given)) return shaped(place, given);
  if (ArrayBuffer.isView(given)) return { data: given as unknown as ArrayLike<number>, shape: [given.length] };
  if (!Array.isArray(given))
    throw new DataError(`${place}: takes arrays of numbers or tensors, received ${shown(given)}`);
  return nested(place, given as Numbers);
}

export const isShaped = (given: unknown): given is ShapedNumbers =>
  typeof given === 'object' && given !== null && 'data' in given && 'shape' in given && Array.isArray(given.shape);

function shaped(place: string, { data, shape }: ShapedNumbers): Column {
  if (sizeOf(shape) !== data.length || shape.length === 0) {
    throw new DataError(`${place}: ${data.length} numbers do not fill ${formatShape(shape)}`, {
      shape,
      count: data.length,
    });
  }
  return { data, shape };
}

function nested(place: string, given: Numbers): Column {
  const inner: number[] = [];
  for (
    let one: unknown = given[0];
    Array.isArray(one) || ArrayBuffer.isView(one);
    one = (one as ArrayLike<number>)[0]
  ) {
    inner.push((one as unknown as ArrayLike<number>).length);
  }
  const shape = [given.length, ...inner];
  const data = new Float64Array(sizeOf(shape));
  let position = 0;
  const fill = (one: unknown, depth: number, sample: number): void => {
    if (depth === shape.length) {
      const value = typeof one === 'boolean' ? Number(one) : one;
      if (typeof value !== 'number') {
        throw new DataError(`${place}: sample ${sample} has ${shown(one)} where the first has a number`, { sample });
      }
      data[position++] = value;
      return;
    }
    const list = one as ArrayLike<unknown> | undefined;
    if (typeof one !== 'object' || list?.length !== shape[depth]) {
      throw new DataError(
        `${place}: sample ${sample} is not of shape ${formatShape(inner)} as the first is; pad sequences to one length ` +
          '(padSequences of unrolled/data)',
        { sample, expected: inner },
      );
    }
    for (let i = 0; i < shape[depth]; i++) fill(list[i], depth + 1, depth === 0 ? i : sample);
  };
  fill(given, 0, 0);
  return { data, shape };
}

/** Numbers of a model: an output, or a weight. */
export class NumberArray implements ShapedNumbers {
  /** Row-major. */
  readonly data: ArrayLike<number>;
  readonly shape: Shape;

  constructor(data: ArrayLike<number>, shape: Shape) {
    this.data = data;
    this.shape = shape;
  }

  /** Nested arrays. */
  toArray(): unknown {
    const nest = (start: number, size: number, [extent, ...rest]: Shape): unknown => {
      if (extent === undefined) return this.data[start];
      const part = extent === 0 ? 0 : size / extent;
      return Array.from({ length: extent }, (_, i) => nest(start + i * part, part, rest));
    };
    return nest(0, this.data.length, this.shape);
  }
}
