import { anything, callback, count, type Kinds, required, seed as seedKind, whole } from '../checks.ts';
import { type BatchPosition, BatchSequence, type BatchStrategy, byLength, shuffled } from '../data/batches.ts';
import { type ExampleSource, type Examples, sourceOf } from '../data/examples.ts';
import { FormatError } from '../errors.ts';
import type { NamedArray } from '../io/safetensors.ts';
import type { Context } from '../nn/layer.ts';
import type { Parameters } from '../nn/parameters.ts';
import { Random } from '../random.ts';
import { objectOf, type Schema, scalar } from '../schema.ts';
import type { StopSignal } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Json } from './checkpoint.ts';
import type { TrainingBatch, TrainingTask, Validation } from './task.ts';

/** A model trained on examples, each an input with its target: plain data. */
export interface SupervisedModel<Example> {
  readonly parameters: Parameters;
  /** The mean loss of these examples, a scalar on the tape. */
  loss(examples: readonly Example[], context: Context): Tensor;
  /** The model's description, for the checkpoint. */
  describe(): object;
}

/** What the training functions of all tasks with examples accept. */
export interface ExampleOptions<Example> {
  /** Held-out examples for validation. Default: none. */
  readonly validation?: readonly Example[] | undefined;
  /** B, examples in a batch. */
  readonly batch: number;
  /** Seed of the order of the examples. */
  readonly seed: number;
  /** Which examples make a batch. Default: `byLength`, or `shuffled` if the lengths are unknown. */
  readonly order?: BatchStrategy | undefined;
}

export const exampleKinds: Kinds<ExampleOptions<never>> = {
  validation: anything,
  batch: required(count),
  seed: required(seedKind),
  order: callback,
};

export interface SupervisedOptions<Example> extends ExampleOptions<Example> {
  /** Steps of an example in memory: batches have examples of similar length. Default: unknown. A source has its own. */
  readonly lengthOf?: ((example: Example) => number) | undefined;
  /**
   * Changes the examples of a training batch each time, such as augmentation. Its random numbers follow from the seed and the
   * place of the batch in the run, so a resumed run has the same. Default: none.
   */
  readonly vary?: ((examples: readonly Example[], random: Random) => readonly Example[]) | undefined;
  /**
   * Lets the model act on the examples of a batch, such as write captions or walk, and notes what it did, for the loss to reward. It
   * is called after the update before, with random numbers that follow from the seed and the place of the batch. Default: none.
   */
  readonly act?: ((examples: readonly Example[], random: Random) => Promise<readonly Example[]>) | undefined;
  /** Evaluates on the validation examples; rejects with the signal's reason if it is aborted. Default: none. */
  readonly validate?:
    | ((examples: readonly Example[], signal: StopSignal | undefined) => Promise<Validation>)
    | undefined;
  /** Output to look at, such as the model's answer to an example. Default: none. */
  readonly sample?: ((step: number) => string | Promise<string>) | undefined;
  /** Validation loss of guessing uniformly, in nats; see `TrainingTask`. */
  readonly chanceLoss?: number | undefined;
}

/** Examples that were read for a step. */
export interface ExampleBatch<Example> extends TrainingBatch {
  readonly examples: readonly Example[];
  /** The position of the batch after it. */
  readonly next: BatchPosition;
}

const wholeNumber = scalar<number>(whole());
const fingerprint: Schema<number | string> = (value, place) =>
  typeof value === 'string' ? value : wholeNumber(value, place);
const savedPosition = objectOf<BatchPosition & { readonly examples: number | string }>({
  epoch: wholeNumber,
  batch: wholeNumber,
  examples: fingerprint,
});

/**
 * Trains on examples by backpropagation through whole sequences: every epoch takes each example once, in batches of
 * similar length and in an order given by the seed. Examples of a source are read as batches need them.
 */
export class SupervisedTraining<Example> implements TrainingTask<ExampleBatch<Example>> {
  readonly model: SupervisedModel<Example>;
  readonly #options: SupervisedOptions<Example>;
  readonly #source: ExampleSource<Example>;
  readonly #batches: BatchSequence;
  /** Of the batch after the last one used. */
  #position: BatchPosition = { epoch: 0, batch: 0 };

  /** @throws DataError if there is no example; ConfigError if the batch is out of range */
  constructor(model: SupervisedModel<Example>, examples: Examples<Example>, options: SupervisedOptions<Example>) {
    this.model = model;
    this.#options = options;
    this.#source = sourceOf(examples, options.lengthOf);
    const { batch, seed, order = this.#source.lengthOf ? byLength : shuffled } = options;
    this.#batches = new BatchSequence(order(this.#source, { batch, seed }));
  }

  get chanceLoss(): number | undefined {
    return this.#options.chanceLoss;
  }

  get parameters(): Parameters {
    return this.model.parameters;
  }

  get readsAhead(): boolean {
    return this.#options.act === undefined;
  }

  get stepsPerEpoch(): number {
    return this.#batches.batchesPerEpoch;
  }

  get epoch(): number {
    const { epoch, batch } = this.#position;
    return epoch + batch / this.stepsPerEpoch;
  }

  nextBatch(after?: ExampleBatch<Example>): ExampleBatch<Example> | Promise<ExampleBatch<Example>> {
    const { indices, next } = this.#batches.at(after?.next ?? this.#position);
    const { vary, act, seed } = this.#options;
    const batchOf = (read: readonly Example[]): ExampleBatch<Example> | Promise<ExampleBatch<Example>> => {
      const random = new Random(seed).fork(`batch ${next.epoch} ${next.batch}`);
      const batch = { examples: vary?.(read, random) ?? read, items: read.length, next };
      return act ? act(batch.examples, random).then((examples) => ({ ...batch, examples })) : batch;
    };
    const read = Array.from(indices, (index) => this.#source.read(index));
    return read.some((one) => one instanceof Promise) ? Promise.all(read).then(batchOf) : batchOf(read as Example[]);
  }

  loss({ examples, next }: ExampleBatch<Example>, context: Context): Tensor {
    this.#position = next;
    return this.model.loss(examples, context);
  }

  async validate(signal: StopSignal | undefined): Promise<Validation | null> {
    const { validation = [], validate } = this.#options;
    return validate && validation.length > 0 ? validate(validation, signal) : null;
  }

  async sample(step: number): Promise<string | null> {
    return this.#options.sample?.(step) ?? null;
  }

  describe(): object {
    return this.model.describe();
  }

  save(): { carried: Readonly<Record<string, Tensor>>; state: Json } {
    return { carried: {}, state: { ...this.#position, examples: this.#source.fingerprint } };
  }

  restore(_carried: Readonly<Record<string, NamedArray>>, state: Json): void {
    const { examples, ...position } = savedPosition(state, 'resume: the position in the examples');
    if (examples !== this.#source.fingerprint) {
      throw new FormatError('resume: the examples are not those this run was trained on; give the same files');
    }
    this.#position = position;
  }
}
