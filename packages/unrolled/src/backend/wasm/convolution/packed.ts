import type { Block } from '../../backend.ts';
import type { Activation } from '../../convolution.ts';
import type { Context } from './context.ts';
import type { Grid } from './taps.ts';

/** One grid of sums (taps.ts): x [B, H, W, C] and weights to y. */
export interface Sums {
  readonly x: Block;
  readonly weight: Block; // [O, C/groups, kh, kw]
  readonly y: number;
  readonly grid: Grid;
  readonly groups: number;
  /** Whether inputs and outputs of the weights are exchanged. */
  readonly isGradient: boolean;
  readonly scale: Block | null;
  readonly bias: Block | null;
  readonly activation: Activation;
}

/** Space for the packed weights, which are kept while they do not change. */
export function packedRoom({ memory }: Context, { weight, grid, groups, isGradient }: Sums, bytes: number) {
  const taps = grid.taps.map(({ index }) => index).join();
  const name = `${weight.offset} [${weight.shape}] ${groups} ${isGradient ? 'ᵀ' : ''}${taps}`;
  const kept = memory.derived(weight, name, bytes);
  return { packed: kept?.address ?? memory.scratch('taps', bytes), ready: kept?.made ? 1 : 0 };
}
