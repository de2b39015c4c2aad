import { DataError } from '../../errors.ts';

/** A sentence: words, and a tag for each. */
export interface TaggedSentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

export interface ConllOptions {
  /** Which column has the word: from 1, or from the last as −1, −2, … Default 1. */
  readonly word?: number;
  /** Which column has the tag. Default −1, the last. */
  readonly tag?: number;
  /** What errors call the file. Default 'conll'. */
  readonly name?: string;
}

interface Row {
  readonly columns: readonly string[];
  /** From 1. */
  readonly line: number;
}

/**
 * The sentences of a CoNLL file: one word a line with its columns, a blank line after each sentence. Columns stand between
 * tabs where the first line of data has one, otherwise between spaces. Left out are lines of `-DOCSTART-`, which end a
 * sentence, lines that begin with # and have not as many columns as the others (comments), and in files of CoNLL-U's ten
 * columns those of several words together (`1-2`) and of words that are not written (`1.1`).
 *
 * @throws DataError naming the line that has another number of columns than the first, no word or no tag; or if the file
 *   has no sentence, or not the columns asked for
 *
 * @example
 * parseConll('Ada\tB-PER\nwrote\tO\n');   // [{ words: ['Ada', 'wrote'], tags: ['B-PER', 'O'] }]
 */
export function parseConll(text: string, { word = 1, tag = -1, name = 'conll' }: ConllOptions = {}): TaggedSentence[] {
  const sentences = readRows(text, name);
  const places = [word, tag].map((column) => placeOf(column, sentences[0][0].columns.length, name));
  if (places[0] === places[1]) {
    throw new DataError(
      `${name}: word and tag are both column ${places[0] + 1} of ${sentences[0][0].columns.length}; a word and its tag ` +
        'are needed in columns of their own',
      { word, tag },
    );
  }
  return sentences.map((rows) => ({
    words: rows.map((row) => cell(row, places[0], 'word', name)),
    tags: rows.map((row) => cell(row, places[1], 'tag', name)),
  }));
}

/** The words alone, of a file with or without tags. */
export function parseConllWords(text: string, { word = 1, name = 'conll' }: ConllOptions = {}): string[][] {
  const sentences = readRows(text, name);
  const place = placeOf(word, sentences[0][0].columns.length, name);
  return sentences.map((rows) => rows.map((row) => cell(row, place, 'word', name)));
}

/** Sentences as a file of two columns with a tab between them. */
export function formatConll(sentences: readonly TaggedSentence[]): string {
  return sentences.map(({ words, tags }) => `${words.map((word, i) => `${word}\t${tags[i]}\n`).join('')}\n`).join('');
}

function readRows(text: string, name: string): Row[][] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  const isBlank = (line: string): boolean => /^[ \t]*$/.test(line);
  const first = lines.find((line) => !isBlank(line) && !line.startsWith('#') && !line.startsWith('-DOCSTART-'));
  const model = first ?? lines.find((line) => !isBlank(line)) ?? '';
  const columnsOf = (line: string): string[] =>
    model.includes('\t') ? line.split('\t').map((column) => column.trim()) : line.trim().split(/ +/);
  const expected = columnsOf(model).length;
  const sentences: Row[][] = [[]];
  lines.forEach((line, index) => {
    if (isBlank(line) || line.startsWith('-DOCSTART-')) {
      if (sentences.at(-1)!.length > 0) sentences.push([]);
      return;
    }
    const columns = columnsOf(line);
    if (line.startsWith('#') && columns.length !== expected) return;
    if (expected === 10 && /^\d+[-.]\d+$/.test(columns[0])) return;
    if (columns.length !== expected) {
      throw new DataError(
        `${name}: line ${index + 1} has ${columns.length} column${columns.length === 1 ? '' : 's'}, the first ` +
          `line of data has ${expected}; columns stand between ${model.includes('\t') ? 'tabs' : 'spaces'}`,
        { line: index + 1, received: columns.length, expected },
      );
    }
    sentences.at(-1)!.push({ columns, line: index + 1 });
  });
  if (sentences.at(-1)!.length === 0) sentences.pop();
  if (sentences.length === 0) throw new DataError(`${name}: there is no sentence in it`);
  return sentences;
}

/** Where a column stands, from 0. */
function placeOf(column: number, columns: number, name: string): number {
  const place = column < 0 ? columns + column : column - 1;
  if (!Number.isInteger(column) || column === 0 || place < 0 || place >= columns) {
    throw new DataError(
      `${name}: there is no column ${column}; the file has ${columns}: count from 1, or from the last as -1`,
      { column, columns },
    );
  }
  return place;
}

function cell({ columns, line }: Row, place: number, what: string, name: string): string {
  if (columns[place] === '') {
    throw new DataError(`${name}: line ${line} has no ${what} in column ${place + 1}`, { line, column: place + 1 });
  }
  return columns[place];
}
