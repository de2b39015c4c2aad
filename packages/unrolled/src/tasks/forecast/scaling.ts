import { count, requireKind, whole } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import type { SeriesRows } from './series.ts';

/** Scaling of each column: (x − centre) / deviation. Plain data. */
export interface Scaling {
  readonly columns: readonly ColumnScaling[];
}

export interface ColumnScaling {
  readonly name: string;
  /** Mean over the training part. */
  readonly mean: number;
  /** Standard deviation over the training part. */
  readonly deviation: number;
  /** Root mean square of the distance from a window's own mean, over the training part's windows. */
  readonly windowDeviation: number;
}

/**
 * Fits the scaling to the training part alone, so that nothing of the test part leaks.
 * @param end  of the training part
 * @param steps  T, of a window
 * @throws DataError if the part is shorter than a window, or numbers are beyond 1e150 or so
 */
export function fitScaling(rows: SeriesRows, end: number, steps: number): Scaling {
  requireKind('fitScaling', 'end', end, whole({ from: 0, to: rows.length }));
  requireKind('fitScaling', 'steps', steps, count);
  if (end < steps || end < 1) {
    throw new DataError(
      `forecast: the training part has ${end} steps, a window ${steps}; give a longer series, or a smaller window`,
      { steps: end, window: steps },
    );
  }
  const F = rows.columns.length;
  return {
    columns: rows.columns.map((name, f) => {
      const value = (t: number): number => rows.values[t * F + f];
      let sum = 0;
      for (let t = 0; t < end; t++) sum += value(t);
      const mean = sum / end;
      let squares = 0;
      for (let t = 0; t < end; t++) squares += (value(t) - mean) ** 2;
      // Running sums of a window, about the mean to keep precision.
      let [inWindow, squaresInWindow, total] = [0, 0, 0];
      for (let t = 0; t < end; t++) {
        const added = value(t) - mean;
        inWindow += added;
        squaresInWindow += added ** 2;
        if (t >= steps) {
          const left = value(t - steps) - mean;
          inWindow -= left;
          squaresInWindow -= left ** 2;
        }
        if (t >= steps - 1) total += Math.max(0, squaresInWindow / steps - (inWindow / steps) ** 2);
      }
      if (!Number.isFinite(squares)) {
        throw new DataError(
          `forecast: the numbers of column '${name}' are too large to be squared; use a larger unit`,
          {
            column: name,
          },
        );
      }
      // A constant column leaves rounding errors only.
      const orOne = (deviation: number): number => (deviation > 1e-12 * Math.abs(mean) ? deviation : 1);
      return {
        name,
        mean,
        deviation: orOne(Math.sqrt(squares / end)),
        windowDeviation: orOne(Math.sqrt(total / (end - steps + 1))),
      };
    }),
  };
}
