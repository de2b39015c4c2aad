import { ConfigError, DeviceError, MemoryError, ScopeError } from '../../errors.ts';
import { sizeOf } from '../../shape.ts';
import type { Block, Dtype, MemoryUse, Storage } from '../backend.ts';
import { Heap } from './heap.ts';
import { host, type WasmMemory } from './host.ts';

const PAGE = 65536;
const FIRST_PAGES = 256;
/** What 32-bit addresses reach. */
const MOST_PAGES = 65536;

class WasmStorage implements Storage {
  readonly dtype: Dtype;
  readonly length: number;
  /** 0 once released. */
  address: number;
  /** Grows whenever the content may have changed. */
  version = 0;
  /** Forms derived from parts of the content, by kind. */
  derived: Map<string, Derived> | null = null;

  constructor(dtype: Dtype, length: number, address: number) {
    this.dtype = dtype;
    this.length = length;
    this.address = address;
  }
}

/** A derived form that is cached while the content does not change: a packed weight. */
interface Derived {
  /** Version of the content it was derived from. */
  version: number;
  /** 0 while it was requested only once. */
  address: number;
  bytes: number;
  made: boolean;
}

/** The memory that all kernels use: storages, and scratch space of operations. */
export class LinearMemory {
  readonly memory: WasmMemory;
  readonly #maximumPages: number;
  #heap: Heap | null = null;
  #bytes = 0;
  #peakBytes = 0;
  readonly #live = new Set<WasmStorage>();
  readonly #scratch = new Map<string, { address: number; bytes: number }>();

  /** @throws MemoryError if not even the first pages can be allocated */
  constructor(shared: boolean, limitBytes: number) {
    const most = Math.max(FIRST_PAGES, Math.min(MOST_PAGES, Math.floor(limitBytes / PAGE)));
    const { memory, maximum } = reserve(shared, most);
    this.memory = memory;
    this.#maximumPages = maximum;
  }

  /** Everything from `start` on may be allocated; below it are the kernels' constants. */
  begin(start: number): void {
    this.#heap = new Heap({
      start,
      end: this.memory.buffer.byteLength,
      limit: this.#maximumPages * PAGE,
      grow: (end) => this.#grow(end),
    });
  }

  allocate(dtype: Dtype, length: number): Storage {
    if (dtype === 'float64') {
      throw new ConfigError("allocate: this backend has no float64; use float32, or the device 'reference'", { dtype });
    }
    const storage = new WasmStorage(dtype, length, this.#open().allocate(length * 4));
    this.#live.add(storage);
    this.#bytes += length * 4;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return storage;
  }

  release(storage: Storage): void {
    const own = this.#own(storage, 'release');
    this.#live.delete(own);
    this.#bytes -= own.length * 4;
    for (const { address } of own.derived?.values() ?? []) if (address !== 0) this.#open().free(address);
    own.derived = null;
    this.#open().free(own.address);
    own.address = 0;
  }

  /** Bytes of storages; the limit includes scratch space. */
  use(): MemoryUse {
    return { bytes: this.#bytes, peakBytes: this.#peakBytes, limitBytes: this.#open().limit };
  }

  /**
   * The address of at least `bytes` of scratch space with undefined content, reused for the same name.
   * @throws MemoryError
   */
  scratch(name: string, bytes: number): number {
    const kept = this.#scratch.get(name);
    if (kept !== undefined && kept.bytes >= bytes) return kept.address;
    if (kept !== undefined) {
      this.#scratch.delete(name);
      this.#open().free(kept.address);
    }
    const address = this.#open().allocate(bytes);
    this.#scratch.set(name, { address, bytes });
    return address;
  }

  /**
   * Space for a derived form of a block's content, and whether it is already computed; null the first time after a write,
   * since most content is soon written again.
   * @param bytes  how many it needs; asked once
   */
  derived(
    block: Block,
    name: string,
    bytes: () => number,
  ): { readonly address: number; readonly bytes: number; readonly made: boolean } | null {
    const own = this.#own(block.storage, name);
    const { version } = own;
    own.derived ??= new Map();
    const kept = own.derived.get(name);
    if (kept?.version !== version) {
      if (kept !== undefined && kept.address !== 0) this.#open().free(kept.address);
      own.derived.set(name, { version, address: 0, bytes: 0, made: false });
      return null;
    }
    if (kept.address === 0) {
      kept.bytes = bytes();
      kept.address = this.#open().allocate(kept.bytes);
    }
    const found = { ...kept };
    kept.made = true;
    return found;
  }

  /** Address of the block's first element, for writing: invalidates derived forms. */
  address(block: Block): number {
    const own = this.#own(block.storage, 'block');
    own.version++;
    return own.address + block.offset * 4;
  }

  /** 0 without a block. */
  addressOrNull(block: Block | null): number {
    return block === null ? 0 : this.address(block);
  }

  /** Address of the block's first element, for reading only; 0 without a block. */
  input(block: Block | null): number {
    return block === null ? 0 : this.#own(block.storage, 'block').address + block.offset * 4;
  }

  // Views are created where they are used: growing the memory detaches older ones.
  view(block: Block): Float32Array | Int32Array {
    this.address(block);
    return this.inputView(block);
  }

  /** Only to read. */
  inputView(block: Block): Float32Array | Int32Array {
    const [address, length] = [this.input(block), sizeOf(block.shape)];
    return block.storage.dtype === 'int32' ? this.ints(address, length) : this.floats(address, length);
  }

  ints(address: number, length: number): Int32Array {
    return new Int32Array(this.memory.buffer, address, length);
  }

  floats(address: number, length: number): Float32Array {
    return new Float32Array(this.memory.buffer, address, length);
  }

  close(): void {
    for (const storage of this.#live) storage.address = 0;
    this.#live.clear();
    this.#heap = null;
  }

  #grow(end: number): number | undefined {
    const have = this.memory.buffer.byteLength / PAGE;
    const needed = Math.ceil(end / PAGE) - have;
    // In steps of a quarter, since growing is slow; if that fails, only what is needed.
    const roomy = Math.min(this.#maximumPages - have, Math.max(needed, have >> 2, FIRST_PAGES));
    for (const pages of [roomy, needed]) {
      try {
        this.memory.grow(pages);
        return this.memory.buffer.byteLength;
      } catch {}
    }
    return undefined;
  }

  #open(): Heap {
    if (this.#heap === null) throw new DeviceError('this WebAssembly backend is closed; open a new one', {});
    return this.#heap;
  }

  #own(storage: Storage, operation: string): WasmStorage {
    const own = storage as WasmStorage;
    if (!this.#live.has(own)) {
      throw new ScopeError(
        `${operation}: storage of ${storage.length} × ${storage.dtype} was released, or belongs to another backend`,
        { operation, length: storage.length, dtype: storage.dtype },
      );
    }
    return own;
  }
}

function reserve(shared: boolean, mostPages: number): { memory: WasmMemory; maximum: number } {
  // A shared memory's addresses are reserved at once, which a phone may refuse.
  for (let maximum = mostPages; maximum >= FIRST_PAGES; maximum = Math.floor(maximum / 2)) {
    try {
      return { memory: new host.WebAssembly.Memory({ initial: FIRST_PAGES, maximum, shared }), maximum };
    } catch {}
  }
  const bytesNeeded = FIRST_PAGES * PAGE;
  throw new MemoryError(`wasmBackend: a memory of ${bytesNeeded} bytes cannot be had here`, { bytesNeeded });
}
