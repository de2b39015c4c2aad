import type { Random } from '../../random.ts';

/** A batch of sequences with their targets; time-major. */
export interface SequenceBatch {
  /** T */
  readonly steps: number;
  /** B */
  readonly batch: number;
  /** `[T, B, F]` */
  readonly inputs: Float32Array;
  /** Length of each row; null when all have T. */
  readonly lengths: readonly number[] | null;
  /** S: only the last S steps have targets. */
  readonly answered: number;
  /** Class ids `[S, B]`, −1 where no answer is wanted; or numbers `[S, B, O]`, wanted at all steps a row has. */
  readonly targets: Int32Array | Float32Array;
  /** Which classes could all come, by row and step, where that is more than the one that came. */
  readonly legal?: readonly (readonly (readonly number[])[])[];
}

/** The metric of a problem. */
export interface Metric {
  readonly name: string;
  readonly better: 'lower' | 'higher';
  /** Value reached without memory. */
  readonly chance: number;
  /** Value from which the problem counts as solved, on held-out sequences; null if there is none. */
  readonly bar: number | null;
}

/** How many of those that count are right; their share is the metric. */
export interface Count {
  readonly right: number;
  readonly of: number;
}

/** Sequences to learn from: drawn without end, or picked from so many examples, which chance may alter a little each time. */
export type TrainingSource =
  | { readonly examples: null; draw(random: Random, batch: number): SequenceBatch }
  | { readonly examples: number; pick(indices: ArrayLike<number>, random: Random): SequenceBatch };

/** A problem: its sequences, and how answers are measured. */
export interface Problem {
  /** F, numbers in a step. */
  readonly features: number;
  /** O, numbers in an answer. */
  readonly outputs: number;
  /**
   * What an answer is, and so the loss: a 'number' by its squared error, a 'class' by its cross-entropy, 'bits' by the
   * sum of their binary cross-entropies.
   */
  readonly answers: 'number' | 'class' | 'bits';
  readonly metric: Metric;
  /** Counts right answers among the outputs `[S, B, O]`; null where the metric is the loss itself. */
  readonly count: ((batch: SequenceBatch, outputs: ArrayLike<number>) => Count) | null;
  readonly training: TrainingSource;
  /** Sequences that are not trained on: to follow the training, or to judge its end. */
  heldOut(random: Random, part: 'validation' | 'test'): Iterable<SequenceBatch>;
}

/** How many answers the mean loss of a batch is the mean of. */
export function countAnswers({ steps, batch, lengths, answered, targets }: SequenceBatch): number {
  if (targets instanceof Int32Array) return targets.reduce((count, id) => count + Number(id >= 0), 0);
  const from = steps - answered;
  return lengths ? lengths.reduce((count, length) => count + Math.max(0, length - from), 0) : answered * batch;
}
