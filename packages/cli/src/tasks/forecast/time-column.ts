import { Failure } from '../../failure.ts';
import type { CsvTable } from '../../input/csv.ts';
import { dateOrders, parseDate } from '../../input/dates.ts';
import { type Cell, isAbsent, quoted } from '../../input/number-column.ts';
import { readNumber } from '../../input/numbers.ts';

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

function firstOf({ columns, rows }: CsvTable, column: string): Cell | undefined {
  const place = columns.indexOf(column);
  const row = rows.find(({ fields }) => !isAbsent(fields[place]));
  return row && { line: row.line, text: row.fields[place] };
}

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
  if (asked === undefined && dated === undefined) requireNoOtherDates(table, free, name);
  const known = asked === undefined ? (dated ?? named ?? null) : asked;
  const others = numeric.filter((column) => column !== known);
  const counting = others.filter((column) => isCounter(table, column));
  // What counts the rows is no series, unless there is no other.
  const alone = wanted.length === 0 && counting.length === others.length;
  const counters = alone ? counting.slice(0, -1) : counting;
  if (known !== null || asked === null) return { column: known, counters };
  return { column: counters[0] ?? null, counters: counters.slice(1) };
}

/** The number of a field, NaN if it is none; which decimal mark it has does not matter for the order. */
function numberOf({ text }: Cell): number {
  const readings = readNumber(text);
  return readings?.point ?? readings?.comma ?? Number.NaN;
}

/** Names alone are no proof: hours of the day come again. Two rows that fall are none, either. */
function isOrdered(table: CsvTable, column: string): boolean {
  const cells = cellsOf(table, column);
  const rises = cells.length < 3 || numberOf(cells[1]) > numberOf(cells[0]);
  return everyStep(cells, (before, after) => (rises ? after > before : after < before));
}

/** Whether numbers go up, or down, by one from row to row. */
function isCounter(table: CsvTable, column: string): boolean {
  const cells = cellsOf(table, column);
  if (cells.length < 3) return false;
  const step = numberOf(cells[1]) - numberOf(cells[0]);
  return Math.abs(step) === 1 && everyStep(cells, (before, after) => after - before === step);
}

function everyStep(cells: readonly Cell[], holds: (before: number, after: number) => boolean): boolean {
  let before = numberOf(cells[0]);
  return cells.every((cell, i) => {
    if (i === 0) return Number.isFinite(before);
    const after = numberOf(cell);
    const fits = holds(before, after);
    before = after;
    return fits;
  });
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
