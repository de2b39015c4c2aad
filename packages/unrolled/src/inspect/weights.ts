import type { Parameters } from '../nn/parameters.ts';
import { type Decomposition, type Spectrum, type SquareMatrix, spectrumOf } from './decomposition.ts';

/** What one gate of a layer multiplies h_{t−1} by. */
export interface RecurrentBlock {
  /** Of the parameter, such as `lstm.weight_hh_l0`. */
  readonly parameter: string;
  readonly layer: number;
  readonly reverse: boolean;
  /** Index of the block of H rows, in the cell's gate order. */
  readonly block: number;
}

export interface WeightSpectrum extends RecurrentBlock, Spectrum {}

const recurrentWeight = /(?:^|\.)weight_hh\w*?_l(\d+)(_reverse)?$/;

/**
 * The blocks of W_hh for each layer and direction: of every parameter named `weight_hh_l0`, `weight_hh_l0_reverse` and so
 * on, of shape [G·H, H]. Others, and those that are not made of square blocks (as with a projection), are skipped.
 */
export async function recurrentBlocks(
  parameters: Parameters,
): Promise<{ readonly place: RecurrentBlock; readonly matrix: SquareMatrix }[]> {
  const blocks: { place: RecurrentBlock; matrix: SquareMatrix }[] = [];
  for (const { name, shape, value } of parameters) {
    const match = recurrentWeight.exec(name);
    const [rows, size] = shape;
    if (match === null || shape.length !== 2 || rows % size !== 0) continue;
    const data = await value.read();
    for (let block = 0; block < rows / size; block++) {
      const matrix = { size, data: data.subarray(block * size * size, (block + 1) * size * size) };
      const place = { parameter: name, layer: Number(match[1]), reverse: match[2] !== undefined, block };
      blocks.push({ place, matrix });
    }
  }
  return blocks;
}

/** Singular values and eigenvalues of all `recurrentBlocks`: some 25 H³ operations for each. */
export async function weightSpectra(parameters: Parameters, decomposition: Decomposition): Promise<WeightSpectrum[]> {
  const blocks = await recurrentBlocks(parameters);
  return blocks.map(({ place, matrix }) => ({ ...place, ...spectrumOf(matrix, decomposition) }));
}
