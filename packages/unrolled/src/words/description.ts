import { flag, whole } from '../checks.ts';
import { type Fields, listOf, listOfDifferent, scalar, text } from '../schema.ts';
import type { WordVocabulary } from './vocabulary.ts';

/** Fields of a vocabulary of words in a file. */
export const wordVocabularyFields: Fields<WordVocabulary> = {
  lowercase: scalar<boolean>(flag),
  words: listOfDifferent(text),
  wordCounts: listOf(scalar<number>(whole())),
  further: listOfDifferent(text),
};
