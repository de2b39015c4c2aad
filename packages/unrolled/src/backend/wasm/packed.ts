import type { Block } from '../backend.ts';
import type { Products } from './jobs/products.ts';
import type { LinearMemory } from './linear-memory.ts';

/** A right side [k, n] of products that begins `offset` floats into a block. */
export interface Side {
  readonly offset?: number;
  readonly transposed: boolean;
  readonly k: number;
  readonly n: number;
  /** Rows of the left sides of one product. */
  readonly rows: number;
  /** Whether the product can read wide panels, and weights of 16 bits, where they have no more. Default false. */
  readonly wide?: boolean;
}

/** Address of a packed right side, for a job; `ready` is 1 if it is already packed, `wide` is 1 for wide panels and 2 for those of 16 bits. */
export interface Packed {
  readonly packed: number;
  readonly ready: number;
  readonly wide: number;
}

export const notPacked: Packed = { packed: 0, ready: 0, wide: 0 };

/**
 * Space for a packed right side. An unchanged weight is packed once: step-by-step inference would otherwise spend as long on
 * packing as on products.
 *
 * @param scratch  name of the scratch space used until the right side is known to be unchanged
 */
export function packedRoom(
  memory: LinearMemory,
  products: Products,
  scratch: string,
  block: Block,
  side: Side,
): Packed {
  const bytes = products.packedBytes(side.rows, side.k, side.n);
  return keptRoom(memory, products, block, side) ?? { ...notPacked, packed: memory.scratch(scratch, bytes) };
}

/** Like `packedRoom`, but only for unchanged right sides. */
export function keptRoom(
  memory: LinearMemory,
  products: Products,
  block: Block,
  { offset = 0, transposed, k, n, rows, wide = false }: Side,
): Packed | null {
  const whole = wide ? products.wideBytes(rows, k, n) : 0;
  const bytes = whole || products.packedBytes(rows, k, n);
  if (bytes === 0) return notPacked;
  const fitsHalf = (): boolean => whole > 0 && products.fitsHalf(memory.input(block) + offset * 4, k * n);
  const needed = (): number => (fitsHalf() ? bytes / 2 : bytes);
  const name = `${block.offset + offset} ${transposed ? 'ᵀ' : ''} ${k}×${n} by ${whole ? 'wide' : products.panel(rows, k, n)}`;
  const room = memory.derived(block, name, needed);
  return room && { packed: room.address, ready: room.made ? 1 : 0, wide: whole ? 2 - Number(room.bytes === bytes) : 0 };
}
