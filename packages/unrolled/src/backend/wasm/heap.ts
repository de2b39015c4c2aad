import { MemoryError } from '../../errors.ts';

/** Every block begins at a multiple of this: a cache line, and more than any lane needs. */
const ALIGNMENT = 64;

interface FreeBlock {
  readonly start: number;
  readonly size: number;
}

export interface HeapOptions {
  /** First byte that may be allocated. */
  readonly start: number;
  /** One past the last byte of the memory now. */
  readonly end: number;
  /** One past the last byte that the memory can grow to. */
  readonly limit: number;
  /** Grows the memory to at least `end`; returns the new end, or undefined if it cannot grow. */
  readonly grow: (end: number) => number | undefined;
}

/**
 * Allocates blocks in one linear memory. Best fit: the smallest free block that is large enough, the lowest of equals; its
 * remainder stays free. Freed blocks are merged with free neighbours at once, so no two free blocks are adjacent.
 */
export class Heap {
  readonly #limit: number;
  readonly #grow: HeapOptions['grow'];
  #end: number;
  readonly #used = new Map<number, number>();
  /** Free blocks, indexed by size (then start), by start and by end. */
  readonly #free: FreeBlock[] = [];
  readonly #freeByStart = new Map<number, FreeBlock>();
  readonly #freeByEnd = new Map<number, FreeBlock>();
  #bytes = 0;
  #peakBytes = 0;

  constructor({ start, end, limit, grow }: HeapOptions) {
    const first = roundUp(start);
    this.#limit = limit;
    this.#grow = grow;
    this.#end = Math.max(first, end - (end % ALIGNMENT));
    if (this.#end > first) this.#insert({ start: first, size: this.#end - first });
  }

  /** Bytes allocated, rounded up to whole cache lines. */
  get bytes(): number {
    return this.#bytes;
  }

  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** The limit in bytes, allocated or not. */
  get limit(): number {
    return this.#limit;
  }

  /** Free blocks in order of address. */
  freeBlocks(): readonly FreeBlock[] {
    return [...this.#free].sort((a, b) => a.start - b.start);
  }

  /**
   * The address of `size` bytes.
   * @throws MemoryError
   */
  allocate(size: number): number {
    const needed = Math.max(ALIGNMENT, roundUp(size));
    const at = this.#position(needed, 0);
    const block = this.#free[at] ?? this.#growFor(needed);
    this.#remove(block);
    if (block.size > needed) this.#insert({ start: block.start + needed, size: block.size - needed });
    this.#used.set(block.start, needed);
    this.#bytes += needed;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return block.start;
  }

  free(start: number): void {
    const size = this.#used.get(start);
    if (size === undefined) throw new MemoryError(`free: no block in use starts at ${start}`, { start });
    this.#used.delete(start);
    this.#bytes -= size;
    this.#insertJoined({ start, size });
  }

  /** A free block of at least `needed` bytes at the end of a memory that has grown. */
  #growFor(needed: number): FreeBlock {
    const start = this.#freeByEnd.get(this.#end)?.start ?? this.#end;
    const end = start + needed <= this.#limit ? this.#grow(start + needed) : undefined;
    if (end === undefined) {
      throw new MemoryError(
        `allocate: ${needed} bytes do not fit: ${this.#bytes} are in use and there can be ${this.#limit}; ` +
          'use a smaller batch or shorter sequences',
        { bytesNeeded: needed, bytes: this.#bytes, limitBytes: this.#limit },
      );
    }
    const grown = { start: this.#end, size: end - (end % ALIGNMENT) - this.#end };
    this.#end = grown.start + grown.size;
    return this.#insertJoined(grown);
  }

  #insertJoined({ start, size }: FreeBlock): FreeBlock {
    const before = this.#freeByEnd.get(start);
    const after = this.#freeByStart.get(start + size);
    if (before) this.#remove(before);
    if (after) this.#remove(after);
    return this.#insert({ start: before?.start ?? start, size: (before?.size ?? 0) + size + (after?.size ?? 0) });
  }

  #insert(block: FreeBlock): FreeBlock {
    this.#free.splice(this.#position(block.size, block.start), 0, block);
    this.#freeByStart.set(block.start, block);
    this.#freeByEnd.set(block.start + block.size, block);
    return block;
  }

  #remove(block: FreeBlock): void {
    this.#free.splice(this.#position(block.size, block.start), 1);
    this.#freeByStart.delete(block.start);
    this.#freeByEnd.delete(block.start + block.size);
  }

  /** Index in `#free` of the first block not below (size, start). */
  #position(size: number, start: number): number {
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const block = this.#free[middle];
      if (block.size < size || (block.size === size && block.start < start)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function roundUp(bytes: number): number {
  return Math.ceil(bytes / ALIGNMENT) * ALIGNMENT;
}
