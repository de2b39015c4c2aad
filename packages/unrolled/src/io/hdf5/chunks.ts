import { unzlib } from '../zip.ts';
import type { Message } from './messages.ts';
import { damaged, type Source, unread } from './source.ts';

interface Filter {
  readonly id: number;
  readonly values: readonly number[];
}

/** The filters of a data set, in the order in which they were applied. */
export function filtersOf(source: Source, messages: readonly Message[]): Filter[] {
  const message = messages.find(({ type }) => type === 0x0b);
  if (!message) return [];
  const version = source.uint(message.at, 1);
  const count = source.uint(message.at + 1, 1);
  let at = message.at + (version === 1 ? 8 : 2);
  return Array.from({ length: count }, () => {
    const id = source.uint(at, 2);
    at += 2;
    const nameLength = version === 1 || id >= 256 ? source.uint(at, 2) : 0;
    if (version === 1 || id >= 256) at += 2;
    const values = source.uint(at + 2, 2);
    at += 4 + (version === 1 ? Math.ceil(nameLength / 8) * 8 : nameLength);
    source.require(at, values * 4);
    const list = Array.from({ length: values }, (_, i) => source.uint(at + 4 * i, 4));
    at += 4 * values + (version === 1 && values % 2 === 1 ? 4 : 0);
    return { id, values: list };
  });
}

export interface ChunkLayout {
  /** Of the tree of chunks. */
  readonly tree: number;
  /** Extents of a chunk, the bytes of an element last. */
  readonly chunk: readonly number[];
}

/** Reads a data set that is stored in chunks, each perhaps compressed. */
export function readChunks(
  source: Source,
  { tree, chunk }: ChunkLayout,
  shape: readonly number[],
  elementSize: number,
  filters: readonly Filter[],
): Uint8Array {
  const extents = chunk.slice(0, -1);
  if (extents.length !== shape.length || chunk.at(-1) !== elementSize || extents.some((n) => n < 1)) {
    throw damaged('the chunks of a data set do not fit its form');
  }
  const total = shape.reduce((all, n) => all * n, elementSize);
  const chunkBytes = chunk.reduce((all, n) => all * n, 1);
  source.claim(total);
  source.claim(chunkBytes);
  const result = new Uint8Array(total);
  if (tree < 0) return result;
  const seen = new Set<number>();
  const visit = (at: number, depth: number): void => {
    if (seen.has(at) || depth > 32) throw damaged('a tree of chunks refers to itself');
    seen.add(at);
    source.expect(at, 'TREE');
    if (source.uint(at + 4, 1) !== 1) throw damaged('a tree of chunks is of another kind');
    const level = source.uint(at + 5, 1);
    const count = source.uint(at + 6, 2);
    const keySize = 8 + 8 * chunk.length;
    let place = at + 8 + 2 * source.addressSize;
    for (let i = 0; i < count; i++, place += keySize + source.addressSize) {
      const child = source.address(place + keySize);
      if (level > 0) {
        visit(child, depth + 1);
        continue;
      }
      const packed = source.slice(child, source.uint(place, 4));
      const skipped = source.uint(place + 4, 4);
      const offsets = extents.map((_, axis) => source.uint(place + 8 + 8 * axis, 8));
      // What a file makes of its bytes is bounded by the data set, however often it names a chunk.
      source.spend(1 + Math.ceil(chunkBytes / 256));
      const content = unpacked(packed, filters, skipped, chunkBytes, elementSize);
      placed(result, shape, content, extents, offsets, elementSize);
    }
  };
  visit(tree, 0);
  return result;
}

function unpacked(
  packed: Uint8Array,
  filters: readonly Filter[],
  skipped: number,
  size: number,
  elementSize: number,
): Uint8Array {
  let content = packed;
  for (let i = filters.length - 1; i >= 0; i--) {
    if (skipped & (1 << i)) continue;
    const { id } = filters[i];
    if (id === 1) {
      const out = unzlib(content, size);
      if (!out) throw damaged('a compressed chunk does not unpack');
      content = out;
    } else if (id === 2) content = unshuffled(content, elementSize);
    else if (id === 3) content = content.subarray(0, Math.max(0, content.length - 4));
    else throw unread(`a data set packed by filter ${id}`);
  }
  if (content.length !== size) throw damaged(`a chunk has ${content.length} bytes in place of ${size}`);
  return content;
}

/** The bytes of each element together again. */
function unshuffled(bytes: Uint8Array, size: number): Uint8Array {
  const count = Math.floor(bytes.length / size);
  const result = new Uint8Array(bytes);
  for (let i = 0; i < count; i++) for (let b = 0; b < size; b++) result[i * size + b] = bytes[b * count + i];
  return result;
}

/** Copies a chunk to its place, without what lies beyond the data set. */
function placed(
  result: Uint8Array,
  shape: readonly number[],
  chunk: Uint8Array,
  extents: readonly number[],
  offsets: readonly number[],
  elementSize: number,
): void {
  const rank = shape.length;
  if (offsets.some((offset, axis) => offset >= shape[axis])) return;
  const counts = extents.map((n, axis) => Math.min(n, shape[axis] - offsets[axis]));
  const rows = counts.slice(0, -1).reduce((all, n) => all * n, 1);
  const index = new Array<number>(Math.max(0, rank - 1)).fill(0);
  const run = (rank === 0 ? 1 : counts[rank - 1]) * elementSize;
  for (let row = 0; row < rows; row++) {
    let [from, to] = [0, 0];
    for (let axis = 0; axis < rank; axis++) {
      const i = axis < rank - 1 ? index[axis] : 0;
      from = from * extents[axis] + i;
      to = to * shape[axis] + offsets[axis] + i;
    }
    result.set(chunk.subarray(from * elementSize, from * elementSize + run), to * elementSize);
    for (let axis = rank - 2; axis >= 0 && ++index[axis] === counts[axis]; axis--) index[axis] = 0;
  }
}
