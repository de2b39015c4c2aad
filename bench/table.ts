import type { Row } from './question.ts';

/** Rows as Markdown, ready for a page of the documentation: one table for each run of rows with the same columns. */
export function markdown(rows: readonly Row[]): string {
  const tables: Row[][] = [];
  for (const row of rows) {
    const last = tables.at(-1);
    if (last && columnsOf(last[0]) === columnsOf(row)) last.push(row);
    else tables.push([row]);
  }
  return tables.map(table).join('\n\n');
}

function columnsOf(row: Row): string {
  return Object.keys(row).join('\n');
}

function table(rows: readonly Row[]): string {
  const names = Object.keys(rows[0]);
  const cells = [names, ...rows.map((row) => names.map((name) => textOf(row[name])))];
  const widths = names.map((_, column) => Math.max(3, ...cells.map((line) => line[column].length)));
  const numeric = names.map((name) => typeof rows[0][name] === 'number');
  const line = (parts: readonly string[]): string =>
    `| ${parts.map((part, i) => (numeric[i] ? part.padStart(widths[i]) : part.padEnd(widths[i]))).join(' | ')} |`;
  const rule = widths.map((width, i) => (numeric[i] ? `${'-'.repeat(width - 1)}:` : '-'.repeat(width)));
  return [line(cells[0]), line(rule), ...cells.slice(1).map(line)].join('\n');
}

function textOf(value: string | number | null): string {
  return typeof value === 'number' ? value.toLocaleString('en') : (value ?? '');
}
