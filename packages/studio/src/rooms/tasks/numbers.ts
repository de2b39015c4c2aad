import type { SeriesShape } from '../../protocol.ts';

/** Rows that are read of a pasted table at most. */
const most = 20_000;

/**
 * The columns of a table that was pasted: separated by tabs, semicolons or commas, with a first line of names or, where
 * the model reads one column, numbers alone.
 * @throws Error naming the line that cannot be read, or the column that is missing
 */
export function parseNumbers(text: string, { columns }: SeriesShape): Record<string, number[]> {
  const lines = text.split(/\r?\n/).flatMap((line, i) => (line.trim() === '' ? [] : [{ line, number: i + 1 }]));
  if (lines.length === 0) return {};
  const separator = ['\t', ';', ','].find((one) => lines[0].line.includes(one)) ?? /\s+/;
  const rows = lines.slice(0, most).map(({ line, number }) => ({
    number,
    cells: line
      .trim()
      .split(separator)
      .map((cell) => cell.trim()),
  }));
  const isNumber = (cell: string): boolean => cell !== '' && Number.isFinite(Number(cell));
  const named = !rows[0].cells.every(isNumber);
  if (!named && columns.length > 1) {
    throw new Error(`The first line must name the columns; the model reads ${columns.join(', ')}.`);
  }
  const names = named ? rows[0].cells : rows[0].cells.map((_, i) => columns[i] ?? '');
  const missing = columns.find((name) => !names.includes(name));
  if (missing !== undefined && !(columns.length === 1 && names.length === 1)) {
    throw new Error(`There is no column ‘${missing}’; the first line has ${names.slice(0, 8).join(', ')}.`);
  }
  return Object.fromEntries(
    columns.map((name) => {
      const at = Math.max(0, names.indexOf(name));
      const values = rows.slice(named ? 1 : 0).map(({ cells, number }) => {
        if (!isNumber(cells[at] ?? '')) {
          throw new Error(`Line ${number}: ‘${(cells[at] ?? '').slice(0, 20)}’ is not a number (column ${name}).`);
        }
        return Number(cells[at]);
      });
      return [name, values];
    }),
  );
}
