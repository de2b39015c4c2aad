import { requireKind, whole } from '../../checks.ts';
import { solveRidge } from './least-squares.ts';
import { GaussianForecast, type TargetForecast } from './prediction.ts';
import { columnOf, type SeriesRows, type SeriesSplit } from './series.ts';
import { originsOf, requireOrigins, type WindowSizes } from './windows.ts';

/** A forecasting method, as a back-test compares them. */
export interface ForecastMethod {
  readonly name: string;
  /** For each origin, a forecast of the S steps from it on, made from the rows before it alone. */
  predict(rows: SeriesRows, origins: readonly number[]): TargetForecast[][] | Promise<TargetForecast[][]>;
}

export interface BaselineOptions extends WindowSizes {
  readonly targets: readonly string[];
  readonly split: SeriesSplit;
}

/**
 * The seasonal-naive forecast: the value one season before. Its deviations are those of its errors in the training part, step by
 * step.
 * @param season  steps in a season; 1: the last value
 * @throws ConfigError if the season is not a whole number from 1, or longer than a window
 */
export function seasonalNaive(rows: SeriesRows, season: number, options: BaselineOptions): ForecastMethod {
  const { window: T, horizon, targets, split } = options;
  // Not longer than the window.
  requireKind('seasonalNaive', 'season', season, whole({ from: 1, to: T }));
  const back = (h: number): number => season - (h % season);
  const origins = originsOf(options, 0, split.train);
  const deviations = targets.map((target) => {
    const column = columnOf(rows, target);
    return deviationsOf(origins, horizon, (origin, h) => column[origin + h] - column[origin - back(h)]);
  });
  return {
    name: season === 1 ? 'naive' : 'seasonal-naive',
    predict(all, at) {
      const columns = targets.map((target) => columnOf(all, target));
      return at.map((origin) =>
        targets.map((target, k) => {
          const values = Float64Array.from({ length: horizon }, (_, h) => columns[k][origin - back(h)]);
          return new GaussianForecast(target, values, deviations[k]);
        }),
      );
    },
  };
}

/** Most values of a window that the linear forecast reads, the last ones: its cost is quadratic. */
const mostLags = 600;
/** Most windows of a part for fitting or selection, evenly spread. */
const mostWindows = 20_000;
const ridges = [1e-6, 1e-4, 1e-2, 1] as const;

/**
 * Linear autoregression by least squares: each step ahead is its own linear function of all columns of the window, minus the
 * window's mean. Fitted to the training part, with the ridge penalty of four that is best on the validation part, whose errors
 * give the deviations (those of the training part if there is no validation part).
 * @throws DataError if the training part has no window
 */
export function linearAutoregression(rows: SeriesRows, options: BaselineOptions): ForecastMethod {
  const { window: T, horizon, targets, split } = options;
  const F = rows.columns.length;
  const lags = Math.max(1, Math.min(T, Math.floor(mostLags / F)));
  const D = lags * F;
  for (const target of targets) columnOf(rows, target);
  const places = targets.map((target) => rows.columns.indexOf(target));
  const O = horizon * targets.length;
  const spread = (from: number, to: number): number[] =>
    originsOf(options, from, to, Math.max(1, Math.ceil((to - from) / mostWindows)));
  const train = spread(0, split.train);
  requireOrigins(train, 'training', split.train, options);

  const centresAt = (from: SeriesRows, origin: number): number[] =>
    from.columns.map((_, f) => {
      let sum = 0;
      for (let t = origin - T; t < origin; t++) sum += from.values[t * F + f];
      return sum / T;
    });
  const inputsAt = (from: SeriesRows, origin: number, centres: readonly number[]): Float64Array =>
    Float64Array.from({ length: D }, (_, i) => from.values[(origin - lags) * F + i] - centres[i % F]);

  const XX = new Float64Array(D * D);
  const XY = new Float64Array(D * O);
  for (const origin of train) {
    const centres = centresAt(rows, origin);
    const x = inputsAt(rows, origin, centres);
    for (let i = 0; i < D; i++) {
      const xi = x[i];
      for (let j = 0; j <= i; j++) XX[i * D + j] += xi * x[j];
      for (let o = 0; o < O; o++) {
        const f = places[o % places.length];
        XY[i * O + o] += xi * (rows.values[(origin + Math.floor(o / places.length)) * F + f] - centres[f]);
      }
    }
  }

  /** Forecasts `[S·K]` with weights W. */
  const forecast = (from: SeriesRows, origin: number, W: Float64Array): Float64Array => {
    const centres = centresAt(from, origin);
    const x = inputsAt(from, origin, centres);
    const y = Float64Array.from({ length: O }, (_, o) => centres[places[o % places.length]]);
    for (let i = 0; i < D; i++) for (let o = 0; o < O; o++) y[o] += x[i] * W[i * O + o];
    return y;
  };
  const validation = spread(split.train, split.validation);
  const judged = validation.length > 0 ? validation : train;
  const candidates = ridges.map((ridge) => {
    const W = solveRidge(XX, XY, D, ridge);
    const forecasts = judged.map((origin) => forecast(rows, origin, W));
    const deviations = places.map((f, k) => {
      let i = 0;
      return deviationsOf(judged, horizon, (origin, h) => {
        const forecast = forecasts[Math.floor(i++ / horizon)][h * places.length + k];
        return rows.values[(origin + h) * F + f] - forecast;
      });
    });
    const scale = places.map((f) => Math.sqrt(XX[((lags - 1) * F + f) * (D + 1)] / train.length) || 1);
    const error = deviations.reduce((sum, one, k) => sum + one.reduce((a, b) => a + (b / scale[k]) ** 2, 0), 0);
    return { W, deviations, error };
  });
  const { W, deviations } = candidates.reduce((best, one) => (one.error < best.error ? one : best));
  return {
    name: 'linear',
    predict: (all, origins) =>
      origins.map((origin) => {
        const y = forecast(all, origin, W);
        return targets.map((target, k) => {
          const values = Float64Array.from({ length: horizon }, (_, h) => y[h * targets.length + k]);
          return new GaussianForecast(target, values, deviations[k]);
        });
      }),
  };
}

/** Root mean square of errors by step, each origin's steps in their order. */
function deviationsOf(
  origins: readonly number[],
  horizon: number,
  error: (origin: number, h: number) => number,
): Float64Array {
  const squares = new Float64Array(horizon);
  for (const origin of origins) for (let h = 0; h < horizon; h++) squares[h] += error(origin, h) ** 2;
  return squares.map((sum) => Math.sqrt(sum / Math.max(1, origins.length)));
}
