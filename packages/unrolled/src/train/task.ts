import type { LayerFlowReport } from '../inspect/gradient-flow.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Context } from '../nn/layer.ts';
import type { Parameters } from '../nn/parameters.ts';
import type { StopSignal } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Json } from './checkpoint.ts';

/** How good a model is on data that is not trained on. */
export interface Validation {
  /** Mean over items, in nats where the task is one of probabilities. */
  readonly loss: number;
  /** What people ask of the task besides, by name, such as `accuracy`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** What the best checkpoint has least of, where that is not the loss: 1 − F1, an error rate. Default: the loss. */
  readonly cost?: number;
}

/** What the training loop needs to know of what is being learnt. */
export interface TrainingTask {
  readonly parameters: Parameters;
  readonly stepsPerEpoch: number;
  /** Epochs begun and ended so far, with a fraction. */
  readonly epoch: number;
  /** The recorded mean loss of the next batch, and how many items (tokens, rows) it is the mean of. */
  nextLoss(context: Context): { loss: Tensor; items: number };
  /** Where in the model the last loss stopped being finite, for its error; null if it cannot be found. */
  explain?(): string | null;
  /** Measures on data that is not trained on; null if there is none, or the signal ended it early. */
  validate(signal: StopSignal | undefined): Promise<Validation | null>;
  /** Something a person can look at, such as generated text; null if there is nothing of the kind. */
  sample(step: number): string | null;
  /** How far gradients reach back on a small batch. Changes nothing of what is learnt. */
  gradientFlow?(): Promise<readonly LayerFlowReport[]>;
  /** What makes the model, for the checkpoint. */
  describe(): Json;
  save(): { carried: Readonly<Record<string, NamedArray>>; state: Json };
  /** @throws FormatError if the state does not fit this task */
  restore(carried: Readonly<Record<string, NamedArray>>, state: Json): void;
}
