import { anything, oneOf, requireOptions } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import { isSpanLabel, splitLabel } from '../../labels.ts';
import { spanLabels, spansOf } from '../../metrics/spans.ts';
import { frequencies, type WordVectors, type WordVocabulary, wordVocabulary } from '../../words/index.ts';
import type { TaggedSentence } from './conll.ts';

/** Scheme of a model's tags; see `spanLabels`. */
export type SpanScheme = 'BIO' | 'BIOES';
export const spanSchemes = ['BIO', 'BIOES'] as const satisfies readonly SpanScheme[];

/** Words, characters and tags of a tagger: plain data. */
export interface TagVocabulary extends WordVocabulary {
  /** From id 1, like `words`. */
  readonly characters: readonly string[];
  readonly characterCounts: readonly number[];
  readonly tags: readonly string[];
  /** Scheme of tags that mark spans; null where each tag stands for itself, such as a part of speech. */
  readonly scheme: SpanScheme | null;
}

export interface TagVocabularyOptions {
  /** Scheme of the model's own tags, whichever the data has. Default 'BIO'. */
  readonly scheme?: SpanScheme | undefined;
  /** Pretrained word vectors; those of words outside the training sentences are kept, too. */
  readonly vectors?: WordVectors | undefined;
  /** Further tags the model can give, such as those of held-out sentences. Default: none. */
  readonly tags?: Iterable<string> | undefined;
}

const optionKinds = { scheme: oneOf(spanSchemes), vectors: anything, tags: anything };

/**
 * The vocabulary of training sentences. Words are lower-cased, unless the given vectors are case-sensitive. Tags mark spans
 * if all of them are span labels (IO, BIO, BIOES, BILOU or BMES; see `splitLabel`); otherwise each stands for itself.
 * @throws DataError if there is no sentence
 */
export function tagVocabulary(sentences: readonly TaggedSentence[], options: TagVocabularyOptions = {}): TagVocabulary {
  requireOptions('tagVocabulary', options, optionKinds);
  const { scheme = 'BIO', vectors, tags: further = [] } = options;
  if (sentences.length === 0) throw new DataError('tag: no sentence to train on');
  const tags = new Set([...sentences.flatMap((sentence) => sentence.tags), ...further]);
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

/** Tags in the model's scheme, or unchanged where it has none. @throws DataError on a tag that is not a span label */
export function inScheme(tags: readonly string[], scheme: SpanScheme | null): readonly string[] {
  return scheme === null ? tags : spanLabels(spansOf(tags), tags.length, scheme);
}

/** All tags that spans of these types can have, O first. */
function spanTags(tags: ReadonlySet<string>, scheme: SpanScheme): string[] {
  const labels = [...tags].map(splitLabel).filter(({ place }) => place !== 'O');
  const types = [...new Set(labels.map(({ type }) => type))].sort();
  return ['O', ...types.flatMap((type) => [...scheme].filter((place) => place !== 'O').map((p) => labelOf(p, type)))];
}

const labelOf = (place: string, type: string): string => (type === '' ? place : `${place}-${type}`);
