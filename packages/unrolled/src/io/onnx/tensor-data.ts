import { DataError, FormatError } from '../../errors.ts';
import { formatShape, type Shape, sizeOf } from '../../shape.ts';
import { fromBfloat, fromHalf } from '../half.ts';
import type { Draft, TensorProto } from './schema.ts';

/** What an element is: computed with as floating-point numbers, whole numbers, or truth values. */
export type ElementKind = 'float' | 'integer' | 'boolean';

interface ElementType {
  readonly name: string;
  readonly kind: ElementKind;
  /** Of an element in raw data. */
  readonly bytes: number;
  /** Where the numbers are if not in raw data. */
  readonly list: 'floats' | 'int32s' | 'int64s' | 'doubles' | 'uint64s';
  read(view: DataView, at: number): number;
}

/** Element types that are read, by ONNX's numbers. */
const elementTypes: Readonly<Record<number, ElementType>> = {
  1: { name: 'float', kind: 'float', bytes: 4, list: 'floats', read: (view, at) => view.getFloat32(at, true) },
  2: { name: 'uint8', kind: 'integer', bytes: 1, list: 'int32s', read: (view, at) => view.getUint8(at) },
  3: { name: 'int8', kind: 'integer', bytes: 1, list: 'int32s', read: (view, at) => view.getInt8(at) },
  4: { name: 'uint16', kind: 'integer', bytes: 2, list: 'int32s', read: (view, at) => view.getUint16(at, true) },
  5: { name: 'int16', kind: 'integer', bytes: 2, list: 'int32s', read: (view, at) => view.getInt16(at, true) },
  6: { name: 'int32', kind: 'integer', bytes: 4, list: 'int32s', read: (view, at) => view.getInt32(at, true) },
  7: {
    name: 'int64',
    kind: 'integer',
    bytes: 8,
    list: 'int64s',
    read: (view, at) => Number(view.getBigInt64(at, true)),
  },
  9: { name: 'bool', kind: 'boolean', bytes: 1, list: 'int32s', read: (view, at) => view.getUint8(at) },
  10: { name: 'float16', kind: 'float', bytes: 2, list: 'int32s', read: (view, at) => view.getUint16(at, true) },
  11: { name: 'double', kind: 'float', bytes: 8, list: 'doubles', read: (view, at) => view.getFloat64(at, true) },
  12: { name: 'uint32', kind: 'integer', bytes: 4, list: 'uint64s', read: (view, at) => view.getUint32(at, true) },
  13: {
    name: 'uint64',
    kind: 'integer',
    bytes: 8,
    list: 'uint64s',
    read: (view, at) => Number(view.getBigUint64(at, true)),
  },
  16: { name: 'bfloat16', kind: 'float', bytes: 2, list: 'int32s', read: (view, at) => view.getUint16(at, true) },
};

const otherTypes: Readonly<Record<number, string>> = { 8: 'string', 14: 'complex64', 15: 'complex128' };

export const elementTypeName = (type: number): string =>
  elementTypes[type]?.name ?? otherTypes[type] ?? `number ${type}`;

/** @throws DataError on an element type that is not read */
export function elementKind(type: number, place: string): ElementKind {
  if (Object.hasOwn(elementTypes, type)) return elementTypes[type].kind;
  throw new DataError(`onnx: ${place} has elements of type ${elementTypeName(type)}, which are not read`, {
    type,
    place,
  });
}

export interface TensorNumbers {
  readonly kind: ElementKind;
  readonly shape: Shape;
  /** Whole numbers beyond ±2⁵³ are the nearest double. */
  readonly numbers: Float32Array | Float64Array;
}

/**
 * The numbers of a tensor in a file.
 * @throws FormatError if they are not as many as its dims say; DataError if they are of a type that is not read, or lie in
 *   another file
 */
export function numbersOfTensor(tensor: TensorProto, place: string): TensorNumbers {
  if (tensor.location !== 0 || tensor.external.length > 0) {
    const file = tensor.external.find(({ key }) => key === 'location')?.value.slice(0, 100);
    throw new DataError(
      `onnx: ${place} lies in another file${file ? `, '${file}'` : ''}; save the model in one file (onnx.save without ` +
        'save_as_external_data)',
      { place, file },
    );
  }
  const kind = elementKind(tensor.type, place);
  const type = elementTypes[tensor.type];
  const { dims, raw } = tensor;
  const size = sizeOf(dims);
  if (!dims.every((extent) => Number.isSafeInteger(extent) && extent >= 0) || !Number.isSafeInteger(size)) {
    throw new FormatError(`onnx: ${place} has the shape ${formatShape(dims.slice(0, 16))}; the file is damaged`, {
      place,
    });
  }
  const list = tensor[type.list];
  const has = raw.length > 0 ? raw.length / type.bytes : list.length;
  if (has !== size) {
    throw new FormatError(
      `onnx: ${place} of shape ${formatShape(dims.slice(0, 16))} must have ${size} numbers, and has ${has}; the file is damaged`,
      { place, shape: dims, numbers: has },
    );
  }
  const bits = raw.length > 0 ? rawNumbers(raw, type) : list;
  const halves = type.name === 'float16' ? fromHalf : type.name === 'bfloat16' ? fromBfloat : null;
  if (halves) return { kind, shape: dims, numbers: halves(Uint16Array.from(bits)) };
  const Numbers = type.name === 'float' ? Float32Array : Float64Array;
  return { kind, shape: dims, numbers: bits instanceof Numbers ? bits : Numbers.from(bits) };
}

function rawNumbers(raw: Uint8Array, { name, bytes, read }: ElementType): Float32Array | Float64Array {
  // Copied by a new array, which starts where a number may: raw data may begin anywhere in the file.
  if (name === 'float') return new Float32Array(new Uint8Array(raw).buffer);
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength);
  return Float64Array.from({ length: raw.length / bytes }, (_, i) => read(view, i * bytes));
}

/** A tensor to write: floats as raw data, whole numbers as int64. */
export function tensorOfNumbers(
  name: string,
  kind: ElementKind,
  shape: Shape,
  numbers: ArrayLike<number>,
): Draft<TensorProto> {
  if (kind === 'float') {
    const { buffer } = Float32Array.from(numbers);
    return { name, dims: shape, type: 1, raw: new Uint8Array(buffer) };
  }
  const bytes = new Uint8Array(8 * numbers.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < numbers.length; i++) view.setBigInt64(8 * i, BigInt(numbers[i]), true);
  return { name, dims: shape, type: 7, raw: bytes };
}
