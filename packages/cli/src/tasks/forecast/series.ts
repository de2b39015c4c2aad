import { fillGaps, type GapFilling, type Series } from 'unrolled/tasks/forecast';
import { Failure } from '../../failure.ts';
import { type CsvTable, parseCsv } from '../../input/csv.ts';
import type { DateOrder } from '../../input/dates.ts';
import { isAbsent, markOf, type NumberColumn, numberColumn, provenMark, quoted } from '../../input/number-column.ts';
import type { DecimalMark } from '../../input/numbers.ts';
import { cellsOf, findTimeColumn, hasDates, hasNumbers } from './time-column.ts';
import { describeOrder, type ReadTimes, readTimes, type Times } from './times.ts';

/** Columns and spellings of a file. */
export interface SeriesOptions {
  /** Columns to forecast; all with numbers where none is named. */
  readonly target?: readonly string[];
  /** Further columns to read but not forecast. */
  readonly covariates?: readonly string[];
  /** The column with times; `none`: there is none; found in the file where it is left out. */
  readonly time?: string | undefined;
  readonly fill?: GapFilling | undefined;
  readonly decimal?: DecimalMark | undefined;
  readonly dateOrder?: DateOrder | undefined;
  /** What decides where neither options nor the file do: spellings of the file a model was trained on. */
  readonly likely?: { readonly decimal?: DecimalMark | undefined; readonly dateOrder?: DateOrder | undefined };
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
  /** Columns that were left out: they have no numbers, or only count the rows. */
  readonly leftOut: readonly string[];
  /** What was decided where the file could be read otherwise, in sentences. */
  readonly notes: readonly string[];
  /** The spellings that were found, where they matter. */
  readonly decimal: DecimalMark | undefined;
  readonly dateOrder: DateOrder | undefined;
}

/**
 * A series from a table of text, in the order of time.
 * @throws Failure naming the file and the line: a column that is missing, a number that is none or can be two, uneven times
 */
export async function readSeries(text: string, name: string, options: SeriesOptions): Promise<TimedSeries> {
  const table = await parseCsv(text, name);
  const { target = [], covariates = [], time, fill, likely } = options;
  for (const column of [...target, ...covariates]) requireColumn(table, column, name);
  if (time !== undefined && time !== 'none') requireColumn(table, time, name);
  const { column: timeColumn, counters } = findTimeColumn(table, [...target, ...covariates], time, name);
  const numeric = table.columns.filter((column) => hasNumbers(table, column));
  const others = numeric.filter((column) => ![timeColumn, ...counters, ...covariates].includes(column));
  const targets = target.length > 0 ? target : others;
  if (targets.length === 0) throw noNumbers(table, name);
  const columns = [...new Set([...targets, ...covariates])];
  if (columns.includes(timeColumn!)) {
    throw new Failure(
      `${name}: column '${timeColumn}' cannot be both the times and a series; say --time none, or another`,
      2,
    );
  }

  // All columns of numbers together say how the file writes them.
  const asNumbers = (column: string): NumberColumn => numberColumn(name, column, cellsOf(table, column));
  const read = columns.map(asNumbers);
  const timesAsNumbers = timeColumn !== null && !hasDates(table, timeColumn) && hasNumbers(table, timeColumn);
  const timeNumbers = timesAsNumbers ? asNumbers(timeColumn) : null;
  const proven = provenMark(timeNumbers ? [...read, timeNumbers] : read);
  const marks = { decimal: options.decimal, likely: proven ?? likely?.decimal, delimiter: table.delimiter };
  const notes: string[] = [];
  const found = new Set<DecimalMark>();
  const numbersOf = (column: NumberColumn): number[] => {
    const [mark, note] = markOf(column, marks);
    if (column.proven !== null || column.ambiguous !== null) found.add(mark);
    if (note !== null && (proven !== undefined || likely?.decimal === undefined)) notes.push(note);
    const byLine = new Map(column.cells.map(({ line, readings }) => [line, readings[mark]!]));
    return table.rows.map(({ line }) => byLine.get(line) ?? Number.NaN);
  };

  const timed =
    timeColumn === null ? null : timesOf(table, timeColumn, timeNumbers && numbersOf(timeNumbers), name, options);
  if (timed?.reversed) notes.push(`Rows come newest first by '${timeColumn}'; they are read in the order of time`);
  if (timed?.order && !options.dateOrder && timed.order !== likely?.dateOrder)
    notes.push(`Dates in '${timeColumn}' are read as ${describeOrder(timed.order)}`);
  const length = timed ? timed.places.at(-1)! + 1 : table.rows.length;
  if (length > mostSteps) {
    throw new Failure(
      `${name}: its times span ${length} steps, more than ${mostSteps}; correct them, or say --time none`,
    );
  }
  const values = read.map((column) => {
    const numbers = numbersOf(column);
    if (!fill) requireAll(table, column.name, numbers, name);
    const spread = new Float64Array(length).fill(Number.NaN);
    (timed?.reversed ? numbers.reverse() : numbers).forEach((value, i) => {
      spread[timed ? timed.places[i] : i] = value;
    });
    return spread;
  });

  const first = fill === 'previous' ? firstKnown(values, columns, name) : 0;
  if (first > 0) {
    notes.push(
      `${first} ${first === 1 ? 'row' : 'rows'} left out at the beginning: --fill previous has no number before them`,
    );
  }
  const kept = values.map((column) => column.subarray(first));
  const filled = kept.reduce(
    (sum, column) => sum + column.reduce((count, value) => count + Number(Number.isNaN(value)), 0),
    0,
  );
  return {
    series: Object.fromEntries(columns.map((column, i) => [column, fill ? fillGaps(kept[i], fill) : kept[i]])),
    targets,
    length: length - first,
    times: timed && later(timed.times, first),
    timeColumn,
    filled,
    leftOut: target.length > 0 ? [] : leftOutOf(table, [...columns, timeColumn], counters),
    notes,
    decimal: options.decimal ?? (found.size === 1 ? [...found][0] : undefined),
    dateOrder: timed?.order ?? undefined,
  };
}

