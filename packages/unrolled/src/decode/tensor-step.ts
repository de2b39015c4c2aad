import { idsOf } from '../ops/ids.ts';
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
 * const step = ({ tokens, parents }: DecodeRows, state: StackState) => {
 *   const { logits, state: next } = model.step(tokens, gatherRows(state, parents));
 *   return { logProbabilities: logits.logSoftmax(), state: next };
 * };
 */
export function gatherRows<State extends BatchState>(state: State, parents: Int32Array): State {
  return mapState(state, (part) => {
    const [rows, ...rest] = part.shape;
    if (parents.length === rows && parents.every((parent, row) => parent === row)) return part;
    const width = part.size / rows;
    if (part.dtype === 'int32') return gatherIds(part, parents);
    return reshape(embedding(reshape(part, [rows, width]), part.device.ids(parents)), [parents.length, ...rest]);
  }) as State;
}

/** Rows of ids, which keep their copy on the host. */
function gatherIds(ids: Tensor, parents: Int32Array): Tensor {
  const values = idsOf('gatherRows', ids);
  const width = ids.size / ids.shape[0];
  const taken = Int32Array.from({ length: parents.length * width }, (_, i) => {
    return values[parents[Math.floor(i / width)] * width + (i % width)];
  });
  return ids.device.ids(taken, [parents.length, ...ids.shape.slice(1)]);
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
 * A search whose step computes with tensors: no gradients are recorded, what a step leaves behind is released, as is the
 * state of the step before, and the last one at the end.
 * @param begin  makes the state before the first step, which then belongs to the search
 * @param body  one step, synchronous; its log-probabilities and attention are read
 * @param search  such as `(step, state) => beamSearch(step, state, options)`
 */
export async function tensorSearch<State, Result>(
  device: Device,
  begin: () => State,
  body: (rows: DecodeRows, state: State) => TensorStepResult<State>,
  search: (step: DecodeStep<State>, state: State) => Promise<Result>,
): Promise<Result> {
  let own = device.keep(device.withoutGradients(() => device.scope(begin)));
  try {
    return await search(async (rows) => {
      const [state, numbers] = await device.carryAndRead(own, (before) =>
        device.withoutGradients(() => {
          const { state, logProbabilities, attention } = body(rows, before as State);
          return [state, { logProbabilities, attention: attention ?? undefined }] as const;
        }),
      );
      own = state;
      return { ...numbers, state };
    }, own);
  } finally {
    device.release(own);
  }
}
