import type { Storage } from '../backend/backend.ts';

/** A block of backend memory and whether it is still allocated. Several tensors may share it. */
export class Allocation {
  static #count = 0;
  /** Later allocations have greater numbers. */
  readonly order = Allocation.#count++;
  readonly storage: Storage;
  /** Null for memory that lives as long as it is referenced. */
  scope: Scope | null;
  released = false;
  /** The content as numbers, where it was made from whole ones: ids are checked without a read. Never changed. */
  numbers: Int32Array | null = null;

  constructor(storage: Storage, scope: Scope | null) {
    this.storage = storage;
    this.scope = scope;
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
