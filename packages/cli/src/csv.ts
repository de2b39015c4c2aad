import { Failure } from './failure.ts';

/** A table of text: its columns by name, its rows with the line each ends on. */
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
 * Reads comma-, semicolon- or tab-separated values with a first line that names the columns; fields may stand in quotes
 * (RFC 4180). Where the first line is numbers alone, columns are called 1, 2, …; one without a name is `column 1`.
 *
 * @param name  of the file, for errors
 * @throws Failure naming the line that has more or fewer fields than there are columns, or a quote that does not end
 */
export async function parseCsv(text: string, name: string): Promise<CsvTable> {
  const delimiter = delimiterOf(text);
  const records = await parseRecords(text, name, delimiter);
  if (records.length === 0) throw new Failure(`${name}: it has no rows`);
  const first = records[0].record.map((field) => field.trim());
  const named = !first.every((field) => field !== '' && parseNumber(field, delimiter) !== null);
  const columns = first.map((field, i) => (!named ? String(i + 1) : field === '' ? `column ${i + 1}` : field));
  const twice = columns.find((column, i) => columns.indexOf(column) !== i);
  if (twice !== undefined) {
    throw new Failure(`${name}: two columns are called '${twice}'; give them names of their own`);
  }
  const rows = (named ? records.slice(1) : records).map(({ record, info }) => ({ line: info.lines, fields: record }));
  if (rows.length === 0) throw new Failure(`${name}: it has no rows below its first line`);
  const odd = rows.find(({ fields }) => fields.length !== columns.length);
  if (odd) {
    throw new Failure(
      `${name}: line ${odd.line} has ${odd.fields.length} fields, the first one ${columns.length}; ` +
        'put values that hold the separator in quotes',
    );
  }
  return { columns, rows, delimiter };
}

/** The rows of a file, with the line each ends on. @throws Failure naming the line of a quote that does not end */
export async function parseRecords(text: string, name: string, delimiter: string): Promise<Parsed[]> {
  // By itself, so that other commands do not load it for nothing.
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
      `${name}: line ${line}: a quote does not begin or end where a field does; double it inside of one`,
    );
  }
}

/** What the first line has most of, quotes aside: commas, semicolons or tabs. */
function delimiterOf(text: string): string {
  const line = (/^.*\S.*$/m.exec(text)?.[0] ?? '').replace(/"[^"]*"/g, '');
  const counts = [',', ';', '\t'].map((one) => ({ one, count: line.split(one).length }));
  return counts.reduce((best, other) => (other.count > best.count ? other : best)).one;
}

/** A number as people write them; with semicolons between fields, a comma may be the decimal point. Null: it is none. */
export function parseNumber(field: string, delimiter: string): number | null {
  const text = field.trim();
  const plain = delimiter === ';' && /^[-+]?\d*,\d+$/.test(text) ? text.replace(',', '.') : text;
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(plain)) return null;
  const value = Number(plain);
  return Number.isFinite(value) ? value : null;
}
