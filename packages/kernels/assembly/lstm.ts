/** Pointwise part of the LSTM (Hochreiter and Schmidhuber 1997, with forget gate). Gate order i f g o, as in PyTorch. */
import { bytes, madd, read, write } from './lanes';
import { sigmoidInline, tanhInline } from './math';
import { active, sigmoidSlope, tanhSlope } from './step';

/** Up to four units; pointers are at the unit, `size` is the bytes of one gate. */
// @ts-ignore: decorator
@inline
function forwardUnits(gates: usize, size: usize, cPrev: usize, c: usize, h: usize, count: i32): void {
  const i = sigmoidInline(read(gates, count));
  const f = sigmoidInline(read(gates + size, count));
  const g = tanhInline(read(gates + 2 * size, count));
  const o = sigmoidInline(read(gates + 3 * size, count));
  const state = madd(f, read(cPrev, count), f32x4.mul(i, g));
  write(gates, i, count);
  write(gates + size, f, count);
  write(gates + 2 * size, g, count);
  write(gates + 3 * size, o, count);
  write(c, state, count);
  write(h, f32x4.mul(o, tanhInline(state)), count);
}

/**
 * i, f, o = σ(…), g = tanh(…); c = f·cPrev + i·g; h = o·tanh(c). Inactive rows: c = cPrev, h = hPrev, gates 0.
 *
 * @param gates [rows, 4H], pre-activations in order i f g o; overwritten with the activated gates
 * @param cPrev [rows, H]; likewise hPrev, c, h; c may be cPrev, h may be hPrev
 * @param lengths i32[rows] or 0; see step.ts
 */
export function lstmForward(gates: usize, cPrev: usize, hPrev: usize, c: usize, h: usize, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const whole = bytes(hidden & -4);
  const rest = hidden & 3;
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j: usize = 0; j < whole; j += 16) forwardUnits(gates + j, size, cPrev + j, c + j, h + j, 4);
      if (rest > 0) forwardUnits(gates + whole, size, cPrev + whole, c + whole, h + whole, rest);
    } else {
      memory.fill(gates, 0, 4 * size);
      memory.copy(c, cPrev, size);
      memory.copy(h, hPrev, size);
    }
    gates += 4 * size;
    cPrev += size;
    hPrev += size;
    c += size;
    h += size;
  }
}

// @ts-ignore: decorator
@inline
function backwardUnits(gates: usize, size: usize, c: usize, cPrev: usize, dh: usize, dc: usize, count: i32): void {
  const i = read(gates, count);
  const f = read(gates + size, count);
  const g = read(gates + 2 * size, count);
  const o = read(gates + 3 * size, count);
  const y = tanhInline(read(c, count));
  const d = read(dh, count);
  const dState = madd(f32x4.mul(d, o), tanhSlope(y), read(dc, count));
  write(gates, f32x4.mul(f32x4.mul(dState, g), sigmoidSlope(i)), count);
  write(gates + size, f32x4.mul(f32x4.mul(dState, read(cPrev, count)), sigmoidSlope(f)), count);
  write(gates + 2 * size, f32x4.mul(f32x4.mul(dState, i), tanhSlope(g)), count);
  write(gates + 3 * size, f32x4.mul(f32x4.mul(d, y), sigmoidSlope(o)), count);
  write(dc, f32x4.mul(dState, f), count);
}

/**
 * The gradient of `lstmForward`. With dState = dc + dh·o·(1 − tanh²c): di = dState·g·i(1 − i), df = dState·cPrev·f(1 − f),
 * dg = dState·i·(1 − g²), do = dh·tanh(c)·o(1 − o), and dc becomes dState·f.
 *
 * @param gates [rows, 4H], activated; overwritten with the gradients at the pre-activations, inactive rows with 0
 * @param dh [rows, H], the whole gradient at h of this step
 * @param dc [rows, H], in: the gradient at c from later steps, out: at cPrev; inactive rows keep it
 * @param carry [rows, H], what reaches hPrev besides the product with the weights: dh in inactive rows, 0 in active
 *   ones; written only when `lengths` is not 0
 */
export function lstmBackward(gates: usize, c: usize, cPrev: usize, dh: usize, dc: usize, carry: usize, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const whole = bytes(hidden & -4);
  const rest = hidden & 3;
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j: usize = 0; j < whole; j += 16) backwardUnits(gates + j, size, c + j, cPrev + j, dh + j, dc + j, 4);
      if (rest > 0) backwardUnits(gates + whole, size, c + whole, cPrev + whole, dh + whole, dc + whole, rest);
      if (lengths) memory.fill(carry, 0, size);
    } else {
      memory.fill(gates, 0, 4 * size);
      memory.copy(carry, dh, size);
    }
    gates += 4 * size;
    c += size;
    cPrev += size;
    dh += size;
    dc += size;
    carry += size;
  }
}
