import type { Shape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Cell } from '../cells/cell.ts';
import { shapeDevice } from '../cells/shape-device.ts';
import type { Layer } from '../layer.ts';
import type { StackState } from '../sequence-layer.ts';

/** What an encoder gives to a decoder: of sentences, images, or whatever it read, one a row. */
export interface Encoded {
  /** D numbers for each of S positions that attention can look at, `[S, B, D]`. */
  readonly memory: Tensor;
  /** How many of the positions each row has, `[B]`. Default: S for all. */
  readonly lengths?: readonly number[] | null | undefined;
  /** From which `Bridge` makes the state that the decoder begins with. */
  readonly state: StackState;
  /** Numbers that are part of the decoder's input at every step, `[B, K]` (Karpathy & Fei-Fei 2015). Default: none. */
  readonly constant?: Tensor | null | undefined;
  /** The decoder's input before that of the first token, `[B, E]` (Vinyals 2015). Default: none. */
  readonly first?: Tensor | null | undefined;
}

/** The shapes of a state's parts. */
export type StateShapes = readonly Readonly<Record<string, Shape>>[];

export interface EncodedShapes {
  readonly memory: Shape;
  readonly state: StateShapes;
  readonly constant?: Shape | null | undefined;
}

/** A layer that reads what a decoder writes about. `RecurrentEncoder` is one. */
export type Encoder<Source, SourceShapes> = Layer<Source, Encoded, SourceShapes, EncodedShapes>;

/**
 * A state for a decoder of `layers` layers of a cell, every part of which is the same vector `[B, D]`; of vectors of the decoder's
 * width it is passed on as it is, of others mapped (`Bridge`).
 */
export function stateOf(cell: Cell, layers: number, vector: Tensor): StackState {
  const names = Object.keys(cell.initialState(1, shapeDevice()));
  return Array.from({ length: layers }, () => Object.fromEntries(names.map((name) => [name, vector])));
}

export const shapesOf = (state: StackState): StateShapes =>
  state.map((parts) => Object.fromEntries(Object.entries(parts).map(([name, { shape }]) => [name, shape])));
