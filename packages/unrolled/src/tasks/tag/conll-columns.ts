import { DataError } from '../../errors.ts';
import { isSpanLabel } from '../../labels.ts';
import type { ConllRow } from './conll-rows.ts';

/** The columns of words and of tags: from 1, or from the last as −1, −2, … */
export interface ConllColumns {
  readonly word: number;
  readonly tag: number;
}

/** Columns, and what in the file they were chosen by. */
export interface ConllLayout extends ConllColumns {
  /**
   * 'given': named by the caller; 'numbered': the first column numbers the words of each sentence; 'CoNLL-U': so it does, in
   * ten columns; 'tags first': the first column holds the tags; 'default': word first, tag last.
   */
  readonly kind: 'given' | 'numbered' | 'CoNLL-U' | 'tags first' | 'default';
}

/** Columns of a file where the caller leaves them open. */
export function chooseColumns(
  sentences: readonly (readonly ConllRow[])[],
  { word, tag }: { readonly word?: number | undefined; readonly tag?: number | undefined },
): ConllLayout {
  if (word !== undefined && tag !== undefined) return { word, tag, kind: 'given' };
  const width = sentences[0][0].columns.length;
  if (width >= 3 && numbersWords(sentences)) {
    const universal = width === 10;
    return { word: word ?? 2, tag: tag ?? (universal ? 4 : -1), kind: universal ? 'CoNLL-U' : 'numbered' };
  }
  if (word === undefined && tag === undefined) {
    return tagsFirst(sentences) ? { word: -1, tag: 1, kind: 'tags first' } : { word: 1, tag: -1, kind: 'default' };
  }
  if (word === undefined) return { word: tag === 1 || tag === -width ? -1 : 1, tag: tag!, kind: 'given' };
  return { word, tag: word === -1 || word === width ? 1 : -1, kind: 'given' };
}

/** Whether the first column counts 1, 2, … in every sentence, and is not only ones. */
function numbersWords(sentences: readonly (readonly ConllRow[])[]): boolean {
  return (
    sentences.some(({ length }) => length > 1) &&
    sentences.every((rows) => rows.every(({ columns }, i) => columns[0] === String(i + 1)))
  );
}

/** Rows from which counts of different values say which column has the tags. */
const enough = 200;

/** Whether tags come before words: as span labels, or, in two columns, as far fewer different values. */
function tagsFirst(sentences: readonly (readonly ConllRow[])[]): boolean {
  const rows = sentences.flat();
  const first = new Set(rows.map(({ columns }) => columns[0]));
  const last = new Set(rows.map(({ columns }) => columns.at(-1)!));
  const areSpans = (values: ReadonlySet<string>): boolean =>
    [...values].every(isSpanLabel) && [...values].some((value) => value.length > 1);
  if (areSpans(first) !== areSpans(last)) return areSpans(first);
  const few = rows.length >= enough && rows[0].columns.length === 2 && first.size <= 100;
  return few && last.size > 5 * first.size;
}

/** Where a column stands, from 0. @throws DataError if there is no such column */
export function placeOf(column: number, columns: number, name: string): number {
  const place = column < 0 ? columns + column : column - 1;
  if (!Number.isInteger(column) || column === 0 || place < 0 || place >= columns) {
    throw new DataError(`${name}: no column ${column}; the file has ${columns}: count from 1, or from the last as -1`, {
      column,
      columns,
    });
  }
  return place;
}
