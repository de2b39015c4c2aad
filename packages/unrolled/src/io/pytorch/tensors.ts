import type { TypedArray } from '../../backend/backend.ts';
import { shown } from '../../checks.ts';
import { FormatError } from '../../errors.ts';
import { sizeOf } from '../../shape.ts';
import { fromBfloat, fromHalf } from '../half.ts';
import type { NamedArray } from '../safetensors.ts';
import { type Allowed, Global, type Pickled } from './unpickle.ts';

/** Numbers as a file stores them: bytes that tensors are views of. */
export class Storage {
  readonly dtype: Dtype;
  readonly count: number;
  /** Set later in files of the old form, where the numbers follow the pickle. */
  bytes: Uint8Array | undefined;

  constructor(dtype: Dtype, count: number, bytes?: Uint8Array) {
    this.dtype = dtype;
    this.count = count;
    this.bytes = bytes;
  }
}

/** A tensor of a file: a view of a storage, by strides in elements. */
export class StoredTensor {
  readonly storage: Storage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: Storage, offset: number, shape: readonly number[], strides: readonly number[]) {
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

const dtypes = {
  Float: { bytes: 4, read: (buffer) => new Float32Array(buffer) },
  Double: { bytes: 8, read: (buffer) => new Float64Array(buffer) },
  Half: { bytes: 2, read: (buffer) => fromHalf(new Uint16Array(buffer)) },
  BFloat16: { bytes: 2, read: (buffer) => fromBfloat(new Uint16Array(buffer)) },
  Long: { bytes: 8, read: (buffer) => wholeNumbers(new BigInt64Array(buffer)) },
  Int: { bytes: 4, read: (buffer) => new Int32Array(buffer) },
  Short: { bytes: 2, read: (buffer) => Int32Array.from(new Int16Array(buffer)) },
  Char: { bytes: 1, read: (buffer) => Int32Array.from(new Int8Array(buffer)) },
  Byte: { bytes: 1, read: (buffer) => Int32Array.from(new Uint8Array(buffer)) },
  Bool: { bytes: 1, read: (buffer) => Int32Array.from(new Uint8Array(buffer), Number) },
} as const satisfies Record<string, { readonly bytes: number; readonly read: (buffer: ArrayBuffer) => TypedArray }>;
export type Dtype = keyof typeof dtypes;

export const bytesOf = (dtype: Dtype): number => dtypes[dtype].bytes;

/** float64 where 32 bits do not hold a number. */
function wholeNumbers(values: BigInt64Array): TypedArray {
  const numbers = Float64Array.from(values, Number);
  return numbers.every((value) => value === (value | 0)) ? Int32Array.from(numbers) : numbers;
}

/** The numbers of a tensor, contiguous, of their own. */
export function readTensor(tensor: StoredTensor): NamedArray {
  const { storage, offset, shape, strides } = tensor;
  const { dtype, count, bytes } = storage;
  const width = dtypes[dtype].bytes;
  const size = sizeOf(shape);
  if (bytes === undefined || bytes.length < count * width) {
    throw new FormatError(
      `pytorch: a storage of ${count} numbers has ${bytes?.length ?? 0} bytes; the file is cut off`,
    );
  }
  const last = shape.reduce((sum, extent, axis) => sum + (extent - 1) * strides[axis], offset);
  if (size > 0 && last >= count) {
    throw new FormatError(`pytorch: a tensor [${shape.join(', ')}] reaches beyond its storage of ${count} numbers`);
  }
  if (size > count * 64) {
    // Strides of 0 repeat numbers.
    throw new FormatError(`pytorch: a tensor [${shape.join(', ')}] repeats a storage of ${count} numbers`);
  }
  const dense = new Uint8Array(size * width);
  const contiguous = strides.every((stride, axis) => shape[axis] <= 1 || stride === sizeOf(shape.slice(axis + 1)));
  if (contiguous || size === 0) {
    dense.set(bytes.subarray(offset * width, (offset + size) * width));
  } else {
    const index = shape.map(() => 0);
    for (let i = 0, from = offset; i < size; i++) {
      dense.set(bytes.subarray(from * width, (from + 1) * width), i * width);
      for (let axis = shape.length - 1; axis >= 0; axis--) {
        from += strides[axis];
        if (++index[axis] < shape[axis]) break;
        from -= strides[axis] * shape[axis];
        index[axis] = 0;
      }
    }
  }
  return { shape: [...shape], data: dtypes[dtype].read(dense.buffer) };
}

const storageName = /^torch\.(\w+)Storage$/;

function dtypeOf(global: Pickled): Dtype {
  const name = global instanceof Global ? storageName.exec(global.name)?.[1] : undefined;
  if (name !== undefined && Object.hasOwn(dtypes, name)) return name as Dtype;
  throw new FormatError(
    `pytorch: tensors of type ${shown(global instanceof Global ? global.name : global)} are not read; ` +
      'convert them with .float() before saving',
  );
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
const areCounts = (value: Pickled): value is number[] => Array.isArray(value) && value.every(isCount);

/**
 * What state dicts consist of. `storageOf` gives the storage behind a key; asked twice for a key, the same one.
 * @throws FormatError for any other global, by name
 */
export function stateDictParts(storageOf: (key: string, dtype: Dtype, count: number) => Storage): Allowed {
  const malformed = (what: string): FormatError =>
    new FormatError(`pytorch: ${what} has other arguments than PyTorch writes; the file is damaged`);
  const calls: Readonly<Record<string, (args: readonly Pickled[]) => Pickled>> = {
    'collections.OrderedDict': ([pairs]) => {
      if (pairs === undefined) return new Map();
      if (!Array.isArray(pairs) || !pairs.every((pair) => Array.isArray(pair) && pair.length === 2)) {
        throw malformed('OrderedDict');
      }
      return new Map(pairs as [Pickled, Pickled][]);
    },
    'torch._utils._rebuild_tensor_v2': ([storage, offset, shape, strides]) => {
      const fits = storage instanceof Storage && isCount(offset) && areCounts(shape) && areCounts(strides);
      if (!fits || shape.length !== strides.length || shape.length > 64) throw malformed('_rebuild_tensor_v2');
      return new StoredTensor(storage, offset, shape, strides);
    },
    'torch._utils._rebuild_parameter': ([tensor]) => {
      if (!(tensor instanceof StoredTensor)) throw malformed('_rebuild_parameter');
      return tensor;
    },
    'torch.Size': ([shape]) => shape ?? [],
  };
  return {
    call(global, args) {
      const call = Object.hasOwn(calls, global.name) ? calls[global.name] : undefined;
      if (call) return call(args);
      throw new FormatError(
        `pytorch: the file uses ${shown(global.name)}, which is code; only tensors and plain values are read. ` +
          'Save model.state_dict() instead of the model',
        { global: global.name },
      );
    },
    persistent(id) {
      if (!Array.isArray(id) || id[0] !== 'storage') throw malformed('a persistent id');
      const [, type, key, , count] = id;
      if (typeof key !== 'string' || !isCount(count)) throw malformed('a storage');
      return storageOf(key, dtypeOf(type), count);
    },
  };
}
