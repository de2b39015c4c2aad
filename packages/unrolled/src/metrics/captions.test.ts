import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { captionScores, captionTokens } from './captions.ts';

describe('captions', () => {
  const captions = ['a dog runs', 'the cat sat on the mat'];
  const references = [
    ['A dog runs fast .', 'the dog is running'],
    ['the cat sat on the mat', 'a cat on a mat'],
  ];

  test('BLEU of a case by hand', () => {
    // Unigrams 3 of 3 and 6 of 6, bigrams 2 of 2 and 5 of 5, trigrams 1 of 1 and 4 of 4, 4-grams 3 of 3.
    // Lengths 3 + 6 against 4 + 6.
    const brevity = Math.exp(1 - 10 / 9);
    for (const score of captionScores(captions, references).bleu) expect(score).toBeCloseTo(100 * brevity, 10);
    // 'a a dog': a counts once. Unigrams 2 of 3, bigrams 1 of 2.
    const { bleu } = captionScores(['a a dog'], [['a dog barks']]);
    expect(bleu[0]).toBeCloseTo(200 / 3, 10);
    expect(bleu[1]).toBeCloseTo(100 * Math.sqrt((2 / 3) * (1 / 2)), 10);
    expect(bleu.slice(2)).toEqual([0, 0]);
  });

  test('ROUGE-L of a case by hand', () => {
    // 'a dog runs' and 'a dog runs fast' share 3 words in order: P 3/3, R 3/4; with 'the dog is running' 1.
    const [p, r, beta] = [1, 3 / 4, 1.44];
    const first = ((1 + beta) * p * r) / (r + beta * p);
    expect(captionScores(captions, references).rougeL).toBeCloseTo((100 * (first + 1)) / 2, 10);
    expect(captionScores(['x'], [['y']]).rougeL).toBe(0);
  });

  test('CIDEr-D of a case by hand', () => {
    // Two images with one reference each. All n-grams of an image are in the references of one of two: idf = ln 2.
    // 'a b' against 'a b': cosines 1, 1, 0, 0 for the orders there are, lengths equal: 10 · 2/4. 'c' against 'd': 0.
    expect(captionScores(['a b', 'c'], [['a b'], ['d']]).ciderD).toBeCloseTo((100 * (10 * 0.5 + 0)) / 2, 10);
    // Repetition: min(2, 1)·1 of the unigrams 'a', lengths differ by one bigram.
    const repeated = captionScores(['a a', 'c'], [['a'], ['d']]).ciderD;
    expect(repeated).toBeCloseTo((100 * 10 * (Math.exp(-1 / 72) * (1 / 2)) * (1 / 4)) / 2, 10);
    // What every image's references say counts nothing.
    expect(captionScores(['a', 'a'], [['a'], ['a']]).ciderD).toBe(0);
  });

  test('tokens are words without punctuation, with contractions apart', () => {
    expect(captionTokens("The man’s dog doesn't see 2 well-fed birds , or 1.5 ?")).toEqual([
      'the',
      'man',
      "'s",
      'dog',
      'does',
      "n't",
      'see',
      '2',
      'well-fed',
      'birds',
      'or',
      '1.5',
    ]);
    expect(captionTokens(' .!')).toEqual([]);
  });

  test('an empty caption has 0, a caption without reference is refused', () => {
    expect(captionScores([''], [['a b']])).toEqual({ bleu: [0, 0, 0, 0], rougeL: 0, ciderD: 0 });
    expect(() => captionScores(['a'], [[]])).toThrow(DataError);
    expect(() => captionScores(['a'], [])).toThrow('1 predictions against 0 references');
  });
});
