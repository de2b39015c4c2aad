import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { answerAccuracy, commonAnswer, normaliseAnswer } from './answers.ts';

describe('answers as they are compared', () => {
  test.each([
    ['Yes.', 'yes'],
    ['The Garbage_bin', 'garbage bin'],
    ['two', '2'],
    ['Ten, at least', '10 at least'],
    ['a', 'a'],
    ['the', 'the'],
    ['Don’t know!', "don't know"],
    ['t-shirt', 't-shirt'],
    ['10:30', '10:30'],
    ['$5.50', '$5.50'],
    ['  ', ''],
    ['?', '?'],
    ['comforter, pillow', 'comforter pillow'],
  ])('%j is %j', (text, normal) => {
    expect(normaliseAnswer(text)).toBe(normal);
    expect(normaliseAnswer(normal)).toBe(normal);
  });
});

describe('how right an answer is', () => {
  // By hand: of ten persons n say the same. A set of nine without one of them has n − 1, without another n.
  test.each([
    [0, 0],
    [1, (9 * (1 / 3) + 1 * 0) / 10],
    [2, (8 * (2 / 3) + 2 * (1 / 3)) / 10],
    [3, (7 * 1 + 3 * (2 / 3)) / 10],
    [4, 1],
    [10, 1],
  ])('as %i of ten persons: %d', (n, share) => {
    const people = Array.from({ length: 10 }, (_, i) => (i < n ? 'Red' : `answer ${i}`));
    expect(answerAccuracy('red', people)).toBeCloseTo(share, 12);
  });

  test('against one person or a few, 1 or 0', () => {
    expect(answerAccuracy('a lamp', ['Lamp'])).toBe(1);
    expect(answerAccuracy('lamps', ['Lamp'])).toBe(0);
    expect(answerAccuracy('2', ['one', 'two', 'three'])).toBe(1);
    expect(() => answerAccuracy('2', [])).toThrow(DataError);
  });

  test('the common answer is what most people say, and the first of several', () => {
    expect(commonAnswer(['a cat', 'dog', 'Cat.'])).toBe('cat');
    expect(commonAnswer(['dog', 'cat'])).toBe('dog');
    expect(() => commonAnswer([])).toThrow(DataError);
  });
});
