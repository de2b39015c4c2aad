import type { TypedArray } from '../backend/backend.ts';
import {
  anything,
  callback,
  type Kinds,
  limit,
  number,
  oneOf,
  required,
  requireOptions,
  seed as seedKind,
  whole,
} from '../checks.ts';
import { ConfigError, DivergenceError, FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import { learningRateAt, Optimizer, type OptimizerOptions, type ScheduleName, scheduleNames } from '../optim/index.ts';
import { Random } from '../random.ts';
import { type StopSignal, unlessAborted } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { breathe } from './breathe.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { ProgressEvent, TrainEvent } from './events.ts';
import type { TrainingBatch, TrainingTask } from './task.ts';

export interface TrainOptions {
  readonly optimizer: OptimizerOptions;
  /** Read before every step: may be changed during a run. */
  readonly learningRate: number;
  /** Default 'constant'. */
  readonly schedule?: ScheduleName | undefined;
  /** See `Optimizer.update`. Default 0: no clipping. */
  readonly clipNorm?: number | undefined;
  readonly clipValue?: number | undefined;
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

const optionKinds: Kinds<TrainOptions> = {
  optimizer: required({
    must: "an object, such as { method: 'adam' }",
    fits: (value) => typeof value === 'object' && value !== null,
  }),
  learningRate: required(number({ from: 0 })),
  schedule: oneOf(scheduleNames),
  clipNorm: limit,
  clipValue: limit,
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

/** A validation loss above this many times the chance level is divergence, and not a model that is merely wrong. */
const divergenceFactor = 3;
/** The same for tasks without a chance level, as a multiple of the first training loss. */
const firstLossFactor = 1000;

/**
 * Trains until `steps`, `epochs` or `seconds` is reached, and reports as a stream of events; the loop continues when the
 * listener asks for the next event.
 *
 * A run that is aborted and resumed from its checkpoint makes the same updates, to the last bit, as an uninterrupted run, if
 * its end is given in steps or epochs.
 *
 * A validation loss that is not finite or far above the chance level is marked `diverged`, and is never the best.
 *
 * @throws ConfigError on an unknown, missing or impossible option, or if gradient flow is asked of a task that cannot
 *   measure it
 * @throws DivergenceError when loss or gradient are not finite; the parameters are then those of the last good step
 *
 * @example
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 3e-3, steps: 1000 })) {
 *   if (event.type === 'progress') console.log(event.step, event.loss);
 * }
 */
export async function* train(task: TrainingTask, options: TrainOptions): AsyncGenerator<TrainEvent, void> {
  requireOptions('train', options, optionKinds);
  const { schedule = 'constant', clock = () => performance.now(), signal, resume } = options;
  const { progressEvery = 10, validateEvery = 250, sampleEvery = 250, checkpointEvery = validateEvery } = options;
  const { gradientFlowEvery = 0 } = options;
  const { parameters } = task;
  const { device } = parameters;
  if (gradientFlowEvery > 0 && !task.gradientFlow) {
    throw new ConfigError('train: this task cannot measure gradient flow; leave gradientFlowEvery out');
  }
  const optimizer = new Optimizer(parameters, options.optimizer);
  const random = new Random(resume?.trainer.random ?? new Random(options.seed ?? 1).fork('training').state);
  const epochSteps = options.epochs === undefined ? Infinity : Math.ceil(options.epochs * task.stepsPerEpoch);
  const lastStep = Math.min(options.steps ?? Infinity, epochSteps);
  const steps = Number.isFinite(lastStep) ? lastStep : null;
  const secondsLimit = options.seconds ?? Infinity;

  if (resume) restore(task, optimizer, resume);
  let step = resume?.trainer.step ?? 0;
  let validationLoss = resume?.trainer.validationLoss ?? null;
  let bestValidationLoss = resume?.trainer.bestValidationLoss ?? null;
  let bestCost = resume?.trainer.bestCost ?? bestValidationLoss;
  let validationOwed = resume?.trainer.validationOwed ?? false;
  let since = { loss: 0, clipped: 0, steps: 0, ...resume?.trainer.sinceProgress };
  let lastLoss: number | null = null;
  let firstLoss = resume?.trainer.firstLoss ?? null;
  let diverged = false;

  // Elapsed time is the user's; the speed counts the steps alone.
  const began = clock() - 1000 * (resume?.trainer.secondsElapsed ?? 0);
  let elapsed = (clock() - began) / 1000;
  let itemsSeen = 0;
  let itemSeconds = 0;
  let breathed = clock();

  const checkpointOf = (): Checkpoint => {
    const saved = task.save();
    return {
      parameters: parameters.save(),
      optimizer: arraysOf(optimizer.memory),
      carried: saved.carried,
      task: saved.state,
      model: task.describe(),
      trainer: {
        step,
        secondsElapsed: elapsed,
        random: random.state,
        validationLoss,
        bestValidationLoss,
        bestCost,
        validationOwed,
        sinceProgress: since,
        firstLoss,
      },
    };
  };

  const validation = async function* (): AsyncGenerator<TrainEvent, void> {
    // An interrupted validation is made when the run is resumed: otherwise its best checkpoint could be missed.
    const found = await unlessAborted(task.validate(signal), signal);
    validationOwed = found === undefined;
    if (!found) return;
    const { loss, metrics, cost = loss } = found;
    const limit = divergenceLimit(task, firstLoss);
    diverged = !(loss <= limit) || Number.isNaN(cost);
    const best = !diverged && (bestCost === null || cost < bestCost);
    validationLoss = loss;
    if (best) [bestValidationLoss, bestCost] = [loss, cost];
    yield { type: 'validation', step, loss, best, diverged, ...(metrics && { metrics }) };
    if (best) yield { type: 'checkpoint', step, best, checkpoint: checkpointOf() };
  };

  yield { type: 'start', step, steps, parameters: parameters.size };
  if (validationOwed) yield* validation();
  let ahead: Promise<TrainingBatch> | null = null;

  while (step < lastStep && elapsed < secondsLimit && !signal?.aborted) {
    const started = clock();
    const batch: TrainingBatch = await (ahead ?? read(task));
    ahead = step + 1 < lastStep ? read(task, batch) : null;
    const progress = Math.max(step / lastStep, elapsed / secondsLimit);
    const learningRate = learningRateAt(schedule, options.learningRate, progress);
    const { clipNorm = 0, clipValue } = options;
    const made = await device.read(() => {
      const loss = task.loss(batch, { training: true, random });
      parameters.backward(loss);
      return { loss, ...optimizer.update({ learningRate, clipNorm, clipValue, loss }) };
    });
    const [[loss], [norm]] = [made.loss, made.norm];
    if (!Number.isFinite(loss)) throw divergence('loss', loss, step + 1, options, task.explain?.());
    if (!Number.isFinite(norm)) throw divergence('gradient', norm, step + 1, options);
    step++;
    lastLoss = loss;
    firstLoss ??= loss;
    since = {
      loss: since.loss + loss,
      clipped: since.clipped + Number(clipNorm > 0 && norm > clipNorm),
      steps: since.steps + 1,
    };
    elapsed = (clock() - began) / 1000;
    itemsSeen += batch.items;
    itemSeconds += (clock() - started) / 1000;

    const ending = step >= lastStep || elapsed >= secondsLimit;
    const due = (every: number): boolean => every > 0 && (step % every === 0 || ending);
    if (due(progressEvery)) {
      const event: ProgressEvent = {
        type: 'progress',
        step,
        steps,
        epoch: task.epoch,
        loss: since.loss / since.steps,
        validationLoss,
        gradientNorm: norm,
        clipped: since.clipped / since.steps,
        learningRate,
        itemsPerSecond: itemsSeen / itemSeconds,
        secondsElapsed: elapsed,
        secondsLeft: secondsLeft(step, lastStep, elapsed, secondsLimit, itemSeconds, itemsSeen / batch.items),
      };
      since = { loss: 0, clipped: 0, steps: 0 };
      // The speed of the recent past, not of the whole run.
      itemsSeen *= 0.8;
      itemSeconds *= 0.8;
      yield event;
    }
    if (due(validateEvery)) yield* validation();
    if (due(sampleEvery)) {
      const text = await task.sample(step);
      if (text !== null) yield { type: 'sample', step, text };
    }
    if (due(gradientFlowEvery)) yield { type: 'gradient-flow', step, layers: await task.gradientFlow!() };
    if (!ending && due(checkpointEvery)) yield { type: 'checkpoint', step, best: false, checkpoint: checkpointOf() };
    if (clock() - breathed > 20) {
      await breathe();
      breathed = clock();
    }
  }

  yield { type: 'checkpoint', step, best: false, checkpoint: checkpointOf() };
  const finished = !validationOwed && (step >= lastStep || elapsed >= secondsLimit);
  yield {
    type: 'done',
    step,
    reason: finished ? 'finished' : 'aborted',
    loss: lastLoss,
    validationLoss,
    bestValidationLoss,
    diverged,
    secondsElapsed: elapsed,
  };
}

/** Begins to read a batch; an error is reported where the batch is awaited. */
function read(task: TrainingTask, after?: TrainingBatch): Promise<TrainingBatch> {
  const batch = new Promise<TrainingBatch>((resolve) => resolve(task.nextBatch(after)));
  batch.catch(() => {});
  return batch;
}

/** The highest validation loss that does not count as divergence. */
function divergenceLimit({ chanceLoss }: TrainingTask, firstLoss: number | null): number {
  // A classifier of two labels can be 3 nats off by overfitting alone.
  if (chanceLoss !== undefined) return divergenceFactor * Math.max(2, chanceLoss);
  return firstLoss === null ? Number.MAX_VALUE : firstLossFactor * Math.max(1, Math.abs(firstLoss));
}

function secondsLeft(
  step: number,
  lastStep: number,
  elapsed: number,
  secondsLimit: number,
  recentSeconds: number,
  recentSteps: number,
): number | null {
  const bySteps = (lastStep - step) * (recentSeconds / recentSteps);
  const left = Math.min(bySteps, secondsLimit - elapsed);
  return Number.isFinite(left) ? Math.max(0, left) : null;
}

function divergence(
  what: 'loss' | 'gradient',
  value: number,
  step: number,
  options: TrainOptions,
  place?: string | null,
): DivergenceError {
  const clip = options.clipNorm || options.clipValue ? '' : ', or clip the gradient by norm';
  return new DivergenceError(
    `train: the ${what} became ${value} at step ${step}${place ? ` (${place})` : ''}; lower the learning rate (it was ${options.learningRate})${clip}`,
    { what, value, step, learningRate: options.learningRate },
  );
}

function restore(task: TrainingTask, optimizer: Optimizer, from: Checkpoint): void {
  task.parameters.load(from.parameters);
  for (const [name, tensor] of Object.entries(optimizer.memory)) {
    const kept = from.optimizer[name];
    if (!kept || kept.data.length !== tensor.size) {
      throw new FormatError(
        `resume: the checkpoint lacks the optimizer's '${name}'; use the optimizer it was made with`,
      );
    }
    tensor.device.backend.write(tensor, kept.data);
  }
  optimizer.resumeAt(from.trainer.step);
  task.restore(from.carried, from.task);
}

function arraysOf(tensors: Readonly<Record<string, Tensor>>): Record<string, NamedArray> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => [name, { shape: tensor.shape, data: tensor.data() as TypedArray }]),
  );
}
