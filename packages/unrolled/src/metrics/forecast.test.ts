import { expect, test } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import {
  intervalCoverage,
  meanAbsoluteError,
  meanAbsoluteScaledError,
  pinballLoss,
  rootMeanSquaredError,
  symmetricPercentageError,
} from './forecast.ts';

test('mean errors by hand', () => {
  expect(meanAbsoluteError([5, 1], [2, 2])).toBe(2);
  expect(rootMeanSquaredError([5, 1], [2, 2])).toBeCloseTo(Math.sqrt(5), 14);
  // 6/7, 2/3, and nothing where both are 0; 2 where one is.
  expect(symmetricPercentageError([5, -1, 0], [2, -2, 0])).toBeCloseTo((6 / 7 + 2 / 3) / 3, 14);
  expect(symmetricPercentageError([0], [3])).toBe(2);
  for (const error of [meanAbsoluteError, rootMeanSquaredError, symmetricPercentageError]) {
    expect(() => error([1, 2], [1])).toThrow(DataError);
    expect(() => error([], [])).toThrow(DataError);
  }
});

test('mean absolute scaled error by hand', () => {
  // History 1 3 2 6: one step before errs by 2, 1, 4: 7/3 on average. Errors of the forecast: 1 and 2: 1.5.
  expect(meanAbsoluteScaledError([5, 5], [6, 3], [1, 3, 2, 6])).toBeCloseTo(1.5 / (7 / 3), 14);
  // Two steps before: |2 − 1| and |6 − 3|: 2.
  expect(meanAbsoluteScaledError([5, 5], [6, 3], [1, 3, 2, 6], 2)).toBe(1.5 / 2);
  expect(() => meanAbsoluteScaledError([1], [1], [4, 4, 4])).toThrow(DataError);
  expect(() => meanAbsoluteScaledError([1], [1], [4, 5], 2)).toThrow('longer than a season');
  expect(() => meanAbsoluteScaledError([1], [1], [4, 5], 0)).toThrow(ConfigError);
});

test('pinball loss by hand', () => {
  // At 0.9: 2 too low costs 1.8, 1 too high 0.1.
  expect(pinballLoss([3, 3], [5, 2], 0.9)).toBeCloseTo((1.8 + 0.1) / 2, 14);
  expect(pinballLoss([3, 3], [5, 2], 0.5)).toBe(1.5 / 2);
  expect(() => pinballLoss([1], [1], 1)).toThrow(ConfigError);
});

test('interval coverage by hand', () => {
  expect(intervalCoverage([0, 0, 0, 2], [1, 1, 1, 3], [1, 0, 2, 2])).toBe(3 / 4);
  expect(() => intervalCoverage([0], [1, 2], [1])).toThrow(DataError);
});
