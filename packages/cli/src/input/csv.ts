import { Failure } from '../failure.ts';
import { countOf } from '../output/units.ts';
import { dateOrders, parseDate } from './dates.ts';
import { readNumber } from './numbers.ts';

/** A table of text: columns by name, rows with the line each ends on. */
export interface CsvTable {
  readonly columns: readonly string[];
  readonly rows: readonly { readonly line: number; readonly fields: readonly string[] }[];
  readonly delimiter: string;
}

export interface Parsed {
  readonly record: string[];
  readonly info: { readonly lines: number };
}

/**
 * Reads comma-, semicolon- or tab-separated values with quotes (RFC 4180) and a first line that names the columns. A first line
 * of numbers and dates alone is data: columns are then called 1, 2, …; one without a name is called `column 1`.
 *
 * @param name  of the file, for errors
 * @throws Failure naming the line if it has more or fewer fields than the first, or a quote that does not end
 */
export async function parseCsv(text: string, name: string): Promise<CsvTable> {
  const delimiter = delimiterOf(text);
  const records = await parseRecords(text, name, delimiter);
  if (records.length === 0) throw new Failure(`${name}: the table is empty`);
  const first = records[0].record.map((field) => field.trim());
  const named = !first.every(isValue);
  const columns = first.map((field, i) => (!named ? String(i + 1) : field === '' ? `column ${i + 1}` : field));
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new Failure(`${name}: two columns are called '${twice.slice(0, 40)}'; give each its own name`);
  }
  const rows = (named ? records.slice(1) : records).map(({ record, info }) => ({ line: info.lines, fields: record }));
  if (rows.length === 0) throw new Failure(`${name}: no rows below the first line`);
  const odd = rows.find(({ fields }) => fields.length !== columns.length);
  if (odd) {
    throw new Failure(
      `${name}: line ${odd.line} has ${countOf(odd.fields.length, 'field')}, the first line ${columns.length}; ` +
        `quote fields that contain ${delimiter === '\t' ? 'a tab' : `'${delimiter}'`}`,
    );
  }
  return { columns, rows, delimiter };
}

/** The rows of a file, with the line each ends on. @throws Failure naming the line of a quote that does not end */
export async function parseRecords(text: string, name: string, delimiter: string): Promise<Parsed[]> {
  // Imported here, so that other commands do not load it.
  const { CsvError, parse } = await import('csv-parse/sync');
  try {
    return parse(text, {
      bom: true,
      delimiter,
      info: true,
      relax_column_count: true,
      skip_empty_lines: true,
    }) as unknown as Parsed[];
  } catch (error) {
    if (!(error instanceof CsvError)) throw error;
    const line = Number((error as { lines?: number }).lines ?? 0);
    throw new Failure(
      `${name}: line ${line}: a quote does not begin or end at the edge of a field; double quotes inside a field`,
    );
  }
}

/** Whichever of commas, semicolons and tabs the first line has most of, outside of quotes. */
function delimiterOf(text: string): string {
  const line = (/^.*\S.*$/m.exec(text)?.[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((one) => ({ one, count: line.split(one).length }));
  return counts.reduce((best, other) => (other.count > best.count ? other : best)).one;
}

/** A field of data rather than the name of a column. */
const isValue = (field: string): boolean =>
  readNumber(field) !== null || dateOrders.some((order) => parseDate(field, order) !== null);
