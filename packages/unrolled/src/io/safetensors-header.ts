import { shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import { type Shape, sizeOf } from '../shape.ts';

/** A tensor's line in the header. */
export interface Entry {
  readonly dtype: string;
  readonly shape: Shape;
  readonly data_offsets: readonly [number, number];
}

export interface Header {
  readonly entries: Readonly<Record<string, Entry>>;
  readonly metadata: Readonly<Record<string, string>>;
}

/** The one name that is not a tensor's. */
export const metadataKey = '__metadata__';

/** Bits of an element, for all types of the format; most of them are not read here. */
const bits: Readonly<Record<string, number>> = {
  ...{ F4: 4, F6_E2M3: 6, F6_E3M2: 6 },
  ...{ BOOL: 8, U8: 8, I8: 8, F8_E5M2: 8, F8_E4M3: 8, F8_E8M0: 8 },
  ...{ I16: 16, U16: 16, F16: 16, BF16: 16 },
  ...{ I32: 32, U32: 32, F32: 32 },
  ...{ I64: 64, U64: 64, F64: 64, C64: 64 },
};

/** A name as an error quotes it. */
export const tensorNamed = (name: string): string => `tensor ${shown(name)}`;

/**
 * Reads the header, and holds it to the format: tensors cover the data without holes and overlaps, from its first byte to
 * its last.
 * @param size  bytes of data after the header
 * @throws FormatError
 */
export function parseHeader(bytes: Uint8Array, size: number): Header {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new FormatError('safetensors: the header is not JSON; the file was altered or is of another kind');
  }
  if (typeof header !== 'object' || header === null || Array.isArray(header)) {
    throw new FormatError('safetensors: the header is not an object of tensors');
  }
  const { [metadataKey]: metadata, ...entries } = header as Record<string, unknown>;
  for (const [name, entry] of Object.entries(entries)) requireEntry(name, entry);
  const read = { entries: entries as Record<string, Entry>, metadata: metadataFrom(metadata) };
  requireCovered(Object.entries(read.entries), size);
  return read;
}

function metadataFrom(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null) return {};
  const texts = typeof value === 'object' && Object.values(value).every((one) => typeof one === 'string');
  if (texts && !Array.isArray(value)) return value as Record<string, string>;
  throw new FormatError(
    `safetensors: ${metadataKey} must be an object of texts, received ${shown(value)}; no tensor may have this name`,
    { name: metadataKey },
  );
}

function requireEntry(name: string, value: unknown): asserts value is Entry {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Partial<Record<keyof Entry, unknown>>;
  if (typeof dtype !== 'string' || !isCounts(shape) || !isCounts(offsets) || offsets.length !== 2) {
    throw new FormatError(
      `safetensors: ${tensorNamed(name)} needs a dtype, a shape and two data_offsets, received ${shown(value)}`,
      { name },
    );
  }
  const expected = Object.hasOwn(bits, dtype) ? Math.ceil((sizeOf(shape) * bits[dtype]) / 8) : null;
  const length = offsets[1] - offsets[0];
  if (length < 0 || (expected !== null && length !== expected)) {
    throw new FormatError(
      `safetensors: ${tensorNamed(name)} has ${length} bytes for shape ${shown(shape)} of ${shown(dtype)}`,
      { name },
    );
  }
}

const isCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((n) => Number.isSafeInteger(n) && n >= 0);

function requireCovered(entries: [string, Entry][], size: number): void {
  let end = 0;
  const begins = ([, { data_offsets: offsets }]: [string, Entry]): number => offsets[0];
  const ends = ([, { data_offsets: offsets }]: [string, Entry]): number => offsets[1];
  for (const entry of entries.sort((a, b) => begins(a) - begins(b) || ends(a) - ends(b))) {
    const [name, { data_offsets: offsets }] = entry;
    if (begins(entry) !== end) {
      const what =
        begins(entry) > end ? `${begins(entry) - end} bytes before it belong to no tensor` : 'it overlaps another';
      throw new FormatError(`safetensors: ${tensorNamed(name)} begins at byte ${begins(entry)} of the data: ${what}`, {
        name,
        offsets,
      });
    }
    end = ends(entry);
    if (end > size) {
      throw new FormatError(
        `safetensors: ${tensorNamed(name)} ends at byte ${end} of the data, which has ${size}; the file is cut off`,
        { name, end, bytes: size },
      );
    }
  }
  if (end !== size) {
    throw new FormatError(
      `safetensors: ${size - end} bytes after the last tensor belong to none; the file was altered`,
      {
        end,
        bytes: size,
      },
    );
  }
}
