import { DataError } from '../../errors.ts';

/** A text and its translation. */
export interface TranslationPair {
  readonly source: string;
  readonly target: string;
}

/**
 * Pairs of a TSV text: one a line, source and target with a tab between them. Lines of white space alone are passed over;
 * columns after the second, too, such as the attribution in files of Tatoeba.
 *
 * @param name  of the file, for errors
 * @throws DataError naming the first line without a tab
 */
export function parsePairs(text: string, name = 'the text'): TranslationPair[] {
  const pairs: TranslationPair[] = [];
  linesOf(text).forEach((line, i) => {
    if (line.trim() === '') return;
    const [source, target] = line.split('\t');
    if (target === undefined) {
      throw new DataError(
        `${name}, line ${i + 1}: there is no tab between source and target; received '${clip(line)}'`,
        { line: i + 1 },
      );
    }
    pairs.push({ source, target });
  });
  return pairs;
}

/**
 * Pairs of two texts that are translations of each other line by line. Lines empty on both sides are passed over.
 *
 * @param names  of the files, for errors
 * @throws DataError if they have different numbers of lines
 */
export function pairLines(
  source: string,
  target: string,
  names: readonly [string, string] = ['the source', 'the target'],
): TranslationPair[] {
  const [sources, targets] = [linesOf(source), linesOf(target)];
  if (sources.length !== targets.length) {
    throw new DataError(
      `pairs: ${names[0]} has ${sources.length} lines and ${names[1]} ${targets.length}; each line of one must be the ` +
        'translation of the same line of the other',
      { sources: sources.length, targets: targets.length },
    );
  }
  return sources
    .map((line, i) => ({ source: line, target: targets[i] }))
    .filter(({ source: a, target: b }) => a.trim() !== '' || b.trim() !== '');
}

/** Lines of a text, with or without an end of line after the last one. */
function linesOf(text: string): string[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const clip = (line: string): string => (line.length > 60 ? `${line.slice(0, 60)}…` : line);
