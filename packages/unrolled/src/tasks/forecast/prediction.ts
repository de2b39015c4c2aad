import { openShare, requireKind } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { normalQuantile } from './normal.ts';

/** The forecast of one column: S steps. */
export interface TargetForecast {
  readonly target: string;
  /** The median of each step. */
  readonly values: Float64Array;
  /**
   * Central interval of probability `level`, step by step.
   * @throws ConfigError if the level is not between 0 and 1, or not one of a quantile forecast
   */
  interval(level: number): { readonly lower: Float64Array; readonly upper: Float64Array };
}

/** A normal distribution for each step. */
export class GaussianForecast implements TargetForecast {
  readonly target: string;
  readonly values: Float64Array;
  readonly deviations: Float64Array;

  constructor(target: string, values: Float64Array, deviations: Float64Array) {
    this.target = target;
    this.values = values;
    this.deviations = deviations;
  }

  interval(level: number): { lower: Float64Array; upper: Float64Array } {
    const reach = normalQuantile((1 + requireLevel(level)) / 2);
    return {
      lower: this.values.map((value, h) => value - reach * this.deviations[h]),
      upper: this.values.map((value, h) => value + reach * this.deviations[h]),
    };
  }
}

/** Quantiles of each step. */
export class QuantileForecast implements TargetForecast {
  readonly target: string;
  /** Q quantiles, rising, 0.5 among them. */
  readonly quantiles: readonly number[];
  /** For each quantile, S steps. */
  readonly bounds: readonly Float64Array[];

  constructor(target: string, quantiles: readonly number[], bounds: readonly Float64Array[]) {
    this.target = target;
    this.quantiles = quantiles;
    this.bounds = bounds;
  }

  get values(): Float64Array {
    return this.bounds[this.quantiles.indexOf(0.5)];
  }

  interval(level: number): { lower: Float64Array; upper: Float64Array } {
    const place = (wanted: number): number => this.quantiles.findIndex((q) => Math.abs(q - wanted) < 1e-9);
    const [low, high] = [place((1 - requireLevel(level)) / 2), place((1 + level) / 2)];
    if (low < 0 || high < 0) {
      throw new ConfigError(
        `forecast: the model has no interval of ${level}; it has ${levelsOf(this.quantiles).join(', ') || 'none'}`,
        { level, quantiles: this.quantiles },
      );
    }
    return { lower: this.bounds[low], upper: this.bounds[high] };
  }
}

/** Levels of the intervals between quantiles symmetric about 0.5: [0.1, 0.5, 0.9] → [0.8]. */
export function levelsOf(quantiles: readonly number[]): number[] {
  return quantiles
    .filter((q) => q > 0.5 && quantiles.some((other) => Math.abs(1 - q - other) < 1e-9))
    .map((q) => Number((2 * q - 1).toPrecision(9)))
    .sort((a, b) => a - b);
}

/**
 * Factor by which intervals of a level must be widened to cover that share of the actual values: the ⌈(n + 1) level⌉-th smallest
 * |y − middle| / |bound − middle|, with the bound on y's side.
 */
export function stretchOf(
  forecasts: readonly TargetForecast[],
  actual: readonly ArrayLike<number>[],
  level: number,
): number {
  const ratios = forecasts.flatMap((forecast, i) => {
    const { values } = forecast;
    const { lower, upper } = forecast.interval(level);
    return Array.from(values, (middle, h) => {
      const distance = actual[i][h] - middle;
      const reach = distance < 0 ? middle - lower[h] : upper[h] - middle;
      return Math.abs(distance) / Math.max(reach, 1e-300);
    });
  });
  const place = Math.min(ratios.length, Math.ceil((ratios.length + 1) * level)) - 1;
  return Float64Array.from(ratios).sort()[place];
}

export function requireLevel(level: number): number {
  requireKind('forecast', 'level', level, openShare);
  return level;
}
