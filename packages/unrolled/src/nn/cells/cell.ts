import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Buildable } from '../buildable.ts';
import type { Declarations } from '../parameters.ts';

/** What a cell remembers between steps, by name: `{ h }`, `{ h, c }`; every part has the batch first. */
export type CellState = Readonly<Record<string, Tensor>>;

/**
 * A recurrent cell: one pure step and the state before the first one. Unrolling over time, masking, stacking and
 * both directions live outside of it.
 */
export interface Cell<State extends CellState = CellState> {
  /** The configuration this cell was created from: plain data. */
  readonly config: CellConfig;
  /** H, the number of hidden units. */
  readonly hidden: number;
  /** Width of the output: H, unless the cell projects it. Known once the cell is built. */
  readonly width: number;
  /** Declares the parameters for inputs of `features` numbers. */
  build(features: number, declarations: Declarations): void;
  /** The state before the first step, usually zeros; every part `[B, …]`. */
  initialState(batch: number, device: Device): State;
  /**
   * x `[B, F]` and the state before → the output `[B, width]` and the state after. A pure function made of ordinary
   * operations.
   * @param recurrent  applied to the state before it is multiplied by weights; dropout, for example
   */
  step(x: Tensor, state: State, recurrent?: OnRecurrent): CellStep<State>;
  /**
   * An optional faster form over a whole sequence: one operation of the backend, or a parallel scan. Must agree with
   * `step`.
   */
  sequence?(xs: Tensor, state: State, options: SequenceOptions<State>): CellSequence<State>;
}

/** The base of cells that are classes: their sizes, and the parts that building makes. */
export abstract class SizedCell<Parts> extends Buildable<Parts> {
  abstract override readonly config: CellConfig;

  get hidden(): number {
    return this.config.hidden;
  }

  get width(): number {
    return this.hidden;
  }
}

/** The cell with another step, for which it has no fused form. */
export const withStep = <State extends CellState>(cell: Cell<State>, step: Cell<State>['step']): Cell<State> => ({
  config: cell.config,
  hidden: cell.hidden,
  width: cell.width,
  build: (features, declarations) => cell.build(features, declarations),
  initialState: (batch, device) => cell.initialState(batch, device),
  step,
});

export type OnRecurrent = (h: Tensor) => Tensor;

export interface CellConfig {
  readonly cell: string;
  readonly hidden: number;
}

export interface CellStep<State extends CellState = CellState> {
  readonly output: Tensor;
  readonly state: State;
  /** Activations to inspect, by name, each with the batch first. */
  readonly gates?: Readonly<Record<string, Tensor>>;
}

export interface SequenceOptions<State extends CellState> {
  readonly reverse: boolean;
  /** int32 `[B]`, or null when all rows have all steps. */
  readonly lengths: Tensor | null;
  /** Called in the backward pass with ∂L/∂state of step t, through all later steps. */
  readonly onGradient?: (t: number, state: State) => void;
}

export interface CellSequence<State extends CellState> {
  /** The outputs of all steps `[T, B, width]`; beyond a row's length they are unspecified. */
  readonly outputs: Tensor;
  readonly state: State;
  /** State and gates after step t, read on demand. */
  at(t: number): { state: State; gates: Readonly<Record<string, Tensor>> };
}
