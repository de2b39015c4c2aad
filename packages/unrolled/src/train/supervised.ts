import { whole } from '../checks.ts';
import { type BucketPosition, LengthBuckets } from '../data/buckets.ts';
import { ConfigError, DataError, FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Context } from '../nn/layer.ts';
import type { Parameters } from '../nn/parameters.ts';
import { hashText } from '../random.ts';
import { objectOf, scalar } from '../schema.ts';
import type { StopSignal } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Json } from './checkpoint.ts';
import type { TrainingTask, Validation } from './task.ts';

/** A model trained on examples, each an input with its target: plain data. */
export interface SupervisedModel<Example> {
  readonly parameters: Parameters;
  /** The mean loss of these examples, a scalar on the tape. */
  loss(examples: readonly Example[], context: Context): Tensor;
  /** The model's description, for the checkpoint. */
  describe(): object;
}

export interface SupervisedOptions<Example> {
  /** Training and validation examples. */
  readonly examples: readonly Example[];
  readonly validation: readonly Example[];
  /** Steps of an example: batches have examples of similar length. */
  readonly lengthOf: (example: Example) => number;
  /** B, examples in a batch. */
  readonly batch: number;
  /** Seed of the order of the examples. */
  readonly seed: number;
  /** Evaluates on the validation examples; rejects with the signal's reason if it is aborted. Not called if there are none. */
  readonly validate: (examples: readonly Example[], signal: StopSignal | undefined) => Promise<Validation>;
  /** Output to look at, such as the model's answer to an example. Default: none. */
  readonly sample?: ((step: number) => string | Promise<string>) | undefined;
  /** Validation loss of guessing uniformly, in nats; see `TrainingTask`. */
  readonly chanceLoss?: number | undefined;
}

const wholeNumber = scalar<number>(whole());
const savedPosition = objectOf<BucketPosition & { readonly examples: number }>({
  epoch: wholeNumber,
  batch: wholeNumber,
  examples: wholeNumber,
});

/**
 * Trains on examples by backpropagation through whole sequences: every epoch takes each example once, in batches of
 * similar length and in an order given by the seed.
 */
export class SupervisedTraining<Example> implements TrainingTask {
  readonly model: SupervisedModel<Example>;
  readonly #options: SupervisedOptions<Example>;
  readonly #buckets: LengthBuckets;
  readonly #fingerprint: number;

  /** @throws DataError if there is no example; ConfigError if the batch is out of range */
  constructor(model: SupervisedModel<Example>, options: SupervisedOptions<Example>) {
    const { examples, batch, seed, lengthOf } = options;
    if (!Number.isInteger(batch) || batch < 1) {
      throw new ConfigError(`train: batch must be a whole number from 1, received ${batch}`, { batch });
    }
    if (examples.length === 0) throw new DataError('train: there are no training examples');
    this.model = model;
    this.#options = options;
    this.#buckets = new LengthBuckets(examples.map(lengthOf), { batch, seed });
    this.#fingerprint = examples.reduce((hash, example) => hashText(JSON.stringify(example), hash), examples.length);
  }

  get chanceLoss(): number | undefined {
    return this.#options.chanceLoss;
  }

  get parameters(): Parameters {
    return this.model.parameters;
  }

  get stepsPerEpoch(): number {
    return this.#buckets.batchesPerEpoch;
  }

  get epoch(): number {
    const { epoch, batch } = this.#buckets.position;
    return epoch + batch / this.stepsPerEpoch;
  }

  nextLoss(context: Context): { loss: Tensor; items: number } {
    const batch = Array.from(this.#buckets.next().indices, (index) => this.#options.examples[index]);
    return { loss: this.model.loss(batch, context), items: batch.length };
  }

  async validate(signal: StopSignal | undefined): Promise<Validation | null> {
    const { validation, validate } = this.#options;
    return validation.length === 0 ? null : validate(validation, signal);
  }

  async sample(step: number): Promise<string | null> {
    return this.#options.sample?.(step) ?? null;
  }

  describe(): object {
    return this.model.describe();
  }

  save(): { carried: Readonly<Record<string, NamedArray>>; state: Json } {
    return { carried: {}, state: { ...this.#buckets.position, examples: this.#fingerprint } };
  }

  restore(_carried: Readonly<Record<string, NamedArray>>, state: Json): void {
    const { examples, ...position } = savedPosition(state, 'resume: the position in the examples');
    if (examples !== this.#fingerprint) {
      throw new FormatError('resume: the examples are not those this run was trained on; give the same files');
    }
    this.#buckets.seek(position);
  }
}
