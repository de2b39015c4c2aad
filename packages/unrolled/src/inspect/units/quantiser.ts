import { lowerBound } from './ranks.ts';

/** Bins of about equally many values. */
export const bins = 256;
/** Equal parts of the range by which a value's bin is looked up, or at least those that it may be in. */
const cells = 1024;

/**
 * Sorts the values of many units into bins with equally many values of a sample each. What lies beyond the sample goes into
 * the first and the last bin.
 */
export class Quantiser {
  readonly #low: Float64Array;
  readonly #scale: Float64Array;
  /** `[units, bins − 1]`: the least value of every bin but the first. */
  readonly #edges: Float32Array;
  /** `[units, cells + 1]`: the bin at the lower end of a cell. */
  readonly #first: Uint8Array;

  /** @param columns  the sample of each unit */
  constructor(columns: readonly Float32Array[]) {
    this.#low = new Float64Array(columns.length);
    this.#scale = new Float64Array(columns.length);
    this.#edges = new Float32Array(columns.length * (bins - 1));
    this.#first = new Uint8Array(columns.length * (cells + 1)).fill(bins - 1);
    for (const [unit, column] of columns.entries()) {
      const sorted = column.toSorted();
      const [low, high] = [sorted[0], sorted[sorted.length - 1]];
      this.#low[unit] = low;
      this.#scale[unit] = high > low ? cells / (high - low) : 0;
      const edges = this.#edges.subarray(unit * (bins - 1), (unit + 1) * (bins - 1));
      for (const bin of edges.keys()) edges[bin] = sorted[Math.floor(((bin + 1) * sorted.length) / bins)];
      // A value's cell is worked out with rounding: its neighbours' bins are let in, too.
      for (let cell = 2; cell <= cells; cell++) {
        this.#first[unit * (cells + 1) + cell] = lowerBound(edges, low + ((cell - 1) * (high - low)) / cells);
      }
      this.#first.fill(0, unit * (cells + 1), unit * (cells + 1) + 2);
    }
  }

  binOf(unit: number, value: number): number {
    const place = (value - this.#low[unit]) * this.#scale[unit];
    const cell = unit * (cells + 1) + (place > 0 ? (place < cells ? place | 0 : cells) : 0);
    let low = this.#first[cell];
    let high = place < cells - 2 ? this.#first[cell + 2] : bins - 1;
    const edges = unit * (bins - 1);
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#edges[edges + middle] <= value) low = middle + 1;
      else high = middle;
    }
    return low;
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
