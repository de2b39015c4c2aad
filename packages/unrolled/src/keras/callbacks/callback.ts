import type { NamedArray } from '../../io/safetensors.ts';
import type { Json } from '../../train/checkpoint.ts';
import type { Model } from '../model.ts';

/** Numbers of an epoch or a batch by name: 'loss', 'accuracy', 'val_loss', … */
export type Logs = Readonly<Record<string, number>>;

/** What a callback is told of a run. */
export interface FitParameters {
  readonly epochs: number;
  /** Batches of an epoch; null where they are not known. */
  readonly steps: number | null;
  readonly verbose: 0 | 1 | 2;
  /** The names of the numbers in logs. */
  readonly metrics: readonly string[];
}

/**
 * Something that happens during training. Hooks may be asynchronous. A callback of your own is an object of this kind; with
 * `getState` and `setState` what it remembers is saved with the model.
 */
export interface Callback {
  /** Under which its state is saved. */
  readonly name?: string | undefined;
  onTrainBegin?(fit: FitContext): void | Promise<void>;
  onTrainEnd?(logs: Logs, fit: FitContext): void | Promise<void>;
  onEpochBegin?(epoch: number, fit: FitContext): void | Promise<void>;
  onEpochEnd?(epoch: number, logs: Logs, fit: FitContext): void | Promise<void>;
  onTrainBatchBegin?(batch: number, fit: FitContext): void | Promise<void>;
  onTrainBatchEnd?(batch: number, logs: Logs, fit: FitContext): void | Promise<void>;
  onTestBegin?(fit: FitContext): void | Promise<void>;
  onTestEnd?(logs: Logs, fit: FitContext): void | Promise<void>;
  /** The loss or its gradient was not finite; the update was not made. True: end the training quietly. */
  onDivergence?(error: Error, fit: FitContext): boolean | Promise<boolean>;
  getState?(): Json;
  setState?(state: Json): void;
  /** The same for numbers, by name. */
  getArrays?(): Readonly<Record<string, NamedArray>>;
  setArrays?(arrays: Readonly<Record<string, NamedArray>>): void;
  /** Whether it saves the model, and so comes after the others at the end of an epoch. Default false. */
  readonly saves?: boolean | undefined;
}

/** The run that a callback is part of. */
export interface FitContext extends FitParameters {
  readonly model: Model<unknown>;
  /** Ends the training after this batch. */
  stopTraining(): void;
}
