import { expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { rankingScores, rankOf } from './index.ts';

test('a rank counts the better ones, and half of the equal ones', () => {
  expect(rankOf([0.1, 0.7, 0.2], 1)).toBe(1);
  expect(rankOf([0.1, 0.7, 0.2], 0)).toBe(3);
  expect(rankOf([5, 5, 5, 5, 5], 2)).toBe(3);
  expect(rankOf([2, 3, 2], 0)).toBe(2.5);
  expect(rankOf([4], 0)).toBe(1);
});

test('scores of ranks 1, 2, 6 and 20, worked by hand', () => {
  const { mrr, recall, meanRank } = rankingScores([1, 2, 6, 20]);
  expect(mrr).toBeCloseTo((1 + 1 / 2 + 1 / 6 + 1 / 20) / 4, 12);
  expect(recall).toEqual({ 1: 0.25, 5: 0.5, 10: 0.75 });
  expect(meanRank).toBe(7.25);
  expect(() => rankingScores([])).toThrow(DataError);
});
