import { DataError } from '../../errors.ts';

/** One line of a CoNLL file. */
export interface ConllRow {
  readonly columns: readonly string[];
  /** From 1. */
  readonly line: number;
}

const isBlank = (line: string): boolean => /^[ \t]*$/.test(line);
const startsDocument = (line: string): boolean => line.startsWith('-DOCSTART-');
const isRange = (id: string): boolean => /^\d+[-.]\d+$/.test(id);
const byTabs = (line: string): string[] => line.split('\t').map((column) => column.trim());
const byBlanks = (line: string): string[] => line.trim().split(/[ \t]+/);
const withoutLastTabs = (line: string): string => line.replace(/[ \t]+$/, '');

/**
 * Sentences as rows of columns. A file with tabs has columns between tabs; a line that has another number of them may have
 * stray tabs at its end, or blanks for tabs.
 * @throws DataError if a line has another number of columns than the first one, or the file has no sentence
 */
export function readConllRows(text: string, name: string): ConllRow[][] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const data = lines.filter((line) => !isBlank(line) && !startsDocument(line));
  const withoutComments = data.filter((line) => !line.startsWith('#'));
  const { columnsOf, expected, separator } = layoutOf(withoutComments.length > 0 ? withoutComments : data);
  const sentences: ConllRow[][] = [[]];
  lines.forEach((line, index) => {
    if (isBlank(line) || startsDocument(line)) {
      if (sentences.at(-1)!.length > 0) sentences.push([]);
      return;
    }
    const columns = columnsOf(line);
    if (line.startsWith('#') && columns.length !== expected) return;
    if (expected === 10 && isRange(columns[0])) return;
    if (columns.length !== expected) {
      throw new DataError(
        `${name}: line ${index + 1} has ${columns.length} column${columns.length === 1 ? '' : 's'}, the first ` +
          `line of data has ${expected}; columns are separated by ${separator}`,
        { line: index + 1, received: columns.length, expected },
      );
    }
    sentences.at(-1)!.push({ columns, line: index + 1 });
  });
  if (sentences.at(-1)!.length === 0) sentences.pop();
  if (sentences.length === 0) throw new DataError(`${name}: no sentence in it; give one word and its tag per line`);
  return sentences;
}

/** How lines are cut into columns, and how many there are. */
function layoutOf(lines: readonly string[]): {
  columnsOf: (line: string) => string[];
  expected: number;
  separator: string;
} {
  const first = lines[0] ?? '';
  if (!withoutLastTabs(first).includes('\t')) {
    return { columnsOf: byBlanks, expected: byBlanks(first).length, separator: 'blanks' };
  }
  // A column that is empty in every line is a stray tab in all of them.
  const rows = lines.map(byTabs);
  const even = rows.every((columns) => columns.length === rows[0].length);
  const used = rows.reduce((most, columns) => Math.max(most, columns.findLastIndex((column) => column !== '') + 1), 0);
  const expected = even ? used : byTabs(withoutLastTabs(first)).length;
  const columnsOf = (line: string): string[] => {
    const tabs = byTabs(line);
    if (tabs.length === expected) return tabs;
    const others = [byTabs(withoutLastTabs(line)), ...(line.startsWith('#') ? [] : [byBlanks(line)])];
    return others.find(({ length }) => length === expected) ?? (even ? tabs.slice(0, expected) : others[0]);
  };
  return { columnsOf, expected, separator: 'tabs' };
}
