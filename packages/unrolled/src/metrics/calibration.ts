import { count, requireKind } from '../checks.ts';
import { requirePairs } from './require.ts';

/**
 * Expected calibration error (Naeini 2015, Guo 2017): the sum over bins of (share of predictions in the bin) · |accuracy −
 * mean confidence|. The confidence is the greatest probability; bin m of M holds those in ((m−1)/M, m/M].
 *
 * @param probabilities  K for each prediction
 * @param actual  the true class of each
 * @param bins  M. Default 15
 * @throws ConfigError if bins is no whole number from 1; DataError if there are no predictions, or not as many as classes
 */
export function expectedCalibrationError(
  probabilities: readonly ArrayLike<number>[],
  actual: ArrayLike<number>,
  bins = 15,
): number {
  requirePairs('calibration', probabilities, actual);
  requireKind('calibration', 'bins', bins, count);
  // Σ (right − confidence) of each bin: its share times the difference of its means, times the number of predictions.
  const gaps = new Array<number>(bins).fill(0);
  probabilities.forEach((row, i) => {
    const predicted = largest(row);
    const bin = Math.min(bins, Math.max(1, Math.ceil(row[predicted] * bins))) - 1;
    gaps[bin] += Number(predicted === actual[i]) - row[predicted];
  });
  return gaps.reduce((total, gap) => total + Math.abs(gap), 0) / actual.length;
}

/**
 * The temperature T that minimises the mean of −log softmax(logits / T)[class] on held-out examples (Guo 2017). The loss is
 * convex in 1/T, so T is found by bisection, between 0.01 and 100: with no mistakes the minimum is at T = 0.
 *
 * @param logits  K for each prediction
 * @param actual  the true class of each
 * @throws DataError if there are no predictions, or not as many as classes
 */
export function fitTemperature(logits: readonly ArrayLike<number>[], actual: ArrayLike<number>): number {
  requirePairs('temperature', logits, actual);
  /** The slope of the loss in b = 1/T: Σ (mean logit under softmax(b · logits) − logit of the right class). */
  const slope = (b: number): number =>
    logits.reduce((total, row, i) => {
      const most = row[largest(row)];
      let [mass, moment] = [0, 0];
      for (let k = 0; k < row.length; k++) {
        const weight = Math.exp(b * (row[k] - most));
        mass += weight;
        moment += weight * row[k];
      }
      return total + moment / mass - row[actual[i]];
    }, 0);
  let [low, high] = [0.01, 100];
  for (let i = 0; i < 100; i++) {
    const middle = Math.sqrt(low * high);
    if (slope(middle) <= 0) low = middle;
    else high = middle;
  }
  return 1 / Math.sqrt(low * high);
}

function largest(row: ArrayLike<number>): number {
  let place = 0;
  for (let k = 1; k < row.length; k++) if (row[k] > row[place]) place = k;
  return place;
}
