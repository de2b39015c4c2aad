import { InvalidArgumentError, Option } from 'commander';
import { ConfigError } from 'unrolled';
import { cellNames, createCell, parseCell } from 'unrolled/nn';
import { type OptimizerName, optimizerNames, type ScheduleName, scheduleNames } from 'unrolled/optim';
import { isCellFile } from '../cells/cell-file.ts';

/** The options of every training run, stored in config.json. */
export interface CommonOptions {
  /** A built-in cell with its options, such as `lstm:forgetBias=3`, or the path of a file that defines one; as given. */
  cell: string;
  hidden: number;
  layers: number;
  dropout: number;
  batch: number;
  optimizer: OptimizerName;
  lr: number;
  schedule: ScheduleName;
  clipNorm: number;
  clipValue: number;
  /** Batches of an update. Default 1. */
  accumulate?: number;
  weightDecay: number;
  seed: number;
  epochs?: number;
  steps?: number;
  seconds?: number;
  sampleEvery?: number;
  validateEvery?: number;
  checkpointEvery?: number;
  /** Whether every checkpoint is kept, named by its step. */
  keepCheckpoints?: boolean;
  /** Steps between measurements of gradient flow, in tasks that have it. */
  gradientFlowEvery?: number;
  /** The BLAS library that multiplies matrices; it rounds differently from our kernels. Default: our kernels. */
  blas?: string;
}

/** Defaults where a task has none of its own. */
export const commonDefaults = {
  cell: 'lstm',
  hidden: 256,
  layers: 2,
  dropout: 0.2,
  batch: 32,
  optimizer: 'adam',
  lr: 3e-3,
  schedule: 'hold-linear',
  clipNorm: 1,
  clipValue: 0,
  weightDecay: 0,
  seed: 1,
} as const satisfies CommonOptions;

/** Options that may be changed when a run is resumed. */
export const changeable = [
  'epochs',
  'steps',
  'seconds',
  'sampleEvery',
  'validateEvery',
  'checkpointEvery',
  'keepCheckpoints',
  'gradientFlowEvery',
] as const;

/** `clipNorm` → `--clip-norm`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;

export const whole =
  (lowest: number, highest = Number.MAX_SAFE_INTEGER) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isInteger(value) || value < lowest || value > highest) {
      const range = highest === Number.MAX_SAFE_INTEGER ? `from ${lowest}` : `from ${lowest} to ${highest}`;
      throw new InvalidArgumentError(`It must be a whole number ${range}.`);
    }
    return value;
  };

export const number =
  (fits: (value: number) => boolean, words: string) =>
  (text: string): number => {
    const value = Number(text);
    if (text.trim() === '' || !Number.isFinite(value) || !fits(value)) {
      throw new InvalidArgumentError(`It must be a number ${words}.`);
    }
    return value;
  };

export function folderName(text: string): string {
  if (text === '') throw new InvalidArgumentError('It must name a folder.');
  return text;
}

export const positive = number((value) => value > 0, 'above 0');
export const notNegative = number((value) => value >= 0, 'from 0');

export const option = (flags: string, description: string, parse: (text: string) => number): Option =>
  new Option(flags, description).argParser(parse);
export const choice = (flags: string, description: string, names: readonly string[]): Option =>
  new Option(flags, description).choices(names);

export function cellKind(text: string): string {
  if (isCellFile(text)) return text;
  const named = parseCell(text);
  if (!named) {
    throw new InvalidArgumentError(
      `Allowed choices are ${cellNames.join(', ')}, with options such as lstm:peephole,forgetBias=3, or a file that ` +
        'defines one, such as ./my-cell.ts.',
    );
  }
  try {
    createCell({ cell: named.name, hidden: 2 ** 20, ...named.options });
  } catch (error) {
    if (error instanceof ConfigError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
  return text;
}

/** @param more  appended to the description */
export const cellOption = (byDefault = 'lstm', more = ''): Option =>
  new Option(
    '--cell <cell>',
    `recurrent cell: ${cellNames.join(', ')}, with options such as lstm:forgetBias=3, or a file that defines one (default ${byDefault})${more}`,
  ).argParser(cellKind);

/** The options of every training run, with its task's defaults. */
export function commonOptions(
  defaults: CommonOptions,
  { epochs, steps }: { readonly epochs: number; readonly steps: number },
): Option[] {
  const say = (text: string, name: keyof typeof commonDefaults): string => `${text} (default ${defaults[name]})`;
  return [
    cellOption(defaults.cell),
    option('--hidden <n>', say('hidden units per layer', 'hidden'), whole(1)),
    option('--layers <n>', say('recurrent layers', 'layers'), whole(1)),
    option('--batch <n>', say('batch size', 'batch'), whole(1)),
    option(
      '--dropout <rate>',
      say('dropout rate', 'dropout'),
      number((r) => r >= 0 && r < 1, 'from 0, below 1'),
    ),
    choice('--optimizer <name>', say('optimizer', 'optimizer'), optimizerNames),
    option('--lr <rate>', say('learning rate', 'lr'), positive),
    choice('--schedule <name>', say('learning-rate schedule', 'schedule'), scheduleNames),
    option('--clip-norm <norm>', say('clip the gradient to this norm, 0: off', 'clipNorm'), notNegative),
    option('--clip-value <value>', 'clip each element of the gradient to ±value, 0: off (default 0)', notNegative),
    option('--accumulate <n>', 'batches per update: their gradients are averaged (default 1)', whole(1)),
    option('--weight-decay <rate>', say('weight decay', 'weightDecay'), notNegative),
    option(
      '--epochs <n>',
      `stop after n epochs (default ${epochs}, but at least ${steps.toLocaleString('en-US')} steps)`,
      positive,
    ),
    option('--steps <n>', 'stop after n updates', whole(1)),
    option('--seconds <n>', 'stop after n seconds', positive),
    option('--seed <n>', say('random seed', 'seed'), whole(0, 2 ** 32 - 1)),
    option('--sample-every <n>', 'steps between samples, 0: none', whole(0)),
    option('--validate-every <n>', 'steps between validations, 0: none', whole(0)),
    option('--checkpoint-every <n>', 'steps between checkpoints, 0: only at the end', whole(0)),
    new Option('--keep-checkpoints', 'keep every checkpoint, to compare them later'),
  ];
}

/** The checkpoints of a run; where no one is named, the first of them that exists is used. */
export const checkpointNames = ['best', 'latest', 'previous'] as const;
export type CheckpointName = (typeof checkpointNames)[number];

/** Flags of every command that uses a trained model. */
export interface UseFlags {
  checkpoint?: CheckpointName;
  json?: boolean;
  threads?: number;
  blas?: string;
}

export const checkpointOption = (): Option =>
  new Option('--checkpoint <name>', 'checkpoint to use (default: best)').choices(checkpointNames);

/** The options of every command that uses a trained model. */
export const useOptions = (): Option[] => [
  checkpointOption(),
  new Option('--json', 'print JSON'),
  threadsOption(),
  blasOption(),
];

/** Not stored with a run: the number of threads does not change results. */
export const threadsOption = (): Option =>
  option('--threads <n>', 'threads to use (default: one per core, at most 8)', whole(1, 64));

/** Stored with a run: a BLAS changes the last bits of results. */
export const blasOption = (byDefault = 'off'): Option =>
  new Option('--blas <which>', `multiply matrices with a BLAS library: auto, off or its path (default ${byDefault})`);
