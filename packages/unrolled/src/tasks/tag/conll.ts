import { anything, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { type ConllColumns, type ConllLayout, chooseColumns, placeOf } from './conll-columns.ts';
import { type ConllRow, readConllRows } from './conll-rows.ts';

export type { ConllColumns, ConllLayout } from './conll-columns.ts';

/** A sentence: words, and a tag for each. */
export interface TaggedSentence {
  readonly words: readonly string[];
  readonly tags: readonly string[];
}

export interface ConllOptions {
  /** Column of the words: from 1, or from the last as −1, −2, … Default: found by `conllLayout`. */
  readonly word?: number | undefined;
  /** Column of the tags. Default: found by `conllLayout`. */
  readonly tag?: number | undefined;
  /** What errors call the file. Default 'conll'. */
  readonly name?: string | undefined;
}

// Columns are checked against the file, where the error can say how many there are.
const kinds = { word: anything, tag: anything, name: anything };

/**
 * Reads the sentences of a CoNLL file: one word per line with its columns, a blank line after each sentence. Columns are
 * separated by tabs if the first line of data has one, otherwise by blanks. Skipped are `-DOCSTART-` lines, which end a
 * sentence; lines that begin with # and have fewer or more columns than the others (comments); and, in CoNLL-U's ten
 * columns, multiword tokens (`1-2`) and empty nodes (`1.1`).
 *
 * @throws DataError naming the line if it has another number of columns than the first, no word or no tag; or if the file
 *   has no sentence, or not the columns asked for
 *
 * @example
 * parseConll('Ada\tB-PER\nwrote\tO\n');   // [{ words: ['Ada', 'wrote'], tags: ['B-PER', 'O'] }]
 */
export function parseConll(text: string, options: ConllOptions = {}): TaggedSentence[] {
  requireOptions('parseConll', options, kinds);
  const { name = 'conll' } = options;
  const sentences = readConllRows(text, name);
  const { word, tag } = chooseColumns(sentences, options);
  const columns = sentences[0][0].columns.length;
  const [wordPlace, tagPlace] = [placeOf(word, columns, name), placeOf(tag, columns, name)];
  if (wordPlace === tagPlace) {
    throw new DataError(
      `${name}: word and tag are both column ${wordPlace + 1} of ${columns}; they must be different columns`,
      { word, tag },
    );
  }
  return sentences.map((rows) => ({
    words: rows.map((row) => cell(row, wordPlace, 'word', name)),
    tags: rows.map((row) => cell(row, tagPlace, 'tag', name)),
  }));
}

/**
 * Which columns `parseConll` takes from a file, and why: those given; otherwise words from column 2 and tags from column 4
 * of CoNLL-U, words from column 2 where column 1 numbers them, the other way round where the first column holds the tags,
 * and otherwise word first, tag last.
 * @throws DataError if the file has no sentence, or its lines differ in their number of columns
 */
export function conllLayout(text: string, options: ConllOptions = {}): ConllLayout {
  requireOptions('conllLayout', options, kinds);
  return chooseColumns(readConllRows(text, options.name ?? 'conll'), options);
}

/** The words alone, of a file with or without tags. A file of one column holds words, whichever column is asked for. */
export function parseConllWords(text: string, options: Omit<ConllOptions, 'tag'> = {}): string[][] {
  requireOptions('parseConllWords', options, { word: anything, name: anything });
  const { name = 'conll' } = options;
  const sentences = readConllRows(text, name);
  const columns = sentences[0][0].columns.length;
  const word = columns === 1 ? 1 : chooseColumns(sentences, options).word;
  const place = placeOf(word, columns, name);
  return sentences.map((rows) => rows.map((row) => cell(row, place, 'word', name)));
}

/** Sentences as a file of two columns, word and tag, with a tab between them. */
export function formatConll(sentences: readonly TaggedSentence[]): string {
  return sentences.map(({ words, tags }) => `${words.map((word, i) => `${word}\t${tags[i]}\n`).join('')}\n`).join('');
}

function cell({ columns, line }: ConllRow, place: number, what: keyof ConllColumns, name: string): string {
  // A byte order mark is no blank to a file's lines, but leaves nothing to see.
  if (columns[place].trim() === '') {
    throw new DataError(`${name}: line ${line} has no ${what} in column ${place + 1}`, { line, column: place + 1 });
  }
  return columns[place];
}
