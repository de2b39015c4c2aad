import type { CsvTable } from '../../csv.ts';
import { dateOrders, parseDate } from '../../dates.ts';
import { Failure } from '../../failure.ts';
import { type Cell, isAbsent, quoted } from '../../number-column.ts';
import { readNumber } from '../../numbers.ts';

const timeNames =
  /^(date|time|datetime|timestamp|ds|t|step|index|hour|day|week|month|quarter|year|column 1|datum|zeit|tag|monat|jahr|fecha|hora|heure|mois|data|ora)$/i;

/** The fields of a column. */
export function cellsOf({ columns, rows }: CsvTable, column: string): Cell[] {
  const place = columns.indexOf(column);
  return rows.map(({ line, fields }) => ({ line, text: fields[place] }));
}

/** Whether a column has numbers: the first of its fields that is not missing is one. */
export function hasNumbers(table: CsvTable, column: string): boolean {
  const first = firstOf(table, column);
  return first !== undefined && readNumber(first.text) !== null && !hasDates(table, column);
}

/** Whether a column has dates: the first of its fields is one, and no number unless the column is called `date` or the like. */
export function hasDates(table: CsvTable, column: string): boolean {
  const first = firstOf(table, column);
  if (first === undefined || !dateOrders.some((order) => parseDate(first.text, order) !== null)) return false;
  return !/^\d+$/.test(first.text.trim()) || timeNames.test(column);
}

const firstOf = (table: CsvTable, column: string): Cell | undefined =>
  cellsOf(table, column).find(({ text }) => !isAbsent(text));

/** Which column has the times, and which others only count the rows. */
export interface TimeColumn {
  readonly column: string | null;
  readonly counters: readonly string[];
}

/**
 * Finds the column of times: the first with dates; or one that is called like a time, or only counts the rows, and has numbers
 * that rise or fall in every row.
 * @param wanted  columns that are asked for as series
 * @param time  the column that is asked for, or 'none'
 * @throws Failure where a column called like a time has dates that cannot be read
 */
export function findTimeColumn(
  table: CsvTable,
  wanted: readonly string[],
  time: string | undefined,
  name: string,
): TimeColumn {
  const free = table.columns.filter((column) => !wanted.includes(column) && column !== time);
  const numeric = free.filter((column) => hasNumbers(table, column));
  const dated = free.find((column) => hasDates(table, column));
  const named = numeric.find((column) => timeNames.test(column) && isOrdered(table, column));
  const asked = time === 'none' ? null : time;
  const known = asked === undefined ? (dated ?? named ?? null) : asked;
  const others = numeric.filter((column) => column !== known);
  const counting = others.filter((column) => isCounter(table, column));
  // What counts the rows is no series, unless there is no other.
  const alone = wanted.length === 0 && counting.length === others.length;
  const counters = alone ? counting.slice(0, -1) : counting;
  if (known !== null || asked === null) return { column: known, counters };
  const column = counters[0] ?? null;
  if (column === null) requireNoOtherDates(table, free, name);
  return { column, counters: counters.slice(1) };
}

/** Numbers of a column by the decimal point, or null where one is none; which mark it has does not matter for the order. */
function valuesOf(table: CsvTable, column: string): number[] | null {
  const values = cellsOf(table, column).map(({ text }) => {
    const readings = readNumber(text);
    return readings?.point ?? readings?.comma ?? null;
  });
  return values.every((value) => value !== null) ? values : null;
}

/** Names alone are no proof: hours of the day come again. Two rows that fall are none, either. */
function isOrdered(table: CsvTable, column: string): boolean {
  const values = valuesOf(table, column);
  if (!values || (values.length === 2 && values[1] < values[0])) return false;
  const sign = Math.sign(values.at(-1)! - values[0]) || 1;
  return values.every((value, i) => i === 0 || sign * (value - values[i - 1]) > 0);
}

/** Whether numbers go up, or down, by one from row to row. */
function isCounter(table: CsvTable, column: string): boolean {
  const values = valuesOf(table, column);
  if (!values || values.length < 3) return false;
  const step = values[1] - values[0];
  return Math.abs(step) === 1 && values.every((value, i) => value === values[0] + i * step);
}

/** Without its dates, a table could be read in the wrong order. */
function requireNoOtherDates(table: CsvTable, columns: readonly string[], name: string): void {
  for (const column of columns) {
    const first = firstOf(table, column);
    if (!first || !timeNames.test(column) || readNumber(first.text) || !/\d/.test(first.text)) continue;
    throw new Failure(
      `${name}: line ${first.line}: ${quoted(first)} in column '${column}' is not a date that can be read; write 2024-03-10, or ` +
        'ignore times with --time none',
    );
  }
}
