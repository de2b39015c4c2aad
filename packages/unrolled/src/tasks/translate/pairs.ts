import { DataError } from '../../errors.ts';

/** A text and its translation. */
export interface TranslationPair {
  readonly source: string;
  readonly target: string;
}

/**
 * Pairs from TSV: source, tab and target in each line. Blank lines and further columns, such as Tatoeba's attribution, are
 * ignored.
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
      throw new DataError(`${name}, line ${i + 1}: no tab between source and target; received '${clip(line)}'`, {
        line: i + 1,
      });
    }
    pairs.push({ source, target });
  });
  return pairs;
}

/**
 * Pairs from two texts with matching lines. Lines blank in both are ignored.
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

/** Lines of a text; a newline at its end adds none. */
function linesOf(text: string): string[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r?\n/);
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const clip = (line: string): string => (line.length > 60 ? `${line.slice(0, 60)}…` : line);
