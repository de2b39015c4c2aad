export * from './conll.ts';
export * from './evaluate.ts';
export * from './model.ts';
export * from './show.ts';
export * from './training.ts';
export {
  type SpanScheme,
  spanSchemes,
  type TagVocabulary,
  type TagVocabularyOptions,
  tagVocabulary,
} from './vocabulary.ts';
export * from './word-vectors.ts';
export * from './words.ts';
