import { Option } from 'commander';
import { type GapFilling, gapFillings } from 'unrolled/tasks/forecast';
import { type CommonOptions, choice, commonDefaults, number, option, whole } from '../../options.ts';
import type { OptionType } from '../../trainable.ts';

export interface ForecastOptions extends CommonOptions {
  /** Columns, with commas between; see `SeriesOptions`. */
  target?: string;
  with?: string;
  time?: string;
  fill?: GapFilling;
  /** Worked out from the series where they are left out. */
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
  ...commonDefaults,
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
  with: 'string',
  time: 'string',
  fill: 'string',
  window: 'number',
  horizon: 'number',
  season: 'number',
};

/** How a file is read; for `predict` and `eval` as well, which take what the run was trained with. */
export const fileOptions = (): Option[] => [
  new Option('--time <column>', 'column with the times, none: there is none (default: found by its looks)'),
  choice('--fill <how>', 'fill numbers and rows that are missing (default: they are an error)', gapFillings),
];

export const seasonOption = (): Option =>
  option('--season <n>', 'steps in a season, to compare with (default: by the times; a day of hours, …)', whole(1));

const share = number((value) => value >= 0 && value < 1, 'from 0, below 1');

export const testOption = (byDefault: number | string = defaults.test): Option =>
  option('--test <share>', `share of the series at its end that is kept for eval (default ${byDefault})`, share);

export const options = (): Option[] => [
  new Option('--target <columns>', 'columns to foretell, with commas between (default: all that have numbers)'),
  new Option('--with <columns>', 'columns to read besides, but not to foretell'),
  ...fileOptions(),
  option('--horizon <n>', 'steps to foretell (default: a season, or 12)', whole(1)),
  option('--window <n>', 'steps of history to read (default: two seasons, and twice the horizon)', whole(1)),
  seasonOption(),
  choice('--output <kind>', `what is learnt of each step (default ${defaults.output})`, ['gaussian', 'quantiles']),
  choice(
    '--centre <what>',
    `what numbers are measured from: the mean of the window or of the training part (default ${defaults.centre})`,
    ['window', 'training'],
  ),
  option('--validation <share>', `share of the series to validate on (default ${defaults.validation})`, share),
  testOption(),
];
