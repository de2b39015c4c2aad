import { callback as callbackKind, count, flag, type Kind, number, requireOptions, whole } from '../../checks.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import type { Json } from '../../train/checkpoint.ts';
import type { Callback, FitContext, Logs } from './callback.ts';
import { Monitor, type MonitorOptions, monitorKinds } from './monitor.ts';

export interface EarlyStoppingOptions extends MonitorOptions {
  /** Epochs without improvement after which training ends. Default 0. */
  readonly patience?: number | undefined;
  /** What must be beaten to begin with. Default: nothing. */
  readonly baseline?: number | null | undefined;
  /** Give the model the weights of its best epoch at the end. Default false. */
  readonly restoreBestWeights?: boolean | undefined;
  /** Epochs before it begins to watch. Default 0. */
  readonly startFromEpoch?: number | undefined;
}

const orNull = (kind: Kind): Kind => ({ ...kind, fits: (value) => value === null || kind.fits(value) });

/**
 * Ends the training when a number no longer gets better.
 * @throws ConfigError on an unknown option, or in `fit` if there is no such number
 */
export function earlyStopping(options: EarlyStoppingOptions = {}): Callback {
  requireOptions<EarlyStoppingOptions>('earlyStopping', options, {
    ...monitorKinds,
    patience: whole(),
    baseline: orNull(number()),
    restoreBestWeights: flag,
    startFromEpoch: whole(),
  });
  const { patience = 0, baseline = null, restoreBestWeights = false, startFromEpoch = 0 } = options;
  const monitor = new Monitor(options);
  let [best, wait, bestEpoch, stopped]: [number | null, number, number, number | null] = [null, 0, 0, null];
  let weights: Readonly<Record<string, NamedArray>> | null = null;
  return {
    name: 'earlyStopping',
    onTrainBegin() {
      [best, wait, bestEpoch, stopped, weights] = [null, 0, 0, null, null];
    },
    async onEpochEnd(epoch: number, logs: Logs, fit: FitContext) {
      if (epoch < startFromEpoch) return;
      const value = monitor.of('earlyStopping', logs);
      if (restoreBestWeights && weights === null) weights = await fit.model.weightsByPath();
      wait++;
      if (monitor.isBetter(value, best)) {
        [best, bestEpoch] = [value, epoch];
        if (restoreBestWeights) weights = await fit.model.weightsByPath();
        if (baseline === null || monitor.isBetter(value, baseline)) wait = 0;
        return;
      }
      if (wait >= patience && epoch > 0) {
        stopped = epoch;
        fit.stopTraining();
      }
    },
    onTrainEnd(_logs: Logs, fit: FitContext) {
      if (restoreBestWeights && weights !== null) fit.model.setWeightsByPath(weights);
    },
    getState: () => ({ best, wait, bestEpoch, stopped }),
    setState(state: Json) {
      ({ best, wait, bestEpoch, stopped } = state as {
        best: number | null;
        wait: number;
        bestEpoch: number;
        stopped: number | null;
      });
    },
    getArrays: () => weights ?? {},
    setArrays(arrays: Readonly<Record<string, NamedArray>>) {
      weights = Object.keys(arrays).length > 0 ? arrays : null;
    },
  };
}

/** Ends the training quietly where the loss or its gradient is not finite. Without it `fit` rejects with a DivergenceError. */
export function terminateOnNaN(): Callback {
  return {
    name: 'terminateOnNaN',
    onDivergence: () => true,
  };
}

export interface ReduceLROnPlateauOptions extends MonitorOptions {
  /** Of the new rate. Default 0.1. */
  readonly factor?: number | undefined;
  /** Epochs without improvement. Default 10. */
  readonly patience?: number | undefined;
  /** Epochs after a reduction in which nothing is counted. Default 0. */
  readonly cooldown?: number | undefined;
  /** The least rate. Default 0. */
  readonly minLr?: number | undefined;
  /** Told of each reduction. Default: nobody. */
  readonly onReduce?: ((epoch: number, learningRate: number) => void) | undefined;
}

/** Lowers the learning rate when a number no longer gets better. `minDelta` is 0.0001 by default. */
export function reduceLROnPlateau(options: ReduceLROnPlateauOptions = {}): Callback {
  requireOptions<ReduceLROnPlateauOptions>('reduceLROnPlateau', options, {
    ...monitorKinds,
    factor: number({ above: 0, below: 1 }),
    patience: count,
    cooldown: whole(),
    minLr: number({ from: 0 }),
    onReduce: callbackKind,
  });
  const { factor = 0.1, patience = 10, cooldown = 0, minLr = 0, onReduce } = options;
  const monitor = new Monitor({ minDelta: 1e-4, ...options });
  let [best, wait, cooling]: [number | null, number, number] = [null, 0, 0];
  return {
    name: 'reduceLROnPlateau',
    onTrainBegin() {
      [best, wait, cooling] = [null, 0, 0];
    },
    onEpochEnd(epoch: number, logs: Logs, { model }: FitContext) {
      const value = monitor.of('reduceLROnPlateau', logs);
      if (cooling > 0) {
        cooling--;
        wait = 0;
      }
      if (monitor.isBetter(value, best)) {
        [best, wait] = [value, 0];
        return;
      }
      if (cooling > 0) return;
      wait++;
      const { optimizer } = model;
      if (wait < patience || optimizer.learningRate <= minLr) return;
      optimizer.learningRate = Math.max(minLr, optimizer.learningRate * factor);
      onReduce?.(epoch, optimizer.learningRate);
      [cooling, wait] = [cooldown, 0];
    },
    getState: () => ({ best, wait, cooling }),
    setState(state: Json) {
      ({ best, wait, cooling } = state as { best: number | null; wait: number; cooling: number });
    },
  };
}

/** Sets the learning rate at the beginning of each epoch, from its number and the rate so far. */
export function learningRateScheduler(schedule: (epoch: number, learningRate: number) => number): Callback {
  return {
    name: 'learningRateScheduler',
    onEpochBegin(epoch: number, { model }: FitContext) {
      model.optimizer.learningRate = schedule(epoch, model.optimizer.learningRate);
    },
  };
}
