import { DataError } from '../errors.ts';

/** @throws DataError unless there are as many predictions as references, and at least one */
export function requirePairs(metric: string, predictions: ArrayLike<unknown>, references: ArrayLike<unknown>): void {
  if (predictions.length !== references.length || references.length === 0) {
    throw new DataError(
      `${metric}: ${predictions.length} predictions against ${references.length} references; ` +
        'give one for each, and at least one',
      { predictions: predictions.length, references: references.length },
    );
  }
}
