import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Declarations } from '../parameters.ts';

/** What a cell remembers between steps, by name: `{ h }`, `{ h, c }`; every part has the batch first. */
export type CellState = Readonly<Record<string, Tensor>>;

/**
 * A recurrent cell: one pure step and the state before the first one. Unrolling over time, masking, stacking and
 * both directions live outside of it.
 */
export interface Cell<State extends CellState = CellState> {
  /** What made this cell: plain data. */
  readonly config: CellConfig;
  /** H, the number of hidden units. */
  readonly hidden: number;
  /** Width of the output: H, unless the cell projects it. Known once the cell is built. */
  readonly width: number;
  /** Declares the parameters for inputs of `features` numbers. */
  build(features: number, declarations: Declarations): void;
  /** Zeros, unless the cell says otherwise; every part `[B, …]`. */
  initialState(batch: number, device: Device): State;
  /**
   * x `[B, F]` and the state before → the output `[B, width]` and the state after. A pure function made of ordinary
   * operations.
   * @param recurrent  what is done to the state on its way into products with weights; dropout, for example
   */
  step(x: Tensor, state: State, recurrent?: OnRecurrent): CellStep<State>;
  /**
   * The same over a whole sequence, where there is a faster way than step by step: as one operation of the backend, or
   * as a parallel scan. Must agree with `step`.
   */
  sequence?(xs: Tensor, state: State, options: SequenceOptions<State>): CellSequence<State>;
}

export type OnRecurrent = (h: Tensor) => Tensor;

export interface CellConfig {
  readonly cell: string;
  readonly hidden: number;
}

export interface CellStep<State extends CellState = CellState> {
  readonly output: Tensor;
  readonly state: State;
  /** Activations worth looking at, by name, each with the batch first. */
  readonly gates?: Readonly<Record<string, Tensor>>;
}

export interface SequenceOptions<State extends CellState> {
  readonly reverse: boolean;
  /** int32 `[B]`, or null when all rows have all steps. */
  readonly lengths: Tensor | null;
  /** Called while going back, with ∂L/∂state of step t through everything that followed. */
  readonly onGradient?: (t: number, state: State) => void;
}

export interface CellSequence<State extends CellState> {
  /** The outputs of all steps `[T, B, width]`; at steps beyond a row's length whatever was carried. */
  readonly outputs: Tensor;
  readonly state: State;
  /** State and gates after step t, looked up only when someone asks. */
  at(t: number): { state: State; gates: Readonly<Record<string, Tensor>> };
}
