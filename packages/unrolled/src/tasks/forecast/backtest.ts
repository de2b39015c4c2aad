import { anything, count, required, requireOptions } from '../../checks.ts';
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
  readonly season?: number | undefined;
  /** Steps from one forecast to the next. Default: the horizon, so that every step is forecast once. */
  readonly stride?: number | undefined;
  /** Levels of the intervals whose coverage is measured. Default 0.8. */
  readonly levels?: readonly number[] | undefined;
  readonly signal?: StopSignal | undefined;
}

/** Scores of one method on one column. */
export interface BacktestScores {
  readonly method: string;
  readonly target: string;
  /** Number of forecasts of S steps. */
  readonly forecasts: number;
  /** In the unit of the column. */
  readonly mae: number;
  readonly rmse: number;
  /** A share, from 0 to 2. */
  readonly smape: number;
  /** Relative to the seasonal-naive error in the training part; null where that is 0. */
  readonly mase: number | null;
  /** For each level, the share of actual values between the bounds, and their mean width. */
  readonly intervals: readonly { readonly level: number; readonly coverage: number; readonly width: number }[];
}

/** A forecaster as a method of a back-test. */
export function methodOf(forecaster: Forecaster, name: string): ForecastMethod {
  const { window: T } = forecaster.config;
  return {
    name,
    predict({ columns, values }, origins) {
      const F = columns.length;
      return forecaster.predictWindows(origins.map((origin) => values.subarray((origin - T) * F, origin * F)));
    },
  };
}

/** Forecasts between checks of the signal. */
const atOnce = 64;

/**
 * A rolling back-test: at each origin in the test part, every method forecasts the next S steps from the rows before it, and is
 * scored against the actual values.
 *
 * @returns for each target, the scores of each method
 * @throws ConfigError on an unknown option or one out of range; DataError if no forecast fits into the test part; the signal's
 *   reason if it is aborted
 */
export async function backtest(
  rows: SeriesRows,
  methods: readonly ForecastMethod[],
  options: BacktestOptions,
): Promise<BacktestScores[]> {
  requireOptions('backtest', options, {
    ...{ window: required(count), horizon: required(count), targets: required(anything), split: required(anything) },
    ...{ season: count, stride: count, levels: anything, signal: anything },
  });
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
      await breathe(signal);
      for (const forecast of await method.predict(rows, origins.slice(start, start + atOnce))) {
        forecast.forEach((target, k) => {
          values[k].push(...target.values);
          levels.forEach((level, l) => {
            const { lower, upper } = target.interval(level);
            bounds[k][l].lower.push(...lower);
            bounds[k][l].upper.push(...upper);
          });
        });
      }
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
