import { ConfigError, DataError } from '../../errors.ts';
import type { StopSignal } from '../../signal.ts';
import { type BacktestScores, backtest, methodOf } from './backtest.ts';
import { linearAutoregression, seasonalNaive } from './baselines.ts';
import type { Forecaster } from './model.ts';
import { rowsOf, type Series, splitSeries } from './series.ts';

export interface ForecasterEvaluateOptions {
  /** Shares of the series, as in training; see `splitSeries`. */
  readonly validation?: number | undefined;
  readonly test?: number | undefined;
  /** Steps in a season, for the seasonal-naive baseline and the scaled error. Default 1. */
  readonly season?: number | undefined;
  /** Steps from one forecast to the next. Default: the horizon. */
  readonly stride?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

/** A back-test beside a seasonal-naive and a linear baseline. */
export interface ForecasterEvaluation {
  readonly horizon: number;
  readonly stride: number;
  readonly season: number;
  /** The first step that is forecast. */
  readonly from: number;
  readonly scores: readonly BacktestScores[];
}

/**
 * Back-tests a forecaster on the test part of a series, beside baselines fitted to the part before it.
 * @throws ConfigError if the season is longer than a window; DataError if no rows are left for testing; the signal's reason if
 *   it is aborted
 *
 * @example
 * const { scores } = await evaluateForecaster(forecaster, { demand }, { season: 24 });
 */
export async function evaluateForecaster(
  model: Forecaster,
  data: Series,
  { validation, test, season = 1, stride, signal }: ForecasterEvaluateOptions = {},
): Promise<ForecasterEvaluation> {
  const { targets, levels, config } = model;
  const { window: T, horizon, cell } = config;
  if (season > T) {
    throw new ConfigError(`forecast: a season of ${season} steps is longer than the window of ${T}`, { season });
  }
  const rows = rowsOf(data, model.columns);
  const split = splitSeries(rows.length, { validation, test });
  if (split.validation === split.end) throw new DataError('forecast: no rows are left for testing');
  const settings = { window: T, horizon, targets, split, season, stride: stride ?? horizon };
  const methods = [
    seasonalNaive(rows, season, settings),
    linearAutoregression(rows, settings),
    methodOf(model, typeof cell === 'string' ? cell : 'network'),
  ];
  const intervals = [0.8, 0.95].filter((one) => levels === null || levels.includes(one));
  const scores = await backtest(rows, methods, { ...settings, levels: intervals, signal });
  return { horizon, stride: settings.stride, season, from: Math.max(split.validation, T), scores };
}
