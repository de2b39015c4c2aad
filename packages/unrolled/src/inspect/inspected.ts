import { inference } from '../nn/layer.ts';
import type { Recurrent, RunOptions } from '../nn/recurrent.ts';
import type { StackState } from '../nn/sequence-layer.ts';
import { broadcastTo, mean, slice, square } from '../ops/index.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** A probe for each layer and direction, as `Recurrent.run` takes them. */
export type Probes = NonNullable<RunOptions['probe']>;

/** A model and a batch of sequences, as inspection needs them; independent of the kind of cell. */
export interface Inspected {
  readonly device: Device;
  /** T, steps of the sequences. */
  readonly steps: number;
  /** Whether some layers run backwards. Default false. */
  readonly bidirectional?: boolean;
  /** Runs the batch from its beginning with these probes: the loss of every step and row, `[T, B]`, recorded. */
  losses(probes: Probes): Tensor;
  /** The states after step t, from those before it. Every row reads the input of row 0. */
  next(t: number, before: StackState): StackState;
}

/**
 * A stack of recurrent layers over sequences xs `[T, B, F]`. The loss of a step defaults to the mean square of its
 * output.
 * @param lossesOf  outputs `[T, B, H]` → `[T, B]`
 */
export function inspectRecurrent(
  recurrent: Recurrent,
  xs: Tensor,
  lossesOf: (outputs: Tensor) => Tensor = (outputs) => mean(square(outputs), { axes: -1 }),
): Inspected {
  const [steps, , features] = xs.shape;
  return {
    device: xs.device,
    steps,
    bidirectional: recurrent.config.bidirectional,
    losses: (probe) => lossesOf(recurrent.run(xs, inference, { probe }).outputs),
    next(t, before) {
      const step = slice(slice(xs, 0, t, t + 1), 1, 0, 1); // [1, 1, F]
      return recurrent.run(broadcastTo(step, [1, rowsOf(before), features]), inference, { state: before }).state;
    },
  };
}

/** B of a state. */
export function rowsOf(state: StackState): number {
  return Object.values(state[0])[0].shape[0];
}
