/** How often each run of n items occurs, for n from 1; items must not contain the separator. */
export function countNgrams(items: readonly string[], n: number, separator: string): Map<string, number> {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= items.length; i++) {
    const ngram = items.slice(i, i + n).join(separator);
    counts.set(ngram, (counts.get(ngram) ?? 0) + 1);
  }
  return counts;
}

/** How many n-grams two texts share, each as often as in the one that has it less often. */
export function countShared(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let shared = 0;
  for (const [ngram, count] of a) shared += Math.min(count, b.get(ngram) ?? 0);
  return shared;
}

/** How many n-grams of a sentence are in its references, and how many it has. Of several references, the one that has an n-gram most often counts. */
export function ngramMatches(
  words: readonly string[],
  references: readonly (readonly string[])[],
  n: number,
  separator: string,
): { readonly right: number; readonly total: number } {
  const counts = countNgrams(words, n, separator);
  const most = new Map<string, number>();
  for (const reference of references) {
    for (const [ngram, count] of countNgrams(reference, n, separator)) {
      most.set(ngram, Math.max(count, most.get(ngram) ?? 0));
    }
  }
  return { right: countShared(counts, most), total: countAll(counts) };
}

/** The length of the reference nearest in length, of two equally near ones the shorter. */
export function nearestLength(length: number, references: readonly (readonly unknown[])[]): number {
  const distance = (n: number): number => Math.abs(n - length);
  return references
    .map((reference) => reference.length)
    .reduce((a, b) => (distance(b) < distance(a) || (distance(b) === distance(a) && b < a) ? b : a));
}

export const countAll = (counts: ReadonlyMap<string, number>): number =>
  [...counts.values()].reduce((total, count) => total + count, 0);

/** What Python's str.split() splits at, which is not quite what \s is. */
const space = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const spaces = new RegExp(`[${space}]+`, 'u');
const spacesAtEnd = new RegExp(`[${space}]+$`, 'u');

export const splitAtSpaces = (text: string): string[] => text.split(spaces).filter((word) => word !== '');
export const trimEnd = (text: string): string => text.replace(spacesAtEnd, '');

/** Which implementation a score is from, where sacreBLEU gives its version. */
export const version = 'unrolled-1';

/** @returns `nrefs:` of a signature: how many references each sentence has, or `var` */
export function referenceCount(references: readonly (readonly string[])[]): string {
  const counts = new Set(references.map((each) => each.length));
  return counts.size === 1 ? String([...counts][0]) : 'var';
}
