import type { TypedArray } from '../backend/backend.ts';
import { ConfigError, DivergenceError, FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import { learningRateAt, Optimizer, type OptimizerOptions, type ScheduleName } from '../optim/index.ts';
import { Random } from '../random.ts';
import type { StopSignal } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { breathe } from './breathe.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { ProgressEvent, TrainEvent } from './events.ts';
import type { TrainingTask } from './task.ts';

export interface TrainOptions {
  readonly optimizer: OptimizerOptions;
  /** Read before every step: it may be another one while the run goes on. */
  readonly learningRate: number;
  /** Default 'constant'. */
  readonly schedule?: ScheduleName;
  /** See `Optimizer.update`. Defaults 0: no clipping. */
  readonly clipNorm?: number;
  readonly clipValue?: number;
  /** When to end: after so many steps or epochs, or so many seconds of training, whatever comes first. */
  readonly steps?: number;
  readonly epochs?: number;
  readonly seconds?: number;
  /** For dropout. Default 1. */
  readonly seed?: number;
  /** Steps from one event to the next of its kind; 0: none. Defaults 10, 250, 250. */
  readonly progressEvery?: number;
  readonly validateEvery?: number;
  readonly sampleEvery?: number;
  /** Steps between measurements of how far gradients reach back, where the task can make them. Default 0: none. */
  readonly gradientFlowEvery?: number;
  /** Checkpoints also come at the end, however it comes. Default: as often as validation. */
  readonly checkpointEvery?: number;
  /** Go on from here. */
  readonly resume?: Checkpoint | null;
  /** Ends the run after the step that is under way, with a checkpoint. */
  readonly signal?: StopSignal | undefined;
  /** Milliseconds; only differences count. */
  readonly clock?: () => number;
}

/**
 * Trains until the end that the options give. What happens comes out as a stream of events; the loop goes on when the
 * listener asks for the next one.
 *
 * A run that is aborted, and another that resumes from its checkpoint, make the same updates to the last bit as one
 * that was never interrupted, as long as the end is given in steps or epochs.
 *
 * @throws ConfigError if gradient flow is asked of a task that cannot measure it
 * @throws DivergenceError when loss or gradient are no longer finite; parameters are then those of the last good step
 *
 * @example
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 3e-3, steps: 1000 })) {
 *   if (event.type === 'progress') console.log(event.step, event.loss);
 * }
 */
export async function* train(task: TrainingTask, options: TrainOptions): AsyncGenerator<TrainEvent, void> {
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

  // Everything counts as elapsed, as on the user's clock; the speed is that of the steps alone.
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
      },
    };
  };

  const validation = async function* (): AsyncGenerator<TrainEvent, void> {
    const found = await task.validate(signal);
    // One that was interrupted comes when the run goes on: otherwise its best checkpoint could be missed.
    validationOwed = found === null && signal?.aborted === true;
    if (found === null) return;
    const { loss, metrics, cost = loss } = found;
    const best = bestCost === null || cost < bestCost;
    validationLoss = loss;
    if (best) [bestValidationLoss, bestCost] = [loss, cost];
    yield { type: 'validation', step, loss, best, ...(metrics && { metrics }) };
    if (best) yield { type: 'checkpoint', step, best, checkpoint: checkpointOf() };
  };

  yield { type: 'start', step, steps, parameters: parameters.size };
  if (validationOwed) yield* validation();

  while (step < lastStep && elapsed < secondsLimit && !signal?.aborted) {
    const started = clock();
    const progress = Math.max(step / lastStep, elapsed / secondsLimit);
    const learningRate = learningRateAt(schedule, options.learningRate, progress);
    const { loss, items } = device.scope(() => {
      const next = task.nextLoss({ training: true, random });
      const value = next.loss.item();
      if (Number.isFinite(value)) parameters.backward(next.loss);
      return { loss: value, items: next.items };
    });
    if (!Number.isFinite(loss)) throw diverged('loss', loss, step + 1, options, task.explain?.());
    const { norm, clipped } = optimizer.update({ ...options, learningRate });
    if (!Number.isFinite(norm)) throw diverged('gradient', norm, step + 1, options);
    step++;
    lastLoss = loss;
    since = { loss: since.loss + loss, clipped: since.clipped + Number(clipped), steps: since.steps + 1 };
    elapsed = (clock() - began) / 1000;
    itemsSeen += items;
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
        secondsLeft: secondsLeft(step, lastStep, elapsed, secondsLimit, itemSeconds, itemsSeen / items),
      };
      since = { loss: 0, clipped: 0, steps: 0 };
      // The speed is that of the recent past, not of the whole run.
      itemsSeen *= 0.8;
      itemSeconds *= 0.8;
      yield event;
    }
    if (due(validateEvery)) yield* validation();
    if (due(sampleEvery)) {
      const text = task.sample(step);
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
    secondsElapsed: elapsed,
  };
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

function diverged(
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
