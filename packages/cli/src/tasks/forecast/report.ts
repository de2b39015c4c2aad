import type { BacktestScores, ColumnForecast } from 'unrolled/tasks/forecast';
import { table } from '../../output/table.ts';
import { printable } from '../../output/text.ts';
import type { Times } from './times.ts';

/** A table with a row for each step. */
export function describeForecast(
  forecasts: readonly ColumnForecast[],
  { origin, times, timeColumn }: { origin: number; times: Times | null; timeColumn: string | null },
): string {
  const head = [
    printable(timeColumn ?? 'step'),
    ...forecasts.flatMap(({ target }) => [printable(target), 'from', 'to']),
  ];
  const bounds = forecasts.map(({ interval }) => interval!);
  const digits = forecasts.map((forecast, k) => digitsFor(bounds[k].upper, bounds[k].lower, forecast.values));
  const rows = Array.from(forecasts[0].values, (_, h) => [
    times ? times.format(times.at(origin + h)) : `+${h + 1}`,
    ...forecasts.flatMap(({ values }, k) =>
      [values[h], bounds[k].lower[h], bounds[k].upper[h]].map((value) =>
        digits[k] > 10 ? value.toExponential(4) : value.toFixed(digits[k]),
      ),
    ),
  ]);
  return `${table(head, rows).join('\n')}\n\nfrom, to: ${formatPercent(bounds[0].level)} interval\n`;
}

/** `80%`, `97.5%` */
const formatPercent = (share: number): string => `${Number((100 * share).toPrecision(6))}%`;

/** Decimals with which the width of an interval has three significant digits. */
function digitsFor(upper: readonly number[], lower: readonly number[], values: readonly number[]): number {
  const width = upper.reduce((sum, value, h) => sum + value - lower[h], 0) / upper.length;
  const most = values.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  return Math.max(0, 2 - Math.floor(Math.log10(Math.max(width, 1e-12 * most, 1e-300))));
}

export interface Backtest {
  readonly scores: readonly BacktestScores[];
  readonly horizon: number;
  readonly stride: number;
  readonly season: number;
  /** The time or row of the first step that is forecast. */
  readonly from: string;
}

/** Scores of all methods, a table for each target; a star marks the best. */
export function describeBacktest({ scores, horizon, stride, season, from }: Backtest): string {
  const targets = [...new Set(scores.map(({ target }) => target))];
  const lines = [
    `${scores[0].forecasts} forecasts of ${horizon} steps, one every ${stride}, from ${from}; MASE relative to the value ${season} ${season === 1 ? 'step' : 'steps'} before`,
  ];
  for (const target of targets) {
    const own = scores.filter((one) => one.target === target);
    const best = (of: (one: BacktestScores) => number): number => Math.min(...own.map(of));
    const marked = (value: number, least: number, text: string): string => `${text}${value === least ? '*' : ' '}`;
    const head = [
      '',
      'MAE ',
      'RMSE ',
      'sMAPE ',
      'MASE ',
      ...own[0].intervals.flatMap(({ level }) => [`${formatPercent(level)} coverage`, 'width']),
    ];
    const rows = own.map((one) => [
      one.method,
      marked(
        one.mae,
        best(({ mae }) => mae),
        significant(one.mae),
      ),
      marked(
        one.rmse,
        best(({ rmse }) => rmse),
        significant(one.rmse),
      ),
      marked(
        one.smape,
        best(({ smape }) => smape),
        `${(100 * one.smape).toFixed(2)}%`,
      ),
      one.mase === null
        ? '– '
        : marked(
            one.mase,
            best(({ mase }) => mase!),
            one.mase.toFixed(3),
          ),
      ...one.intervals.flatMap(({ coverage, width }) => [`${(100 * coverage).toFixed(1)}%`, significant(width)]),
    ]);
    lines.push('', printable(target), ...table(head, rows));
  }
  return `${lines.join('\n')}\n`;
}

/** Four significant digits. */
function significant(value: number): string {
  if (value === 0) return '0';
  const digits = 3 - Math.floor(Math.log10(value));
  return digits > 8 ? value.toExponential(3) : value.toFixed(Math.max(0, digits));
}
