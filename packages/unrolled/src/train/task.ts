import type { LayerFlowReport } from '../inspect/gradient-flow.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Context } from '../nn/layer.ts';
import type { Parameters } from '../nn/parameters.ts';
import type { StopSignal } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Json } from './checkpoint.ts';

/** How good a model is on held-out data. */
export interface Validation {
  /** Mean over items; in nats where the model predicts probabilities. */
  readonly loss: number;
  /** Further measures by name, such as `accuracy`. */
  readonly metrics?: Readonly<Record<string, number>>;
  /** What the best checkpoint minimises, where that is not the loss: 1 − F1, an error rate. Default: the loss. */
  readonly cost?: number;
}

/** A batch that is ready for a training step. */
export interface TrainingBatch {
  /** How many items (tokens, rows) its loss is the mean of. */
  readonly items: number;
}

/** What the training loop needs to know of a task. */
export interface TrainingTask<Batch extends TrainingBatch = TrainingBatch> {
  readonly parameters: Parameters;
  readonly stepsPerEpoch: number;
  /** Validation loss of guessing uniformly, in nats, such as ln V. It separates divergence from a model that merely fails to learn; see `train`. */
  readonly chanceLoss?: number | undefined;
  /** Epochs so far, with a fraction: those of the batches that `loss` was given. */
  readonly epoch: number;
  /**
   * Reads the batch that comes after `after`, by default after the last one that `loss` was given. It may take its time: the
   * training loop asks for a batch while the device computes the one before. It changes nothing in the task, so a batch
   * that was read and not used is read again when the run is resumed.
   */
  nextBatch(after?: Batch): Batch | Promise<Batch>;
  /** False where a batch depends on the parameters: then it is read after the update before it. Default true. */
  readonly readsAhead?: boolean | undefined;
  /** The recorded mean loss of a batch, which from now on counts as used: `epoch` and `save` include it. */
  loss(batch: Batch, context: Context): Tensor;
  /** Where in the model the last loss became non-finite, for its error; null if unknown. */
  explain?(): Promise<string | null>;
  /** Evaluates on held-out data; null if there is none. @throws the signal's reason if it is aborted */
  validate(signal: StopSignal | undefined): Promise<Validation | null>;
  /** Output to look at, such as generated text; null if there is none. */
  sample(step: number): string | null | Promise<string | null>;
  /** How far gradients reach back on a small batch. Does not change the training. */
  gradientFlow?(): Promise<readonly LayerFlowReport[]>;
  /** The model's description, for the checkpoint. */
  describe(): object;
  /** What it needs to resume beside the parameters: tensors by name, which the loop reads at once, and plain data. */
  save(): { carried: Readonly<Record<string, Tensor>>; state: Json };
  /** @throws FormatError if the state does not fit this task */
  restore(carried: Readonly<Record<string, NamedArray>>, state: Json): void;
}
