import type { Block } from '../backend.ts';
import type { Products } from './jobs/products.ts';
import type { LinearMemory } from './linear-memory.ts';

/** A right side [k, n] of products that begins `offset` floats into a block. */
export interface Side {
  readonly offset?: number;
  readonly transposed: boolean;
  readonly k: number;
  readonly n: number;
  /** Of left sides that are multiplied at a time. */
  readonly rows: number;
}

/** Where a right side is packed, for a job; `ready` is 1 where it already is. */
export interface Packed {
  readonly packed: number;
  readonly ready: number;
}

export const notPacked: Packed = { packed: 0, ready: 0 };

/**
 * Room to pack a right side in. A weight that stays the same is packed once: a model that only predicts, one step at a
 * time, would otherwise spend as long on packing as on its products.
 *
 * @param scratch the name of the room that is used as long as it is not known to stay the same
 */
export function packedRoom(
  memory: LinearMemory,
  products: Products,
  scratch: string,
  block: Block,
  side: Side,
): Packed {
  const bytes = products.packedBytes(side.rows, side.k, side.n);
  return keptRoom(memory, products, block, side) ?? { packed: memory.scratch(scratch, bytes), ready: 0 };
}

/** The same only where the right side stays the same. */
export function keptRoom(
  memory: LinearMemory,
  products: Products,
  block: Block,
  { offset = 0, transposed, k, n, rows }: Side,
): Packed | null {
  const bytes = products.packedBytes(rows, k, n);
  if (bytes === 0) return notPacked;
  const name = `${block.offset + offset} ${transposed ? 'ᵀ' : ''} ${k}×${n} by ${products.panel(rows, k, n)}`;
  const room = memory.derived(block, name, bytes);
  return room && { packed: room.address, ready: room.made ? 1 : 0 };
}
