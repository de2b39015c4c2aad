import type { PartLabels } from './labels.ts';
import { aucOfRanks, centredRanks, correlationOf, standardised } from './ranks.ts';
import type { Chunk } from './reading.ts';
import { ShuffledProducts } from './shuffled-products.ts';
import {
  aucDistance,
  farthestOf,
  type Measured,
  requireFinite,
  type Statistics,
  type StatisticsOptions,
  unitsOf,
} from './statistics.ts';

/** Steps of a product at a time. */
const rowsAtOnce = 2048;

/** Keeps all values: exact, for sequences and models that are small enough. */
export class KeptValues implements Statistics {
  readonly #options: StatisticsOptions;
  /** C. */
  readonly #units: number;
  /** `[C, N]`. */
  readonly #columns: Float32Array;

  constructor(options: StatisticsOptions) {
    this.#options = options;
    this.#units = unitsOf(options.groups);
    this.#columns = new Float32Array(this.#units * options.steps);
  }

  async add({ places, values, groups }: Chunk): Promise<void> {
    const { steps } = this.#options;
    let first = 0;
    for (const [index, group] of groups.entries()) {
      const { size } = group;
      const own = values[index].subarray(0, places.length * size);
      requireFinite(own, group);
      for (let i = 0; i < places.length; i++) {
        for (let unit = 0; unit < size; unit++) {
          this.#columns[(first + unit) * steps + places[i]] = own[i * size + unit];
        }
      }
      first += size;
    }
  }

  async measure(): Promise<Measured[]> {
    const { sought, shifts, split, steps } = this.#options;
    const each = (of: (unit: number) => number) => Float64Array.from({ length: this.#units }, (_, unit) => of(unit));
    const ranked = sought.some(({ kind }) => kind === 'binary')
      ? { selection: this.#changed(0, split, centredRanks), heldOut: this.#changed(split, steps, centredRanks) }
      : null;
    const measured: Measured[] = [];
    for (const { kind, ...labels } of sought) {
      const column = (unit: number, part: 'selection' | 'heldOut') =>
        kind === 'binary'
          ? ranked![part][unit]
          : this.#column(unit, part === 'selection' ? 0 : split, part === 'selection' ? split : steps);
      const measure = kind === 'binary' ? aucOfRanks : correlationOf;
      const n = labels.heldOut.values.length;
      const products = await this.#products(labels.heldOut, (unit) =>
        kind === 'binary' ? ranked!.heldOut[unit] : standardised(column(unit, 'heldOut')),
      );
      measured.push({
        selection: each((unit) => measure(column(unit, 'selection'), labels.selection.values)),
        heldOut: each((unit) => measure(column(unit, 'heldOut'), labels.heldOut.values)),
        farthest: farthestOf(
          products,
          shifts.length,
          kind === 'binary' ? aucDistance(labels.heldOut) : (sum) => sum / n,
        ),
      });
    }
    return measured;
  }

  #column(unit: number, from: number, to: number): Float32Array {
    return this.#columns.subarray(unit * this.#options.steps + from, unit * this.#options.steps + to);
  }

  #changed(from: number, to: number, change: (column: Float32Array) => Float32Array): Float32Array[] {
    return Array.from({ length: this.#units }, (_, unit) => change(this.#column(unit, from, to)));
  }

  /** The products of shifted labels with what became of each unit's held-out values; a few units at a time. */
  async #products(heldOut: PartLabels, changed: (unit: number) => Float32Array): Promise<ShuffledProducts> {
    const { device, shifts, split, steps } = this.#options;
    const products = new ShuffledProducts(device, heldOut.standard, shifts, this.#units);
    const n = steps - split;
    const together = Math.max(1, Math.floor(2 ** 22 / n));
    for (let first = 0; first < this.#units; first += together) {
      const size = Math.min(together, this.#units - first);
      const columns = Array.from({ length: size }, (_, i) => changed(first + i));
      for (let start = 0; start < n; start += rowsAtOnce) {
        const rows = Math.min(rowsAtOnce, n - start);
        const part = new Float32Array(size * rows);
        for (const [u, column] of columns.entries()) part.set(column.subarray(start, start + rows), u * rows);
        const places = Int32Array.from({ length: rows }, (_, i) => start + i);
        await products.add(places, part, size, first);
      }
    }
    return products;
  }
}
