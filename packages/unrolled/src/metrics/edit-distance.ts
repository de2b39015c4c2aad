import { DataError } from '../errors.ts';
import { requirePairs } from './require.ts';

/** The fewest insertions, deletions and substitutions that make one sequence the other (Levenshtein 1966). */
export function editDistance<Item>(a: ArrayLike<Item>, b: ArrayLike<Item>): number {
  let before = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 0; i < a.length; i++) {
    const now = [i + 1];
    for (let j = 0; j < b.length; j++) {
      now.push(Math.min(before[j] + Number(a[i] !== b[j]), before[j + 1] + 1, now[j] + 1));
    }
    before = now;
  }
  return before[b.length];
}

/**
 * Edits in all sequences over items in all references: the word error rate of sequences of words, the phoneme error
 * rate of sequences of phonemes. Above 1 where more is inserted than there is.
 * @throws DataError if the references are all empty
 */
export function errorRate<Item>(
  hypotheses: readonly ArrayLike<Item>[],
  references: readonly ArrayLike<Item>[],
): number {
  requirePairs('error rate', hypotheses, references);
  const length = references.reduce((total, reference) => total + reference.length, 0);
  if (length === 0) throw new DataError('error rate: the references are empty; there is nothing to divide by');
  return references.reduce((total, reference, i) => total + editDistance(hypotheses[i], reference), 0) / length;
}

/** Word error rate of sentences, cut at spaces. */
export function wordErrorRate(hypotheses: readonly string[], references: readonly string[]): number {
  const words = (sentences: readonly string[]): string[][] => sentences.map((sentence) => sentence.match(/\S+/g) ?? []);
  return errorRate(words(hypotheses), words(references));
}

/** Share of sequences that are right in every item. */
export function exactMatch<Item>(
  hypotheses: readonly ArrayLike<Item>[],
  references: readonly ArrayLike<Item>[],
): number {
  requirePairs('exact match', hypotheses, references);
  const same = references.filter((reference, i) => {
    const other = hypotheses[i];
    return reference.length === other.length && Array.from(reference).every((item, k) => item === other[k]);
  });
  return same.length / references.length;
}
