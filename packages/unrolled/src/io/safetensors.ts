import type { TypedArray } from '../backend/backend.ts';
import { shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import { type Shape, sizeOf } from '../shape.ts';
import { type Bytes, requireBytes } from './bytes.ts';
import { crc32 } from './checksum.ts';
import { fromBfloat, fromHalf, toHalf } from './half.ts';
import { type Entry, metadataKey, parseHeader, tensorNamed } from './safetensors-header.ts';

/** Numbers with their shape, away from any device. */
export interface NamedArray {
  readonly shape: Shape;
  readonly data: TypedArray;
}

export interface SafetensorsContent {
  readonly tensors: Readonly<Record<string, NamedArray>>;
  /** Text by name, such as the JSON of a configuration. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Types that are read, and their arrays; 16-bit numbers as their bits. */
const arrays = { F32: Float32Array, F64: Float64Array, I32: Int32Array, F16: Uint16Array, BF16: Uint16Array } as const;
type Dtype = keyof typeof arrays;

interface StoredArray {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly data: TypedArray | Uint16Array;
}

/** The content of a file. */
export interface SafetensorsFile extends SafetensorsContent {
  /** Whether a checksum in the file confirmed the content; files of other programs have none. */
  readonly verified: boolean;
  /** Tensors of types that are not read, such as I64 and U8. */
  readonly unread: Readonly<Record<string, { readonly dtype: string; readonly shape: Shape }>>;
}

/** Metadata key of the checksum of everything else. */
const checksumKey = 'crc32';

/**
 * Writes the safetensors format (8 bytes of header length, a JSON header, the numbers, little-endian), which Python,
 * Rust and browsers read. A CRC-32 is added to the metadata.
 * @param half  write float32 as float16. Default false
 * @throws FormatError if a tensor is named `__metadata__`, has other numbers than its shape wants or a type that cannot be
 *   written, if a number is too large for float16, or metadata is not text
 */
export function encodeSafetensors(
  { tensors: given, metadata }: SafetensorsContent,
  { half = false }: { readonly half?: boolean | undefined } = {},
): Bytes {
  requireTexts(metadata);
  const tensors = Object.entries(given).map(([name, array]) => ({ name, ...storedArray(name, array, half) }));
  // The widest numbers first, so that every array starts at a multiple of its own element size.
  tensors.sort((a, b) => b.data.BYTES_PER_ELEMENT - a.data.BYTES_PER_ELEMENT);
  let size = 0;
  const entries = Object.fromEntries(
    tensors.map(({ name, dtype, shape, data }): [string, Entry] => {
      const start = size;
      size += data.byteLength;
      return [name, { dtype, shape: [...shape], data_offsets: [start, size] }];
    }),
  );
  const body = new Uint8Array(size);
  let place = 0;
  for (const { data } of tensors) {
    body.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), place);
    place += data.byteLength;
  }
  const checksum = crc32(canonical(entries, metadata), body);
  const json = JSON.stringify({ [metadataKey]: { ...metadata, [checksumKey]: checksum }, ...entries });
  const text = new TextEncoder().encode(json);
  const padding = (8 - (text.length % 8)) % 8;
  const file = new Uint8Array(8 + text.length + padding + size);
  new DataView(file.buffer).setBigUint64(0, BigInt(text.length + padding), true);
  file.set(text, 8);
  file.fill(0x20, 8 + text.length, 8 + text.length + padding);
  file.set(body, 8 + text.length + padding);
  return file;
}

