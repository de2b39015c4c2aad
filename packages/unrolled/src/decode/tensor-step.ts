import { embedding, reshape } from '../ops/index.ts';
import type { Device } from '../tensor/device.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { DecodeRows, DecodeStep } from './search.ts';

/** Tensors with the batch as their first axis, in arrays and plain objects. */
export type BatchState = Tensor | null | readonly BatchState[] | { readonly [name: string]: BatchState };

/**
 * The rows `parents` of every tensor in a state, in that order: what a search wants before each step.
 *
 * @example
 * const step = tensorStep(device, ({ tokens, parents }, state: StackState) => {
 *   const { logits, state: next } = model.step(tokens, gatherRows(state, parents));
 *   return { logProbabilities: logits.logSoftmax(), state: next };
 * });
 */
export function gatherRows<State extends BatchState>(state: State, parents: Int32Array): State {
  return mapState(state, (part) => {
    const [rows, ...rest] = part.shape;
    if (parents.length === rows && parents.every((parent, row) => parent === row)) return part;
    const width = part.size / rows;
    return reshape(embedding(reshape(part, [rows, width]), part.device.ids(parents)), [parents.length, ...rest]);
  }) as State;
}

function mapState(state: BatchState, change: (part: Tensor) => Tensor): BatchState {
  if (state === null) return null;
  if (state instanceof Tensor) return change(state);
  if (Array.isArray(state)) return state.map((part) => mapState(part, change));
  return Object.fromEntries(Object.entries(state).map(([name, part]) => [name, mapState(part, change)]));
}

export interface TensorStepResult<State> {
  readonly logProbabilities: Tensor; // [N, V]
  readonly state: State;
  readonly attention?: Tensor | null; // [N, S]
}

/**
 * A step for a search from one that computes with tensors: no gradients are recorded, and what a step leaves behind is
 * released, as is the state of the step before. The state the search was begun with stays.
 */
export function tensorStep<State>(
  device: Device,
  body: (rows: DecodeRows, state: State) => TensorStepResult<State>,
): DecodeStep<State> {
  let own: State | null = null;
  return (rows, state) => {
    let numbers: { logProbabilities: ArrayLike<number>; attention?: ArrayLike<number> };
    const compute = (): State => {
      const result = body(rows, state);
      numbers = { logProbabilities: result.logProbabilities.data(), attention: result.attention?.data() };
      return result.state;
    };
    own = device.withoutGradients(() => (state === own ? device.carry(own, compute) : device.scope(compute)));
    return { ...numbers!, state: own };
  };
}
