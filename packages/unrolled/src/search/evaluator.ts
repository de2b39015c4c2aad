import type { NamedArray } from '../io/safetensors.ts';
import type { StopSignal } from '../signal.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Choices } from './space.ts';

/** What was measured of a candidate, besides its reward: plain data. */
export type Measures = Readonly<Record<string, number | boolean | string>>;

/** What one candidate is worth. */
export interface Evaluation {
  /** Of the candidate among those that were given. */
  readonly index: number;
  /** Higher is better; finite. */
  readonly reward: number;
  readonly measures: Measures;
  /** That it took. */
  readonly seconds: number;
}

/** What a search asks about its candidates. */
export interface Evaluator {
  /** Evaluates candidates, in any order. @throws the signal's reason if it is aborted */
  evaluate(candidates: readonly Choices[], signal: StopSignal | undefined): AsyncIterable<Evaluation>;
  /**
   * Whether a candidate gets the same reward whenever it is evaluated; then it is evaluated once. False where weights are shared
   * and go on learning.
   */
  readonly repeatable: boolean;
  /**
   * Called before each round: trains shared weights, for example.
   * @param draw  architectures of the policy
   */
  prepare?(draw: (count: number) => Promise<readonly Choices[]>, signal: StopSignal | undefined): Promise<void>;
  /** What it needs to resume. */
  save?(): Readonly<Record<string, Tensor>>;
  /** @throws FormatError if what was saved does not fit */
  restore?(saved: Readonly<Record<string, NamedArray>>): void;
}
