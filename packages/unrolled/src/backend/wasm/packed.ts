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
  /** Whether the product can read weights of 16 bits, where they have no more. Default false. */
  readonly half?: boolean;
}

/** Address of a packed right side, for a job; `ready` is 1 if it is already packed, `half` if it has 16 bits a number. */
export interface Packed {
  readonly packed: number;
  readonly ready: number;
  readonly half: number;
}

export const notPacked: Packed = { packed: 0, ready: 0, half: 0 };

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
  { offset = 0, transposed, k, n, rows, half = false }: Side,
): Packed | null {
  const bytes = products.packedBytes(rows, k, n);
  if (bytes === 0) return notPacked;
  const fewer = half ? products.halfBytes(rows, k, n) : 0;
  // Panels of 16 bits are wider, so that few columns take no less; what is kept is known by its bytes.
  const isHalf = fewer > 0 && fewer < bytes;
  const needed = (): number => (isHalf && products.fitsHalf(memory.input(block) + offset * 4, k * n) ? fewer : bytes);
  const name = `${block.offset + offset} ${transposed ? 'ᵀ' : ''} ${k}×${n} by ${products.panel(rows, k, n)}${half ? ' or half' : ''}`;
  const room = memory.derived(block, name, needed);
  return room && { packed: room.address, ready: room.made ? 1 : 0, half: Number(isHalf && room.bytes === fewer) };
}
