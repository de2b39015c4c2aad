import type { Storage } from '../backend/backend.ts';

/** A block of backend memory. It is released with the last allocation that owns it. */
export class Memory {
  readonly storage: Storage;
  owners = 1;
  /** One past the last element that belongs to a tensor; what lies behind it is room to grow. */
  used: number;

  constructor(storage: Storage, used: number) {
    this.storage = storage;
    this.used = used;
  }
}

/** The hold on a block of memory, and whether it still lasts. Several tensors may share it. */
export class Allocation {
  static #count = 0;
  /** Later allocations have greater numbers. */
  readonly order = Allocation.#count++;
  readonly memory: Memory;
  /** Null for memory that lives as long as it is referenced. */
  scope: Scope | null;
  released = false;
  /** The content as numbers, where it was made from whole ones: ids are checked without a read. Never changed. */
  numbers: Int32Array | null = null;

  constructor(memory: Memory, scope: Scope | null) {
    this.memory = memory;
    this.scope = scope;
  }

  get storage(): Storage {
    return this.memory.storage;
  }

  /** Allocations from now on have this order, or a greater one. */
  static get next(): number {
    return Allocation.#count;
  }
}

/** Everything allocated while a scope is open belongs to it and is released when it ends. */
export class Scope {
  readonly parent: Scope | null;
  readonly allocations = new Set<Allocation>();

  constructor(parent: Scope | null) {
    this.parent = parent;
  }
}
