import { writeFileSync } from 'node:fs';
import { extname } from 'node:path';
import { Option } from 'commander';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import { type ColumnForecast, type Forecaster, type Series, splitSeries } from 'unrolled/tasks/forecast';
import { Failure, naming } from '../../failure.ts';
import { readTextFiles } from '../../input/text-files.ts';
import { number, option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { shellWord } from '../../output/units.ts';
import { type RunConfig, readConfig } from '../../run/config.ts';
import { folderOf } from '../../run/load.ts';
import { toStandardError } from '../../run/open-device.ts';
import type { EvaluatePart, Item, PredictPart, Used } from '../task-commands.ts';
import { textItems } from '../text-items.ts';
import { defaults, type ForecastOptions, fileOptions, seasonOption, testOption } from './options.ts';
import { drawForecast } from './picture.ts';
import { describeBacktest, describeForecast } from './report.ts';
import { readSeries, type SeriesOptions, type TimedSeries } from './series.ts';
import { likelySeason, type Times } from './times.ts';
import { forecast } from './trainable.ts';

type Types = TypesOf<'forecast'>;

interface FileFlags extends UseFlags, Pick<SeriesOptions, 'time' | 'fill' | 'decimal' | 'dateOrder'> {}

interface PredictFlags extends FileFlags {
  level?: number;
  skipLast?: number;
  plot?: string;
  jsonInput?: boolean;
}

/** A series, and the row at which its forecast begins. */
interface SeriesItem extends Item<Series> {
  readonly series: Series;
  readonly origin: number;
  readonly times: Times | null;
  readonly timeColumn: string | null;
}

const argument = {
  name: '[file]',
  description: 'a table like that of train (default: the one the run was trained on)',
} as const;
const share = number((value) => value > 0 && value < 1, 'above 0, below 1');

const predict: PredictPart<Types, PredictFlags, SeriesItem> = {
  description: 'forecast the next steps of a series',
  argument,
  options: () => [
    ...fileOptions(),
    option('--level <share>', 'probability of the interval (default 0.8)', share),
    option('--skip-last <n>', 'forecast from n rows before the end, to compare with the actual values', whole(0)),
    new Option('--plot <file.svg>', 'draw history, forecast and interval'),
    new Option('--json-input', 'the file, or the standard input, has a series per line as JSON: {"column": [numbers]}'),
  ],
  help: `
Examples:
  unrolled forecast predict runs/demand
  unrolled forecast predict runs/demand newer.csv --level 0.95 --plot demand.svg`,
  async *items(used, { texts: [file], flags }) {
    const { skipLast = 0 } = flags;
    if (flags.jsonInput) {
      for await (const items of textItems(used.task, { texts: [], flags: { file, jsonInput: true } })) {
        yield items.map(({ text, input }) =>
          input === null ? blank : itemOf(used.model, text, { series: input, times: null, timeColumn: null }, skipLast),
        );
      }
      return;
    }
    const { data, file: name } = await readData(used, file, flags);
    yield [itemOf(used.model, name, data, skipLast)];
  },
  begin: ({ run, model }, { level = 0.8, plot, json, skipLast = 0 }) => {
    const pictures: { readonly path: string; readonly picture: string }[] = [];
    const draw = (item: SeriesItem, found: readonly ColumnForecast[]): void => {
      if (plot === undefined) return;
      const said = [run, ...(item.text === '' ? [] : [item.text])].map(shellWord).join(' ');
      const command = `unrolled forecast predict ${said}${skipLast > 0 ? ` --skip-last ${skipLast}` : ''} --level ${level} --plot ${shellWord(plot)}`;
      const path = pictures.length === 0 ? plot : withSuffix(plot, `${pictures.length + 1}`);
      for (const forecast of found) {
        const column = item.series[forecast.target];
        const shown = Math.min(item.origin, Math.max(12, 3 * model.config.horizon));
        pictures.push({
          path: found.length === 1 ? path : withSuffix(path, forecast.target),
          picture: drawForecast({ ...item, forecast, column, shown, command }),
        });
      }
    };
    return {
      options: { level },
      text(item, found) {
        if (found === null) return '\n';
        draw(item, found);
        return describeForecast(found, item);
      },
      json(item, found) {
        if (found === null) return { type: 'forecast', level, times: null, targets: [] };
        draw(item, found);
        const { times, origin } = item;
        const steps = Array.from({ length: model.config.horizon }, (_, h) => origin + h);
        const targets = found.map(({ target, values, interval }) => ({
          ...{ target, values, lower: interval!.lower, upper: interval!.upper },
        }));
        return { type: 'forecast', level, times: times && steps.map((row) => times.format(times.at(row))), targets };
      },
      end() {
        for (const { path, picture } of pictures) {
          naming(path, () => writeFileSync(path, picture));
          if (!json) process.stdout.write(`${path}\n`);
        }
      },
    };
  },
};

const blank: SeriesItem = { text: '', input: null, series: {}, origin: 0, times: null, timeColumn: null };

/** @throws Failure if there are fewer rows than the model reads */
function itemOf(
  { columns, config: { window: T } }: Forecaster,
  text: string,
  { series, times, timeColumn }: Pick<TimedSeries, 'series' | 'times' | 'timeColumn'>,
  skipLast: number,
): SeriesItem {
  const length = Math.min(...columns.map((name) => series[name]?.length ?? 0));
  const origin = length - skipLast;
  if (origin < T) {
    throw new Failure(
      `${text}: there are ${Math.max(0, origin)} rows before the forecast, the model reads ${T}; give more`,
    );
  }
  const history = columns.map((name) => [name, Array.from(series[name]).slice(origin - T, origin)] as const);
  return { text, input: Object.fromEntries(history), series, origin, times, timeColumn };
}

/** `out.svg`, `temperature` → `out-temperature.svg` */
function withSuffix(path: string, suffix: string): string {
  const extension = extname(path);
  return `${path.slice(0, path.length - extension.length)}-${suffix.replace(/[^\p{L}\p{N}._-]+/gu, '-')}${extension}`;
}

interface EvalFlags extends FileFlags {
  season?: number;
  test?: number;
  stride?: number;
}

const evaluate: EvaluatePart<
  Types,
  EvalFlags,
  { readonly data: Series; readonly options: Types['evaluate']; readonly times: Times | null }
> = {
  description: 'back-test a forecaster against seasonal-naive and linear baselines',
  argument,
  options: () => [
    ...fileOptions(),
    seasonOption(),
    testOption('that of training'),
    option('--stride <n>', 'rows from one forecast to the next (default: the horizon)', whole(1)),
  ],
  help: `
Examples:
  unrolled forecast eval runs/demand
  unrolled forecast eval runs/demand newer.csv --season 168

Forecasts are made at regular intervals through the last part of the file, which training never saw, each from the rows before
it. The linear baseline is fitted to the first part of the same file.`,
  async read(used, [path], flags) {
    const { data, options } = await readData(used, path, flags);
    const { window: T } = used.model.config;
    const { validation, test } = { ...options, ...(flags.test !== undefined && { test: flags.test }) };
    const split = splitSeries(data.length, { validation, test });
    if (split.validation === split.end) {
      throw new Failure(
        'forecast eval: no rows are left for testing; name a file with other rows, and a share such as --test 0.2',
      );
    }
    if (flags.season !== undefined && flags.season > T) {
      throw new Failure(`--season ${flags.season}: the model reads ${T} rows; give at most that`, 2);
    }
    const season = Math.min(T, flags.season ?? options.season ?? likelySeason(data.times));
    return { data: data.series, times: data.times, options: { validation, test, season, stride: flags.stride } };
  },
  report({ from: first, ...found }, { times }) {
    const from = times ? times.format(times.at(first)) : `row ${first + 1}`;
    const { horizon, stride, season, scores } = found;
    return { json: { horizon, stride, season, from, scores }, text: describeBacktest({ ...found, from }) };
  },
};

interface Data {
  readonly data: TimedSeries;
  readonly file: string;
  readonly options: Pick<ForecastOptions, 'validation' | 'test' | 'season'>;
}

/** The series to use a forecaster on, read as in training. */
async function readData({ run, model }: Used<Types>, path: string | undefined, flags: FileFlags): Promise<Data> {
  const folder = folderOf(run);
  const config: RunConfig<ForecastOptions> | null = folder && readConfig(folder, forecast);
  const file = path ?? config?.files[0].path;
  if (file === undefined) throw new Failure(`${run}: it is not in a run folder; name the file to forecast from`, 2);
  const { time, fill } = { ...config?.options, ...flags };
  const { decimal, dateOrder } = flags;
  const covariates = model.columns.filter((name) => !model.targets.includes(name));
  const columns = { target: model.targets, covariates, time, fill, decimal, dateOrder };
  const data = await readSeries(readTextFiles([file]).texts[0], file, { ...columns, likely: config?.options });
  for (const note of data.notes) toStandardError(`${file}: ${note}`);
  return { data, file, options: config?.options ?? defaults };
}

export const forecastCommands = { load: () => loadTask('forecast'), train: forecast, predict, evaluate };
