import { DataError } from '../../errors.ts';
import { type Columns, type LayoutOptions, labelNamesIn, type TableRow, tableLayout, textNamesIn } from './layout.ts';

/** A text and its label. */
export interface LabelledText {
  readonly text: string;
  readonly label: string;
}

/** Labelled texts that were read, and how. */
export interface LabelledTexts {
  readonly examples: readonly LabelledText[];
  /** The line of each example. */
  readonly lines: readonly number[];
  /** Where a table had them; null for other forms. */
  readonly columns: Columns | null;
  /** How the file was read, in a sentence for people. */
  readonly about: string;
}

/**
 * A table with tabs between its columns: a label and a text in each line, or more columns, with a header or without; see
 * `tableLayout` for how they are told apart. Quotes have no meaning; empty lines are skipped.
 *
 * @throws DataError naming the line that lacks a column, the column that is not there, or the two ways to read the table
 *
 * @example
 * parseTable('pos\tI liked it\nneg\tI slept').examples;   // [{ label: 'pos', text: 'I liked it' }, …]
 */
export function parseTable(table: string, options: LayoutOptions = {}): LabelledTexts {
  return labelledRows(
    linesOf(table).map(({ line, number }) => ({ cells: line.split('\t'), line: number })),
    options,
  );
}

/**
 * The same from rows of cells, whatever separated them.
 * @throws DataError as `parseTable`
 */
export function labelledRows(rows: readonly TableRow[], options: LayoutOptions = {}): LabelledTexts {
  const { name = 'table' } = options;
  if (rows.length === 0) return { examples: [], lines: [], columns: null, about: 'empty' };
  const { header, label, texts, columns, about } = tableLayout(rows, options);
  const width = rows[0].cells.length;
  const body = rows.slice(header ? 1 : 0);
  const examples = body.map(({ cells, line }) => {
    const least = 1 + Math.max(label, ...texts);
    if (cells.length < least) {
      throw new DataError(
        `${name}, line ${line}: it has ${cells.length} column${cells.length === 1 ? '' : 's'}, ` +
          `the ${cells.length <= label ? 'label' : 'text'} is in column ${least}`,
        { line },
      );
    }
    if (cells.slice(width).some((cell) => cell.trim() !== '')) {
      throw new DataError(
        `${name}, line ${line}: it has ${cells.length} columns, the first line has ${width}; ` +
          'a text must not have the separator in it, unless the form is .csv and the text is in quotes',
        { line },
      );
    }
    return example(cells[label], texts.map((place) => cells[place].trim()).join(' '), name, line);
  });
  return { examples, lines: body.map(({ line }) => line), columns, about };
}

/**
 * One JSON object a line, with `label` and `text`, or other usual names such as `sentence`; `title` and `body` are joined.
 * @throws DataError naming the line that is no such object
 */
export function parseJsonLines(lines: string, options: LayoutOptions = {}): LabelledTexts {
  const { name = 'JSON lines', usual } = options;
  const used = new Set<string>();
  let columns: Columns | null = null;
  const rows = linesOf(lines);
  const examples = rows.map(({ line, number }) => {
    let object: unknown;
    try {
      object = JSON.parse(line);
    } catch {
      throw new DataError(`${name}, line ${number}: it is not JSON`, { line: number });
    }
    const fields = Object.entries(typeof object === 'object' && object !== null ? object : {});
    const keys = fields.map(([key]) => key);
    const value = (key: string, what: string): string => {
      const found = fields.find(([one]) => one === key)?.[1];
      if (['string', 'number', 'boolean'].includes(typeof found)) return String(found).trim();
      throw new DataError(
        `${name}, line ${number}: it has no ${what}; name its keys "label" and "text", or say which they are`,
        { line: number },
      );
    };
    const asUsual = usual && [usual.label, ...usual.text].every((key) => keys.includes(String(key))) ? usual : null;
    const { labelColumn = asUsual?.label, textColumn = asUsual?.text } = options;
    const label = String(labelColumn ?? keys[labelNamesIn(keys)[0]] ?? 'label');
    const texts = (textColumn === undefined ? textNamesIn(keys).map((place) => keys[place]) : [textColumn].flat())
      .map(String)
      .filter((key) => key !== label);
    columns ??= { label, text: texts };
    for (const key of [label, ...texts]) used.add(key);
    const its = value(label, label);
    const text = (texts.length > 0 ? texts : ['text']).map((key) => value(key, key));
    return example(its, text.join(' '), name, number);
  });
  return {
    examples,
    lines: rows.map(({ number }) => number),
    columns,
    about: `JSON lines, read from ${[...used].slice(0, 8).join(', ')}`,
  };
}

const labelPrefix = '__label__';

/** Whether lines begin with `__label__`, as fastText's do. */
export const isFastText = (text: string): boolean => {
  const lines = linesOf(text);
  return (
    lines.length > 0 && 2 * lines.filter(({ line }) => line.trimStart().startsWith(labelPrefix)).length > lines.length
  );
};

/**
 * The form of fastText: `__label__spam you have won`. Of several labels in a line the first one is the label, and `about`
 * says how many lines have more.
 * @throws DataError naming the line without a label or a text
 *
 * @example
 * parseFastText('__label__food apples are good').examples;   // [{ label: 'food', text: 'apples are good' }]
 */
export function parseFastText(text: string, { name = 'text' }: Pick<LayoutOptions, 'name'> = {}): LabelledTexts {
  const rows = linesOf(text);
  let several = 0;
  const examples = rows.map(({ line, number }) => {
    const words = line.trim().split(/\s+/);
    const labels = words.filter((word) => word.startsWith(labelPrefix) && word !== labelPrefix);
    if (labels.length === 0) {
      throw new DataError(`${name}, line ${number}: it has no label; other lines begin with ${labelPrefix}`, {
        line: number,
      });
    }
    if (labels.length > 1) several++;
    const rest = words.filter((word) => !labels.includes(word)).join(' ');
    return example(labels[0].slice(labelPrefix.length), rest, name, number);
  });
  const lines = several === 1 ? '1 line has' : `${several} lines have`;
  return {
    examples,
    lines: rows.map(({ number }) => number),
    columns: null,
    about: `fastText labels${several === 0 ? '' : `; ${lines} several, of which the first is used`}`,
  };
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
