import { type StopSignal, unlessAborted } from '../signal.ts';
import type { TrainerState } from './checkpoint.ts';
import type { ValidationEvent } from './events.ts';
import type { TrainingTask } from './task.ts';

/** A validation loss above this many times the chance level is divergence, and not a model that is merely wrong. */
const divergenceFactor = 3;
/** The same for tasks without a chance level, as a multiple of the first training loss. */
const firstLossFactor = 1000;

/** The validations of a run: the last one, and the best. */
export class Validations {
  readonly #task: TrainingTask;
  last: number | null;
  best: number | null;
  /** Whether the last one had diverged. */
  diverged = false;
  /** Whether one was interrupted. It is made when the run is resumed: otherwise its best checkpoint could be missed. */
  owed: boolean;
  #bestCost: number | null;

  constructor(task: TrainingTask, from: TrainerState | undefined) {
    this.#task = task;
    this.last = from?.validationLoss ?? null;
    this.best = from?.bestValidationLoss ?? null;
    this.owed = from?.validationOwed ?? false;
    this.#bestCost = from?.bestCost ?? this.best;
  }

  /** Null if there is nothing to validate on, or the signal interrupted it. */
  async make(step: number, firstLoss: number | null, signal: StopSignal | undefined): Promise<ValidationEvent | null> {
    const found = await unlessAborted(this.#task.validate(signal), signal);
    this.owed = found === undefined;
    if (!found) return null;
    const { loss, metrics, cost = loss } = found;
    this.diverged = !(loss <= this.#limit(firstLoss)) || Number.isNaN(cost);
    const best = !this.diverged && (this.#bestCost === null || cost < this.#bestCost);
    this.last = loss;
    if (best) [this.best, this.#bestCost] = [loss, cost];
    return { type: 'validation', step, loss, best, diverged: this.diverged, ...(metrics && { metrics }) };
  }

  /** The highest loss that does not count as divergence. */
  #limit(firstLoss: number | null): number {
    const { chanceLoss } = this.#task;
    // A classifier of two labels can be 3 nats off by overfitting alone.
    if (chanceLoss !== undefined) return divergenceFactor * Math.max(2, chanceLoss);
    return firstLoss === null ? Number.MAX_VALUE : firstLossFactor * Math.max(1, Math.abs(firstLoss));
  }

  /** Its part of a checkpoint. */
  save(): Pick<TrainerState, 'validationLoss' | 'bestValidationLoss' | 'bestCost' | 'validationOwed'> {
    return {
      validationLoss: this.last,
      bestValidationLoss: this.best,
      bestCost: this.#bestCost,
      validationOwed: this.owed,
    };
  }
}
