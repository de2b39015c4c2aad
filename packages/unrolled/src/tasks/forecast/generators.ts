import { ConfigError } from '../../errors.ts';
import { Random } from '../../random.ts';

export interface SeasonalSeriesOptions {
  /** N. */
  readonly length: number;
  /** Steps in each season. Default 24 and 168: hours of a day, and of a week. */
  readonly seasons?: readonly number[];
  /** How high each season goes. Default 10 and 5. */
  readonly heights?: readonly number[];
  /** Growth from one step to the next. Default 0.005. */
  readonly trend?: number;
  /** Standard deviation of the noise. Default 1. */
  readonly noise?: number;
  readonly seed: number;
}

/**
 * A level that grows, seasons on top of each other, and noise:
 *
 *     y_t = 50 + trend · t + Σ_i height_i · (sin φ + ½ sin 2φ), φ = 2π t / season_i, + noise · N(0, 1)
 */
export function seasonalSeries(options: SeasonalSeriesOptions): Float64Array {
  const { length, seasons = [24, 168], heights = [10, 5], trend = 0.005, noise = 1, seed } = options;
  if (heights.length !== seasons.length || !seasons.every((season) => season > 0)) {
    throw new ConfigError('seasonal series: give each season, above 0, a height of its own');
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
  readonly delay?: number;
  /** Standard deviation of what is added to each number after the equation is solved. Default 0. */
  readonly noise?: number;
  readonly seed: number;
}

/**
 * The equation of Mackey and Glass (1977), dx/dt = 0.2 x(t−τ)/(1 + x(t−τ)¹⁰) − 0.1 x(t): chaotic, but without noise it is
 * determined by its past. One number for each unit of time, by Heun's method in steps of 0.1; the first thousand are left
 * out, and the seed decides where it begins.
 */
export function mackeyGlass({ length, delay = 17, noise = 0, seed }: MackeyGlassOptions): Float64Array {
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
