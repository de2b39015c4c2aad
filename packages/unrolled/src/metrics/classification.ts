import { DataError } from '../errors.ts';
import { requirePairs } from './require.ts';

/**
 * The share of predictions that are right. Classes are whole numbers from 0.
 * @throws DataError if there are no predictions, or not as many as classes
 */
export function accuracy(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  requirePairs('accuracy', predicted, actual);
  let right = 0;
  for (let i = 0; i < actual.length; i++) if (predicted[i] === actual[i]) right++;
  return right / actual.length;
}

/**
 * The confusion matrix, `[K, K]`: `matrix[i][j]` counts examples of class i that were predicted as class j.
 * @param classes  K. Default: as many as occur
 * @throws DataError on a class that is not a whole number from 0 below K
 */
export function confusionMatrix(
  predicted: ArrayLike<number>,
  actual: ArrayLike<number>,
  classes = 1 + Math.max(...Array.from(predicted), ...Array.from(actual)),
): number[][] {
  requirePairs('confusion matrix', predicted, actual);
  const matrix = Array.from({ length: classes }, () => new Array<number>(classes).fill(0));
  for (let i = 0; i < actual.length; i++) {
    for (const value of [actual[i], predicted[i]]) {
      if (!Number.isInteger(value) || value < 0 || value >= classes) {
        throw new DataError(
          `confusion matrix: class ${value} at position ${i} is not a whole number from 0 below ${classes}`,
        );
      }
    }
    matrix[actual[i]][predicted[i]]++;
  }
  return matrix;
}

export interface Scores {
  /** The share of predictions of the class that are right; 0 if there are none. */
  readonly precision: number;
  /** The share of examples of the class that were found; 0 if there are none. */
  readonly recall: number;
  /** 2PR / (P + R); 0 if both are 0. */
  readonly f1: number;
  /** The number of examples of the class. */
  readonly support: number;
}

/** Precision, recall and F1 from counts: right predictions, all predictions, and examples of the class. */
export function scoresOf(right: number, predicted: number, support: number): Scores {
  return {
    precision: predicted > 0 ? right / predicted : 0,
    recall: support > 0 ? right / support : 0,
    f1: predicted + support > 0 ? (2 * right) / (predicted + support) : 0,
    support,
  };
}

/** Precision, recall and F1 of each class, from a confusion matrix `[K, K]`. */
export function classScores(matrix: readonly (readonly number[])[]): Scores[] {
  return matrix.map((row, k) => {
    const predicted = matrix.reduce((total, other) => total + other[k], 0);
    const support = row.reduce((total, count) => total + count, 0);
    return scoresOf(row[k], predicted, support);
  });
}

/** The mean F1 over the classes that occur, among predictions or examples. @throws DataError as `accuracy` */
export function macroF1(predicted: ArrayLike<number>, actual: ArrayLike<number>): number {
  const matrix = confusionMatrix(predicted, actual);
  const occurring = classScores(matrix).filter(({ support }, k) => support > 0 || matrix.some((row) => row[k] > 0));
  return occurring.reduce((total, { f1 }) => total + f1, 0) / occurring.length;
}
