import { describe, expect, test } from 'vitest';
import { Random } from '../random.ts';
import { dropRare, wordIds, wordVocabulary } from './vocabulary.ts';

const sentences = [
  ['The', 'film', 'is', 'the', 'film'],
  ['the', 'end'],
];
const vectors = { words: ['the', 'film', 'movie'], size: 1, values: Float32Array.of(1, 2, 3) };

describe('a word vocabulary', () => {
  test('has the most frequent words first, lower-cased, and at most as many as asked for', () => {
    expect(wordVocabulary(sentences)).toEqual({
      lowercase: true,
      words: ['the', 'film', 'end', 'is'],
      wordCounts: [3, 2, 1, 1],
      further: [],
    });
    expect(wordVocabulary(sentences, { size: 2 }).words).toEqual(['the', 'film']);
  });

  test('keeps given vectors of other words, after its own', () => {
    const vocabulary = wordVocabulary(sentences, { vectors });
    expect(vocabulary.further).toEqual(['movie']);
    expect(['THE', 'movie', 'never'].map(wordIds(vocabulary))).toEqual([1, 5, 0]);
  });

  test('with frozen vectors trains only the words that have none', () => {
    const { words, further } = wordVocabulary(sentences, { vectors, freeze: true });
    expect([words, further]).toEqual([
      ['end', 'is'],
      ['the', 'film', 'movie'],
    ]);
  });

  test('is case-sensitive if the vectors are', () => {
    const cased = { words: ['The', 'the'], size: 1, values: Float32Array.of(1, 2) };
    const vocabulary = wordVocabulary(sentences, { vectors: cased });
    expect(['The', 'the', 'THE'].map(wordIds(vocabulary))).toEqual(['The', 'the', 'the'].map(wordIds(vocabulary)));
    expect(wordIds(vocabulary)('The')).not.toBe(wordIds(vocabulary)('the'));
  });

  test('drops a word seen n times with probability 0.25 / (0.25 + n), in training alone', () => {
    const context = { training: true, random: new Random(1) } as const;
    const dropped = (n: number) =>
      Array.from({ length: 4000 }, () => dropRare(1, [n], context)).filter((id) => id === 0);
    expect(dropped(1).length / 4000).toBeCloseTo(0.2, 1);
    expect(dropped(10).length / 4000).toBeCloseTo(0.25 / 10.25, 1);
    expect(dropRare(2, [1], context)).toBe(2);
    expect(dropRare(1, [0], { training: false })).toBe(1);
  });
});
