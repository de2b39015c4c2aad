import { requireOptions } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { learningRateAt, Optimizer } from '../optim/index.ts';
import { Random } from '../random.ts';
import { breathe } from './breathe.ts';
import type { TrainEvent } from './events.ts';
import { type TrainOptions, trainKinds } from './options.ts';
import { Progress } from './progress.ts';
import { checkpointOf, resumeFrom } from './resume.ts';
import type { TrainingTask } from './task.ts';
import { Updates } from './update.ts';
import { Validations } from './validation.ts';
import { WeightAverage } from './weight-average.ts';

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
  requireOptions('train', options, trainKinds);
  const { schedule = 'constant', clock = () => performance.now(), signal, resume } = options;
  const { progressEvery = 10, validateEvery = 250, sampleEvery = 250, checkpointEvery = validateEvery } = options;
  const { gradientFlowEvery = 0, warmUp = 0, emaDecay = 0 } = options;
  if (gradientFlowEvery > 0 && !task.gradientFlow) {
    throw new ConfigError('train: this task cannot measure gradient flow; leave gradientFlowEvery out');
  }
  const optimizer = new Optimizer(task.parameters, options.optimizer);
  const random = new Random(resume?.trainer.random ?? new Random(options.seed ?? 1).fork('training').state);
  const updates = new Updates(task, optimizer, random, options);
  const progress = new Progress(task.stepsPerEpoch, options);
  const validations = new Validations(task, resume?.trainer);
  const average = emaDecay > 0 ? new WeightAverage(task.parameters, emaDecay) : null;
  if (resume) resumeFrom(resume, task, optimizer, average);
  const averaged = <Result>(action: () => Promise<Result>): Promise<Result> =>
    average ? average.during(action) : action();

  async function* checkpoint(best: boolean): AsyncGenerator<TrainEvent, void> {
    const trainer = { ...progress.save(), ...validations.save(), random: random.state };
    const made = await checkpointOf(task, optimizer, trainer, average);
    yield { type: 'checkpoint', step: progress.step, best, checkpoint: made };
  }

  async function* validation(): AsyncGenerator<TrainEvent, void> {
    const event = await averaged(() => validations.make(progress.step, progress.firstLoss, signal));
    if (event) yield event;
    if (event?.best) yield* checkpoint(true);
  }

  yield { type: 'start', step: progress.step, steps: progress.steps, parameters: task.parameters.size };
  if (validations.owed) yield* validation();
  let breathed = clock();

  while (!progress.ended && !signal?.aborted) {
    progress.start();
    const learningRate = learningRateAt(schedule, options.learningRate, progress.fraction, warmUp);
    const step = progress.step + 1;
    progress.count(await updates.make(step, learningRate, step >= progress.lastStep));
    average?.update(step);

    if (progress.due(progressEvery)) yield progress.event(task.epoch, learningRate, validations.last);
    if (progress.due(validateEvery)) yield* validation();
    if (progress.due(sampleEvery)) {
      const text = await averaged(async () => task.sample(step));
      if (text !== null) yield { type: 'sample', step, text };
    }
    if (progress.due(gradientFlowEvery)) yield { type: 'gradient-flow', step, layers: await task.gradientFlow!() };
    if (!progress.ended && progress.due(checkpointEvery)) yield* checkpoint(false);
    if (clock() - breathed > 20) {
      await breathe();
      breathed = clock();
    }
  }

  yield* checkpoint(false);
  average?.adopt();
  yield {
    type: 'done',
    step: progress.step,
    reason: progress.ended && !validations.owed ? 'finished' : 'aborted',
    loss: progress.lastLoss,
    validationLoss: validations.last,
    bestValidationLoss: validations.best,
    diverged: validations.diverged,
    secondsElapsed: progress.elapsed,
  };
}
