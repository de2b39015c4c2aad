import { ShapeError } from '../errors.ts';

/**
 * Which steps of each row of a batch count, `[B, T]`. Masks are numbers on the host: they follow from the data that a batch
 * was made of, and decide which rows of memory are read.
 */
export class Mask {
  readonly rows: number;
  readonly steps: number;
  /** 1 where a step counts, else 0; row after row. */
  readonly values: Uint8Array;

  constructor(rows: number, steps: number, values: Uint8Array) {
    this.rows = rows;
    this.steps = steps;
    this.values = values;
  }

  /** The mask of the steps for which `counts` is true. */
  static of(rows: number, steps: number, counts: (row: number, step: number) => boolean): Mask {
    const values = new Uint8Array(rows * steps);
    for (let i = 0; i < values.length; i++) values[i] = Number(counts(Math.floor(i / steps), i % steps));
    return new Mask(rows, steps, values);
  }

  at(row: number, step: number): boolean {
    return this.values[row * this.steps + step] === 1;
  }

  /** The number of steps of each row that count. */
  get counts(): number[] {
    return Array.from({ length: this.rows }, (_, b) =>
      this.values.subarray(b * this.steps, (b + 1) * this.steps).reduce((sum, one) => sum + one, 0),
    );
  }

  /** Whether all steps count. */
  get full(): boolean {
    return this.values.every((one) => one === 1);
  }

  /** Whether in each row the steps that count come first. */
  get isRightPadded(): boolean {
    return this.counts.every(
      (n, b) => n === this.steps || this.values.indexOf(0, b * this.steps) === b * this.steps + n,
    );
  }

  /** The steps that count in both. @throws ShapeError if they are not of one size */
  and(other: Mask): Mask {
    return this.#with(other, (a, b) => a & b);
  }

  /** The steps that count in either. @throws ShapeError if they are not of one size */
  or(other: Mask): Mask {
    return this.#with(other, (a, b) => a | b);
  }

  #with(other: Mask, combine: (a: number, b: number) => number): Mask {
    if (other.rows !== this.rows || other.steps !== this.steps) {
      throw new ShapeError(
        `mask: [${this.rows}, ${this.steps}] and [${other.rows}, ${other.steps}] do not fit together`,
        { a: [this.rows, this.steps], b: [other.rows, other.steps] },
      );
    }
    return new Mask(
      this.rows,
      this.steps,
      this.values.map((one, i) => combine(one, other.values[i])),
    );
  }

  reversed(): Mask {
    return Mask.of(this.rows, this.steps, (b, t) => this.at(b, this.steps - 1 - t));
  }
}
