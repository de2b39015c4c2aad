import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DataError } from '../errors.ts';
import { Random } from '../random.ts';
import { expectedCalibrationError, fitTemperature } from './calibration.ts';
import { accuracy, classScores, confusionMatrix, macroF1 } from './classification.ts';

describe('classification', () => {
  const actual = [0, 0, 0, 1, 1, 3];
  const predicted = [0, 0, 1, 1, 3, 3];

  test('accuracy, confusion matrix and F1 of a case by hand', () => {
    // 4 of 6: positions 0, 1, 3 and 5.
    expect(accuracy(predicted, actual)).toBe(4 / 6);
    const matrix = confusionMatrix(predicted, actual);
    expect(matrix).toEqual([
      [2, 1, 0, 0],
      [0, 1, 0, 1],
      [0, 0, 0, 0],
      [0, 0, 0, 1],
    ]);
    expect(classScores(matrix)).toEqual([
      { precision: 1, recall: 2 / 3, f1: 4 / 5, support: 3 },
      { precision: 1 / 2, recall: 1 / 2, f1: 1 / 2, support: 2 },
      { precision: 0, recall: 0, f1: 0, support: 0 },
      { precision: 1 / 2, recall: 1, f1: 2 / 3, support: 1 },
    ]);
    // Class 2 occurs nowhere and does not count.
    expect(macroF1(predicted, actual)).toBeCloseTo((4 / 5 + 1 / 2 + 2 / 3) / 3, 15);
  });

  test('a class that is only predicted counts with F1 0', () => {
    // Class 0: one of two found, none wrongly: F1 2/3. Class 1: never there, predicted once: 0.
    expect(macroF1([0, 1], [0, 0])).toBeCloseTo(1 / 3, 15);
  });

  test('accuracy is the diagonal of the confusion matrix, which holds every position once', () => {
    const classes = fc.array(fc.tuple(fc.nat(4), fc.nat(4)), { minLength: 1 });
    fc.assert(
      fc.property(classes, (pairs) => {
        const [predicted, actual] = [pairs.map(([p]) => p), pairs.map(([, a]) => a)];
        const matrix = confusionMatrix(predicted, actual, 5);
        expect(matrix.flat().reduce((a, b) => a + b)).toBe(pairs.length);
        expect(matrix.reduce((sum, row, k) => sum + row[k], 0) / pairs.length).toBeCloseTo(
          accuracy(predicted, actual),
          14,
        );
      }),
    );
  });

  test.each([
    [() => accuracy([], []), 'at least one'],
    [() => accuracy([1], [1, 2]), '1 predictions against 2 references'],
    [() => confusionMatrix([0, 5], [0, 1], 3), 'class 5 at position 1'],
    [() => confusionMatrix([0.5], [1], 3), 'class 0.5'],
  ])('what does not fit is refused', (call, words) => {
    expect(call).toThrow(DataError);
    expect(call).toThrow(words);
  });
});

describe('calibration', () => {
  test('the expected error of a case by hand', () => {
    // Two bins. (0, ½]: one with confidence 0.5, right: gap 0.5. (½, 1]: 0.9 right, 0.8 wrong, 0.7 right: accuracy ⅔
    // against confidence 0.8: gap 0.1333. (1 · 0.5 + 3 · 0.1333) / 4 = 0.225.
    const rows = [
      [0.5, 0.5],
      [0.9, 0.1],
      [0.2, 0.8],
      [0.3, 0.7],
    ];
    expect(expectedCalibrationError(rows, [0, 0, 0, 1], 2)).toBeCloseTo(0.225, 12);
    expect(expectedCalibrationError([[1, 0]], [0])).toBe(0);
    expect(expectedCalibrationError([[1, 0]], [1])).toBe(1);
    expect(() => expectedCalibrationError([[1]], [0], 0)).toThrow('bins must be');
  });

  test('the temperature is the one that labels were drawn with', () => {
    const random = new Random(1);
    for (const temperature of [0.5, 1, 3]) {
      const logits = Array.from({ length: 4000 }, () => Array.from({ length: 4 }, () => 4 * random.normal()));
      const actual = logits.map((row) => {
        const weights = row.map((x) => Math.exp(x / temperature));
        let left = random.uniform() * weights.reduce((a, b) => a + b);
        return weights.findIndex((weight) => {
          left -= weight;
          return left < 0;
        });
      });
      const fitted = fitTemperature(logits, actual);
      expect(Math.abs(Math.log(fitted / temperature))).toBeLessThan(0.08);
      const loss = (T: number): number =>
        logits.reduce((sum, row, i) => {
          const shift = Math.max(...row);
          const total = row.reduce((mass, x) => mass + Math.exp((x - shift) / T), 0);
          return sum + Math.log(total) - (row[actual[i]] - shift) / T;
        }, 0);
      expect(loss(fitted)).toBeLessThan(Math.min(loss(fitted * 1.01), loss(fitted / 1.01)));
    }
  });

  test('the temperature stays within its bounds where nothing is wrong, or all', () => {
    const logits = [
      [3, 0],
      [0, 2],
    ];
    expect(fitTemperature(logits, [0, 1])).toBeCloseTo(0.01, 6);
    expect(fitTemperature(logits, [1, 0])).toBeCloseTo(100, 6);
  });
});
