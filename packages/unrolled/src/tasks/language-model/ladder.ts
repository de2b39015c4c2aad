import { ngramCrossEntropy } from '../../metrics/ngram-entropy.ts';
import { splitText } from './training.ts';

/** Cross-entropies of n-gram models on the validation part of a text. */
export interface NgramLadder {
  /** Nats per token by n, from 0 (the uniform distribution). */
  readonly nats: readonly number[];
  /** 'text': it is too short for a validation part, so it is scored on itself. */
  readonly on: 'validation' | 'text';
}

/**
 * Reference points for the loss of a language model: cross-entropies of n-gram models up to n = 5, trained on the training
 * part of a text and scored on its validation part; see `ngramCrossEntropy`.
 * @param vocabulary  V
 *
 * @example
 * ngramLadder(tokenizer.encode(text), tokenizer.size).nats;   // [4.17, 3.3, 2.5, 2.1, 1.9, 1.8]
 */
export function ngramLadder(tokens: Int32Array, vocabulary: number): NgramLadder {
  const { train, validation } = splitText(tokens);
  if (validation.length >= 2) {
    return { nats: ngramCrossEntropy(train, validation, { order: 5, vocabulary }), on: 'validation' };
  }
  return { nats: ngramCrossEntropy(train, train, { order: 3, vocabulary, smoothing: 'none' }), on: 'text' };
}
