import { anything, requireKind, requireOptions, whole } from '../../checks.ts';
import { ConfigError, DataError } from '../../errors.ts';

/** Columns of numbers by name, all of one length: a number for each evenly spaced step in time. */
export type Series = Readonly<Record<string, ArrayLike<number>>>;

/** A series as one array, in rows: `[N, F]`. */
export interface SeriesRows {
  readonly columns: readonly string[];
  /** N. */
  readonly length: number;
  readonly values: Float64Array;
}

/**
 * The named columns as rows.
 * @param columns  Default: all, in their order
 * @param most  at most so many rows, the last ones. Default: all
 * @throws DataError if a column is missing, shorter than another, or has a number that is not finite
 */
export function rowsOf(
  series: Series,
  columns: readonly string[] = Object.keys(series),
  most = Number.POSITIVE_INFINITY,
): SeriesRows {
  const missing = columns.find((name) => !Object.hasOwn(series, name));
  if (missing !== undefined || columns.length === 0) {
    throw new DataError(
      columns.length === 0
        ? 'forecast: the series has no columns'
        : `forecast: no column '${missing}'; the series has ${Object.keys(series).slice(0, 12).join(', ') || 'none'}`,
      { column: missing },
    );
  }
  const all = series[columns[0]].length;
  const length = Math.min(all, most);
  const values = new Float64Array(length * columns.length);
  columns.forEach((name, f) => {
    const column = series[name];
    if (column.length !== all) {
      throw new DataError(
        `forecast: column '${name}' has ${column.length} numbers, '${columns[0]}' has ${all}; columns must be of one length`,
        { column: name },
      );
    }
    for (let t = all - length; t < all; t++) {
      if (!Number.isFinite(column[t])) {
        throw new DataError(
          `forecast: column '${name}' has ${column[t]} at position ${t}; fill gaps first, with fillGaps`,
          { column: name, position: t },
        );
      }
      values[(t - all + length) * columns.length + f] = column[t];
    }
  });
  return { columns, length, values };
}

/** One column of rows. @throws DataError if there is no such column */
export function columnOf({ columns, length, values }: SeriesRows, name: string): Float64Array {
  const f = columns.indexOf(name);
  if (f < 0) {
    throw new DataError(`forecast: no column '${name}'; the columns are ${columns.slice(0, 12).join(', ')}`, {
      name,
    });
  }
  return Float64Array.from({ length }, (_, t) => values[t * columns.length + f]);
}

/** Ends of the parts of a series: [0, train) for training, [train, validation) for validation, [validation, end) for testing. */
export interface SeriesSplit {
  readonly train: number;
  readonly validation: number;
  /** N. */
  readonly end: number;
}

export interface SplitShares {
  /** Shares of the series. Defaults 0.1 and 0.2. */
  readonly validation?: number | undefined;
  readonly test?: number | undefined;
}

/**
 * Splits a series of N steps in the order of time: training, validation, test.
 * @throws ConfigError if the shares leave nothing to train on
 */
export function splitSeries(length: number, shares: SplitShares = {}): SeriesSplit {
  requireKind('splitSeries', 'length', length, whole());
  requireOptions('splitSeries', shares, { validation: anything, test: anything });
  const { validation = 0.1, test = 0.2 } = shares;
  if (!(validation >= 0 && test >= 0 && validation + test < 1)) {
    throw new ConfigError(
      `splitSeries: shares of validation and test must be from 0, with a sum below 1, received ${validation} and ${test}`,
      { validation, test },
    );
  }
  const end = length;
  return { train: Math.round(length * (1 - validation - test)), validation: Math.round(length * (1 - test)), end };
}
