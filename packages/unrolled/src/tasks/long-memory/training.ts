import { count, type Kinds, required, requireOptions, seed as seedKind, whole } from '../../checks.ts';
import { BatchSequence, shuffled } from '../../data/batches.ts';
import type { NamedArray } from '../../io/safetensors.ts';
import type { Context } from '../../nn/layer.ts';
import { Random } from '../../random.ts';
import { objectOf, scalar } from '../../schema.ts';
import type { StopSignal } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Json } from '../../train/checkpoint.ts';
import type { TrainingBatch, TrainingTask, Validation } from '../../train/task.ts';
import { evaluateProblem, type ProblemEvaluation } from './evaluate.ts';
import { lossOf } from './loss.ts';
import type { SequenceModel, SequenceModelConfig } from './model.ts';
import type { Problem, SequenceBatch } from './problem.ts';

export interface LongMemoryTrainingOptions {
  /** B, sequences in a batch. */
  readonly batch: number;
  /** Of all sequences: batch n is the same for the same seed, whatever was done before. */
  readonly seed: number;
}

const kinds: Kinds<LongMemoryTrainingOptions> = { batch: required(count), seed: required(seedKind) };

const savedState = objectOf<{ readonly batches: number; readonly validations: number }>({
  batches: scalar(whole()),
  validations: scalar(whole()),
});

/**
 * Trains a model on a problem by backpropagation through time over whole sequences.
 * @throws ConfigError on an option that is unknown or out of range
 */
export function longMemoryTraining(
  model: SequenceModel,
  problem: Problem,
  options: LongMemoryTrainingOptions,
): LongMemoryTraining {
  return new LongMemoryTraining(model, problem, options);
}

/** Sequences of a problem. */
export interface ProblemBatch extends SequenceBatch, TrainingBatch {
  /** Batches before it. */
  readonly number: number;
}

/** See `longMemoryTraining`. */
export class LongMemoryTraining implements TrainingTask<ProblemBatch> {
  readonly model: SequenceModel;
  readonly problem: Problem;
  /** The last validation, if there was one. */
  evaluation: ProblemEvaluation | null = null;
  readonly #batch: number;
  readonly #random: Random;
  /** The order of the examples; null where sequences never end. */
  readonly #examples: BatchSequence | null;
  #batches = 0;
  #validations = 0;

  constructor(model: SequenceModel, problem: Problem, options: LongMemoryTrainingOptions) {
    requireOptions('longMemoryTraining', options, kinds);
    const { batch, seed } = options;
    this.model = model;
    this.problem = problem;
    this.#batch = batch;
    this.#random = new Random(seed);
    const { examples } = problem.training;
    this.#examples = examples === null ? null : new BatchSequence(shuffled({ length: examples }, { batch, seed }));
  }

  get parameters(): SequenceModel['parameters'] {
    return this.model.parameters;
  }

  /** Batches in once through the examples; where sequences never end, each batch is an epoch. */
  get stepsPerEpoch(): number {
    return this.#examples?.batchesPerEpoch ?? 1;
  }

  get epoch(): number {
    return this.#batches / this.stepsPerEpoch;
  }

  nextBatch(after?: ProblemBatch): ProblemBatch {
    const number = after ? after.number + 1 : this.#batches;
    const batch = this.#draw(number, this.#random.fork(`batch ${number}`));
    return { ...batch, number, items: batch.steps * batch.batch };
  }

  loss(batch: ProblemBatch, context: Context): Tensor {
    this.#batches = batch.number + 1;
    return lossOf(this.problem.answers, this.model.apply(batch, context), batch);
  }

  async validate(signal: StopSignal | undefined): Promise<Validation> {
    const random = this.#random.fork(`validation ${this.#validations}`);
    const batches = this.problem.heldOut(random, 'validation');
    const evaluation = await evaluateProblem(this.model, this.problem, batches, { signal });
    this.#validations++;
    this.evaluation = evaluation;
    return { loss: evaluation.loss };
  }

  /** Evaluates on the test sequences. @throws the signal's reason if it is aborted */
  test(signal?: StopSignal | undefined): Promise<ProblemEvaluation> {
    const batches = this.problem.heldOut(this.#random.fork('test'), 'test');
    return evaluateProblem(this.model, this.problem, batches, { signal });
  }

  sample(): null {
    return null;
  }

  describe(): SequenceModelConfig {
    return this.model.config;
  }

  save(): { carried: Readonly<Record<string, Tensor>>; state: Json } {
    return { carried: {}, state: { batches: this.#batches, validations: this.#validations } };
  }

  restore(_carried: Readonly<Record<string, NamedArray>>, state: Json): void {
    const { batches, validations } = savedState(state, 'resume: the state of the problem');
    this.#batches = batches;
    this.#validations = validations;
  }

  #draw(number: number, random: Random): SequenceBatch {
    const { training } = this.problem;
    if (training.examples === null) return training.draw(random, this.#batch);
    const perEpoch = this.stepsPerEpoch;
    const position = { epoch: Math.floor(number / perEpoch), batch: number % perEpoch };
    return training.pick(this.#examples!.at(position).indices, random);
  }
}
