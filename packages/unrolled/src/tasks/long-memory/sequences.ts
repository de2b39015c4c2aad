import type { Random } from '../../random.ts';
import type { SequenceBatch } from './problem.ts';

/** One sequence of symbols, with the class wanted at each step, −1 where none is. */
export interface LabelledSymbols {
  readonly symbols: readonly number[];
  readonly targets: readonly number[];
}

/** Sequences of symbols as one batch: each symbol one-hot, shorter rows padded with zeros and masked by their lengths. */
export function batchOfSymbols(rows: readonly LabelledSymbols[], features: number): SequenceBatch {
  const B = rows.length;
  const lengths = rows.map(({ symbols }) => symbols.length);
  const T = Math.max(...lengths);
  const S = T - Math.min(...rows.map(({ targets }) => targets.findIndex((id) => id >= 0)));
  const inputs = new Float32Array(T * B * features);
  const targets = new Int32Array(S * B).fill(-1);
  rows.forEach((row, b) => {
    for (let t = 0; t < row.symbols.length; t++) {
      inputs[(t * B + b) * features + row.symbols[t]] = 1;
      if (t >= T - S) targets[(t - (T - S)) * B + b] = row.targets[t];
    }
  });
  const ragged = lengths.some((length) => length !== T);
  return { steps: T, batch: B, inputs, lengths: ragged ? lengths : null, answered: S, targets };
}

/** As many batches of `size` as make up `count` sequences. */
export function* batchesOf<Batch>(count: number, size: number, make: (size: number) => Batch): Generator<Batch> {
  for (let done = 0; done < count; done += size) yield make(Math.min(size, count - done));
}

export const rowsOf = <Row>(count: number, make: () => Row): Row[] => Array.from({ length: count }, make);

/** A whole number from `first` to `last`. */
export const between = (random: Random, first: number, last: number): number => first + random.below(last - first + 1);
