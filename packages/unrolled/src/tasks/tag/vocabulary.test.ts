import { describe, expect, test } from 'vitest';
import { wordIds } from '../../words/index.ts';
import { inScheme, tagVocabulary } from './vocabulary.ts';

const tagged = (tags: string) => [{ words: tags.split(' ').map((_, i) => `w${i}`), tags: tags.split(' ') }];

describe('the vocabulary of tags', () => {
  test.each([
    ['BIO', 'O B-A I-A B-B', undefined, 'BIO', 'O B-A I-A B-B I-B'],
    ['IO', 'O I-A I-A', undefined, 'BIO', 'O B-A I-A'],
    ['BIOES', 'O B-A E-A S-B', 'BIOES', 'BIOES', 'O B-A I-A E-A S-A B-B I-B E-B S-B'],
    ['spans without a type', 'O B I', 'BIO', 'BIO', 'O B I'],
    ['BILOU', 'U-A O B-A I-A L-A', undefined, 'BIO', 'O B-A I-A'],
    ['BMES', 'S-A B-B M-B E-B', 'BIOES', 'BIOES', 'O B-A I-A E-A S-A B-B I-B E-B S-B'],
    ['a label with an underscore', 'O B_A I_A', undefined, 'BIO', 'O B-A I-A'],
    ['parts of speech', 'NOUN DET VERB', 'BIOES', null, 'DET NOUN VERB'],
    ['tags of which one is of no scheme', 'O B-A ADJ', undefined, null, 'ADJ B-A O'],
  ] as const)('of %s', (_, tags, scheme, expectedScheme, expected) => {
    const vocabulary = tagVocabulary(tagged(tags), { scheme });
    expect(vocabulary.scheme).toBe(expectedScheme);
    expect(vocabulary.tags).toEqual(expected.split(' '));
  });

  test.each([
    ['O I-A I-A B-A I-B', 'BIO', 'O B-A I-A B-A B-B'],
    ['O I-A I-A B-A I-B', 'BIOES', 'O B-A E-A S-A S-B'],
    ['S-A B-A I-A E-A O', 'BIO', 'B-A B-A I-A I-A O'],
    ['U-A B-A I-A L-A O', 'BIO', 'B-A B-A I-A I-A O'],
    ['W-A B-A M-A E-A O', 'BIOES', 'S-A B-A I-A E-A O'],
    ['I O', null, 'I O'],
  ] as const)('%s in %s', (tags, scheme, expected) => {
    expect(inScheme(tags.split(' '), scheme)).toEqual(expected.split(' '));
  });
});

describe('words', () => {
  const sentences = [{ words: ['The', 'cat', 'the', 'Cat', 'The'], tags: ['X', 'Y', 'X', 'Y', 'X'] }];
  const ask = ['cat', 'CAT', 'The', 'the', 'THE', 'dog', 'Dog', 'cow'];

  test('are counted in small letters, the most frequent first', () => {
    const vocabulary = tagVocabulary(sentences);
    expect(vocabulary).toMatchObject({ words: ['the', 'cat'], wordCounts: [3, 2], further: [] });
    expect(ask.map(wordIds(vocabulary))).toEqual([2, 2, 1, 1, 1, 0, 0, 0]);
  });

  test('of given vectors come after them', () => {
    const vectors = { words: ['cat', 'dog'], size: 1, values: Float32Array.of(1, 2) };
    const vocabulary = tagVocabulary(sentences, { vectors });
    expect(vocabulary).toMatchObject({ words: ['the', 'cat'], further: ['dog'] });
    expect(ask.map(wordIds(vocabulary))).toEqual([2, 2, 1, 1, 1, 3, 3, 0]);
  });

  test('are as they are written where vectors tell capital letters apart, and otherwise looked up in small ones', () => {
    const vectors = { words: ['cat', 'dog', 'The'], size: 1, values: Float32Array.of(1, 2, 3) };
    const vocabulary = tagVocabulary(sentences, { vectors });
    expect(vocabulary).toMatchObject({
      words: ['The', 'Cat', 'cat', 'the'],
      wordCounts: [2, 1, 1, 1],
      further: ['dog'],
    });
    expect(ask.map(wordIds(vocabulary))).toEqual([3, 3, 1, 4, 4, 5, 5, 0]);
  });
});
