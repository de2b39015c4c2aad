import { inflateSync, unzlibSync, type Zippable, zipSync } from 'fflate';
import { shown } from '../checks.ts';
import { FormatError } from '../errors.ts';
import { type Bytes, requireBytes } from './bytes.ts';
import { crc32 } from './checksum.ts';

interface Entry {
  readonly compressed: boolean;
  readonly checksum: number;
  readonly stored: number;
  readonly size: number;
  readonly offset: number;
}

/** The files of a zip archive; each is unpacked when it is read. */
export interface ZipFile {
  readonly names: readonly string[];
  has(name: string): boolean;
  /** @throws FormatError if there is no such file, or it is damaged */
  read(name: string): Uint8Array;
}

const signature = { local: 0x04034b50, entry: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 };
/** Deflate cannot make data smaller than by this factor. */
const mostDeflated = 1032;

/** Bounds of what the files of an archive may have together, beside it. */
const mostUnpacked = 64;
const leastBound = 2 ** 26;

/** Whether a file begins as zip archives do. */
export const isZip = (bytes: Uint8Array): boolean =>
  bytes[0] === 0x50 && bytes[1] === 0x4b && (bytes[2] === 3 || bytes[2] === 5);

/**
 * Opens a zip archive: stored and deflated files, with 64-bit sizes, each checked against its CRC-32. All of them together may
 * unpack to 64 MiB, or to 64 times the archive: floating-point numbers do not get so small, files that mean harm do.
 * @param operation  named in errors
 * @throws FormatError if the archive is cut off or damaged, or claims more
 */
export function openZip(operation: string, file: Uint8Array | ArrayBuffer): ZipFile {
  const bytes = requireBytes(operation, file);
  const maxBytes = Math.max(leastBound, bytes.length * mostUnpacked);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const damaged = (what: string): FormatError =>
    new FormatError(`${operation}: ${what}; the zip archive is cut off or damaged`, { bytes: bytes.length });
  const end = endOf(view);
  if (end === undefined) throw damaged('no directory at its end');
  const { count, start } = directory(view, end);
  const entries = new Map<string, Entry>();
  const names = new TextDecoder();
  let place = start;
  let total = 0;
  for (let i = 0; i < count; i++) {
    if (place + 46 > end || view.getUint32(place, true) !== signature.entry) {
      throw damaged(`entry ${i + 1} of ${count} is missing`);
    }
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => view.getUint16(place + at, true));
    const next = place + 46 + nameLength + extraLength + commentLength;
    if (next > end) throw damaged(`entry ${i + 1} of ${count} is cut off`);
    const name = names.decode(bytes.subarray(place + 46, place + 46 + nameLength));
    const [flags, method] = [view.getUint16(place + 8, true), view.getUint16(place + 10, true)];
    if (flags & 1) throw new FormatError(`${operation}: ${shown(name)} is encrypted; save the file without a password`);
    if (method !== 0 && method !== 8) {
      throw new FormatError(`${operation}: ${shown(name)} has compression method ${method}; pack it with deflate`);
    }
    const sizes = wideSizes(view, place, nameLength, extraLength);
    const entry = { compressed: method === 8, checksum: view.getUint32(place + 16, true), ...sizes };
    if (entry.compressed ? entry.size > entry.stored * mostDeflated : entry.size !== entry.stored) {
      throw damaged(`${shown(name)} claims ${entry.size} bytes from ${entry.stored}`);
    }
    total += entry.size;
    entries.set(name, entry);
    place = next;
  }
  if (total > maxBytes) {
    throw new FormatError(`${operation}: the archive claims ${total} bytes, more than ${maxBytes}`, {
      total,
      maxBytes,
    });
  }
  return {
    names: [...entries.keys()],
    has: (name) => entries.has(name),
    read(name) {
      const entry = entries.get(name);
      if (!entry) throw new FormatError(`${operation}: ${shown(name)} is missing in the archive`, { name });
      const { offset, stored, size } = entry;
      if (offset + 30 > bytes.length || view.getUint32(offset, true) !== signature.local) {
        throw damaged(`${shown(name)} is not where the directory says`);
      }
      const from = offset + 30 + view.getUint16(offset + 26, true) + view.getUint16(offset + 28, true);
      if (from + stored > bytes.length) throw damaged(`${shown(name)} is cut off`);
      const packed = bytes.subarray(from, from + stored);
      const content = entry.compressed ? inflated(packed, size) : packed;
      if (content?.length !== size || Number.parseInt(crc32(content), 16) !== entry.checksum) {
        throw damaged(`${shown(name)} does not match its checksum`);
      }
      return content;
    },
  };
}

/** A zip archive of these files, not compressed. */
export const encodeZip = (files: Readonly<Record<string, Uint8Array>>): Bytes =>
  // A date of its own, so that the same files give the same bytes.
  zipSync(files as Zippable, { level: 0, mtime: '1980-01-02T00:00:00Z' }) as Bytes;

/** Unpacks zlib's form of deflated data of a known size. @returns undefined if it is none */
export function unzlib(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return unzlibSync(packed, { out: new Uint8Array(size) });
  } catch {
    return undefined;
  }
}

/** Undefined if it is no deflated data. */
function inflated(packed: Uint8Array, size: number): Uint8Array | undefined {
  try {
    return inflateSync(packed, { out: new Uint8Array(size) });
  } catch {
    return undefined;
  }
}

/** Where the record at the end begins; a comment may follow it. */
function endOf(view: DataView): number | undefined {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === signature.end) return at;
  }
  return undefined;
}

function directory(view: DataView, end: number): { count: number; start: number } {
  const locator = end - 20;
  if (locator >= 0 && view.getUint32(locator, true) === signature.locator64) {
    const at = Number(view.getBigUint64(locator + 8, true));
    if (at + 56 <= locator && view.getUint32(at, true) === signature.end64) {
      return { count: Number(view.getBigUint64(at + 32, true)), start: Number(view.getBigUint64(at + 48, true)) };
    }
  }
  return { count: view.getUint16(end + 10, true), start: view.getUint32(end + 16, true) };
}

/** Sizes and offset of an entry; those that do not fit 32 bits stand in an extra field, in this order. */
function wideSizes(view: DataView, place: number, nameLength: number, extraLength: number) {
  const narrow = { size: 24, stored: 20, offset: 42 };
  const values = { size: 0, stored: 0, offset: 0 };
  let wide = extraField(view, place + 46 + nameLength, extraLength);
  for (const key of ['size', 'stored', 'offset'] as const) {
    values[key] = view.getUint32(place + narrow[key], true);
    if (values[key] !== 0xffffffff || !wide || wide.length < 8) continue;
    values[key] = Number(view.getBigUint64(wide.start, true));
    wide = { start: wide.start + 8, length: wide.length - 8 };
  }
  return values;
}

/** The extra field of 64-bit sizes. */
function extraField(view: DataView, start: number, length: number): { start: number; length: number } | undefined {
  for (let at = start; at + 4 <= start + length; ) {
    const size = view.getUint16(at + 2, true);
    if (view.getUint16(at, true) === 1 && at + 4 + size <= start + length) return { start: at + 4, length: size };
    at += 4 + size;
  }
  return undefined;
}
