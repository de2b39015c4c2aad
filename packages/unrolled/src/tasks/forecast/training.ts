import { anything, count, type Kinds, required, requireOptions, seed as seedKind } from '../../checks.ts';
import { intervalCoverage, meanAbsoluteError } from '../../metrics/forecast.ts';
import { inference } from '../../nn/layer.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import { SupervisedTraining } from '../../train/supervised.ts';
import type { Validation } from '../../train/task.ts';
import type { Forecaster } from './model.ts';
import { rowsOf, type Series, type SeriesSplit } from './series.ts';
import { type ForecastWindow, originsOf, requireOrigins, windowsAt } from './windows.ts';

export interface ForecasterTrainingOptions {
  /** The parts of the series; see `splitSeries`. */
  readonly split: SeriesSplit;
  /** B, windows in a batch. */
  readonly batch: number;
  /** Of the order of the windows. */
  readonly seed: number;
}

const kinds: Kinds<ForecasterTrainingOptions> = {
  split: required(anything),
  batch: required(count),
  seed: required(seedKind),
};

/**
 * Trains a forecaster on every window whose forecast ends within the training part, in random order. Validation takes the
 * forecasts that begin and end within the validation part; what they read may lie before it.
 *
 * @throws DataError if the training part is shorter than a window with its forecast, or the series has gaps
 *
 * @example
 * const split = splitSeries(demand.length);
 * const forecaster = new Forecaster(device, fitScaling(rowsOf({ demand }), split.train, 48), {
 *   cell: 'gru', hidden: 32, layers: 1, dropout: 0, window: 48, horizon: 24,
 * });
 * const task = forecasterTraining(forecaster, { demand }, { split, batch: 32, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 3e-3, steps: 1000 })) …
 */
export function forecasterTraining(
  forecaster: Forecaster,
  series: Series,
  options: ForecasterTrainingOptions,
): SupervisedTraining<ForecastWindow> {
  requireOptions('forecasterTraining', options, kinds);
  const { split, batch, seed } = options;
  const { config } = forecaster;
  const rows = rowsOf(series, forecaster.columns);
  const origins = originsOf(config, 0, split.train);
  requireOrigins(origins, 'training', split.train, config);
  return new SupervisedTraining(forecaster, windowsAt(rows, config, origins), {
    validation: windowsAt(rows, config, originsOf(config, split.train, split.validation)),
    lengthOf: () => config.window,
    batch,
    seed,
    validate: (windows, signal) => validate(forecaster, windows, signal),
  });
}

/** Windows scored between checks of the signal. */
const windowsAtOnce = 256;

/**
 * Loss, mean absolute error in the unit of the series, and coverage of the network's intervals; calibrates the intervals
 * afterwards.
 */
async function validate(
  forecaster: Forecaster,
  windows: readonly ForecastWindow[],
  signal: StopSignal | undefined,
): Promise<Validation> {
  const { device, targets, calibratedLevel: level } = forecaster;
  let loss = 0;
  for (let start = 0; start < windows.length; start += windowsAtOnce) {
    await breathe(signal);
    const some = windows.slice(start, start + windowsAtOnce);
    const [mean] = await device.read(() => device.withoutGradients(() => forecaster.loss(some, inference)));
    loss += some.length * mean;
  }
  let [mae, covered] = [0, 0];
  const forecasts = await forecaster.calibrate(windows, { signal });
  for (const [i, forecast] of forecasts.entries()) {
    for (const target of forecast) {
      const actual = forecaster.futureOf(target.target, windows[i].future);
      mae += meanAbsoluteError(target.values, actual);
      if (level === null) continue;
      const { lower, upper } = target.interval(level);
      covered += intervalCoverage(lower, upper, actual);
    }
  }
  const count = windows.length * targets.length;
  const coverage = level === null ? {} : { [`coverage${Math.round(100 * level)}`]: covered / count };
  return { loss: loss / windows.length, metrics: { mae: mae / count, ...coverage } };
}
