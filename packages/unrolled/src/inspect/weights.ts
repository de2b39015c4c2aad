import type { Parameters } from '../nn/parameters.ts';
import { type Decomposition, type Spectrum, spectrumOf } from './decomposition.ts';

/** The spectrum of what one gate of a layer multiplies h_{t−1} by. */
export interface WeightSpectrum extends Spectrum {
  /** Of the parameter, such as `lstm.weight_hh_l0`. */
  readonly parameter: string;
  readonly layer: number;
  readonly reverse: boolean;
  /** Which block of H rows, in the cell's gate order. */
  readonly block: number;
}

const recurrentWeight = /(?:^|\.)weight_hh\w*?_l(\d+)(_reverse)?$/;

/**
 * Singular values and eigenvalues of W_hh, block by block, for each layer and direction: of every parameter named
 * `weight_hh_l0`, `weight_hh_l0_reverse` and so on, of shape [G·H, H]. Others, and those that are not made of square
 * blocks (as with a projection), are passed over.
 */
export function weightSpectra(parameters: Parameters, decomposition: Decomposition): WeightSpectrum[] {
  const spectra: WeightSpectrum[] = [];
  for (const { name, shape, value } of parameters) {
    const match = recurrentWeight.exec(name);
    const [rows, size] = shape;
    if (match === null || shape.length !== 2 || rows % size !== 0) continue;
    const data = value.data();
    for (let block = 0; block < rows / size; block++) {
      const matrix = { size, data: data.subarray(block * size * size, (block + 1) * size * size) };
      const place = { parameter: name, layer: Number(match[1]), reverse: match[2] !== undefined, block };
      spectra.push({ ...place, ...spectrumOf(matrix, decomposition) });
    }
  }
  return spectra;
}
