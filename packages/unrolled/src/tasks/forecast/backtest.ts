import {
  intervalCoverage,
  meanAbsoluteError,
  meanAbsoluteScaledError,
  rootMeanSquaredError,
  symmetricPercentageError,
} from '../../metrics/forecast.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { BaselineOptions, ForecastMethod } from './baselines.ts';
import type { Forecaster } from './model.ts';
import { columnOf, type SeriesRows } from './series.ts';
import { originsOf, requireOrigins } from './windows.ts';

export interface BacktestOptions extends BaselineOptions {
  /** Steps in a season, for the scaled error. Default 1. */
  readonly season?: number;
  /** Steps from one forecast to the next. Default: the horizon, so that every step is foretold once. */
  readonly stride?: number;
  /** Levels of the intervals whose coverage is measured. Default 0.8. */
  readonly levels?: readonly number[];
  readonly signal?: StopSignal | undefined;
}

/** How good one method foretold one column. */
export interface BacktestScores {
  readonly method: string;
  readonly target: string;
  /** How many forecasts of S steps. */
  readonly forecasts: number;
  /** In the unit of the column. */
  readonly mae: number;
  readonly rmse: number;
  /** A share, from 0 to 2. */
  readonly smape: number;
  /** Against saying what was one season before, in the training part; null where that has no error to divide by. */
  readonly mase: number | null;
  /** For each level, the share of what came that lay between the bounds, and how wide they were on average. */
  readonly intervals: readonly { readonly level: number; readonly coverage: number; readonly width: number }[];
}

/** A forecaster as a method of a back-test. */
export function methodOf(forecaster: Forecaster, name: string): ForecastMethod {
  const { window: T } = forecaster.config;
  return {
    name,
    predict({ columns, values }, origins) {
      const F = columns.length;
      return forecaster.predict(origins.map((origin) => values.subarray((origin - T) * F, origin * F)));
    },
  };
}

/** Forecasts made between looks at the signal. */
const atOnce = 64;

/**
 * A rolling back-test: from origin to origin through the part that was held back for testing, each method foretells the
 * next S steps from what was before, and is measured by what came.
 *
 * @returns for each target, the scores of each method; null if the signal ended it early
 * @throws DataError if no forecast fits into the part that tests
 */
export async function backtest(
  rows: SeriesRows,
  methods: readonly ForecastMethod[],
  options: BacktestOptions,
): Promise<BacktestScores[] | null> {
  const { split, horizon, targets, season = 1, stride = horizon, levels = [0.8], signal } = options;
  const origins = originsOf(options, split.validation, split.end, stride);
  requireOrigins(origins, 'test', split.end - split.validation, options);
  const columns = targets.map((target) => columnOf(rows, target));
  const scores: BacktestScores[] = [];
  for (const method of methods) {
    const empty = (): number[] => [];
    const values = targets.map(empty);
    const bounds = targets.map(() => levels.map(() => ({ lower: empty(), upper: empty() })));
    for (let start = 0; start < origins.length; start += atOnce) {
      for (const forecast of method.predict(rows, origins.slice(start, start + atOnce))) {
        forecast.forEach((target, k) => {
          values[k].push(...target.values);
          levels.forEach((level, l) => {
            const { lower, upper } = target.interval(level);
            bounds[k][l].lower.push(...lower);
            bounds[k][l].upper.push(...upper);
          });
        });
      }
      await breathe();
      if (signal?.aborted) return null;
    }
    targets.forEach((target, k) => {
      const actual = origins.flatMap((origin) => [...columns[k].subarray(origin, origin + horizon)]);
      scores.push({
        method: method.name,
        target,
        forecasts: origins.length,
        mae: meanAbsoluteError(values[k], actual),
        rmse: rootMeanSquaredError(values[k], actual),
        smape: symmetricPercentageError(values[k], actual),
        mase: scaledError(values[k], actual, columns[k].subarray(0, split.train), season),
        intervals: levels.map((level, l) => {
          const { lower, upper } = bounds[k][l];
          return { level, coverage: intervalCoverage(lower, upper, actual), width: meanAbsoluteError(upper, lower) };
        }),
      });
    });
  }
  return scores.sort((a, b) => targets.indexOf(a.target) - targets.indexOf(b.target));
}

function scaledError(values: number[], actual: number[], history: Float64Array, season: number): number | null {
  const changes = history.some((value, t) => t >= season && value !== history[t - season]);
  return changes ? meanAbsoluteScaledError(values, actual, history, season) : null;
}
