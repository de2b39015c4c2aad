import { count, openShare, requireKind } from '../checks.ts';
import { DataError } from '../errors.ts';
import { requirePairs } from './require.ts';

/** Mean |error|, in the unit of the series. */
export function meanAbsoluteError(forecast: ArrayLike<number>, actual: ArrayLike<number>): number {
  return meanOf('mae', forecast, actual, (y, x) => Math.abs(y - x));
}

/** Root of the mean squared error, in the unit of the series; large errors weigh more. */
export function rootMeanSquaredError(forecast: ArrayLike<number>, actual: ArrayLike<number>): number {
  return Math.sqrt(meanOf('rmse', forecast, actual, (y, x) => (y - x) ** 2));
}

/**
 * Symmetric mean absolute percentage error (Makridakis 1993, in the form of the M4 competition): the mean of
 * 2 |ŷ − y| / (|ŷ| + |y|), from 0 to 2; 0 where both are 0. Not meaningful for a series that crosses 0.
 */
export function symmetricPercentageError(forecast: ArrayLike<number>, actual: ArrayLike<number>): number {
  return meanOf('smape', forecast, actual, (y, x) => {
    const size = Math.abs(y) + Math.abs(x);
    return size === 0 ? 0 : (2 * Math.abs(y - x)) / size;
  });
}

function meanOf(
  metric: string,
  forecast: ArrayLike<number>,
  actual: ArrayLike<number>,
  error: (forecast: number, actual: number) => number,
): number {
  requirePairs(metric, forecast, actual);
  let total = 0;
  for (let t = 0; t < actual.length; t++) total += error(forecast[t], actual[t]);
  return total / actual.length;
}

/**
 * Mean absolute scaled error (Hyndman & Koehler 2006): the mean |error| of the forecast, divided by that of the seasonal-naive
 * forecast on the history. Below 1: better than that forecast.
 *
 * @param history  the values before the forecast, on which the naive forecast is scored
 * @param season  steps in a season; 1: the value just before. Default 1
 * @throws DataError if the history is not longer than a season, or does not change
 */
export function meanAbsoluteScaledError(
  forecast: ArrayLike<number>,
  actual: ArrayLike<number>,
  history: ArrayLike<number>,
  season = 1,
): number {
  requireKind('mase', 'season', season, count);
  let naive = 0;
  for (let t = season; t < history.length; t++) naive += Math.abs(history[t] - history[t - season]);
  if (!(naive > 0)) {
    throw new DataError(
      `mase: a history of ${history.length} numbers with a season of ${season} has a naive error of 0; ` +
        'give one that is longer than a season and changes',
      { history: history.length, season },
    );
  }
  return meanAbsoluteError(forecast, actual) / (naive / (history.length - season));
}

/**
 * Mean pinball loss of a forecast quantile (Koenker & Bassett 1978): max(q (y − ŷ), (q − 1)(y − ŷ)). Half the absolute
 * error at q = ½.
 */
export function pinballLoss(forecast: ArrayLike<number>, actual: ArrayLike<number>, quantile: number): number {
  requirePairs('pinball loss', forecast, actual);
  requireKind('pinball loss', 'quantile', quantile, openShare);
  let total = 0;
  for (let t = 0; t < actual.length; t++) {
    const over = actual[t] - forecast[t];
    total += Math.max(quantile * over, (quantile - 1) * over);
  }
  return total / actual.length;
}

/** Share of actual values within the forecast bounds, inclusive. */
export function intervalCoverage(
  lower: ArrayLike<number>,
  upper: ArrayLike<number>,
  actual: ArrayLike<number>,
): number {
  requirePairs('coverage', lower, actual);
  requirePairs('coverage', upper, actual);
  let inside = 0;
  for (let t = 0; t < actual.length; t++) if (lower[t] <= actual[t] && actual[t] <= upper[t]) inside++;
  return inside / actual.length;
}
