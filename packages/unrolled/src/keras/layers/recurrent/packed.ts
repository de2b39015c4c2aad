import { at, concat, embedding, flip, reshape, transpose } from '../../../ops/index.ts';
import type { Tensor } from '../../../tensor/tensor.ts';
import type { Mask } from '../../mask.ts';

/**
 * A batch `[B, T, F]` as the library's recurrences take it: time-major, the steps that count first. Skipping a step of a
 * recurrence leaves its state as it is, so the steps that count may as well be moved together, whatever the mask.
 */
export interface Packed {
  /** `[T, B, F]` */
  readonly xs: Tensor;
  /** Steps of each row; null: all. */
  readonly lengths: readonly number[] | null;
  /** Whether to run from the last step of `xs` to the first. */
  readonly reverse: boolean;
  /**
   * Outputs `[T, B, H]` of the recurrence in the order in which it ran, `[B, T, H]`. A masked step repeats the output before it, 0
   * at the start; with `zero` it gives 0.
   */
  sequence(outputs: Tensor, zero: boolean): Tensor;
  /** The output of the last step that ran, `[B, H]`. */
  last(outputs: Tensor, zero: boolean): Tensor;
}

export function pack(x: Tensor, mask: Mask | null, backwards: boolean): Packed {
  return mask === null || mask.full ? whole(x, backwards) : gathered(x, mask, backwards);
}

function whole(x: Tensor, reverse: boolean): Packed {
  const T = x.shape[1];
  return {
    xs: transpose(x, [1, 0, 2]),
    lengths: null,
    reverse,
    sequence: (outputs) => transpose(reverse ? flip(outputs) : outputs, [1, 0, 2]),
    last: (outputs) => (T === 0 ? x.device.zeros([x.shape[0], outputs.shape[2]]) : at(outputs, reverse ? 0 : T - 1)),
  };
}

function gathered(x: Tensor, mask: Mask, backwards: boolean): Packed {
  const { device } = x;
  const [B, T, F] = x.shape;
  const stepAt = (s: number): number => (backwards ? T - 1 - s : s);
  const order = Array.from({ length: B }, (_, b) =>
    Array.from({ length: T }, (_, s) => stepAt(s)).filter((t) => mask.at(b, t)),
  );
  const places = Int32Array.from({ length: T * B }, (_, i) => {
    const [t, b] = [Math.floor(i / B), i % B];
    return b * T + (order[b][t] ?? order[b][0] ?? 0);
  });
  /** Where the output of row b after run step s is: among T·B rows, and one of zeros after them. */
  const source = (zero: boolean): Int32Array => {
    const rows = new Int32Array(B * T);
    for (let b = 0; b < B; b++) {
      let ran = 0;
      for (let s = 0; s < T; s++) {
        const counts = mask.at(b, stepAt(s));
        if (counts) ran++;
        rows[b * T + s] = ran === 0 || (zero && !counts) ? T * B : (ran - 1) * B + b;
      }
    }
    return rows;
  };
  const withZeros = (outputs: Tensor): Tensor => {
    const H = outputs.shape[2];
    return concat([reshape(outputs, [T * B, H]), device.zeros([1, H])]);
  };
  return {
    xs: embedding(reshape(x, [B * T, F]), device.ids(places, [T, B])),
    lengths: order.map(({ length }) => length),
    reverse: false,
    sequence: (outputs, zero) => embedding(withZeros(outputs), device.ids(source(zero), [B, T])),
    last: (outputs, zero) =>
      embedding(
        withZeros(outputs),
        device.ids(
          source(zero).filter((_, i) => i % T === T - 1),
          [B],
        ),
      ),
  };
}
