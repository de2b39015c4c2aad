import { DivergenceError } from '../errors.ts';
import type { UpdateOptions } from '../optim/index.ts';
import type { Random } from '../random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { TrainOptions } from './options.ts';
import type { TrainingBatch, TrainingTask } from './task.ts';

/** What an update was made from. */
export interface Update {
  /** Mean loss of its batches, before the update. */
  readonly loss: number;
  /** Norm of the gradient before clipping. */
  readonly norm: number;
  /** Items in its batches. */
  readonly items: number;
}

/** What is trained. */
type Learner = Pick<TrainingTask, 'parameters' | 'nextBatch' | 'readsAhead' | 'loss' | 'explain'>;

/** Changes the parameters; gives the norm of the gradient before clipping. */
export interface Updater {
  update(options: UpdateOptions): { readonly norm: Tensor };
}

type UpdatesOptions = Pick<TrainOptions, 'learningRate' | 'accumulate' | 'clipNorm' | 'clipValue' | 'onGradients'>;

/** Makes the updates of a run, and reads the next batch while the device computes. */
export class Updates {
  readonly #task: Learner;
  readonly #optimizer: Updater;
  readonly #random: Random;
  readonly #options: UpdatesOptions;
  /** Mean loss of the batches of an update so far. */
  readonly #loss: Tensor;
  #ahead: Promise<TrainingBatch> | null = null;

  constructor(task: Learner, optimizer: Updater, random: Random, options: UpdatesOptions) {
    this.#task = task;
    this.#optimizer = optimizer;
    this.#random = random;
    this.#options = options;
    const { device } = task.parameters;
    this.#loss = device.keep(device.zeros([]));
  }

  /**
   * One update: forward and backward for each of its batches, which add to the gradient, then the optimizer.
   *
   * @param step  its number, from 1
   * @param last  whether no other follows, so that no batch is read for it
   * @throws DivergenceError if loss or gradient are not finite; the parameters are unchanged then
   */
  async make(step: number, learningRate: number, last: boolean): Promise<Update> {
    const { accumulate = 1, clipNorm, clipValue, onGradients } = this.#options;
    const { parameters } = this.#task;
    const { device } = parameters;
    let items = 0;
    for (let part = 1; part <= accumulate; part++) {
      const batch = await this.#nextBatch(last && part === accumulate);
      device.scope(() => {
        const mean = this.#task.loss(batch, { training: true, random: this.#random });
        const loss = accumulate === 1 ? mean : mean.mul(1 / accumulate);
        parameters.backward(loss, { add: part > 1 });
        this.#addLoss(loss, part > 1);
      });
      items += batch.items;
    }
    if (onGradients) await onGradients(parameters, step);
    const update = { learningRate, clipNorm, clipValue, loss: this.#loss };
    const [[loss], [norm]] = await device.read(() => [this.#loss, this.#optimizer.update(update).norm]);
    if (!Number.isFinite(loss)) throw await this.#divergence('loss', loss, step);
    if (!Number.isFinite(norm)) throw await this.#divergence('gradient', norm, step);
    return { loss, norm, items };
  }

  async #nextBatch(last: boolean): Promise<TrainingBatch> {
    const batch = await (this.#ahead ?? this.#read());
    this.#ahead = last || this.#task.readsAhead === false ? null : this.#read(batch);
    return batch;
  }

  /** Begins to read a batch; an error is reported where the batch is awaited. */
  #read(after?: TrainingBatch): Promise<TrainingBatch> {
    const batch = new Promise<TrainingBatch>((resolve) => resolve(this.#task.nextBatch(after)));
    batch.catch(() => {});
    return batch;
  }

  #addLoss(loss: Tensor, add: boolean): void {
    const { backend } = loss.device;
    if (add) backend.axpy(1, loss, this.#loss);
    else backend.copy(loss, this.#loss);
  }

  async #divergence(what: 'loss' | 'gradient', value: number, step: number): Promise<DivergenceError> {
    const { learningRate, clipNorm, clipValue } = this.#options;
    const place = what === 'loss' ? await this.#task.explain?.() : null;
    const clip = clipNorm || clipValue ? '' : ', or clip the gradient by norm';
    return new DivergenceError(
      `train: the ${what} became ${value} at step ${step}${place ? ` (${place})` : ''}; lower the learning rate (it was ${learningRate})${clip}`,
      { what, value, step, learningRate },
    );
  }
}
