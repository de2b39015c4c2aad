import { DivergenceError } from '../../errors.ts';
import { breathe } from '../../train/breathe.ts';
import type { FitContext, Logs } from '../callbacks/callback.ts';
import { CallbackList } from '../callbacks/list.ts';
import { progressBar } from '../callbacks/progress-bar.ts';
import { type History, history as newHistory } from '../callbacks/recording.ts';
import type { Model } from '../model.ts';
import type { ModelData } from './data.ts';
import { evaluateSource } from './evaluate.ts';
import { fitData } from './fit-data.ts';
import type { Batch } from './forward.ts';
import { type FitData, type FitOptions, requireFit } from './options.ts';
import { ArraySource, StreamSource } from './sources.ts';
import { Trainer } from './trainer.ts';

/** Trains a model; see `Model.fit`. */
export async function fitModel(
  model: Model<unknown>,
  x: FitData,
  y: ModelData | null,
  options: FitOptions,
): Promise<History> {
  requireFit(options);
  const { epochs = 1, initialEpoch = 0, stepsPerEpoch = null, validationFreq = 1, validationSteps = null } = options;
  const { compiled, progress } = model;
  const { source, validation } = await fitData(model, x, y, options);
  const first = source instanceof StreamSource ? await source.next() : null;
  const trainer = await Trainer.of(model);
  const verbose = options.verbose === 'auto' || options.verbose === undefined ? 1 : options.verbose;
  const history = newHistory();
  const own = verbose > 0 ? [progressBar({ log: options.log, lines: verbose === 2 })] : [];
  let stopped = false;
  const names = trainer.meters.names;
  const context: FitContext = {
    model,
    epochs,
    steps: stepsPerEpoch ?? source.steps,
    verbose,
    metrics: [...names, ...(validation ? names.map((name) => `val_${name}`) : [])],
    stopTraining() {
      stopped = true;
    },
  };
  const callbacks = new CallbackList([history, ...(options.callbacks ?? []), ...own], context);
  const isDue = (epoch: number): boolean =>
    typeof validationFreq === 'number' ? (epoch + 1) % validationFreq === 0 : validationFreq.includes(epoch + 1);
  await callbacks.begin(initialEpoch > 0 && initialEpoch === progress.epoch ? progress.callbacks : {});
  let logs: Logs = {};
  let waiting: Promise<Batch | null> | Batch | null = first;
  let breathed = performance.now();
  try {
    for (let epoch = initialEpoch; epoch < epochs && !stopped; epoch++) {
      await callbacks.each((one) => one.onEpochBegin?.(epoch, context));
      trainer.meters.reset();
      for (let step = 0; !stopped && (stepsPerEpoch === null || step < stepsPerEpoch); step++) {
        const batch: Batch | null = await (waiting ?? source.next());
        waiting = null;
        if (batch === null) {
          source.restart();
          if (stepsPerEpoch === null || step === 0) break;
          step--;
          continue;
        }
        // Read while the device computes.
        const after = source instanceof ArraySource ? source.position : null;
        await callbacks.each((one) => one.onTrainBatchBegin?.(step, context));
        try {
          await trainer.train(batch);
        } catch (error) {
          if (!(error instanceof DivergenceError)) throw error;
          compiled.optimizer.undo();
          if (!(await callbacks.endsQuietly(error))) throw error;
          stopped = true;
        }
        if (after) progress.position = after;
        logs = trainer.meters.logs();
        await callbacks.each((one) => one.onTrainBatchEnd?.(step, logs, context));
        if (performance.now() - breathed > 20) {
          await breathe();
          breathed = performance.now();
        }
      }
      if (source instanceof ArraySource && stepsPerEpoch === null) source.restart();
      if (validation && isDue(epoch)) {
        await callbacks.each((one) => one.onTestBegin?.(context));
        const found = await evaluateSource(model, validation(), validationSteps);
        logs = { ...logs, ...Object.fromEntries(Object.entries(found).map(([name, value]) => [`val_${name}`, value])) };
        await callbacks.each((one) => one.onTestEnd?.(found, context));
      }
      progress.epoch = epoch + 1;
      await callbacks.epochEnd(epoch, logs, (states) => {
        progress.callbacks = states;
      });
    }
  } finally {
    if (source instanceof StreamSource) await source.close();
  }
  await callbacks.each((one) => one.onTrainEnd?.(logs, context));
  progress.callbacks = callbacks.states();
  return history;
}
