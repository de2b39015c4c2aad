import type { Context } from '../nn/layer.ts';
import type { WordVectors } from './word-vectors.ts';

/** The words a model has vectors for: plain data. Id 0 stands for every other word. */
export interface WordVocabulary {
  /** Whether words are lower-cased. */
  readonly lowercase: boolean;
  /** Words with a trainable vector, from id 1, the most frequent first. */
  readonly words: readonly string[];
  /** How often the training text has each of them. */
  readonly wordCounts: readonly number[];
  /** Words with a given vector that training does not change; their ids follow those of `words`. */
  readonly further: readonly string[];
}

export interface WordVocabularyOptions {
  /** Given vectors. Those of words outside the training text are kept frozen. */
  readonly vectors?: WordVectors | undefined;
  /** Keep every given vector frozen; only words without one get a trainable vector. Default false. */
  readonly freeze?: boolean | undefined;
  /** The most words with a trainable vector, the most frequent ones. Default: all. */
  readonly size?: number | undefined;
}

/**
 * The vocabulary of a training text's words. Words are lower-cased, unless vectors are given that distinguish case.
 *
 * @example
 * wordVocabulary([['the', 'film'], ['The', 'end']]).words;   // ['the', 'end', 'film']
 */
export function wordVocabulary(
  sentences: readonly (readonly string[])[],
  { vectors, freeze = false, size = Number.POSITIVE_INFINITY }: WordVocabularyOptions = {},
): WordVocabulary {
  const lowercase = vectors?.words.every((word) => word === word.toLowerCase()) ?? true;
  const all = frequencies(sentences.flatMap((words) => words.map((word) => (lowercase ? word.toLowerCase() : word))));
  const given = new Set(freeze ? vectors?.words : []);
  const trainable = all.filter(([word]) => !given.has(word) && !given.has(word.toLowerCase())).slice(0, size);
  const seen = new Set(trainable.map(([word]) => word));
  return {
    lowercase,
    words: trainable.map(([word]) => word),
    wordCounts: trainable.map(([, count]) => count),
    further: vectors?.words.filter((word) => !seen.has(word)) ?? [],
  };
}

/** The id of a word: as it is written where case counts, else lower-cased, else 0. */
export function wordIds({ words, further, lowercase }: WordVocabulary): (word: string) => number {
  const ids = new Map([...words, ...further].map((word, index) => [word, index + 1]));
  return (word) => (lowercase ? undefined : ids.get(word)) ?? ids.get(word.toLowerCase()) ?? 0;
}

const alpha = 0.25;

/**
 * Word dropout for rare items: while training, an item seen n times becomes unknown (id 0) with probability α/(α + n),
 * α = 0.25, so that the vector of unknown items is trained (Kiperwasser & Goldberg 2016).
 * @param counts  how often each id from 1 was seen; ids beyond are never dropped
 */
export function dropRare(id: number, counts: readonly number[], context: Context): number {
  if (!context.training || id === 0 || id > counts.length) return id;
  return context.random.uniform() < alpha / (alpha + counts[id - 1]) ? 0 : id;
}

/** Items and how often each occurs, the most frequent first. */
export function frequencies(items: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
