import type { TypedArray } from '../backend/backend.ts';
import { FormatError } from '../errors.ts';
import { type Shape, sizeOf } from '../shape.ts';
import { crc32 } from './checksum.ts';
import { fromBfloat, fromHalf, toHalf } from './half.ts';

/**
 * Bytes in an `ArrayBuffer` of their own, as `Blob`, `fetch` and `crypto` take them: `Uint8Array<ArrayBuffer>`, written so
 * that TypeScript before 5.7 reads it, too.
 */
export type Bytes = ReturnType<typeof Uint8Array.of>;

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

interface Entry {
  readonly dtype: string;
  readonly shape: number[];
  readonly data_offsets: [number, number];
}

/** How numbers lie in a file; those of 16 bits as their bits. */
const arrays = { F32: Float32Array, F64: Float64Array, I32: Int32Array, F16: Uint16Array, BF16: Uint16Array } as const;
type Dtype = keyof typeof arrays;

interface StoredArray {
  readonly dtype: Dtype;
  readonly shape: Shape;
  readonly data: TypedArray | Uint16Array;
}

/** What a file held, and whether a checksum in it vouched for that; files of other programs have none. */
export interface SafetensorsFile extends SafetensorsContent {
  readonly verified: boolean;
}

/** Where the checksum of everything else stands, so that an altered file is noticed. */
const checksumKey = 'crc32';

/**
 * Writes the safetensors format (8 bytes of header length, a JSON header, the numbers, little-endian), which Python,
 * Rust and browsers read. A CRC-32 goes into the metadata.
 * @param half  write float32 as float16. Default false
 * @throws FormatError where a number is too large for float16
 */
export function encodeSafetensors(
  { tensors: given, metadata }: SafetensorsContent,
  { half = false }: { readonly half?: boolean } = {},
): Bytes {
  const tensors: Record<string, StoredArray> = {};
  for (const [name, array] of Object.entries(given)) tensors[name] = storedArray(name, array, half);
  const entries: Record<string, Entry> = {};
  let size = 0;
  // The widest numbers first, so that every array starts at a multiple of its own element size.
  const names = Object.keys(tensors).sort(
    (a, b) => tensors[b].data.BYTES_PER_ELEMENT - tensors[a].data.BYTES_PER_ELEMENT,
  );
  for (const name of names) {
    const { dtype, shape, data } = tensors[name];
    entries[name] = { dtype, shape: [...shape], data_offsets: [size, size + data.byteLength] };
    size += data.byteLength;
  }
  const body = new Uint8Array(size);
  for (const name of names) {
    const { data } = tensors[name];
    body.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), entries[name].data_offsets[0]);
  }
  const checksum = crc32(canonical(entries, metadata), body);
  const json = JSON.stringify({ __metadata__: { ...metadata, [checksumKey]: checksum }, ...entries });
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
  if (!half || !(data instanceof Float32Array)) {
    const dtype = (['F32', 'F64', 'I32'] as const).find((one) => data instanceof arrays[one])!;
    return { dtype, shape, data };
  }
  const large = data.find((number) => Math.abs(number) >= 65520);
  if (large !== undefined) {
    throw new FormatError(`safetensors: tensor '${name}' holds ${large}, and float16 ends at 65504; leave out half`, {
      name,
    });
  }
  return { dtype: 'F16', shape, data: toHalf(data) };
}

/**
 * Reads a safetensors file of float32, float64 and int32 tensors, and of float16 and bfloat16 ones as float32.
 * @throws FormatError saying what is wrong, if the file is cut off, altered or of another kind
 */
export function decodeSafetensors(file: Uint8Array): SafetensorsFile {
  if (file.length < 8) throw new FormatError(`safetensors: the file has ${file.length} bytes, not even a header`);
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  const headerLength = Number(view.getBigUint64(0, true));
  if (headerLength > file.length - 8) {
    throw new FormatError(
      `safetensors: the header says it has ${headerLength} bytes, the file has ${file.length}; ` +
        'the file is cut off or not a safetensors file',
      { headerLength, bytes: file.length },
    );
  }
  const { __metadata__: metadata = {}, ...entries } = parseHeader(file.subarray(8, 8 + headerLength));
  const body = file.subarray(8 + headerLength);
  const tensors: Record<string, NamedArray> = {};
  for (const [name, entry] of Object.entries(entries)) tensors[name] = readTensor(name, entry, body);
  const { [checksumKey]: checksum, ...rest } = metadata;
  if (checksum !== undefined && checksum !== crc32(canonical(entries, rest), body)) {
    throw new FormatError(`safetensors: the content does not match its checksum ${checksum}; the file was altered`);
  }
  return { tensors, metadata: rest, verified: checksum !== undefined };
}

function readTensor(name: string, { dtype, shape, data_offsets: [start, end] }: Entry, body: Uint8Array): NamedArray {
  const Numbers = arrays[dtype as Dtype];
  if (!Object.hasOwn(arrays, dtype)) {
    throw new FormatError(
      `safetensors: tensor '${name}' has type ${dtype}; ${Object.keys(arrays).join(', ')} can be read`,
      { name },
    );
  }
  if (end > body.length) {
    throw new FormatError(
      `safetensors: tensor '${name}' ends at byte ${end} of the data, which has ${body.length}; the file is cut off`,
      { name, end, bytes: body.length },
    );
  }
  if (end - start !== sizeOf(shape) * Numbers.BYTES_PER_ELEMENT) {
    throw new FormatError(`safetensors: tensor '${name}' has ${end - start} bytes for shape [${shape}]`, { name });
  }
  // Copied by a new array: the slice of a Node Buffer, which a file's bytes often are, would not be a copy.
  const data = new Numbers(new Uint8Array(body.subarray(start, end)).buffer);
  if (!(data instanceof Uint16Array)) return { shape, data };
  return { shape, data: dtype === 'F16' ? fromHalf(data) : fromBfloat(data) };
}

function parseHeader(bytes: Uint8Array): Record<string, Entry> & { __metadata__?: Record<string, string> } {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FormatError('safetensors: the header is not JSON; the file was altered or is of another kind');
  }
  if (typeof header !== 'object' || header === null) {
    throw new FormatError('safetensors: the header is not an object of tensors');
  }
  for (const [name, entry] of Object.entries(header)) {
    const fits =
      name === '__metadata__'
        ? Object.values(entry).every((value) => typeof value === 'string')
        : typeof entry?.dtype === 'string' && isCounts(entry.shape) && isCounts(entry.data_offsets);
    if (!fits) throw new FormatError(`safetensors: the header's entry '${name}' is not a tensor's`, { name });
  }
  return header as Record<string, Entry>;
}

const isCounts = (value: unknown): boolean => Array.isArray(value) && value.every((n) => Number.isInteger(n) && n >= 0);

/** What the checksum covers of the header, whatever order its keys come in. */
function canonical(entries: Record<string, Entry>, metadata: Readonly<Record<string, string>>): Uint8Array {
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
