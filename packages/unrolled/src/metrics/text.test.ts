import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { bleu } from './bleu.ts';
import { chrf } from './chrf.ts';
import { editDistance, errorRate, exactMatch, wordErrorRate } from './edit-distance.ts';

describe('BLEU', () => {
  test('of a case by hand', () => {
    // the: 1 of 2 counts (clipped), cat, sat: 3 of 4. 2-grams: 'the cat', 'cat sat' of 3. 3-grams: 1 of 2. 4-grams:
    // none of 1, so ½ of it. Lengths 4 and 3: no brevity penalty.
    const { score, precisions, brevityPenalty } = bleu(['the cat sat the'], [['the cat sat']]);
    const expected = [75, 200 / 3, 50, 50];
    precisions.forEach((p, n) => {
      expect(p).toBeCloseTo(expected[n], 12);
    });
    expect(brevityPenalty).toBe(1);
    expect(score).toBeCloseTo((75 * (200 / 3) * 50 * 50) ** 0.25, 12);
  });

  test('of a text against itself is 100', () => {
    expect(bleu(['a b c d e'], [['a b c d e']]).score).toBeCloseTo(100, 12);
  });

  test('of two references as near in length the shorter counts', () => {
    expect(bleu(['a b c'], [['a b c d', 'a b']]).referenceLength).toBe(2);
    expect(bleu(['a b c'], [['a b', 'a b c d']]).referenceLength).toBe(2);
  });

  test('needs references', () => {
    expect(() => bleu(['a'], [[]])).toThrow('sentence 0 has no reference');
    expect(() => bleu(['a'], [])).toThrow(DataError);
  });
});

test('chrF of a case by hand', () => {
  // 'ab c' against 'abd', spaces left out: 1-grams 2 of 3 and 3, 2-grams 1 of 2 and 2, 3-grams 0 of 1 and 1; no others.
  // P = R = (2/3 + 1/2 + 0) / 3 = 7/18, and so is F.
  expect(chrf(['ab c'], [['abd']]).score).toBeCloseTo(700 / 18, 12);
  expect(chrf(['🙂🙃'], [['🙂🙃']]).score).toBe(100);
  expect(() => chrf(['a'], [[]])).toThrow(DataError);
});

describe('edit distance', () => {
  test.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['abc', '', 3],
    ['flaw', 'lawn', 2],
  ])('%s → %s', (a, b, expected) => expect(editDistance(a, b)).toBe(expected));

  test('is a distance', () => {
    const word = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 7 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a.join() === b.join());
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });

  test('error rates count edits over all references', () => {
    // One substitution of three words, one insertion beside one: 2 / 4.
    expect(wordErrorRate(['the cat sat', 'yes no'], ['the dog  sat', 'yes'])).toBe(2 / 4);
    expect(errorRate([['k', 'æ', 't']], [['k', 'ʌ', 't', 's']])).toBe(2 / 4);
    expect(() => wordErrorRate([''], [' '])).toThrow('the references are empty');
  });

  test('exact match', () => {
    expect(exactMatch(['ab', 'b', 'c'], ['ab', 'bb', 'd'])).toBe(1 / 3);
    expect(exactMatch(['abc', ''], ['ab', 'a'])).toBe(0);
    expect(exactMatch([[1, 2], []], [[1, 2], []])).toBe(1);
  });
});
