import { count, requireKind } from '../../checks.ts';
import { DataError } from '../../errors.ts';
import type { SeriesRows } from './series.ts';

/** A window and what follows it: rows of the series, `[T, F]` and `[S, F]`. */
export class ForecastWindow {
  readonly history: Float64Array;
  readonly future: Float64Array;

  constructor(history: Float64Array, future: Float64Array) {
    this.history = history;
    this.future = future;
  }

  /** Windows overlap: the futures are enough to distinguish series. */
  toJSON(): number[] {
    return [...this.future];
  }
}

export interface WindowSizes {
  /** T, steps to read. */
  readonly window: number;
  /** S, steps to forecast. */
  readonly horizon: number;
}

/** Origins of the forecasts whose S steps lie in [from, to), with T steps before them; `stride` steps apart. */
export function originsOf({ window: T, horizon }: WindowSizes, from: number, to: number, stride = 1): number[] {
  requireKind('originsOf', 'stride', stride, count);
  const first = Math.max(from, T);
  const number = Math.max(0, Math.floor((to - horizon - first) / stride) + 1);
  return Array.from({ length: number }, (_, i) => first + i * stride);
}

/** The windows of forecasts with these origins: views, not copies. */
export function windowsAt(rows: SeriesRows, sizes: WindowSizes, origins: readonly number[]): ForecastWindow[] {
  const F = rows.columns.length;
  return origins.map(
    (origin) =>
      new ForecastWindow(
        rows.values.subarray((origin - sizes.window) * F, origin * F),
        rows.values.subarray(origin * F, (origin + sizes.horizon) * F),
      ),
  );
}

/** @throws DataError if no forecast fits into a part of the series */
export function requireOrigins(origins: readonly number[], part: string, steps: number, sizes: WindowSizes): void {
  if (origins.length > 0) return;
  const { window: T, horizon } = sizes;
  throw new DataError(
    `forecast: the ${part} part has ${steps} steps, too few to read ${T} and forecast ${horizon}; ` +
      'give a longer series, or a smaller window or horizon',
    { part, steps, window: T, horizon },
  );
}
