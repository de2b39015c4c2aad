import { expect, test } from 'vitest';
import { splitExamples } from './split.ts';

const words = Array.from({ length: 2000 }, (_, i) => `word ${i}`);
const keyOf = (word: string): string => word;

test('about the share is used for validation, another part for another seed', () => {
  const { train, validation } = splitExamples(words, { share: 0.1, seed: 1, keyOf });
  expect(train.length + validation.length).toBe(2000);
  expect(Math.abs(validation.length - 200)).toBeLessThan(50);
  expect(splitExamples(words, { share: 0.1, seed: 2, keyOf }).validation).not.toEqual(validation);
});

test('the part of an example does not depend on other examples', () => {
  const all = new Set(splitExamples(words, { share: 0.1, seed: 1, keyOf }).validation);
  const some = splitExamples(words.slice(500, 900), { share: 0.1, seed: 1, keyOf }).validation;
  expect(some.every((word) => all.has(word))).toBe(true);
});

test('duplicates are never split across parts', () => {
  const twice = [...words, ...words];
  const { train, validation } = splitExamples(twice, { share: 0.3, seed: 1, keyOf });
  expect(train.some((word) => validation.includes(word))).toBe(false);
});

test('a share out of range is an error', () => {
  expect(() => splitExamples(words, { share: 1, seed: 1, keyOf })).toThrow('received 1');
});
