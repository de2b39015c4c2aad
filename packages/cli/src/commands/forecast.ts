import { writeFileSync } from 'node:fs';
import { dirname, extname, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { Device } from 'unrolled';
import {
  backtest,
  Forecaster,
  linearAutoregression,
  methodOf,
  rowsOf,
  seasonalNaive,
  splitSeries,
} from 'unrolled/tasks/forecast';
import { Failure, naming } from '../failure.ts';
import { readTextFiles } from '../input/text-files.ts';
import { number, option, type UseFlags, useOptions, whole } from '../options/options.ts';
import { shellWord } from '../output/units.ts';
import { readConfig } from '../run/config.ts';
import { RunFolder } from '../run/folder.ts';
import { loadRun } from '../run/load.ts';
import { openMachine, toStandardError } from '../run/open-device.ts';
import { defaults, type ForecastOptions, fileOptions, seasonOption, testOption } from '../tasks/forecast/options.ts';
import { drawForecast } from '../tasks/forecast/picture.ts';
import { describeBacktest, describeForecast } from '../tasks/forecast/report.ts';
import { readSeries, type SeriesOptions, type TimedSeries } from '../tasks/forecast/series.ts';
import { likelySeason } from '../tasks/forecast/times.ts';
import { forecast } from '../tasks/forecast/trainable.ts';
import { trainCommandFor } from './train.ts';

interface FileFlags extends UseFlags, Pick<SeriesOptions, 'time' | 'fill' | 'decimal' | 'dateOrder'> {}

interface PredictFlags extends FileFlags {
  level?: number;
  skipLast?: number;
  plot?: string;
}

interface EvalFlags extends FileFlags {
  season?: number;
  test?: number;
  stride?: number;
}

export const forecastCommand = (): Command =>
  new Command('forecast')
    .description('forecast columns of numbers, with intervals')
    .addCommand(trainCommandFor(forecast))
    .addCommand(predictCommand())
    .addCommand(evalCommand());

/** Arguments and options of a command that uses a trained forecaster on a file. */
const withFile = (command: Command): Command => {
  command
    .argument('<run>', 'run folder or model file')
    .argument('[file]', 'a table like that of train (default: the one the run was trained on)');
  for (const one of [...fileOptions(), ...useOptions()]) command.addOption(one);
  return command;
};

const level = number((value) => value > 0 && value < 1, 'above 0, below 1');

function predictCommand(): Command {
  return withFile(new Command('predict'))
    .description('forecast the next steps of a series')
    .addOption(option('--level <share>', 'probability of the interval (default 0.8)', level))
    .addOption(
      option('--skip-last <n>', 'forecast from n rows before the end, to compare with the actual values', whole(0)),
    )
    .addOption(new Option('--plot <file.svg>', 'draw history, forecast and interval'))
    .addHelpText(
      'after',
      `
Examples:
  unrolled forecast predict runs/demand
  unrolled forecast predict runs/demand newer.csv --level 0.95 --plot demand.svg`,
    )
    .action(predict);
}

async function predict(run: string, path: string | undefined, flags: PredictFlags): Promise<void> {
  await withForecaster(run, path, flags, async (forecaster, { data, file }) => {
    const { level = 0.8, skipLast = 0, plot, json } = flags;
    const origin = data.length - skipLast;
    const rows = rowsOf(data.series, forecaster.columns);
    const { window: T } = forecaster.config;
    if (origin < T) {
      throw new Failure(
        `${file}: there are ${Math.max(0, origin)} rows before the forecast, the model reads ${T}; give more`,
      );
    }
    const F = rows.columns.length;
    const [forecasts] = forecaster.predict([rows.values.slice((origin - T) * F, origin * F)]);
    const { times, timeColumn } = data;
    if (json) {
      const steps = Array.from({ length: forecaster.config.horizon }, (_, h) => origin + h);
      const report = {
        type: 'forecast',
        level,
        times: times ? steps.map((row) => times.format(times.at(row))) : null,
        targets: forecasts.map((one) => {
          const { lower, upper } = one.interval(level);
          return { target: one.target, values: [...one.values], lower: [...lower], upper: [...upper] };
        }),
      };
      process.stdout.write(`${JSON.stringify(report)}\n`);
    } else {
      process.stdout.write(describeForecast(forecasts, level, origin, times, timeColumn));
    }
    if (plot === undefined) return;
    for (const one of forecasts) {
      const out = forecasts.length === 1 ? plot : pathFor(plot, one.target);
      const column = data.series[one.target];
      const shown = Math.min(origin, Math.max(12, 3 * forecaster.config.horizon));
      const said = [run, ...(path === undefined ? [] : [path])].map(shellWord).join(' ');
      const command = `unrolled forecast predict ${said}${skipLast > 0 ? ` --skip-last ${skipLast}` : ''} --level ${level} --plot ${shellWord(plot)}`;
      const picture = drawForecast({ forecast: one, level, column, origin, times, timeColumn, shown, command });
      naming(out, () => writeFileSync(out, picture));
      if (!json) process.stdout.write(`${out}\n`);
    }
  });
}

/** `out.svg`, `temperature` → `out-temperature.svg` */
function pathFor(path: string, target: string): string {
  const extension = extname(path);
  const stem = path.slice(0, path.length - extension.length);
  return `${stem}-${target.replace(/[^\p{L}\p{N}._-]+/gu, '-')}${extension}`;
}

function evalCommand(): Command {
  return withFile(new Command('eval'))
    .description('back-test a forecaster against seasonal-naive and linear baselines')
    .addOption(seasonOption())
    .addOption(testOption('that of training'))
    .addOption(option('--stride <n>', 'rows from one forecast to the next (default: the horizon)', whole(1)))
    .addHelpText(
      'after',
      `
Examples:
  unrolled forecast eval runs/demand
  unrolled forecast eval runs/demand newer.csv --season 168

Forecasts are made at regular intervals through the last part of the file, which training never saw, each from the rows before
it. The linear baseline is fitted to the first part of the same file.`,
    )
    .action(evaluate);
}

async function evaluate(run: string, path: string | undefined, flags: EvalFlags): Promise<void> {
  await withForecaster(run, path, flags, async (forecaster, { data, options }) => {
    const { window: T, horizon, cell } = forecaster.config;
    const { targets, levels } = forecaster;
    const rows = rowsOf(data.series, forecaster.columns);
    const { validation, test } = { ...options, ...(flags.test !== undefined && { test: flags.test }) };
    const split = splitSeries(data.length, { validation, test });
    if (split.validation === split.end) {
      throw new Failure(
        'forecast eval: no rows are left for testing; name a file with other rows, and a share such as --test 0.2',
      );
    }
    const season = Math.min(T, flags.season ?? options.season ?? likelySeason(data.times));
    if (flags.season !== undefined && flags.season > T) {
      throw new Failure(`--season ${flags.season}: the model reads ${T} rows; give at most that`, 2);
    }
    const stride = flags.stride ?? horizon;
    const settings = { window: T, horizon, targets, split, season, stride };
    const intervals = [0.8, 0.95].filter((one) => levels === null || levels.includes(one));
    const methods = [
      seasonalNaive(rows, season, settings),
      linearAutoregression(rows, settings),
      methodOf(forecaster, typeof cell === 'string' ? cell : 'network'),
    ];
    const scores = await backtest(rows, methods, { ...settings, levels: intervals });
    const first = Math.max(split.validation, T);
    const from = data.times ? data.times.format(data.times.at(first)) : `row ${first + 1}`;
    const report = { horizon, stride, season, from, scores };
    process.stdout.write(
      flags.json
        ? `${JSON.stringify({ type: 'evaluation', task: 'forecast', ...report })}\n`
        : describeBacktest(report),
    );
  });
}

interface Used {
  readonly data: TimedSeries;
  readonly file: string;
  readonly options: Pick<ForecastOptions, 'validation' | 'test' | 'season'>;
}

/** The forecaster of a run, and the series to use it on, read as in training. */
async function withForecaster(
  run: string,
  path: string | undefined,
  flags: FileFlags,
  action: (forecaster: Forecaster, used: Used) => Promise<void>,
): Promise<void> {
  const device: Device = await openMachine(flags, toStandardError);
  try {
    const forecaster = await loadRun(run, flags.checkpoint, (file, cell) => Forecaster.load(device, file, cell));
    const folder = [new RunFolder(run), new RunFolder(dirname(dirname(resolve(run))))].find(({ exists }) => exists);
    const config = folder && readConfig(folder, forecast);
    const file = path ?? config?.files[0].path;
    if (file === undefined) throw new Failure(`${run}: it is not in a run folder; name the file to forecast from`, 2);
    const { time, fill } = { ...config?.options, ...flags };
    const { decimal, dateOrder } = flags;
    const covariates = forecaster.columns.filter((name) => !forecaster.targets.includes(name));
    const columns = { target: forecaster.targets, covariates, time, fill, decimal, dateOrder };
    const data = await readSeries(readTextFiles([file]).texts[0], file, { ...columns, likely: config?.options });
    for (const note of data.notes) toStandardError(`${file}: ${note}`);
    await action(forecaster, { data, file, options: config?.options ?? defaults });
  } finally {
    device.close();
  }
}
