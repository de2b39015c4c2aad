import { oneOf, requireKind } from '../../checks.ts';
import { DataError } from '../../errors.ts';

export const gapFillings = ['linear', 'previous'] as const;

/** `linear`: interpolate between the neighbours; `previous`: repeat the last known number. */
export type GapFilling = (typeof gapFillings)[number];

/**
 * Fills missing numbers (NaN). `linear` looks ahead, and repeats the first known number before it; `previous` never looks ahead,
 * as a back-test needs. Both repeat the last known number after it.
 * @throws DataError if no number is known, or `previous` has none to begin with
 */
export function fillGaps(numbers: ArrayLike<number>, filling: GapFilling = 'linear'): Float64Array {
  requireKind('fillGaps', 'filling', filling, oneOf(gapFillings));
  const filled = Float64Array.from(numbers);
  const known = (t: number): boolean => Number.isFinite(filled[t]);
  let before = -1;
  for (let t = 0; t <= filled.length; t++) {
    if (t < filled.length && !known(t)) continue;
    for (let gap = before + 1; gap < t; gap++) {
      if (before < 0 && t === filled.length) throw new DataError('fillGaps: no number is known');
      if (before < 0 && filling === 'previous') {
        throw new DataError(
          `fillGaps: the first known number is at position ${t}, and 'previous' has none before it; begin there, or fill 'linear'`,
          { position: t },
        );
      }
      if (before < 0) filled[gap] = filled[t];
      else if (t === filled.length || filling === 'previous') filled[gap] = filled[before];
      else filled[gap] = filled[before] + ((filled[t] - filled[before]) * (gap - before)) / (t - before);
    }
    before = t;
  }
  return filled;
}
