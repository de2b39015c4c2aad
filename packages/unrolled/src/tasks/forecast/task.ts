import { number } from '../../checks.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { listOf, mismatch, type Schema, scalar } from '../../schema.ts';
import type { Task } from '../task.ts';
import { type BacktestScores, backtest, methodOf } from './backtest.ts';
import { linearAutoregression, seasonalNaive } from './baselines.ts';
import { Forecaster } from './model.ts';
import { rowsOf, type Series, splitSeries } from './series.ts';

export interface ForecastTaskOptions {
  /** Probability of the interval. Default 0.8, or what a model of quantiles has instead. */
  readonly level?: number | undefined;
}

/** The next S steps of one column. */
export interface ColumnForecast {
  readonly target: string;
  /** Medians. */
  readonly values: readonly number[];
  /** Null where the model has no intervals. */
  readonly interval: {
    readonly level: number;
    readonly lower: readonly number[];
    readonly upper: readonly number[];
  } | null;
}

export interface ForecastEvaluateOptions {
  /** Shares of the series, as in training; see `splitSeries`. */
  readonly validation?: number | undefined;
  readonly test?: number | undefined;
  /** Steps in a season, for the seasonal-naive baseline and the scaled error. Default 1. */
  readonly season?: number | undefined;
  /** Steps from one forecast to the next. Default: the horizon. */
  readonly stride?: number | undefined;
}

/** A back-test beside a seasonal-naive and a linear baseline. */
export interface ForecastEvaluation {
  readonly horizon: number;
  readonly stride: number;
  readonly season: number;
  /** The first step that is forecast. */
  readonly from: number;
  readonly scores: readonly BacktestScores[];
}

const column = listOf(scalar<number>(number()), 1);
const series: Schema<Series> = (value, place) => {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw mismatch(place, 'an object with a list of numbers for each column', value);
  }
  return Object.fromEntries(Object.entries(value).map(([name, all]) => [name, column(all, `${place}.${name}`)]));
};

/** Columns of numbers to their next steps. */
export const forecastTask: Task<{
  model: Forecaster;
  input: Series;
  options: ForecastTaskOptions;
  answer: readonly ColumnForecast[];
  data: Series;
  evaluate: ForecastEvaluateOptions;
  evaluation: ForecastEvaluation;
  explain: never;
  explanation: never;
}> = {
  name: 'forecast',
  open: (device, source, cell) => Forecaster.load(device, source, cell),
  about: ({ columns, targets, levels, config }) => ({
    series: { columns, targets, window: config.window, horizon: config.horizon },
    levels,
  }),
  input: series,
  options: { level: number({ above: 0, below: 1 }) },
  async predict(model, histories, { level = usualLevel(model) } = {}) {
    const forecasts = await model.forecastMany(histories);
    return forecasts.map((columns) =>
      columns.map((found) => {
        const bounds = level === null ? null : found.interval(level);
        const interval = bounds && { level: level!, lower: [...bounds.lower], upper: [...bounds.upper] };
        return { target: found.target, values: [...found.values], interval };
      }),
    );
  },
  async evaluate(model, data, { validation, test, season = 1, stride, signal } = {}) {
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
  },
};

/** 0.8 where the model has it, else the lowest level it has; null where it has no intervals. */
const usualLevel = ({ levels }: Forecaster): number | null =>
  levels === null || levels.includes(0.8) ? 0.8 : (levels[0] ?? null);
