import { ascending } from './sorting.ts';

/** Bins of about equally many values. */
export const bins = 256;
/**
 * Sorts the values of many units into bins with equally many values of a sample each. What lies beyond the sample goes into
 * the first and the last bin.
 */
export class Quantiser {
  /** `[units, bins − 1]`: the least value of every bin but the first. */
  readonly #edges: Float32Array;

  /** @param columns  the sample of each unit */
  constructor(columns: readonly Float32Array[]) {
    this.#edges = new Float32Array(columns.length * (bins - 1));
    for (const [unit, column] of columns.entries()) {
      const sorted = ascending(column);
      const edges = this.edgesOf(unit);
      for (const bin of edges.keys()) edges[bin] = sorted[Math.floor(((bin + 1) * sorted.length) / bins)];
    }
  }

  /** The least value of every bin but the first. */
  edgesOf(unit: number): Float32Array {
    return this.#edges.subarray(unit * (bins - 1), (unit + 1) * (bins - 1));
  }

  /** The bins of values of one unit: how many edges are not above each. */
  binsOf(unit: number, values: Float32Array, codes = new Uint8Array(values.length)): Uint8Array {
    const edges = this.edgesOf(unit);
    for (let i = 0; i < values.length; i++) {
      const value = values[i];
      // The eight halvings of a search among 255. Values are unpredictable, so there is no branch to be taken.
      let bin = (Number(edges[127] <= value) | 0) << 7;
      bin += (Number(edges[bin + 63] <= value) | 0) << 6;
      bin += (Number(edges[bin + 31] <= value) | 0) << 5;
      bin += (Number(edges[bin + 15] <= value) | 0) << 4;
      bin += (Number(edges[bin + 7] <= value) | 0) << 3;
      bin += (Number(edges[bin + 3] <= value) | 0) << 2;
      bin += (Number(edges[bin + 1] <= value) | 0) << 1;
      codes[i] = bin + (Number(edges[bin] <= value) | 0);
    }
    return codes;
  }
}

/** AUC of counts by bin: within a bin all values are as good as equal. */
export function aucOfCounts(negatives: ArrayLike<number>, positives: ArrayLike<number>): number {
  let [below, above, area] = [0, 0, 0];
  for (let bin = 0; bin < negatives.length; bin++) {
    area += positives[bin] * (below + negatives[bin] / 2);
    below += negatives[bin];
    above += positives[bin];
  }
  return area / (below * above);
}
