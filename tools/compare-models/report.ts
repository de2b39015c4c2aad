import { writeFileSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { type LineChart, lineChart, type Series } from 'unrolled/charts';
import { Failure, naming } from '../../packages/cli/src/failure.ts';
import { formatMetric } from '../../packages/cli/src/lab/report.ts';
import { makeFolder } from '../../packages/cli/src/output/folders.ts';
import { formatBytes, formatCount } from '../../packages/cli/src/output/units.ts';
import { type CurvePoint, readCurve } from './curve.ts';
import { configOf, type RunRecord, readJson, recordPath, runsIn } from './folder.ts';
import { type MemoryRow, memoryFile } from './memory-tasks.ts';
import { modelNames } from './recipes.ts';
import type { Measured } from './run-command.ts';
import { type Speed, type SpeedRow, speedFile } from './speed.ts';

/**
 * Draws the curves of folders that `text`, `speed` and `memory-tasks` have written, and returns their tables in Markdown.
 * Pictures are named after their folder: `compare-shakespeare-seconds.svg`.
 */
export function report(folders: readonly string[], docs: string): string {
  naming(docs, () => makeFolder(docs));
  return `${folders.map((folder) => reportOf(folder, docs).join('\n\n')).join('\n\n')}\n`;
}

function reportOf(folder: string, docs: string): string[] {
  const name = basename(resolve(folder));
  const command = `node tools/compare-models.ts report ${name} --docs ${docs}`;
  const draw = (what: string, chart: LineChart): string => {
    const path = join(docs, `compare-${name}-${what}.svg`);
    naming(path, () => writeFileSync(path, lineChart(chart)));
    return `![${chart.title}: ${chart.series.map((one) => one.name).join('; ')}](pictures/${basename(path)})`;
  };
  const runs = runsIn(folder).map((run) => join(folder, run));
  const speed = readJson<Speed>(join(folder, speedFile));
  const memory = readJson<MemoryRow[]>(join(folder, memoryFile));
  if (runs.length === 0 && memory === null) {
    throw new Failure(`${folder}: there are no runs and no ${memoryFile} in it; measure first`);
  }
  const parts = [`### ${name}`];
  if (runs.length > 0) {
    parts.push(textTable(runs));
    parts.push(draw('seconds', lossChart(runs, 'seconds', command)));
    parts.push(draw('characters', lossChart(runs, 'characters', command)));
  }
  if (speed) {
    parts.push(speedTable(speed));
    parts.push(draw('time', contextChart(speed.rows, timeOf, command)));
    parts.push(draw('memory', contextChart(speed.rows, memoryOf, command)));
  }
  if (memory) parts.push(memoryTable(memory));
  return parts;
}

/** A table in Markdown. */
const markdown = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

/** What figures were measured on: one line where all were measured on the same. */
function measuredLine(all: readonly Measured[]): string {
  const machines = [...new Set(all.map(({ machine }) => machine))];
  const loads = all.map(({ load }) => load);
  const [least, most] = [Math.min(...loads).toFixed(1), Math.max(...loads).toFixed(1)];
  return `${machines.join('; ')}; load ${least === most ? least : `${least} to ${most}`}.`;
}

function textTable(runs: readonly string[]): string {
  const records = runs.map((run) => readJson<RunRecord>(recordPath(run)));
  const rows = runs.map((run, i) => {
    const { options, parameters, steps, seconds, characters, charactersPerSecond, finished } = readCurve(run);
    const loss = records[i]?.evaluation.natsPerCharacter;
    return [
      `\`${basename(run)}\``,
      parameters === null ? '' : formatCount(parameters),
      loss === undefined ? 'not evaluated' : loss.toFixed(3),
      formatCount(steps),
      (characters / 1e6).toFixed(2),
      charactersPerSecond === null ? '' : formatCount(charactersPerSecond),
      `${seconds.toFixed(0)}${finished ? '' : ', interrupted'}`,
      String(options.seed),
    ];
  });
  const head = [
    'model',
    'parameters',
    'nats per character',
    'updates',
    'million characters',
    'characters/s',
    'seconds',
    'seed',
  ];
  const known = records.flatMap((record) => record ?? []);
  const commands = known.map(({ command }) => `    ${command}`);
  const notes =
    known.length === 0 ? [] : [commands.join('\n'), measuredLine(known.flatMap(({ began, ended }) => [began, ended]))];
  return [markdown(head, rows), ...notes].join('\n\n');
}

/** How far above the lowest loss a curve begins: at the beginning all fall steeply, and hide how far apart they end. */
const shownAbove = 0.4;

function lossChart(runs: readonly string[], over: 'seconds' | 'characters', command: string): LineChart {
  const place = ({ seconds, characters }: CurvePoint): number => (over === 'seconds' ? seconds : characters / 1e6);
  const curves = runs.map((run) => ({ name: basename(run), points: readCurve(run).points }));
  const losses = curves.flatMap(({ points }) => points.map(({ loss }) => loss));
  const lowest = Math.min(...losses);
  const most = Math.max(lowest + shownAbove, ...curves.flatMap(({ points }) => points.at(-1)?.loss ?? []));
  const series = curves.map(({ name, points }): Series => {
    const shown = points.filter(({ loss }) => loss <= most);
    return { name, points: shown.map((point) => [place(point), point.loss] as const) };
  });
  return {
    title: `Validation loss over ${over === 'seconds' ? 'time' : 'characters read'}`,
    description: `Of the last tenth of ${textOf(runs[0])}. Made by: ${command}`,
    x: { label: over === 'seconds' ? 'seconds' : 'million characters', from: 0 },
    y: { label: 'nats per character', ...(losses.length > 0 && { from: Math.floor(20 * lowest - 0.2) / 20 }) },
    series,
  };
}

const textOf = (run: string): string =>
  configOf(run)
    .files.map(({ path }) => basename(path))
    .join(', ');

interface Quantity {
  readonly title: string;
  readonly label: string;
  readonly at: (row: SpeedRow) => number;
  readonly band?: (row: SpeedRow) => readonly [number, number];
}

const timeOf: Quantity = {
  title: 'Time of a token over the tokens before it',
  label: 'ms, median; shaded: quartiles',
  at: ({ median }) => median,
  band: ({ lower, upper }) => [lower, upper],
};

const memoryOf: Quantity = {
  title: 'Memory of the state over the tokens before it',
  label: 'MiB',
  at: ({ stateBytes }) => stateBytes / 2 ** 20,
};

function contextChart(rows: readonly SpeedRow[], { title, label, at, band }: Quantity, command: string): LineChart {
  const series = [...Map.groupBy(rows, ({ model }) => model)].map(([name, own]): Series => {
    // A logarithmic axis has no place for 0.
    const shown = own.filter(({ context }) => context > 0);
    return {
      name,
      points: shown.map((row) => [row.context, at(row)] as const),
      ...(band && { band: shown.map((row) => [row.context, ...band(row)] as const) }),
    };
  });
  return {
    title,
    description: `Batch 1. Made by: ${command}`,
    x: { label: 'context, tokens', scale: 'log' },
    y: { label, scale: 'log' },
    series,
  };
}

function speedTable({ measured, threads, rows }: Speed): string {
  const cells = rows.map((row) => [
    row.model,
    formatCount(row.context),
    row.median.toFixed(3),
    `${row.lower.toFixed(3)}–${row.upper.toFixed(3)}`,
    formatCount(1000 / row.median),
    formatBytes(row.stateBytes),
    formatBytes(row.residentBytes),
    formatBytes(row.peakBytes),
    row.filling === 'random' ? 'random keys and values' : row.filling,
  ]);
  const head = [
    'model',
    'context',
    'ms a token',
    'quartiles',
    'characters/s',
    'state',
    'process',
    'at most',
    'context filled by',
  ];
  const loads = rows.map(({ load }) => ({ ...measured, load }));
  const least = Math.min(...rows.map(({ tokens }) => tokens));
  const with_ = threads === null ? '' : ` ${threads} thread${threads === 1 ? '' : 's'},`;
  const note = `Batch 1, likeliest tokens,${with_} medians of at least ${least} tokens; ${measuredLine(loads)}`;
  return [markdown(head, cells), note].join('\n\n');
}

/** A row for each problem, a column for each model. */
function memoryTable(rows: readonly MemoryRow[]): string {
  const models = modelNames.filter((name) => rows.some(({ model }) => model === name));
  const cells = [...Map.groupBy(rows, ({ task, length }) => `${task} ${length}`).values()].map((own) => {
    const [{ task, length, table }] = own;
    const found = models.map((name) => own.find(({ model }) => model === name));
    const answers = found.map((one) => (one ? answerOf(one) : 'not measured'));
    return [`\`${task}\``, formatCount(length), formatMetric(table.metric.chance), ...answers];
  });
  const range = (values: readonly number[]): string =>
    [...new Set([Math.min(...values), Math.max(...values)])].map(formatCount).join(' to ');
  const seeds = range(rows.map(({ table }) => table.cells[0].seeds.length));
  const note =
    `Medians on test sequences (worst seed). Seeds: ${seeds}, from 1 on; at most ${range(rows.map(({ seconds }) => seconds))} s each. ` +
    `${range(rows.map(({ parameters }) => parameters))} parameters. ${measuredLine(rows.map(({ measured }) => measured))}`;
  return [markdown(['task', 'length', 'chance', ...models.map((name) => `\`${name}\``)], cells), note].join('\n\n');
}

/** `0.0017 (0.0019), solved 3 of 3 in 17 s` */
function answerOf({ table }: MemoryRow): string {
  const { summary, seeds } = table.cells[0];
  const { median, worst, solved, secondsToSolve } = summary;
  const several = seeds.length > 1;
  const value = `${formatMetric(median!)}${several ? ` (${formatMetric(worst!)})` : ''}`;
  if (solved === 0) return value;
  return `${value}, solved${several ? ` ${solved} of ${seeds.length}` : ''} in ${secondsToSolve!.toFixed(0)} s`;
}