/** A year of seconds: beyond, a time is likely wrong. */
const mostSteps = 40_000_000;

function timesOf(
  table: CsvTable,
  column: string,
  numbers: readonly number[] | null,
  name: string,
  { fill, dateOrder: order, likely }: SeriesOptions,
): ReadTimes {
  const cells = cellsOf(table, column);
  const missing = cells.find(({ text }) => isAbsent(text));
  if (missing) {
    throw new Failure(
      `${name}: line ${missing.line}: column '${column}' has no time; correct it, or ignore times with --time none`,
    );
  }
  return readTimes(cells, numbers, { name, gaps: fill !== undefined, order, likelyOrder: likely?.dateOrder });
}

function requireAll(table: CsvTable, column: string, numbers: readonly number[], name: string): void {
  const row = numbers.findIndex((value) => Number.isNaN(value));
  if (row < 0) return;
  throw new Failure(
    `${name}: line ${table.rows[row].line}: column '${column}' has no number; --fill linear or --fill previous puts one in`,
  );
}

/** The first step at which all columns have had a number. */
function firstKnown(values: readonly Float64Array[], columns: readonly string[], name: string): number {
  const firsts = values.map((column) => column.findIndex((value) => !Number.isNaN(value)));
  const empty = firsts.indexOf(-1);
  if (empty >= 0) throw new Failure(`${name}: column '${columns[empty]}' has no number at all; leave it out`);
  return Math.max(...firsts);
}

const later = (times: Times, rows: number): Times =>
  rows === 0 ? times : { ...times, at: (row) => times.at(row + rows) };

function leftOutOf(table: CsvTable, used: readonly (string | null)[], counters: readonly string[]): string[] {
  return table.columns
    .filter((column) => !used.includes(column))
    .map((column) => (counters.includes(column) ? `${column} (only counts the rows)` : column));
}

function noNumbers(table: CsvTable, name: string): Failure {
  const shown = table.columns.slice(0, 6).map((column) => `${column} has ${quoted(cellsOf(table, column)[0])}`);
  return new Failure(
    `${name}: no column to forecast has numbers: ${shown.join(', ')}${table.columns.length > 6 ? ', …' : ''}`,
  );
}

function requireColumn(table: CsvTable, column: string, name: string): void {
  if (table.columns.includes(column)) return;
  throw new Failure(`${name}: no column '${column.slice(0, 40)}'; the columns are ${listed(table.columns)}`);
}

const listed = (names: readonly string[]): string =>
  names.length > 12 ? `${names.slice(0, 12).join(', ')}, …` : names.join(', ');
