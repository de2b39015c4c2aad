import {
  anything,
  callback,
  count,
  type Kinds,
  limit,
  number,
  oneOf,
  rate,
  required,
  seed as seedKind,
  whole,
} from '../checks.ts';
import type { Parameters } from '../nn/parameters.ts';
import { type OptimizerOptions, type ScheduleName, scheduleNames } from '../optim/index.ts';
import type { StopSignal } from '../signal.ts';
import type { Checkpoint } from './checkpoint.ts';

export interface TrainOptions {
  readonly optimizer: OptimizerOptions;
  /** Read before every step: may be changed during a run. */
  readonly learningRate: number;
  /** Default 'constant'. */
  readonly schedule?: ScheduleName | undefined;
  /**
   * Share of the run, in [0, 1), over which the learning rate rises to its base; see `learningRateAt`. Default 0.
   */
  readonly warmUp?: number | undefined;
  /**
   * Decay d in [0, 1) of an exponential moving average of the weights, such as 0.999: a ← d·a + (1 − d)·w after each update,
   * with a smaller d in the first ones. The average is what is validated, sampled from, saved, and in the model when the run
   * has ended. Default 0: none.
   */
  readonly emaDecay?: number | undefined;
  /** See `Optimizer.update`. Default 0: no clipping. */
  readonly clipNorm?: number | undefined;
  readonly clipValue?: number | undefined;
  /**
   * Gradient accumulation: batches per update. Their gradients are averaged, which equals one larger batch but needs the memory
   * of a single one. A step is an update. Default 1.
   */
  readonly accumulate?: number | undefined;
  /**
   * Called between backward and update, with the gradients in `parameters.gradients`, before they are clipped: to look at
   * them, change them, or average them over machines. @param step  the update they are for, from 1
   */
  readonly onGradients?: ((parameters: Parameters, step: number) => void | Promise<void>) | undefined;
  /** Stop after this many steps, epochs or seconds of training, whichever comes first. Default: never. */
  readonly steps?: number | undefined;
  readonly epochs?: number | undefined;
  readonly seconds?: number | undefined;
  /** For dropout. Default 1. */
  readonly seed?: number | undefined;
  /** Steps between events of each kind; 0: none. Defaults 10, 250, 250. */
  readonly progressEvery?: number | undefined;
  readonly validateEvery?: number | undefined;
  readonly sampleEvery?: number | undefined;
  /** Steps between measurements of gradient flow, where the task can make them. Default 0: none. */
  readonly gradientFlowEvery?: number | undefined;
  /** Steps between checkpoints; there is always one at the end. Default: `validateEvery`. */
  readonly checkpointEvery?: number | undefined;
  /** Checkpoint to resume from. */
  readonly resume?: Checkpoint | null | undefined;
  /** Stops the run after the current step, with a checkpoint. */
  readonly signal?: StopSignal | undefined;
  /** Milliseconds; only differences count. */
  readonly clock?: (() => number) | undefined;
}

export const trainKinds: Kinds<TrainOptions> = {
  optimizer: required({
    must: "an object, such as { method: 'adam' }",
    fits: (value) => typeof value === 'object' && value !== null,
  }),
  learningRate: required(number({ from: 0 })),
  schedule: oneOf(scheduleNames),
  warmUp: rate,
  emaDecay: rate,
  clipNorm: limit,
  clipValue: limit,
  accumulate: count,
  onGradients: callback,
  steps: whole(),
  epochs: limit,
  seconds: limit,
  seed: seedKind,
  progressEvery: whole(),
  validateEvery: whole(),
  sampleEvery: whole(),
  gradientFlowEvery: whole(),
  checkpointEvery: whole(),
  resume: anything,
  signal: anything,
  clock: callback,
};
