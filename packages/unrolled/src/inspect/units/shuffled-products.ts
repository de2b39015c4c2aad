import { matmul } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';

/**
 * Σ over steps of label × value, for every unit, with the labels as they are and shifted in a circle: a shifted label has
 * nothing to do with what the units do, but is as even, as frequent and as drawn out as the label itself. Matrix products
 * [K, n] · [C, n]ᵀ, part by part.
 */
export class ShuffledProducts {
  readonly #device: Device;
  readonly #labels: Float32Array;
  readonly #shifts: readonly number[];
  /** C. */
  readonly #units: number;
  /** `[K, C]`. */
  readonly #sums: Float64Array;

  /** @param shifts  the first should be 0 */
  constructor(device: Device, labels: Float32Array, shifts: readonly number[], units: number) {
    this.#device = device;
    this.#labels = labels;
    this.#shifts = shifts;
    this.#units = units;
    this.#sums = new Float64Array(shifts.length * units);
  }

  /**
   * @param places  which labels, `[n]`
   * @param columns  `[size, n]`
   * @param first  the number of the first of these units
   */
  async add(places: ArrayLike<number>, columns: Float32Array, size: number, first: number): Promise<void> {
    const [n, K] = [places.length, this.#shifts.length];
    const all = this.#labels;
    const labels = new Float32Array(K * n);
    for (const [k, shift] of this.#shifts.entries()) {
      for (let i = 0; i < n; i++) {
        const place = places[i] + shift;
        labels[k * n + i] = all[place < all.length ? place : place - all.length];
      }
    }
    const device = this.#device;
    const products = await device.read(() =>
      device.withoutGradients(() =>
        matmul(device.tensor(labels, [K, n]), device.tensor(columns, [size, n]), { transposeB: true }),
      ),
    );
    for (let k = 0; k < K; k++) {
      for (let unit = 0; unit < size; unit++) this.#sums[k * this.#units + first + unit] += products[k * size + unit];
    }
  }

  /** `[C]`, of shift k. */
  of(k: number): Float64Array {
    return this.#sums.subarray(k * this.#units, (k + 1) * this.#units);
  }
}
