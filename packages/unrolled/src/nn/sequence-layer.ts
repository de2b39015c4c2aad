import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CellState } from './cells/cell.ts';
import type { Context, Layer } from './layer.ts';

/**
 * What a layer remembers of a sequence: tensors by name, with the batch as their first axis, in a list. That of `Recurrent`
 * has one entry for each layer and direction, ordered l0, l0 reverse, l1, …, as PyTorch's h_n.
 */
export type StackState = readonly CellState[];

export interface SequenceRunOptions {
  /** The state before the first step. Default: the initial one. */
  readonly state?: StackState | null | undefined;
  /** The number of steps of each row, `[B]`. Default: T for all. */
  readonly lengths?: readonly number[] | null | undefined;
}

/**
 * A layer over sequences, `[T, B, F]` → `[T, B, H]`, that can stop and continue: running 2T steps gives what T steps give and
 * T more from their state. A language model takes one; `Recurrent` is one.
 */
export interface SequenceLayer extends Layer {
  /** Whether training reads every chunk of a text from the initial state. Default: the state is carried on. */
  readonly restarts?: boolean;
  /** Steps after which what was read before no longer counts. Default: it may for ever. */
  readonly reach?: number;
  /** The state before the first step. */
  initialState(batch: number, device: Device): StackState;
  /** Like `apply`, but takes a state and also returns the one after the last step (with lengths, after each row's last). */
  run(xs: Tensor, context: Context, options?: SequenceRunOptions): { outputs: Tensor; state: StackState };
}
