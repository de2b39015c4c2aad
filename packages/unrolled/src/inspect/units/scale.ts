import { toColumns } from './columns.ts';
import { bins, Quantiser } from './quantiser.ts';
import { momentsOf } from './ranks.ts';
import type { Chunk, UnitGroup } from './reading.ts';

/** How the values of a group of units are spread, by a sample. Columns are `[size, n]`: one unit's values after another's. */
export class Scale {
  readonly #size: number;
  readonly #quantiser: Quantiser;
  /** `[size, bins]`: the centred rank that a bin stands for. */
  readonly #ranks: Float32Array;
  readonly #mean: Float64Array;
  readonly #deviation: Float64Array;

  constructor({ size }: UnitGroup, index: number, sample: readonly Chunk[], split: number) {
    this.#size = size;
    const n = sample.reduce((sum, { places }) => sum + places.length, 0);
    const columns = Array.from({ length: size }, () => new Float32Array(n));
    const isHeldOut = sample.flatMap(({ places }) => Array.from(places, (place) => place >= split));
    const heldOut = isHeldOut.filter(Boolean).length;
    let row = 0;
    for (const { places, values } of sample) {
      const part = toColumns(values[index], size, Int32Array.from(places.keys()));
      for (const [unit, column] of columns.entries()) {
        column.set(part.subarray(unit * places.length, (unit + 1) * places.length), row);
      }
      row += places.length;
    }
    this.#quantiser = new Quantiser(columns);
    const moments = columns.map(momentsOf);
    this.#mean = Float64Array.from(moments, ({ mean }) => mean);
    this.#deviation = Float64Array.from(moments, ({ deviation }) => deviation || 1);
    // Only held-out values are ranked; where the sample has none, all are.
    this.#ranks = new Float32Array(size * bins);
    const codes = new Uint8Array(n);
    for (const [unit, column] of columns.entries()) {
      const counts = new Uint32Array(bins);
      this.#quantiser.binsOf(unit, column, codes);
      for (let i = 0; i < n; i++) if (heldOut === 0 || isHeldOut[i]) counts[codes[i]]++;
      let below = 0;
      for (let bin = 0; bin < bins; bin++) {
        this.#ranks[unit * bins + bin] = (below + counts[bin] / 2) / (heldOut || n) - 0.5;
        below += counts[bin];
      }
    }
  }

  /** The bins of all values. */
  bins(columns: Float32Array): Uint8Array {
    const n = columns.length / this.#size;
    const codes = new Uint8Array(columns.length);
    for (let unit = 0; unit < this.#size; unit++) {
      this.#quantiser.binsOf(
        unit,
        columns.subarray(unit * n, (unit + 1) * n),
        codes.subarray(unit * n, (unit + 1) * n),
      );
    }
    return codes;
  }

  /** All values with mean 0 and variance 1 in the sample. */
  standardise(columns: Float32Array, to: Float32Array): void {
    const n = columns.length / this.#size;
    for (let unit = 0; unit < this.#size; unit++) {
      const [mean, deviation] = [this.#mean[unit], this.#deviation[unit]];
      for (let i = unit * n; i < (unit + 1) * n; i++) to[i] = (columns[i] - mean) / deviation;
    }
  }

  /** By bin. */
  ranksOf(unit: number): Float32Array {
    return this.#ranks.subarray(unit * bins, (unit + 1) * bins);
  }

  /** Centred ranks of values by their bins. */
  rank(codes: Uint8Array, to: Float32Array): void {
    const n = codes.length / this.#size;
    for (let unit = 0; unit < this.#size; unit++) {
      const ranks = this.ranksOf(unit);
      for (let i = unit * n; i < (unit + 1) * n; i++) to[i] = ranks[codes[i]];
    }
  }
}
