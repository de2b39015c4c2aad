import { Option } from 'commander';
import {
  type OptimizerOptions as LibraryOptions,
  type OptimizerName,
  optimizerNames,
  type ScheduleName,
  scheduleNames,
} from 'unrolled/optim';
import { choice, notNegative, option, positive, share, whole } from './parse.ts';

/** How parameters are updated. */
export interface OptimizerOptions {
  batch: number;
  optimizer: OptimizerName;
  lr: number;
  schedule: ScheduleName;
  clipNorm: number;
  clipValue: number;
  /** Batches of an update. Default 1. */
  accumulate?: number;
  weightDecay: number;
  /** Whether Nesterov's form of momentum is used. */
  nesterov?: boolean;
  /** Which parameters decay. Default: all. */
  decaying?: NonNullable<LibraryOptions['decaying']>;
  /** Share of the run over which the learning rate rises. Default 0. */
  warmUp?: number;
  /** Decay of the average of the weights. Default: none. */
  ema?: number;
}

/** When a run ends, and what it does on the way. */
export interface RunOptions {
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

/** The options of every training run, stored in config.json. */
export interface TrainOptions extends OptimizerOptions, RunOptions {}

/** Where a task has none of its own. */
export const trainDefaults = {
  batch: 32,
  optimizer: 'adam',
  lr: 3e-3,
  schedule: 'hold-linear',
  clipNorm: 1,
  clipValue: 0,
  weightDecay: 0,
  seed: 1,
} as const satisfies TrainOptions;

/** Type of an option in config.json. */
export type OptionType = 'number' | 'boolean' | 'string';

/** Options without a default, which cannot be changed when a run is resumed. */
export const lasting = {
  accumulate: 'number',
  nesterov: 'boolean',
  decaying: 'string',
  warmUp: 'number',
  ema: 'number',
} as const satisfies Readonly<Record<string, OptionType>>;

/** Options that may be changed when a run is resumed. */
export const changeable = {
  epochs: 'number',
  steps: 'number',
  seconds: 'number',
  sampleEvery: 'number',
  validateEvery: 'number',
  checkpointEvery: 'number',
  keepCheckpoints: 'boolean',
  gradientFlowEvery: 'number',
  blas: 'string',
} as const satisfies Readonly<Record<string, OptionType>>;

/** @param defaults  of the task */
export const optimizerOptions = (defaults: OptimizerOptions): Option[] =>
  [
    option('--batch <n>', `batch size (default ${defaults.batch})`, whole(1)),
    choice('--optimizer <name>', `optimizer (default ${defaults.optimizer})`, optimizerNames),
    option('--lr <rate>', `learning rate (default ${defaults.lr})`, positive),
    choice('--schedule <name>', `learning-rate schedule (default ${defaults.schedule})`, scheduleNames),
    option('--clip-norm <norm>', `clip the gradient to this norm, 0: off (default ${defaults.clipNorm})`, notNegative),
    option('--clip-value <value>', 'clip each element of the gradient to ±value, 0: off (default 0)', notNegative),
    option('--accumulate <n>', 'batches per update: their gradients are averaged (default 1)', whole(1)),
    option('--weight-decay <rate>', `weight decay (default ${defaults.weightDecay})`, notNegative),
    choice('--decaying <which>', `which parameters decay (default ${defaults.decaying ?? 'all'})`, ['all', 'matrices']),
    new Option('--nesterov', "Nesterov's momentum, with --optimizer momentum"),
    option(
      '--warm-up <share>',
      `share of the run over which the learning rate rises (default ${defaults.warmUp ?? 0})`,
      share,
    ),
    option('--ema <decay>', 'average the weights with this decay, such as 0.999, and use the average', share),
  ].map((one) => one.helpGroup('Optimizer:'));

/** @param end  of the task, where no option gives one */
export const runOptions = (
  { seed }: RunOptions,
  { epochs, steps }: { readonly epochs: number; readonly steps: number },
): Option[] =>
  [
    option(
      '--epochs <n>',
      `stop after n epochs (default ${epochs}, but at least ${steps.toLocaleString('en-US')} steps)`,
      positive,
    ),
    option('--steps <n>', 'stop after n updates', whole(1)),
    option('--seconds <n>', 'stop after n seconds', positive),
    option('--seed <n>', `random seed (default ${seed})`, whole(0, 2 ** 32 - 1)),
    option('--sample-every <n>', 'steps between samples, 0: none', whole(0)),
    option('--validate-every <n>', 'steps between validations, 0: none', whole(0)),
    option('--checkpoint-every <n>', 'steps between checkpoints, 0: only at the end', whole(0)),
    new Option('--keep-checkpoints', 'keep every checkpoint, to compare them later'),
  ].map((one) => one.helpGroup('Run:'));
