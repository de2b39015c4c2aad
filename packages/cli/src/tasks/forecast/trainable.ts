import {
  Forecaster,
  type ForecasterConfig,
  type ForecasterDescription,
  fitScaling,
  forecasterTraining,
  originsOf,
  requireOrigins,
  rowsOf,
  splitSeries,
} from 'unrolled/tasks/forecast';
import type { Checkpoint, Json } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { readTextFiles, type TextFiles } from '../../input/text-files.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { defaults, type ForecastOptions, optional, options } from './options.ts';
import { readSeries, type TimedSeries } from './series.ts';
import { describeStep, likelySeason } from './times.ts';

export const forecast: Trainable<ForecastOptions> = {
  task: 'forecast',
  command: 'forecast train',
  inputs: 'series',
  description: 'train a forecaster on columns of numbers',
  argument: 'a table of comma-, semicolon- or tab-separated values whose first line names the columns',
  missing: 'no series given; name a .csv file',
  help: `
Examples:
  unrolled forecast train demand.csv
  unrolled forecast train weather.csv --target temperature --covariates wind,rain --horizon 7
  unrolled forecast train sales.csv --output quantiles --fill linear
  unrolled forecast train --resume runs/demand

Rows are split in time order: the first 70% for training, the next 10% for validation, the last 20% for testing (eval).`,
  defaults,
  optional,
  fileOptions: [],
  options,
  end: { epochs: 10, steps: 1500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: (paths) => readTextFiles(paths),
  prepare,
};

/** Fewer windows are too few to train on. */
const fewest = 10;

async function prepare(
  { main }: Sources<TextFiles>,
  said: Partial<ForecastOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<ForecastOptions>> {
  if (main.files.length > 1) {
    throw new Failure(`forecast train: a series is one file, received ${main.files.length}; join them`, 2);
  }
  const columns = { ...said, target: listOf(said.target), covariates: listOf(said.covariates) };
  const data = await readSeries(main.texts[0], main.files[0].path, columns);
  const { decimal, dateOrder } = data;
  const spellings = { ...(decimal && { decimal }), ...(dateOrder && { dateOrder }) };
  const options = { ...fitToSeries(withDefaults(forecast, said), data), ...spellings };
  const { batch, seed, validation, test } = options;
  const config = modelConfig(options, data, cell);
  const rows = rowsOf(data.series);
  const split = splitSeries(data.length, { validation, test });
  const origins = originsOf(config, 0, split.train);
  requireOrigins(origins, 'training', split.train, config);
  if (origins.length < fewest) {
    throw new Failure(
      `${main.files[0].path}: ${countOf(data.length, 'row')} give ${countOf(origins.length, 'training window')} of ${config.window} steps and ` +
        `a forecast of ${config.horizon}; give more rows, or a smaller --window or --horizon`,
    );
  }
  const held = originsOf(config, split.train, split.validation).length;
  return {
    options,
    about: [
      describeData(data),
      ...data.notes,
      `reads ${formatCount(config.window)} steps, forecasts ${formatCount(config.horizon)}; ` +
        `${countOf(origins.length, 'window')}, ${formatCount(held)} more for validation`,
      ...(held === 0
        ? ['The validation part is too short for a forecast; the last checkpoint counts as the best.']
        : []),
    ],
    model: config,
    examples: lastSteps(data, config),
    files: {},
    units: exampleUnits,
    itemsPerStep: batch * config.window,
    begin(device) {
      const forecaster = checkpoint
        ? Forecaster.from(device, checkpoint.model as ForecasterDescription, cell?.cell, checkpoint.parameters)
        : new Forecaster(device, fitScaling(rows, split.train, config.window), config, seed);
      return forecasterTraining(forecaster, data.series, { split, batch, seed });
    },
    next: (run) => `Use it: npx unrolled forecast predict ${run}; evaluate it: npx unrolled forecast eval ${run}`,
  };
}

/** The end of a series: what a forecast reads, and some steps more, so that it can start where one knows what came. */
function lastSteps({ series, length }: TimedSeries, { window, horizon }: ForecasterConfig): Json | undefined {
  const steps = window + Math.max(2 * horizon, 100);
  // A run folder holds no copy of its data.
  if (steps * Object.keys(series).length > 20_000) return undefined;
  const first = Math.max(0, length - steps);
  const columns = Object.entries(series).map(([name, values]) => [name, Array.from(values).slice(first)] as const);
  return { columns: Object.fromEntries(columns) };
}

/** `a, b` → ['a', 'b'] */
const listOf = (text = ''): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '');

/** Defaults of season, horizon and window: from the times, and so that a short series is not all window. */
function fitToSeries(options: ForecastOptions, { length, times }: TimedSeries): ForecastOptions {
  const train = length * (1 - options.validation - options.test);
  const season = options.season ?? likelySeason(times);
  const horizon = options.horizon ?? Math.max(1, Math.min(season > 1 ? season : 12, Math.floor(train / 10)));
  const maxWindow = Math.max(1, Math.floor(train / 3));
  const window = options.window ?? Math.max(season, Math.min(maxWindow, Math.max(2 * season, 2 * horizon, 8)));
  return { ...options, season, horizon, window };
}

function modelConfig(options: ForecastOptions, { targets }: TimedSeries, own: CellFile | null): ForecasterConfig {
  const { cell, hidden, layers, dropout, window: T, horizon, output, centre } = options;
  const sizes = { hidden, layers, dropout, window: T!, horizon: horizon! };
  return { cell: cellSource(cell, hidden, own), ...sizes, targets, output, centre };
}

/** `1,461 rows, 1 day apart by 'date'; forecasts temp_max, also reads wind; left out: weather` */
function describeData({ series, targets, length, times, timeColumn, filled, leftOut }: TimedSeries): string {
  const covariates = Object.keys(series).filter((name) => !targets.includes(name));
  const parts = [
    `${countOf(length, 'row')}${times ? `, ${describeStep(times)} apart by '${timeColumn}'` : ', without times'}`,
    `forecasts ${targets.join(', ')}${covariates.length > 0 ? `, also reads ${covariates.join(', ')}` : ''}`,
  ];
  if (filled > 0) parts.push(`${countOf(filled, 'number')} filled in`);
  const others = leftOut.filter((name) => name !== timeColumn);
  if (others.length > 0) parts.push(`left out: ${others.join(', ')}`);
  return parts.join('; ');
}
