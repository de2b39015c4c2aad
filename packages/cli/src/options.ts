import { InvalidArgumentError, Option } from 'commander';
import { cellNames } from 'unrolled/nn';
import { type OptimizerName, optimizerNames, type ScheduleName, scheduleNames } from 'unrolled/optim';
import { type TokenizerConfig, tokenizerKinds } from 'unrolled/tokenizers';
import { isCellFile } from './cell-file.ts';

/** Everything that decides what a run computes; stored in config.json. */
export interface TrainingOptions {
  /** A built-in cell's name, or the path of a file with one, as it was given. */
  cell: string;
  hidden: number;
  layers: number;
  embedding: number;
  tokens: TokenizerConfig['kind'];
  /** The most tokens, of words and byte pairs; what the kind has by default where it is left out. */
  vocab?: number;
  /** Whether the output layer uses the embedding's matrix; not where it is left out. */
  tie?: boolean;
  recompute?: boolean;
  seq: number;
  batch: number;
  dropout: number;
  optimizer: OptimizerName;
  lr: number;
  schedule: ScheduleName;
  clipNorm: number;
  clipValue: number;
  weightDecay: number;
  seed: number;
  epochs?: number;
  steps?: number;
  seconds?: number;
  sampleEvery?: number;
  validateEvery?: number;
  checkpointEvery?: number;
  /** Steps between looks at gradient flow. */
  gradients?: number;
  /** What multiplies matrices: a BLAS rounds otherwise than our kernels do. Our kernels where it is left out. */
  blas?: string;
}

/** What `train` uses where nothing is said. Without an end: 20 epochs, but at least 1,000 steps. */
export const defaults = {
  cell: 'lstm',
  hidden: 256,
  layers: 2,
  embedding: 256,
  tokens: 'char',
  seq: 64,
  batch: 32,
  dropout: 0.2,
  optimizer: 'adam',
  lr: 3e-3,
  schedule: 'hold-linear',
  clipNorm: 1,
  clipValue: 0,
  weightDecay: 0,
  seed: 1,
} as const satisfies TrainingOptions;

/** Options that decide what is learnt, too, but are not kept in a configuration where nothing was said. */
export const optional = ['vocab', 'tie', 'recompute'] as const;

/** Options that may be given anew when a run goes on: they do not change what was learnt so far. */
export const changeable = [
  'epochs',
  'steps',
  'seconds',
  'sampleEvery',
  'validateEvery',
  'checkpointEvery',
  'gradients',
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

function cellKind(text: string): string {
  if (cellNames.includes(text) || isCellFile(text)) return text;
  throw new InvalidArgumentError(
    `Allowed choices are ${cellNames.join(', ')}, or a file with a cell of your own, such as ./my-cell.ts.`,
  );
}

export const cellOption = (): Option =>
  new Option('--cell <cell>', `recurrent cell: ${cellNames.join(', ')}, or a file (default lstm)`).argParser(cellKind);

/** The options of `train` that go into the run's configuration. */
export function trainingOptions(): Option[] {
  const say = (text: string, name: keyof typeof defaults): string => `${text} (default ${defaults[name]})`;
  return [
    cellOption(),
    option('--hidden <n>', say('hidden units in a layer', 'hidden'), whole(1)),
    option('--layers <n>', say('recurrent layers', 'layers'), whole(1)),
    option('--embedding <n>', say("length of a token's vector", 'embedding'), whole(1)),
    choice('--tokens <kind>', say('what the text is cut into', 'tokens'), tokenizerKinds),
    option('--vocab <n>', 'most tokens of words (default 20,001) or byte pairs (default 2,000)', whole(1)),
    new Option('--tie', "let the output layer use the embedding's matrix"),
    new Option('--recompute', 'compute gates again on the way back, to need less memory'),
    option('--seq <n>', say('steps of truncated backpropagation through time', 'seq'), whole(1)),
    option('--batch <n>', say('rows read side by side', 'batch'), whole(1)),
    option(
      '--dropout <rate>',
      say('share of numbers set to 0', 'dropout'),
      number((r) => r >= 0 && r < 1, 'from 0, below 1'),
    ),
    choice('--optimizer <name>', say('how gradients become updates', 'optimizer'), optimizerNames),
    option('--lr <rate>', say('learning rate', 'lr'), positive),
    choice('--schedule <name>', say('how the learning rate goes', 'schedule'), scheduleNames),
    option('--clip-norm <norm>', say('longest gradient, 0: any', 'clipNorm'), notNegative),
    option('--clip-value <value>', 'largest number in the gradient, 0: any (default 0)', notNegative),
    option('--weight-decay <rate>', say('pull towards 0', 'weightDecay'), notNegative),
    option('--epochs <n>', 'end after so many times through the text (default 20, at least 1,000 steps)', positive),
    option('--steps <n>', 'end after so many updates', whole(1)),
    option('--seconds <n>', 'end after so many seconds', positive),
    option('--seed <n>', say('where all random numbers begin', 'seed'), whole(0, 2 ** 32 - 1)),
    option('--sample-every <n>', 'steps between samples, 0: none', whole(0)),
    option('--validate-every <n>', 'steps between validations, 0: none', whole(0)),
    option('--checkpoint-every <n>', 'steps between checkpoints, 0: only at the end', whole(0)),
    option('--gradients <n>', 'steps between looks at how far gradients reach back, 0: none (default 0)', whole(0)),
  ];
}

/** Threads do not change the result, so they are not part of a run's configuration. */
export const threadsOption = (): Option =>
  option('--threads <n>', 'processor cores to use (default: all, at most 8)', whole(1, 64));

/** A BLAS does change the result, in its last bits, so a run keeps it in its configuration. */
export const blasOption = (byDefault = 'off'): Option =>
  new Option('--blas <which>', `multiply by the machine's BLAS: auto, off or a path (default ${byDefault})`);
