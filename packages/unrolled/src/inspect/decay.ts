import type { FloatType } from '../backend/backend.ts';

/** How a norm changes with the lag. */
export interface Decay {
  /**
   * 'kept' if over all lags it stays within a factor of ten, by the fit and at the last lag, otherwise 'vanishes' or
   * 'explodes'; 'absent' where there is no gradient to begin with.
   */
  readonly kind: 'vanishes' | 'explodes' | 'kept' | 'absent';
  /** Factor by which the norm changes per step back, by least squares on its logarithm. */
  readonly perStep: number;
  /** Steps in which it halves or doubles; null where it does the opposite. */
  readonly halvesEvery: number | null;
  readonly doublesEvery: number | null;
  /** The norm at the last lag as a fraction of the first. */
  readonly left: number;
  /** The last lag used by the fit; beyond it norms underflow or overflow. */
  readonly until: number;
}

/** Below the first, numbers lose digits; above the second, there are none. With room for sums. */
const ranges: Record<FloatType, readonly [number, number]> = {
  float32: [1e-36, 1e37],
  float64: [1e-300, 1e300],
};

/**
 * Fits norms at lags 0, 1, … by a constant factor a step, over the lags at which they are measurably above 0. Where a step's
 * output is not part of the state that it passes on, there is no gradient at lag 0, and lag 1 is the first.
 */
export function decayOf(norms: readonly number[], float: FloatType = 'float64'): Decay {
  const [lowest, highest] = ranges[float];
  const first = norms[0] === 0 ? 1 : 0;
  const last = norms.length - 1;
  const lost = norms.findIndex((norm, lag) => lag >= first && !(norm >= lowest && norm <= highest));
  const gone = lost >= 0 && norms[lost] < lowest;
  const until = lost < 0 ? last : lost - 1;
  const absent = !(norms[first] !== 0 && first <= last);
  const left = absent ? 0 : norms[last] / norms[first];
  if (absent || until <= first) {
    const kind = absent ? 'absent' : gone ? 'vanishes' : lost >= 0 ? 'explodes' : 'kept';
    const perStep = kind === 'kept' ? 1 : kind === 'explodes' ? Infinity : 0;
    return { kind, perStep, halvesEvery: null, doublesEvery: null, left, until: Math.max(first, until) };
  }
  const slope = slopeOf(norms.slice(first, until + 1).map(Math.log));
  const change = (slope * (last - first)) / Math.LN10;
  return {
    kind: gone || change < -1 || left < 0.1 ? 'vanishes' : lost >= 0 || change > 1 || left > 10 ? 'explodes' : 'kept',
    perStep: Math.exp(slope),
    halvesEvery: slope < 0 ? Math.LN2 / -slope : null,
    doublesEvery: slope > 0 ? Math.LN2 / slope : null,
    left,
    until,
  };
}

/** Of a line through values at 0, 1, …, by least squares. */
function slopeOf(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  let [top, bottom] = [0, 0];
  values.forEach((value, i) => {
    top += (i - middle) * value;
    bottom += (i - middle) ** 2;
  });
  return top / bottom;
}

/**
 * In words, with the reason: `vanishes: the gradient halves every 3.1 steps; 2e-10 of it is left after 100 steps`.
 * @param lags  K, the last lag
 */
export function describeDecay(decay: Decay, lags: number): string {
  const { kind, perStep, halvesEvery, doublesEvery, left, until } = decay;
  const counted = (n: number): string => `${n} step${n === 1 ? '' : 's'}`;
  const steps = counted(lags);
  // A norm that drops at first and then stays has no meaningful rate.
  const steady = Math.abs(Math.log10(perStep)) * until > 1 || until < lags;
  const rest =
    left === 0
      ? `none of it is left after ${counted(until + 1)}`
      : Number.isFinite(left)
        ? `${amount(left)} after ${steps}`
        : `it is no longer finite after ${counted(until + 1)}`;
  const pace =
    kind === 'vanishes' && steady && halvesEvery !== null
      ? `the gradient halves every ${short(halvesEvery)} steps; `
      : kind === 'explodes' && steady && doublesEvery !== null
        ? `the gradient doubles every ${short(doublesEvery)} steps; `
        : '';
  switch (kind) {
    case 'absent':
      return 'absent: the loss does not depend on this state';
    case 'kept':
      return `stays within a factor of ten: ${amount(left)} after ${steps}`;
    default:
      return `${kind}: ${pace}${rest}`;
  }
}

function amount(left: number): string {
  if (left >= 1) return `it is ${short(left)} times as large`;
  return `${left < 1e-4 ? short(left) : `${short(100 * left)}%`} of it is left`;
}

/** Two digits, or three of a whole number. */
function short(value: number): string {
  return value >= 1000 || value < 0.01
    ? value.toExponential(1)
    : String(Number(value.toPrecision(value >= 100 ? 3 : 2)));
}
