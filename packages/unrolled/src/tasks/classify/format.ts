import { DataError } from '../../errors.ts';

/** A text and what it is an example of. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

export interface TableOptions {
  /** Names or numbers (from 1) of the columns; found by their names in the first line, or else 1 and 2. */
  readonly labelColumn?: string | number;
  readonly textColumn?: string | number;
  /** The file, for errors. */
  readonly name?: string;
}

const labelNames = ['label', 'class', 'category', 'sentiment', 'target', 'language', 'intent'];
const textNames = ['text', 'sentence', 'review', 'phrase', 'name', 'content', 'utterance', 'document'];

/**
 * Lines of columns with tabs between them, as sentiment files usually come: with a first line of names (`sentence`,
 * `label`) or without (label, then text). Quotes mean nothing in such files; empty lines are passed over.
 *
 * @throws DataError naming the line that lacks a column, or the column that is not there
 *
 * @example
 * parseTable('pos\tI liked it\nneg\tI slept');   // [{ label: 'pos', text: 'I liked it' }, …]
 */
export function parseTable(table: string, options: TableOptions = {}): LabelledText[] {
  return labelledRows(
    linesOf(table).map(({ line, number }) => ({ cells: line.split('\t'), line: number })),
    options,
  );
}

/** A row of a table, and the line it stands in. */
export interface TableRow {
  readonly cells: readonly string[];
  readonly line: number;
}

/**
 * The same from rows that are cut into cells already, whatever form they came in.
 * @throws DataError naming the line that lacks a column, or the column that is not there
 */
export function labelledRows(rows: readonly TableRow[], options: TableOptions = {}): LabelledText[] {
  const { name = 'table' } = options;
  if (rows.length === 0) return [];
  const first = rows[0].cells.map((cell) => cell.trim().toLowerCase());
  const named = (names: readonly string[]): number => first.findIndex((cell) => names.includes(cell));
  const find = (said: string | number | undefined, names: readonly string[]): number => {
    if (said === undefined) return named(names);
    const column = typeof said === 'number' ? said - 1 : first.indexOf(said.trim().toLowerCase());
    if (column >= 0 && column < first.length) return column;
    throw new DataError(`${name}: there is no column '${said}'; the first line has ${first.join(', ')}`, { said });
  };
  let label = find(options.labelColumn, labelNames);
  let text = find(options.textColumn, textNames);
  const byName = [options.labelColumn, options.textColumn].some((said) => typeof said === 'string');
  const header = byName || (named(labelNames) >= 0 && named(textNames) >= 0);
  if (!header && options.labelColumn === undefined) label = text === 0 ? 1 : 0;
  if (!header && options.textColumn === undefined) text = label === 1 ? 0 : 1;
  if (label < 0 || text < 0) {
    const which = label < 0 ? 'labels' : 'texts';
    throw new DataError(`${name}: which column has the ${which} is not clear from ${first.join(', ')}; name it`);
  }
  return rows.slice(header ? 1 : 0).map(({ cells, line }) => {
    if (cells.length <= Math.max(label, text)) {
      throw new DataError(
        `${name}, line ${line}: there are ${cells.length} column(s), the ${label > text ? 'label' : 'text'} is in ` +
          `column ${Math.max(label, text) + 1}; columns have tabs between them`,
        { line },
      );
    }
    return example(cells[label], cells[text], name, line);
  });
}

/**
 * One JSON object a line, with `label` and `text` (or another of the usual names, such as `sentence`).
 * @throws DataError naming the line that is no such object
 */
export function parseJsonLines(lines: string, options: TableOptions = {}): LabelledText[] {
  const { name = 'JSON lines', labelColumn, textColumn } = options;
  return linesOf(lines).map(({ line, number }) => {
    let object: Record<string, unknown> | null;
    try {
      object = JSON.parse(line);
    } catch {
      throw new DataError(`${name}, line ${number}: it is not JSON`, { line: number });
    }
    const field = (said: string | number | undefined, names: readonly string[]): string => {
      const key = said ?? names.find((one) => object?.[one] !== undefined);
      const value = key === undefined ? undefined : object?.[key];
      if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return String(value);
      throw new DataError(`${name}, line ${number}: it has no ${key ?? names[0]}; it needs "label" and "text"`, {
        line: number,
      });
    };
    return example(field(labelColumn, labelNames), field(textColumn, textNames), name, number);
  });
}

function example(label: string, text: string, name: string, line: number): LabelledText {
  const trimmed = { label: label.trim(), text: text.trim() };
  const empty = (['label', 'text'] as const).find((part) => trimmed[part] === '');
  if (empty) throw new DataError(`${name}, line ${line}: its ${empty} is empty`, { line });
  return trimmed;
}

function linesOf(text: string): { line: string; number: number }[] {
  return text
    .split(/\r?\n/)
    .map((line, index) => ({ line, number: index + 1 }))
    .filter(({ line }) => line.trim() !== '');
}
