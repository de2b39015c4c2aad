import { DataError } from '../../errors.ts';
import { splitLabel } from '../../labels.ts';
import { spanLabels, spansOf } from '../../metrics/spans.ts';
import { frequencies, type WordVectors, type WordVocabulary, wordVocabulary } from '../../words/index.ts';
import type { TaggedSentence } from './conll.ts';

/** How spans are written as tags: see `spanLabels`. */
export type SpanScheme = 'BIO' | 'BIOES';
export const spanSchemes = ['BIO', 'BIOES'] as const satisfies readonly SpanScheme[];

/** What a tagger knows of words, characters and tags: plain data. */
export interface TagVocabulary extends WordVocabulary {
  /** From id 1, like `words`. */
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
  const characters = frequencies(sentences.flatMap((sentence) => sentence.words.flatMap((word) => [...word])));
  return {
    ...wordVocabulary(
      sentences.map(({ words }) => words),
      { vectors },
    ),
    characters: characters.map(([character]) => character),
    characterCounts: characters.map(([, count]) => count),
    tags: marksSpans ? spanTags(tags, scheme) : [...tags].sort(),
    scheme: marksSpans ? scheme : null,
  };
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
