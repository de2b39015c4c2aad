import { fillGaps, type GapFilling, type Series } from 'unrolled/tasks/forecast';
import { type CsvTable, parseCsv, parseNumber } from '../../csv.ts';
import { Failure } from '../../failure.ts';
import { parseDate, readTimes, type Times } from './times.ts';

/** Which columns of a file are what. */
export interface SeriesOptions {
  /** Columns that are foretold; all with numbers where none is named. */
  readonly target?: readonly string[];
  /** Columns that are read besides. */
  readonly with?: readonly string[];
  /** The column with times; `none`: there is none; found by its looks where it is left out. */
  readonly time?: string;
  readonly fill?: GapFilling;
}

export interface TimedSeries {
  readonly series: Series;
  readonly targets: readonly string[];
  readonly length: number;
  /** Null where there is no column with times. */
  readonly times: Times | null;
  readonly timeColumn: string | null;
  /** How many numbers were filled in. */
  readonly filled: number;
  /** Columns that were left out because they have no numbers. */
  readonly leftOut: readonly string[];
}

/** How a number that is not known is written. */
const absent = /^(|na|n\/a|nan|null|none|-|\?|\.)$/i;
const timeNames = /^(date|time|datetime|timestamp|ds|t|step|index|hour|day|week|month|quarter|year|column 1)$/i;

/**
 * A series from a table of text.
 * @throws Failure naming the file and the line: a column that is missing, a number that is none, times that are uneven
 */
export async function readSeries(text: string, name: string, options: SeriesOptions): Promise<TimedSeries> {
  const table = await parseCsv(text, name);
  const timeColumn = timeColumnOf(table, options, name);
  const { target = [], with: besides = [] } = options;
  for (const column of [...target, ...besides]) requireColumn(table, column, name);
  const others = table.columns.filter((column) => column !== timeColumn);
  const numeric = others.filter((column) => hasNumbers(table, column) && !besides.includes(column));
  const targets = target.length > 0 ? target : numeric;
  if (targets.length === 0)
    throw new Failure(`${name}: no column has numbers in it; there are ${listed(table.columns)}`);
  const columns = [...new Set([...targets, ...besides])];
  if (columns.includes(timeColumn!)) {
    throw new Failure(
      `${name}: column '${timeColumn}' cannot be the times and be foretold; say --time none, or another`,
      2,
    );
  }
  const timed =
    timeColumn === null
      ? null
      : readTimes(
          table.rows.map(({ line, fields }) => ({ line, text: fields[table.columns.indexOf(timeColumn)] })),
          name,
          options.fill !== undefined,
        );
  const length = timed ? timed.places.at(-1)! + 1 : table.rows.length;
  if (length > mostSteps) {
    throw new Failure(`${name}: its times span ${length} steps, more than ${mostSteps}; mend them, or say --time none`);
  }
  let filled = 0;
  const entries = columns.map((column) => {
    const place = table.columns.indexOf(column);
    const numbers = new Float64Array(length).fill(Number.NaN);
    table.rows.forEach(({ line, fields }, i) => {
      numbers[timed ? timed.places[i] : i] = numberIn(fields[place], table, options, `${name}: line ${line}`, column);
    });
    filled += numbers.reduce((count, value) => count + Number(Number.isNaN(value)), 0);
    return [column, options.fill ? fillGaps(numbers, options.fill) : numbers] as const;
  });
  return {
    series: Object.fromEntries(entries),
    targets,
    length,
    times: timed?.times ?? null,
    timeColumn,
    filled,
    leftOut: target.length > 0 ? [] : others.filter((column) => !columns.includes(column)),
  };
}

/** A year of seconds: beyond, a time is likely wrong. */
const mostSteps = 40_000_000;

function numberIn(field: string, table: CsvTable, { fill }: SeriesOptions, place: string, column: string): number {
  const value = parseNumber(field, table.delimiter);
  if (value !== null) return value;
  if (!absent.test(field.trim()))
    throw new Failure(`${place}: '${field.trim()}' in column '${column}' is not a number`);
  if (fill) return Number.NaN;
  throw new Failure(`${place}: column '${column}' has no number; --fill linear or --fill previous puts one in`);
}

function timeColumnOf(table: CsvTable, { time, target }: SeriesOptions, name: string): string | null {
  if (time === 'none') return null;
  if (time !== undefined) {
    requireColumn(table, time, name);
    return time;
  }
  const first = table.rows[0].fields;
  const dated = table.columns.find((_, i) => parseDate(first[i]) !== null);
  const named = table.columns.find((column) => timeNames.test(column) && !target?.includes(column));
  const found = dated ?? named ?? null;
  // Names alone are no proof: 'Monday' does not say when a row was, and hours of the day come again.
  return found === null || found === dated || rises(table, found) ? found : null;
}

function rises(table: CsvTable, column: string): boolean {
  const place = table.columns.indexOf(column);
  const values = table.rows.map(({ fields }) => parseNumber(fields[place], table.delimiter));
  return values.every((value, i) => value !== null && (i === 0 || value > values[i - 1]!));
}

/** Whether a column is one of numbers: the first of its fields that is not empty is one. */
function hasNumbers(table: CsvTable, column: string): boolean {
  const place = table.columns.indexOf(column);
  const first = table.rows.find(({ fields }) => !absent.test(fields[place].trim()));
  return first !== undefined && parseNumber(first.fields[place], table.delimiter) !== null;
}

function requireColumn(table: CsvTable, column: string, name: string): void {
  if (table.columns.includes(column)) return;
  throw new Failure(`${name}: there is no column '${column}'; there are ${listed(table.columns)}`);
}

const listed = (names: readonly string[]): string =>
  names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ');
