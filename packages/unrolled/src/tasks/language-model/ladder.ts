import { ngramCrossEntropy } from '../../metrics/ngram-entropy.ts';
import { splitText } from './training.ts';

/** How well tables of n-grams of a text foretell what a run on it is validated on. */
export interface NgramLadder {
  /** Nats a token by n, from 0: all tokens alike. */
  readonly nats: readonly number[];
  /** 'text': it was too short to hold a part back, and this is what the text itself leaves open. */
  readonly on: 'validation' | 'text';
}

/**
 * The rungs a language model climbs as it learns a text: cross-entropies of n-grams up to 5, counted on the part that
 * trains and scored on the part that validates; see `ngramCrossEntropy`.
 * @param vocabulary  V
 *
 * @example
 * ngramLadder(tokenizer.encode(text), tokenizer.size).nats;   // [4.17, 3.3, 2.5, 2.1, 1.9, 1.8]
 */
export function ngramLadder(tokens: Int32Array, vocabulary: number): NgramLadder {
  const { train, validation } = splitText(tokens);
  if (validation.length >= 2) {
    return { nats: ngramCrossEntropy(train, validation, { longest: 5, vocabulary }), on: 'validation' };
  }
  return { nats: ngramCrossEntropy(train, train, { longest: 3, vocabulary, smoothing: 'none' }), on: 'text' };
}
