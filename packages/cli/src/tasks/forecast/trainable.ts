import {
  Forecaster,
  type ForecasterConfig,
  type ForecasterDescription,
  fitScaling,
  forecastTraining,
  originsOf,
  requireOrigins,
  rowsOf,
  splitSeries,
} from 'unrolled/tasks/forecast';
import type { Checkpoint, Json } from 'unrolled/train';
import type { CellFile } from '../../cell-file.ts';
import { cellSource } from '../../cell-source.ts';
import { Failure } from '../../failure.ts';
import { exampleUnits } from '../../run-events.ts';
import { withDefaults } from '../../run-options.ts';
import type { Prepared, Sources, Trainable } from '../../trainable.ts';
import { countOf, formatCount } from '../../units.ts';
import { defaults, type ForecastOptions, optional, options } from './options.ts';
import { readSeries, type TimedSeries } from './series.ts';
import { describeStep, likelySeason } from './times.ts';

export const forecast: Trainable<ForecastOptions> = {
  task: 'forecast',
  command: 'forecast train',
  description: 'learn to foretell columns of numbers',
  argument: 'a table of comma-, semicolon- or tab-separated values, with a first line that names its columns',
  missing: 'no series given; name a .csv file',
  help: `
Examples:
  unrolled forecast train demand.csv
  unrolled forecast train weather.csv --target temperature --with wind,rain --horizon 7
  unrolled forecast train sales.csv --output quantiles --fill linear
  unrolled forecast train --resume runs/demand

In the order of time, the first 70% of the rows train, the next 10% validate, and the last 20% are kept for eval.`,
  defaults,
  optional,
  fileOptions: [],
  options,
  end: { epochs: 10, steps: 1500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  prepare,
};

/** Windows below which there is nothing to learn from. */
const fewest = 10;

async function prepare(
  { main }: Sources,
  said: Partial<ForecastOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<ForecastOptions>> {
  if (main.files.length > 1) {
    throw new Failure(`forecast train: a series is one file, received ${main.files.length}; join them`, 2);
  }
  const columns = { ...said, target: listOf(said.target), with: listOf(said.with) };
  const data = await readSeries(main.texts[0], main.files[0].path, columns);
  const options = fitToSeries(withDefaults(forecast, said), data);
  const { batch, seed, validation, test } = options;
  const config = modelConfig(options, data, cell);
  const rows = rowsOf(data.series);
  const split = splitSeries(data.length, { validation, test });
  const origins = originsOf(config, 0, split.train);
  requireOrigins(origins, 'training', split.train, config);
  if (origins.length < fewest) {
    throw new Failure(
      `${main.files[0].path}: ${countOf(data.length, 'row')} give ${countOf(origins.length, 'window')} of ${config.window} steps and ` +
        `a forecast of ${config.horizon} to learn from; give more rows, or a smaller --window or --horizon`,
    );
  }
  const held = originsOf(config, split.train, split.validation).length;
  return {
    options,
    about: [
      describeData(data),
      `reads ${formatCount(config.window)} steps, foretells ${formatCount(config.horizon)}; ` +
        `${countOf(origins.length, 'window')}, ${formatCount(held)} more to validate on`,
      ...(held === 0
        ? ['No forecast fits into the validation part, so the last checkpoint is the best there is.']
        : []),
    ],
    model: config as unknown as Json,
    files: {},
    units: exampleUnits,
    itemsPerStep: batch * config.window,
    begin(device) {
      const forecaster = checkpoint
        ? Forecaster.from(device, checkpoint.model as unknown as ForecasterDescription, cell?.cell)
        : new Forecaster(device, fitScaling(rows, split.train, config.window), config, seed);
      return forecastTraining(forecaster, data.series, { split, batch, seed });
    },
    next: (run) => `Use it: npx unrolled forecast predict ${run}; measure it: npx unrolled forecast eval ${run}`,
  };
}

/** `a, b` → ['a', 'b'] */
const listOf = (text = ''): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Season, horizon and window where they were not said: by the times, and so that a short series is not all window. */
function fitToSeries(options: ForecastOptions, { length, times }: TimedSeries): ForecastOptions {
  const train = length * (1 - options.validation - options.test);
  const season = options.season ?? likelySeason(times);
  const horizon = options.horizon ?? Math.max(1, Math.min(season > 1 ? season : 12, Math.floor(train / 10)));
  const longest = Math.max(1, Math.floor(train / 3));
  const window = options.window ?? Math.max(season, Math.min(longest, Math.max(2 * season, 2 * horizon, 8)));
  return { ...options, season, horizon, window };
}

function modelConfig(options: ForecastOptions, { targets }: TimedSeries, own: CellFile | null): ForecasterConfig {
  const { cell, hidden, layers, dropout, window: T, horizon, output, centre } = options;
  const sizes = { hidden, layers, dropout, window: T!, horizon: horizon! };
  return { cell: cellSource(cell, hidden, own), ...sizes, targets, output, centre };
}

/** `1,461 rows, a row every 1 day by 'date'; foretells temp_max, reads wind, too; left out: weather` */
function describeData({ series, targets, length, times, timeColumn, filled, leftOut }: TimedSeries): string {
  const besides = Object.keys(series).filter((name) => !targets.includes(name));
  const parts = [
    `${countOf(length, 'row')}${times ? `, ${describeStep(times)} apart by '${timeColumn}'` : ', without times'}`,
    `foretells ${targets.join(', ')}${besides.length > 0 ? `, reads ${besides.join(', ')}, too` : ''}`,
  ];
  if (filled > 0) parts.push(`${countOf(filled, 'number')} filled in`);
  const others = leftOut.filter((name) => name !== timeColumn);
  if (others.length > 0) parts.push(`left out: ${others.join(', ')}`);
  return parts.join('; ');
}
