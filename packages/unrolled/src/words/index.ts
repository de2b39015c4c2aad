/**
 * Words of a text, vocabularies of words, and pretrained word vectors.
 * @module
 */

export { splitWords, type Word } from './split.ts';
export * from './vocabulary.ts';
export * from './word-table.ts';
export * from './word-vectors.ts';
