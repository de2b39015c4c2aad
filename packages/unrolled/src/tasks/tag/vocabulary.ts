import { DataError } from '../../errors.ts';
import { splitLabel } from '../../labels.ts';
import { spanLabels, spansOf } from '../../metrics/spans.ts';
import type { TaggedSentence } from './conll.ts';
import type { WordVectors } from './word-vectors.ts';

/** How spans are written as tags: see `spanLabels`. */
export type SpanScheme = 'BIO' | 'BIOES';
export const spanSchemes = ['BIO', 'BIOES'] as const satisfies readonly SpanScheme[];

/** What a tagger knows of words, characters and tags: plain data. */
export interface TagVocabulary {
  /** Whether words are in small letters; their spelling is read as it is written. */
  readonly lowercase: boolean;
  /** Words with a vector that is learnt, from id 1; id 0 stands for all words that are not known. */
  readonly words: readonly string[];
  /** How often each was seen in training. */
  readonly wordCounts: readonly number[];
  /** Words of given vectors that training does not see: their ids come after those of `words`. */
  readonly further: readonly string[];
  /** From id 1, too. */
  readonly characters: readonly string[];
  readonly characterCounts: readonly number[];
  readonly tags: readonly string[];
  /** How the tags mark spans; null where each tag stands for itself, such as a part of speech. */
  readonly scheme: SpanScheme | null;
}

export interface TagVocabularyOptions {
  /** How spans are written inside of the model, whichever scheme the data has. Default 'BIO'. */
  readonly scheme?: SpanScheme;
  /** Vectors of words; those of words that training does not see are kept for use. */
  readonly vectors?: WordVectors;
}

/**
 * The vocabulary of sentences. Words are kept in small letters, unless vectors are given that tell capital letters apart.
 * Tags mark spans if all of them are O or B, I, E or S with a type or without, otherwise each stands for itself.
 * @throws DataError if there is no sentence
 */
export function tagVocabulary(
  sentences: readonly TaggedSentence[],
  { scheme = 'BIO', vectors }: TagVocabularyOptions = {},
): TagVocabulary {
  if (sentences.length === 0) throw new DataError('tag: there is no sentence to learn from');
  const tags = new Set(sentences.flatMap((sentence) => sentence.tags));
  const marksSpans = [...tags].every(isSpanLabel);
  const lowercase = vectors?.words.every((word) => word === word.toLowerCase()) ?? true;
  const words = frequencies(
    sentences.flatMap((sentence) => (lowercase ? sentence.words.map((word) => word.toLowerCase()) : sentence.words)),
  );
  const characters = frequencies(sentences.flatMap((sentence) => sentence.words.flatMap((word) => [...word])));
  const seen = new Set(words.map(([word]) => word));
  return {
    lowercase,
    words: words.map(([word]) => word),
    wordCounts: words.map(([, count]) => count),
    further: vectors?.words.filter((word) => !seen.has(word)) ?? [],
    characters: characters.map(([character]) => character),
    characterCounts: characters.map(([, count]) => count),
    tags: marksSpans ? spanTags(tags, scheme) : [...tags].sort(),
    scheme: marksSpans ? scheme : null,
  };
}

/** Ids of words: as they are written where capital letters count, else in small letters, else 0. */
export function wordIds({ words, further, lowercase }: TagVocabulary): (word: string) => number {
  const ids = new Map([...words, ...further].map((word, index) => [word, index + 1]));
  return (word) => (lowercase ? undefined : ids.get(word)) ?? ids.get(word.toLowerCase()) ?? 0;
}

/** Tags as the model has them: spans in its own scheme, others as they are. @throws DataError on a tag of no scheme */
export function inScheme(tags: readonly string[], scheme: SpanScheme | null): readonly string[] {
  return scheme === null ? tags : spanLabels(spansOf(tags), tags.length, scheme);
}

/** All tags that spans of these types can need, O first. */
function spanTags(tags: ReadonlySet<string>, scheme: SpanScheme): string[] {
  const labels = [...tags].map(splitLabel).filter(({ place }) => place !== 'O');
  const types = [...new Set(labels.map(({ type }) => type))].sort();
  return ['O', ...types.flatMap((type) => [...scheme].filter((place) => place !== 'O').map((p) => labelOf(p, type)))];
}

const labelOf = (place: string, type: string): string => (type === '' ? place : `${place}-${type}`);

function isSpanLabel(tag: string): boolean {
  try {
    splitLabel(tag);
    return true;
  } catch {
    return false;
  }
}

/** What occurs and how often, the most frequent first. */
function frequencies(items: readonly string[]): [string, number][] {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return [...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1));
}
