import { ConfigError, DataError } from '../../errors.ts';

/** Columns of numbers by name, one number for each of evenly spaced steps in time; all are as long as each other. */
export type Series = Readonly<Record<string, ArrayLike<number>>>;

/** A series as one array, row after row: `[N, F]`. */
export interface SeriesRows {
  readonly columns: readonly string[];
  /** N. */
  readonly length: number;
  readonly values: Float64Array;
}

/**
 * The named columns side by side.
 * @param columns  Default: all, in their order
 * @param most  rows that are taken, the last ones. Default: all
 * @throws DataError if a column is missing, shorter than another, or has a number that is none
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
        : `forecast: there is no column '${missing}'; the series has ${Object.keys(series).join(', ') || 'none'}`,
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
        `forecast: column '${name}' has ${column.length} numbers, '${columns[0]}' has ${all}; give one of each a step`,
        { column: name },
      );
    }
    for (let t = all - length; t < all; t++) {
      if (!Number.isFinite(column[t])) {
        throw new DataError(
          `forecast: column '${name}' has ${column[t]} at position ${t}; fill gaps first, as with fillGaps`,
          { column: name, position: t },
        );
      }
      values[(t - all + length) * columns.length + f] = column[t];
    }
  });
  return { columns, length, values };
}

/** One column of rows. */
export function columnOf({ columns, length, values }: SeriesRows, name: string): Float64Array {
  const f = columns.indexOf(name);
  return Float64Array.from({ length }, (_, t) => values[t * columns.length + f]);
}

/** Where the parts of a series end, in the order of time: [0, train) trains, [train, validation) validates, the rest tests. */
export interface SeriesSplit {
  readonly train: number;
  readonly validation: number;
  /** N. */
  readonly end: number;
}

export interface SplitShares {
  /** Shares of the series. Defaults 0.1 and 0.2. */
  readonly validation?: number;
  readonly test?: number;
}

/**
 * Cuts a series of N steps in the order of time, so that what is tested on comes after all that was learnt from.
 * @throws ConfigError if the shares leave nothing to train on
 */
export function splitSeries(length: number, { validation = 0.1, test = 0.2 }: SplitShares = {}): SeriesSplit {
  if (!(validation >= 0 && test >= 0 && validation + test < 1)) {
    throw new ConfigError(
      `forecast: shares of validation and test must be from 0 and leave something to train on, received ${validation} and ${test}`,
      { validation, test },
    );
  }
  const end = length;
  return { train: Math.round(length * (1 - validation - test)), validation: Math.round(length * (1 - test)), end };
}
