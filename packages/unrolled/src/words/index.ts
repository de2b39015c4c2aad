/**
 * Words of a text, vocabularies of words, and pretrained word vectors.
 * @module
 */

export { splitWords, type Word } from './split.ts';
export { takeVectors } from './take-vectors.ts';
export * from './vocabulary.ts';
export * from './word-vectors.ts';
