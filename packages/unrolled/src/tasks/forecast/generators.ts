import { anything, number, required, requireOptions, seed as seedKind, whole } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { Random } from '../../random.ts';

export interface SeasonalSeriesOptions {
  /** N. */
  readonly length: number;
  /** Steps in each season. Default 24 and 168: hours of a day, and of a week. */
  readonly seasons?: readonly number[] | undefined;
  /** Amplitude of each season. Default 10 and 5. */
  readonly heights?: readonly number[] | undefined;
  /** Growth per step. Default 0.005. */
  readonly trend?: number | undefined;
  /** Standard deviation of the noise. Default 1. */
  readonly noise?: number | undefined;
  readonly seed: number;
}

/**
 * A linear trend, a sum of seasons, and noise:
 *
 *     y_t = 50 + trend · t + Σ_i height_i · (sin φ + ½ sin 2φ), φ = 2π t / season_i, + noise · N(0, 1)
 */
export function seasonalSeries(options: SeasonalSeriesOptions): Float64Array {
  requireOptions('seasonalSeries', options, {
    ...{ length: required(whole()), seed: required(seedKind), seasons: anything, heights: anything },
    ...{ trend: number(), noise: number() },
  });
  const { length, seasons = [24, 168], heights = [10, 5], trend = 0.005, noise = 1, seed } = options;
  if (heights.length !== seasons.length || !seasons.every((season) => season > 0)) {
    throw new ConfigError('seasonalSeries: give a height for each season, and seasons above 0', { seasons, heights });
  }
  const random = new Random(seed);
  return Float64Array.from({ length }, (_, t) => {
    const waves = seasons.reduce((sum, season, i) => {
      const phase = (2 * Math.PI * t) / season;
      return sum + heights[i] * (Math.sin(phase) + 0.5 * Math.sin(2 * phase));
    }, 0);
    return 50 + trend * t + waves + noise * random.normal();
  });
}

export interface MackeyGlassOptions {
  /** N. */
  readonly length: number;
  /** τ; chaotic above 16.8. Default 17. */
  readonly delay?: number | undefined;
  /** Standard deviation of the noise added to the solution. Default 0. */
  readonly noise?: number | undefined;
  readonly seed: number;
}

/**
 * The equation of Mackey and Glass (1977), dx/dt = 0.2 x(t−τ)/(1 + x(t−τ)¹⁰) − 0.1 x(t): chaotic, but without noise determined
 * by its past. One value per unit of time, by Heun's method in steps of 0.1, after a thousand that are discarded; the seed sets
 * the initial value.
 */
export function mackeyGlass(options: MackeyGlassOptions): Float64Array {
  requireOptions('mackeyGlass', options, {
    ...{ length: required(whole()), seed: required(seedKind), delay: number({ above: 0 }), noise: number() },
  });
  const { length, delay = 17, noise = 0, seed } = options;
  const random = new Random(seed);
  const perUnit = 10;
  const back = Math.round(delay * perUnit);
  const [leftOut, h] = [1000, 1 / perUnit];
  const xs = new Float64Array(back + 1 + (leftOut + length) * perUnit);
  xs.fill(0.5 + random.uniform(), 0, back + 1);
  const slope = (x: number, late: number): number => (0.2 * late) / (1 + late ** 10) - 0.1 * x;
  for (let i = back; i + 1 < xs.length; i++) {
    const first = slope(xs[i], xs[i - back]);
    const second = slope(xs[i] + h * first, xs[i + 1 - back]);
    xs[i + 1] = xs[i] + (h / 2) * (first + second);
  }
  return Float64Array.from({ length }, (_, t) => xs[back + (leftOut + t) * perUnit] + noise * random.normal());
}
