import { DivergenceError } from '../../errors.ts';
import type { OptimizerName, ScheduleName } from '../../optim/index.ts';
import { type StopSignal, unlessAborted } from '../../signal.ts';
import type { Device } from '../../tensor/device.ts';
import type { ProgressEvent, StartEvent } from '../../train/events.ts';
import { train } from '../../train/train.ts';
import { SequenceModel, type SequenceModelConfig } from './model.ts';
import type { Problem } from './problem.ts';
import { longMemoryTraining } from './training.ts';

/** Settings of an experiment: plain data. */
export interface ExperimentSettings extends SequenceModelConfig {
  /** B, sequences in a batch. */
  readonly batch: number;
  readonly optimizer: OptimizerName;
  readonly learningRate: number;
  readonly schedule: ScheduleName;
  /** Norm the gradient is clipped to; 0: no clipping. */
  readonly clipNorm: number;
  /** Most steps; null: no limit. */
  readonly steps: number | null;
  /** Most seconds of training, validation included. Default null: no limit. */
  readonly seconds?: number | null;
  /** Steps between validations. */
  readonly validateEvery: number;
  /** Value from which the problem counts as solved. Default: the metric's bar. */
  readonly bar?: number | null;
}

/** Events of one seed, in order; `result` is the last. */
export type ExperimentEvent = StartEvent | ProgressEvent | ExperimentValidation | ExperimentResult;

export interface ExperimentValidation {
  readonly type: 'validation';
  readonly step: number;
  readonly loss: number;
  readonly metric: number;
  /** Whether the loss is the lowest so far. */
  readonly best: boolean;
  readonly secondsElapsed: number;
}

export interface ExperimentResult {
  readonly type: 'result';
  /** 'diverged': a loss or gradient became non-finite or far too large; the best model before that is tested. */
  readonly reason: 'solved' | 'finished' | 'diverged' | 'aborted';
  /** On the test sequences; null if the run was aborted. */
  readonly metric: number | null;
  readonly loss: number | null;
  readonly step: number;
  readonly secondsElapsed: number;
  /** The first of the evaluations that found the problem solved; null if it was not. */
  readonly solved: { readonly step: number; readonly secondsElapsed: number } | null;
}

export interface ExperimentOptions {
  /** Seed of initial weights, sequences and dropout. */
  readonly seed: number;
  /** Stops the run after the current step. */
  readonly signal?: StopSignal | undefined;
  /** Milliseconds; only differences count. */
  readonly clock?: () => number;
}

/** So many evaluations one after the other, each on sequences of its own, must reach the bar. */
const evaluationsToSolve = 3;

/**
 * Trains a model on a problem from one seed, until it is solved or the settings' end. What is tested is the model that
 * solved it, or the one that had the lowest validation loss.
 *
 * @example
 * const problem = createProblem('adding', { length: 50 });
 * for await (const event of experiment(device, problem, settingsFor('adding', 'gru'), { seed: 1 })) {
 *   if (event.type === 'result') console.log(event.metric, problem.metric.chance);
 * }
 */
export async function* experiment(
  device: Device,
  problem: Problem,
  settings: ExperimentSettings,
  { seed, signal, clock = () => performance.now() }: ExperimentOptions,
): AsyncGenerator<ExperimentEvent, void> {
  const model = new SequenceModel(device, problem, settings, seed);
  const task = longMemoryTraining(model, problem, { batch: settings.batch, seed });
  const { metric } = problem;
  const bar = settings.bar === undefined ? metric.bar : settings.bar;
  const began = clock();
  const seconds = (): number => (clock() - began) / 1000;
  const events = train(task, {
    optimizer: { method: settings.optimizer },
    learningRate: settings.learningRate,
    schedule: settings.schedule,
    clipNorm: settings.clipNorm,
    steps: settings.steps ?? undefined,
    seconds: settings.seconds ?? undefined,
    validateEvery: settings.validateEvery,
    checkpointEvery: 0,
    seed,
    signal,
    clock,
  });
  let reason: ExperimentResult['reason'] = 'finished';
  let best = await model.parameters.save();
  let step = 0;
  let streak = 0;
  let solved: ExperimentResult['solved'] = null;
  try {
    for await (const event of events) {
      step = event.step;
      if (event.type === 'start' || event.type === 'progress') yield event;
      if (event.type === 'done' && event.reason === 'aborted') reason = 'aborted';
      if (event.type === 'done' && event.reason === 'finished' && event.diverged) reason = 'diverged';
      if (event.type !== 'validation') continue;
      const value = task.evaluation!.metric;
      const secondsElapsed = seconds();
      yield { type: 'validation', step, loss: event.loss, metric: value, best: event.best, secondsElapsed };
      if (event.best) best = await model.parameters.save();
      const reached = bar !== null && (metric.better === 'lower' ? value <= bar : value >= bar);
      streak = reached ? streak + 1 : 0;
      if (streak <= 1) solved = reached ? { step, secondsElapsed } : null;
      if (streak === evaluationsToSolve) {
        reason = 'solved';
        break;
      }
    }
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
    reason = 'diverged';
    step = (error.details.step as number) - 1;
  }
  const secondsElapsed = seconds();
  // Losses on fresh sequences differ by luck: what three evaluations found solved is not given up for an earlier model.
  if (reason !== 'solved') model.parameters.load(best);
  const tested = reason === 'aborted' ? undefined : await unlessAborted(task.test(signal), signal);
  yield {
    type: 'result',
    reason: tested ? reason : 'aborted',
    metric: tested?.metric ?? null,
    loss: tested?.loss ?? null,
    step,
    secondsElapsed,
    solved: reason === 'solved' ? solved : null,
  };
}
