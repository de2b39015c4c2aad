import { DeviceError, MemoryError, ScopeError } from '../../errors.ts';
import { sizeOf } from '../../shape.ts';
import type { Block, Dtype, MemoryUse, Storage, TypedArray } from '../backend.ts';

export type Floats = Float32Array | Float64Array;

class ReferenceStorage implements Storage {
  readonly dtype: Dtype;
  readonly length: number;
  /** Null once released. */
  values: TypedArray | null;

  constructor(dtype: Dtype, values: TypedArray) {
    this.dtype = dtype;
    this.length = values.length;
    this.values = values;
  }
}

/** Storages as typed arrays of their own, counted while they live. */
export class ReferenceMemory {
  readonly #limitBytes: number;
  readonly #live = new Set<ReferenceStorage>();
  #bytes = 0;
  #peakBytes = 0;
  #closed = false;

  constructor(limitBytes: number) {
    this.#limitBytes = limitBytes;
  }

  allocate(dtype: Dtype, length: number): Storage {
    if (this.#closed) throw new DeviceError('allocate: the backend is closed; make a new one', {});
    const bytesNeeded = length * (dtype === 'float64' ? 8 : 4);
    const fail = (options?: ErrorOptions) =>
      new MemoryError(
        `allocate: ${length} × ${dtype} needs ${bytesNeeded} bytes, ${this.#bytes} of ${this.#limitBytes} are in use; ` +
          'use a smaller batch or shorter sequences',
        { bytesNeeded, bytes: this.#bytes, limitBytes: this.#limitBytes },
        options,
      );
    if (this.#bytes + bytesNeeded > this.#limitBytes) throw fail();
    let storage: ReferenceStorage;
    try {
      storage = new ReferenceStorage(dtype, newArray(dtype, length));
    } catch (cause) {
      throw fail({ cause });
    }
    this.#live.add(storage);
    this.#bytes += bytesNeeded;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return storage;
  }

  release(storage: Storage): void {
    const values = this.#valuesOf(storage, 'release');
    this.#live.delete(storage as ReferenceStorage);
    this.#bytes -= values.byteLength;
    (storage as ReferenceStorage).values = null;
  }

  use(): MemoryUse {
    return { bytes: this.#bytes, peakBytes: this.#peakBytes, limitBytes: this.#limitBytes };
  }

  close(): void {
    for (const storage of this.#live) storage.values = null;
    this.#live.clear();
    this.#bytes = 0;
    this.#closed = true;
  }

  /** The block's elements, not copied. */
  view(block: Block): TypedArray {
    const values = this.#valuesOf(block.storage, 'block');
    return values.subarray(block.offset, block.offset + sizeOf(block.shape));
  }

  floats(block: Block): Floats {
    return this.view(block) as Floats;
  }

  floatsOrNull(block: Block | null): Floats | null {
    return block === null ? null : this.floats(block);
  }

  #valuesOf(storage: Storage, operation: string): TypedArray {
    const values = this.#live.has(storage as ReferenceStorage) ? (storage as ReferenceStorage).values : null;
    if (values === null) {
      throw new ScopeError(
        `${operation}: storage of ${storage.length} × ${storage.dtype} was released, or belongs to another backend`,
        { operation, length: storage.length, dtype: storage.dtype },
      );
    }
    return values;
  }
}

function newArray(dtype: Dtype, length: number): TypedArray {
  if (dtype === 'int32') return new Int32Array(length);
  return dtype === 'float64' ? new Float64Array(length) : new Float32Array(length);
}
