import { count, requireKind } from '../checks.ts';
import { DataError } from '../errors.ts';
import { captionTokens } from '../metrics/captions.ts';
import { Side } from '../tokenizers/side.ts';
import { wordTokens } from '../tokenizers/vocabulary.ts';

/** A caption as the model reads and writes it: its `captionTokens`, lower-case words without punctuation, with spaces. */
export const captionWords = (text: string): string => captionTokens(text).join(' ');

/** The vocabulary of captions, and how long they are. */
export interface CaptionWords {
  readonly words: Side;
  /** Tokens of the longest caption in the training data, its end included. */
  readonly longest: number;
}

/**
 * The vocabulary of training captions: the words seen at least `minCount` times, by default 5, the most frequent first; the others
 * are unknown words, which are never written.
 * @throws DataError if no word is seen so often
 */
export function captionVocabulary(
  captions: readonly string[],
  { minCount = 5 }: { readonly minCount?: number | undefined } = {},
): CaptionWords {
  requireKind('captionVocabulary', 'minCount', minCount, count);
  const counts = new Map<string, number>();
  let longest = 1;
  for (const caption of captions) {
    // As `Side` encodes them.
    const words = [...wordTokens(` ${captionWords(caption)}`)];
    longest = Math.max(longest, words.length + 1);
    for (const word of words) if (word.trim() !== '') counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  const known = [...counts].filter(([, times]) => times >= minCount);
  if (known.length === 0) {
    throw new DataError(
      `captionVocabulary: no word of ${captions.length} captions is seen ${minCount} times; give more, or a lower minCount`,
      { captions: captions.length, minCount },
    );
  }
  known.sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
  return { words: new Side({ kind: 'word', vocabulary: ['<unk>', ...known.map(([word]) => word)] }), longest };
}
