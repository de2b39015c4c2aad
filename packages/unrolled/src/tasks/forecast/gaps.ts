import { DataError } from '../../errors.ts';

export const gapFillings = ['linear', 'previous'] as const;

/** `linear`: on the line between the neighbours; `previous`: what was last known. */
export type GapFilling = (typeof gapFillings)[number];

/**
 * Numbers with those that are none (NaN) filled in. At the beginning, the first known number is taken; at the end, the last
 * one. Filling by a line looks ahead: for a back-test, `previous` is what could have been known at the time.
 * @throws DataError if no number is known
 */
export function fillGaps(numbers: ArrayLike<number>, filling: GapFilling = 'linear'): Float64Array {
  const filled = Float64Array.from(numbers);
  const known = (t: number): boolean => Number.isFinite(filled[t]);
  let before = -1;
  for (let t = 0; t <= filled.length; t++) {
    if (t < filled.length && !known(t)) continue;
    for (let gap = before + 1; gap < t; gap++) {
      if (before < 0 && t === filled.length) throw new DataError('fill: there is no number to fill gaps from');
      if (before < 0) filled[gap] = filled[t];
      else if (t === filled.length || filling === 'previous') filled[gap] = filled[before];
      else filled[gap] = filled[before] + ((filled[t] - filled[before]) * (gap - before)) / (t - before);
    }
    before = t;
  }
  return filled;
}
