import type { Block } from '../../backend.ts';
import type { Activation } from '../../convolution.ts';
import { FusedActivation } from '../generated/kernels.ts';
import type { LinearMemory } from '../linear-memory.ts';
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

/** Where a job writes a grid, and what it does with the sums. */
export function outputParameters(memory: LinearMemory, { y, grid, scale, bias, activation }: Sums) {
  return {
    ...{ y: y + grid.start * 4, yColumn: grid.yColumn, yRow: grid.yRow, yImage: grid.yImage, columns: grid.columns },
    ...{ scale: memory.input(scale), bias: memory.input(bias), activation: FusedActivation[activation] },
  };
}

/** Weights, and space for their packed form, which is kept while they do not change. */
export function weightParameters(memory: LinearMemory, sums: Sums, form: string, bytes: number) {
  const { weight, grid, groups, isGradient } = sums;
  const taps = grid.taps.map(({ index }) => index).join();
  const name = `${form} ${weight.offset} [${weight.shape}] ${groups} ${isGradient ? 'ᵀ' : ''}${taps}`;
  const kept = memory.derived(weight, name, () => bytes);
  return {
    ...{ weight: memory.input(weight), weightTaps: weight.shape[2] * weight.shape[3], isGradient: isGradient ? 1 : 0 },
    ...{ packed: kept?.address ?? memory.scratch('taps', bytes), ready: kept?.made ? 1 : 0 },
  };
}
