import { number } from '../../checks.ts';
import { listOf, mismatch, type Schema, scalar } from '../../schema.ts';
import type { Task } from '../task.ts';
import { evaluateForecaster, type ForecasterEvaluateOptions, type ForecasterEvaluation } from './evaluate.ts';
import { Forecaster } from './model.ts';
import type { Series } from './series.ts';

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
  evaluate: ForecasterEvaluateOptions;
  evaluation: ForecasterEvaluation;
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
    const forecasts = await model.predict(histories);
    return forecasts.map((columns) =>
      columns.map((found) => {
        const bounds = level === null ? null : found.interval(level);
        const interval = bounds && { level: level!, lower: [...bounds.lower], upper: [...bounds.upper] };
        return { target: found.target, values: [...found.values], interval };
      }),
    );
  },
  evaluate: evaluateForecaster,
};

/** 0.8 where the model has it, else the lowest level it has; null where it has no intervals. */
const usualLevel = ({ levels }: Forecaster): number | null =>
  levels === null || levels.includes(0.8) ? 0.8 : (levels[0] ?? null);
