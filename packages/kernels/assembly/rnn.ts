/** Pointwise part of the plain recurrent cell (Elman 1990): h = f(pre). */
import { bytes } from './lanes';
import { unary, unaryGrad } from './elementwise';
import { Activation, Unary } from './operations';
import { active } from './step';

/** The elementwise operation that an `Activation` is. */
// @ts-ignore: decorator
@inline
function operation(activation: i32): i32 {
  return activation == Activation.tanh ? Unary.tanh : activation == Activation.relu ? Unary.relu : Unary.sigmoid;
}

/**
 * h = f(pre), f one of `Activation`; inactive rows: h = hPrev. Arrays are [rows, H]; h may be pre or hPrev.
 *
 * @param lengths i32[rows] or 0; see step.ts
 */
export function rnnForward(activation: i32, pre: usize, hPrev: usize, h: usize, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const op = operation(activation);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) unary(op, pre, h, hidden);
    else memory.copy(h, hPrev, size);
    pre += size;
    hPrev += size;
    h += size;
  }
}

/**
 * The gradient of `rnnForward`: dPre = dh·f′, from h = f(pre); inactive rows 0. All arrays are [rows, H]; dPre may be dh
 * when `lengths` is 0.
 *
 * @param carry what reaches hPrev besides the product with the weights: dh in inactive rows, 0 in active ones; written
 *   only when `lengths` is not 0
 */
export function rnnBackward(activation: i32, h: usize, dh: usize, dPre: usize, carry: usize, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const op = operation(activation);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      unaryGrad(op, 0, h, dh, dPre, hidden);
      if (lengths) memory.fill(carry, 0, size);
    } else {
      memory.copy(carry, dh, size);
      memory.fill(dPre, 0, size);
    }
    h += size;
    dh += size;
    dPre += size;
    carry += size;
  }
}
