import { Option } from 'commander';
import { type GapFilling, gapFillings } from 'unrolled/tasks/forecast';
import { type DateOrder, dateOrders } from '../../input/dates.ts';
import { type DecimalMark, decimalMarks } from '../../input/numbers.ts';
import { choice, option, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';

export interface ForecastOptions extends TrainOptions, RecurrentOptions {
  /** Columns, separated by commas; see `SeriesOptions`. */
  target?: string;
  covariates?: string;
  time?: string;
  fill?: GapFilling;
  /** Found in the file where they are left out. */
  decimal?: DecimalMark;
  dateOrder?: DateOrder;
  /** Derived from the series where they are left out. */
  window?: number;
  horizon?: number;
  season?: number;
  output: 'gaussian' | 'quantiles';
  centre: 'window' | 'training';
  /** Shares of the series. */
  validation: number;
  test: number;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  cell: 'gru',
  hidden: 32,
  layers: 1,
  dropout: 0,
  schedule: 'cosine',
  output: 'gaussian',
  centre: 'window',
  validation: 0.1,
  test: 0.2,
} as const satisfies ForecastOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  target: 'string',
  covariates: 'string',
  time: 'string',
  fill: 'string',
  decimal: 'string',
  dateOrder: 'string',
  window: 'number',
  horizon: 'number',
  season: 'number',
};

/** How a file is read; `predict` and `eval` have these, too, with the values of training as defaults. */
export const fileOptions = (training = false): Option[] => {
  const orTraining = training ? '' : ', or as in training';
  return [
    new Option('--time <column>', 'column with the times; none: rows are evenly spaced (default: found in the file)'),
    choice(
      '--date-order <order>',
      `order of dates such as 03/10/2024 (default: found in the file${orTraining})`,
      dateOrders,
    ),
    choice(
      '--decimal <mark>',
      `decimal mark of numbers such as 1,002 (default: found in the file${orTraining})`,
      decimalMarks,
    ),
    choice(
      '--fill <method>',
      `fill missing numbers and rows (default: ${training ? 'they are an error' : 'as in training'})`,
      gapFillings,
    ),
  ];
};

export const seasonOption = (): Option =>
  option('--season <n>', 'steps in a season, for the seasonal-naive baseline (default: from the times)', whole(1));

export const testOption = (byDefault: number | string = defaults.test): Option =>
  option('--test <share>', `share of the series at its end used by eval (default ${byDefault})`, share);

export const options = (): Option[] => [
  new Option('--target <columns>', 'columns to forecast, separated by commas (default: all with numbers)'),
  new Option('--covariates <columns>', 'further columns to read but not forecast, separated by commas'),
  ...fileOptions(true),
  option('--horizon <n>', 'steps to forecast (default: a season, or 12)', whole(1)),
  option('--window <n>', 'steps of history to read (default: two seasons, at least twice the horizon)', whole(1)),
  seasonOption(),
  choice('--output <kind>', `predicted distribution of each step (default ${defaults.output})`, [
    'gaussian',
    'quantiles',
  ]),
  choice(
    '--centre <what>',
    `mean subtracted from the numbers: of each window, or of the training part (default ${defaults.centre})`,
    ['window', 'training'],
  ),
  option('--validation <share>', `share of the series for validation (default ${defaults.validation})`, share),
  testOption(),
  ...recurrentOptions(defaults),
];
