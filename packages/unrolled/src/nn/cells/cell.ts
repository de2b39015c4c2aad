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
  /** H, the width of the output. */
  readonly hidden: number;
  /** Declares the parameters for inputs of `features` numbers. */
  build(features: number, declarations: Declarations): void;
  /** Zeros, unless the cell says otherwise; every part `[B, …]`. */
  initialState(batch: number, device: Device): State;
  /** x `[B, F]` and the state before → the output `[B, H]` and the state after. */
  step(x: Tensor, state: State): CellStep<State>;
  /**
   * The same over a whole sequence as one operation, for cells the backend has fused. Must agree with `step`.
   */
  sequence?(xs: Tensor, state: State, options: SequenceOptions<State>): CellSequence<State>;
}

export interface CellConfig {
  readonly cell: string;
  readonly hidden: number;
}

export interface CellStep<State extends CellState = CellState> {
  readonly output: Tensor;
  readonly state: State;
  /** Activations worth looking at, by name, each `[B, H]`. */
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
  /** The outputs of all steps `[T, B, H]`; at steps beyond a row's length whatever was carried. */
  readonly outputs: Tensor;
  readonly state: State;
  /** State and gates after step t, looked up only when someone asks. */
  at(t: number): { state: State; gates: Readonly<Record<string, Tensor>> };
}
