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
} from 'unrolled/tasks/long-memory';
import { type CellFile, isCellFile, readCellFile } from '../cells/cell-file.ts';
import { cellSource } from '../cells/cell-source.ts';
import { Failure } from '../failure.ts';
import { flagOf } from '../options/parse.ts';
import type { MachineFlags } from '../run/open-device.ts';
import { readLabData } from './data.ts';

/** The command line's options. */
export interface LabFlags extends ProblemOptions, MachineFlags {
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

/** A cell to train, with its settings. */
export interface Learner {
  /** As given: a built-in cell's name, with or without options, or the path of a cell file. */
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

/** If the cell is given with options, they replace the defaults. */
function settingsOf(task: LongMemoryTask, cell: string, own: CellFile | null, flags: LabFlags): ExperimentSettings {
  const { hidden, layers, dropout, batch, optimizer, lr: learningRate, schedule, clipNorm, validateEvery, bar } = flags;
  const { seconds, steps, untilSolved } = flags;
  const otherEnd = untilSolved || seconds !== undefined;
  const said = {
    ...{ hidden, layers, dropout, batch, optimizer, learningRate, schedule, clipNorm, validateEvery, bar, seconds },
    steps: steps ?? (otherEnd ? null : undefined),
  };
  const given = Object.fromEntries(Object.entries(said).filter(([, value]) => value !== undefined));
  const settings = settingsFor(task, own?.cell ?? parseCell(cell)!.name, given);
  const source = cellSource(cell, settings.hidden, own);
  return typeof source === 'string' ? settings : { ...settings, cell: source };
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
