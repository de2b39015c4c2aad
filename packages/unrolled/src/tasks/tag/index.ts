/**
 * Words to tags: CoNLL files, a CRF, and spans in texts.
 * @module
 */

export { labelScheme } from '../../labels.ts';
export { readWordVectors, splitWords, type Word, type WordVectorOptions, type WordVectors } from '../../words/index.ts';
export type { TaggerConfig, TaggerDescription } from './config.ts';
export * from './conll.ts';
export * from './evaluate.ts';
export * from './model.ts';
export * from './show.ts';
export type { TaggedText, TaggedWord, TextSpan } from './tagged-text.ts';
export * from './task.ts';
export * from './training.ts';
export {
  type SpanScheme,
  spanSchemes,
  type TagVocabulary,
  type TagVocabularyOptions,
  tagVocabulary,
} from './vocabulary.ts';
