import { ConfigError } from 'unrolled';
import { parseCell } from 'unrolled/nn';
import type { OptimizerName, ScheduleName } from 'unrolled/optim';
import {
  createProblem,
  type ExperimentSettings,
  type LongMemoryTask,
  longMemoryTasks,
  type Problem,
  type ProblemOptions,
  settingsFor,
  type TaskDescription,
  transformerSettingsFor,
} from 'unrolled/tasks/long-memory';
import { type CellFile, isCellFile, readCellFile } from '../cells/cell-file.ts';
import { cellSource } from '../cells/cell-source.ts';
import { Failure } from '../failure.ts';
import { flagOf } from '../options/parse.ts';
import {
  forModel,
  type ModelOptions,
  type TransformerFlags,
  transformerBlocks,
  transformerTypes,
} from '../options/transformer.ts';
import type { MachineFlags } from '../run/open-device.ts';
import { readLabData } from './data.ts';

/** The command line's options. */
export interface LabFlags extends ProblemOptions, MachineFlags, TransformerFlags {
  cell?: string[];
  data?: string;
  seeds?: number;
  seed?: number;
  hidden?: number;
  layers?: number;
  dropout?: number;
  batch?: number;
  optimizer?: OptimizerName;
  lr?: number;
  schedule?: ScheduleName;
  clipNorm?: number;
  steps?: number;
  seconds?: number;
  untilSolved?: boolean;
  bar?: number;
  validateEvery?: number;
  json?: boolean;
  out?: string;
  plot?: string;
}

/** A model to train, with its settings. */
export interface Learner {
  /** As given: a built-in cell's name, with or without options, the path of a cell file, or `transformer`. */
  readonly cell: string;
  readonly settings: ExperimentSettings;
}

/** Everything the results depend on. */
export interface Lab {
  readonly task: LongMemoryTask;
  readonly options: ProblemOptions;
  /** Name of the data in a table of results, such as `10k-train`. */
  readonly dataLabel: string | null;
  readonly problem: Problem;
  readonly learners: readonly Learner[];
  readonly seeds: readonly number[];
}

const problemOptions = ['length', 'testLength', 'answers', 'rows', 'permutationSeed', 'shift'] as const;

/** @throws Failure naming the first option that the task does not have, or data that cannot be read */
export async function prepareLab(task: LongMemoryTask, flags: LabFlags): Promise<Lab> {
  const description: TaskDescription = longMemoryTasks[task];
  const stray = problemOptions.find((name) => flags[name] !== undefined && !description.options.includes(name));
  if (stray) throw new Failure(`lab: ${task} takes no ${flagOf(stray)}; ${taken(description)}`, 2);
  if (flags.data !== undefined && description.data === null) {
    throw new Failure(`lab: ${task} takes no --data; it generates its sequences`, 2);
  }
  const options = Object.fromEntries(
    problemOptions.filter((name) => flags[name] !== undefined).map((name) => [name, flags[name]]),
  ) as ProblemOptions;
  const { data, label } = readLabData(task, description.data, flags.data);
  const problem = attempt(() => createProblem(task, options, data));
  if (flags.untilSolved && problem.metric.bar === null && flags.bar === undefined) {
    throw new Failure(
      `lab: ${task} has no value from which it counts as solved; give one with --bar, or leave out --until-solved`,
      2,
    );
  }
  const learners: Learner[] = [];
  requireOneModel(flags);
  if (flags.model === 'transformer') learners.push({ cell: 'transformer', settings: transformerSettings(task, flags) });
  else
    for (const cell of flags.cell ?? ['lstm']) {
      const own = isCellFile(cell) ? await readCellFile(cell) : null;
      learners.push({ cell, settings: settingsOf(task, cell, own, flags) });
    }
  return {
    task,
    options,
    dataLabel: label,
    problem,
    learners,
    seeds: flags.seeds === undefined ? [flags.seed ?? 1] : Array.from({ length: flags.seeds }, (_, i) => i + 1),
  };
}

/** @throws Failure if an option is for recurrent layers and another for Transformers */
function requireOneModel({ cell, ...flags }: LabFlags): void {
  const names = Object.keys(transformerTypes) as (keyof TransformerFlags)[];
  const said: Partial<ModelOptions> = Object.fromEntries(names.map((name) => [name, flags[name]]));
  const defaults = { cell: '', hidden: 0, embedding: 0 };
  forModel<ModelOptions>(
    { ...said, cell: cell?.[0] },
    { defaults, transformer: {}, recurrent: [], mapsEmbeddings: true },
  );
}

/** @throws Failure if heads and width do not fit */
function transformerSettings(task: LongMemoryTask, flags: LabFlags): ExperimentSettings {
  const settings = transformerSettingsFor(task, givenIn(flags));
  return { ...settings, transformer: transformerBlocks({ ...flags, ...settings }) };
}

/** If the cell is given with options, they replace the defaults. */
function settingsOf(task: LongMemoryTask, cell: string, own: CellFile | null, flags: LabFlags): ExperimentSettings {
  const settings = settingsFor(task, own?.cell ?? parseCell(cell)!.name, givenIn(flags));
  const source = cellSource(cell, settings.hidden, own);
  return typeof source === 'string' ? settings : { ...settings, cell: source };
}

/** The settings that were given. */
function givenIn(flags: LabFlags): Partial<Omit<ExperimentSettings, 'cell' | 'transformer'>> {
  const { hidden, layers, dropout, batch, optimizer, lr: learningRate, schedule, clipNorm, validateEvery, bar } = flags;
  const { seconds, steps, untilSolved } = flags;
  const otherEnd = untilSolved || seconds !== undefined;
  const said = {
    ...{ hidden, layers, dropout, batch, optimizer, learningRate, schedule, clipNorm, validateEvery, bar, seconds },
    steps: steps ?? (otherEnd ? null : undefined),
  };
  return Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
}

/** Turns the library's errors about options into errors of the command line. */
function attempt<Result>(action: () => Result): Result {
  try {
    return action();
  } catch (error) {
    if (error instanceof ConfigError) throw new Failure(error.message, 2, { cause: error });
    throw error;
  }
}

function taken({ options }: TaskDescription): string {
  return options.length === 0 ? 'leave it out' : `it takes ${options.map(flagOf).join(', ')}`;
}
