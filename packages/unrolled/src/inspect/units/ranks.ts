import { ascending } from './sorting.ts';

/**
 * Mid-ranks in [−½, ½]: (rank − (n + 1)/2)/n, with ranks from 1 and equal values sharing the mean of theirs. Their sum
 * is 0.
 */
export function centredRanks(values: Float32Array): Float32Array {
  const n = values.length;
  const sorted = ascending(values);
  const ranks = new Float32Array(n);
  for (let i = 0; i < n; i++) {
    const below = lowerBound(sorted, values[i]);
    let notAbove = below + 1;
    if (sorted[notAbove] === values[i]) notAbove = upperBound(sorted, values[i]);
    ranks[i] = (below + notAbove - n) / (2 * n);
  }
  return ranks;
}

/**
 * The area under the ROC curve of centred ranks: the probability that a value where the label is 1 is above one where
 * it is 0, plus half of that of being equal,
 *
 *     AUC = ½ + n / (n₁ n₀) · Σ_{label 1} rank
 */
export function aucOfRanks(ranks: ArrayLike<number>, labels: ArrayLike<number>): number {
  const n = ranks.length;
  let [sum, positives] = [0, 0];
  for (let i = 0; i < n; i++) {
    if (labels[i] === 0) continue;
    sum += ranks[i];
    positives++;
  }
  return 0.5 + (n * sum) / (positives * (n - positives));
}

/** How many are below `value` in ascending numbers. */
export function lowerBound(sorted: ArrayLike<number>, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** How many are not above it. */
export function upperBound(sorted: ArrayLike<number>, value: number): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] <= value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Mean 0 and variance 1; all 0 where all values are the same. */
export function standardised(values: Float32Array): Float32Array {
  const { mean, deviation } = momentsOf(values);
  return values.map((value) => (deviation > 0 ? (value - mean) / deviation : 0));
}

/** Pearson's correlation; 0 where one of the two does not vary. */
export function correlationOf(values: Float32Array, labels: Float32Array): number {
  const [a, b] = [momentsOf(values), momentsOf(labels)];
  if (!(a.deviation > 0 && b.deviation > 0)) return 0;
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] - a.mean) * (labels[i] - b.mean);
  return sum / values.length / (a.deviation * b.deviation);
}

export function momentsOf(values: Float32Array): { mean: number; deviation: number } {
  let [sum, squares] = [0, 0];
  for (const value of values) sum += value;
  const mean = sum / values.length;
  for (const value of values) squares += (value - mean) ** 2;
  return { mean, deviation: Math.sqrt(squares / values.length) };
}