function storedArray(name: string, { shape, data }: NamedArray, half: boolean): StoredArray {
  if (name === metadataKey) {
    throw new FormatError(`safetensors: no tensor may be named ${metadataKey}; give it another name`, { name });
  }
  const dtype = (['F32', 'F64', 'I32'] as const).find((one) => data instanceof arrays[one]);
  if (dtype === undefined) {
    throw new FormatError(
      `safetensors: ${tensorNamed(name)} must be a Float32Array, Float64Array or Int32Array, received ${shown(data)}`,
      { name },
    );
  }
  if (!shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) || sizeOf(shape) !== data.length) {
    throw new FormatError(`safetensors: ${tensorNamed(name)} has ${data.length} numbers for shape ${shown(shape)}`, {
      name,
    });
  }
  if (!half || !(data instanceof Float32Array)) return { dtype, shape, data };
  const large = data.find((number) => Math.abs(number) >= 65520);
  if (large !== undefined) {
    throw new FormatError(
      `safetensors: ${tensorNamed(name)} holds ${large}, and float16 ends at 65504; leave out half`,
      {
        name,
      },
    );
  }
  return { dtype: 'F16', shape, data: toHalf(data) };
}

function requireTexts(metadata: SafetensorsContent['metadata']): void {
  for (const [key, value] of Object.entries(metadata)) {
    if (typeof value === 'string' && key !== checksumKey) continue;
    const wanted = key === checksumKey ? `must not have the key ${checksumKey}, which is written here` : 'must be text';
    throw new FormatError(`safetensors: metadata ${wanted}, received ${shown(key)}: ${shown(value)}`, { key });
  }
}

/**
 * Reads a safetensors file: float32, float64 and int32 tensors, and float16 and bfloat16 ones as float32. Tensors of other
 * types are listed in `unread`.
 * @throws FormatError if the file is cut off, altered or of another kind, or if its data has holes, overlaps or trailing
 *   bytes; ConfigError if `file` is not bytes
 */
export function decodeSafetensors(file: Uint8Array | ArrayBuffer): SafetensorsFile {
  const bytes = requireBytes('safetensors', file);
  if (bytes.length < 8) throw new FormatError(`safetensors: the file has ${bytes.length} bytes, not even a header`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > bytes.length - 8) {
    throw new FormatError(
      `safetensors: the header is to have ${headerLength} bytes, the file has ${bytes.length}; ` +
        'the file is cut off or not a safetensors file',
      { headerLength, bytes: bytes.length },
    );
  }
  const body = bytes.subarray(8 + headerLength);
  const { entries, metadata } = parseHeader(bytes.subarray(8, 8 + headerLength), body.length);
  const { [checksumKey]: checksum, ...rest } = metadata;
  if (checksum !== undefined && checksum !== crc32(canonical(entries, rest), body)) {
    throw new FormatError(
      `safetensors: the content does not match its checksum ${shown(checksum)}; the file was altered`,
    );
  }
  const [readable, others] = [true, false].map((wanted) =>
    Object.entries(entries).filter(([, { dtype }]) => Object.hasOwn(arrays, dtype) === wanted),
  );
  return {
    tensors: Object.fromEntries(readable.map(([name, entry]) => [name, readTensor(entry, body)])),
    metadata: rest,
    verified: checksum !== undefined,
    unread: Object.fromEntries(others.map(([name, { dtype, shape }]) => [name, { dtype, shape }])),
  };
}

function readTensor({ dtype, shape, data_offsets: [start, end] }: Entry, body: Uint8Array): NamedArray {
  // Copied by a new array: the slice of a Node Buffer, which a file's bytes often are, would not be a copy.
  const data = new arrays[dtype as Dtype](new Uint8Array(body.subarray(start, end)).buffer);
  if (!(data instanceof Uint16Array)) return { shape, data };
  return { shape, data: dtype === 'F16' ? fromHalf(data) : fromBfloat(data) };
}

/** The part of the header that the checksum covers, in an order of its own. */
function canonical(entries: Readonly<Record<string, Entry>>, metadata: Readonly<Record<string, string>>): Uint8Array {
  const sorted = (value: object): unknown[] => Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return new TextEncoder().encode(
    JSON.stringify([
      sorted(entries).map((pair) => {
        const [name, { dtype, shape, data_offsets }] = pair as [string, Entry];
        return [name, dtype, shape, data_offsets];
      }),
      sorted(metadata),
    ]),
  );
}
