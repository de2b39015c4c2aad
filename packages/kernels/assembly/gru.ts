/**
 * Pointwise part of the GRU whose reset gate acts after the product (PyTorch, Keras 3, cuDNN). Gate order r z n.
 *
 * Two conventions of the update gate are published: with `keep` 1, h = (1 − z)·n + z·hPrev, as in PyTorch; with `keep`
 * 0, h = z·n + (1 − z)·hPrev.
 */
import { bytes, madd, read, write } from './lanes';
import { sigmoidInline, tanhInline } from './math';
import { active, sigmoidSlope, tanhSlope } from './step';

/** h from z, n and hPrev; `kept` has all bits set for `keep` 1, none for 0. */
// @ts-ignore: decorator
@inline
export function mixState(z: v128, n: v128, hPrev: v128, kept: v128): v128 {
  const a = v128.bitselect(hPrev, n, kept);
  const b = v128.bitselect(n, hPrev, kept);
  return madd(z, a, f32x4.mul(f32x4.sub(f32x4.splat(1), z), b));
}

/** ∂h/∂z before the sigmoid's slope. */
// @ts-ignore: decorator
@inline
export function updateSlope(n: v128, hPrev: v128, kept: v128): v128 {
  return v128.bitselect(f32x4.sub(hPrev, n), f32x4.sub(n, hPrev), kept);
}

/** ∂h/∂hPrev along the direct path when `kept`; with `kept` inverted, ∂h/∂n. */
// @ts-ignore: decorator
@inline
export function share(z: v128, kept: v128): v128 {
  return v128.bitselect(z, f32x4.sub(f32x4.splat(1), z), kept);
}

/** All bits set where `keep` is 1. */
// @ts-ignore: decorator
@inline
export function keepMask(keep: i32): v128 {
  return i32x4.splat(keep ? -1 : 0);
}

// @ts-ignore: decorator
@inline
function forwardUnits(gates: usize, gh: usize, size: usize, hPrev: usize, h: usize, hn: usize, kept: v128, count: i32): void {
  const r = sigmoidInline(f32x4.add(read(gates, count), read(gh, count)));
  const z = sigmoidInline(f32x4.add(read(gates + size, count), read(gh + size, count)));
  const recurrent = read(gh + 2 * size, count);
  const n = tanhInline(madd(r, recurrent, read(gates + 2 * size, count)));
  const previous = read(hPrev, count);
  write(gates, r, count);
  write(gates + size, z, count);
  write(gates + 2 * size, n, count);
  write(hn, recurrent, count);
  write(h, mixState(z, n, previous, kept), count);
}

/**
 * r = σ(x_r + gh_r), z = σ(x_z + gh_z), n = tanh(x_n + r·gh_n), h by `keep`. Inactive rows: h = hPrev, gates and hn 0.
 *
 * @param gates [rows, 3H], the input's part in order r z n with its bias; overwritten with r, z, n
 * @param gh [rows, 3H], W_hh·hPrev + b_hh
 * @param hPrev [rows, H]; h may be the same
 * @param hn [rows, H], written: gh_n, for the gradient
 * @param lengths i32[rows] or 0; see step.ts
 */
export function gruAfterForward(gates: usize, gh: usize, hPrev: usize, h: usize, hn: usize, keep: i32, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const whole = bytes(hidden & -4);
  const rest = hidden & 3;
  const kept = keepMask(keep);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j: usize = 0; j < whole; j += 16) forwardUnits(gates + j, gh + j, size, hPrev + j, h + j, hn + j, kept, 4);
      if (rest > 0) forwardUnits(gates + whole, gh + whole, size, hPrev + whole, h + whole, hn + whole, kept, rest);
    } else {
      memory.fill(gates, 0, 3 * size);
      memory.fill(hn, 0, size);
      memory.copy(h, hPrev, size);
    }
    gates += 3 * size;
    gh += 3 * size;
    hPrev += size;
    h += size;
    hn += size;
  }
}

// @ts-ignore: decorator
@inline
function backwardUnits(gates: usize, size: usize, hn: usize, hPrev: usize, dh: usize, carry: usize, kept: v128, count: i32): void {
  const r = read(gates, count);
  const z = read(gates + size, count);
  const n = read(gates + 2 * size, count);
  const d = read(dh, count);
  const dz = f32x4.mul(f32x4.mul(d, updateSlope(n, read(hPrev, count), kept)), sigmoidSlope(z));
  const dn = f32x4.mul(f32x4.mul(d, share(z, v128.not(kept))), tanhSlope(n));
  write(gates, f32x4.mul(f32x4.mul(dn, read(hn, count)), sigmoidSlope(r)), count);
  write(gates + size, dz, count);
  write(gates + 2 * size, dn, count);
  write(hn, f32x4.mul(dn, r), count);
  write(carry, f32x4.mul(d, share(z, kept)), count);
}

/**
 * The gradient of `gruAfterForward`.
 *
 * @param gates [rows, 3H], r z n; overwritten with the gradients at their pre-activations, inactive rows with 0
 * @param hn [rows, H], gh_n; overwritten with the gradient there, inactive rows with 0
 * @param dh [rows, H], the whole gradient at h of this step
 * @param carry [rows, H], written: what reaches hPrev besides the product with the weights; inactive rows dh
 */
export function gruAfterBackward(gates: usize, hn: usize, hPrev: usize, dh: usize, carry: usize, keep: i32, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const whole = bytes(hidden & -4);
  const rest = hidden & 3;
  const kept = keepMask(keep);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j: usize = 0; j < whole; j += 16) backwardUnits(gates + j, size, hn + j, hPrev + j, dh + j, carry + j, kept, 4);
      if (rest > 0) backwardUnits(gates + whole, size, hn + whole, hPrev + whole, dh + whole, carry + whole, kept, rest);
    } else {
      memory.copy(carry, dh, size);
      memory.fill(gates, 0, 3 * size);
      memory.fill(hn, 0, size);
    }
    gates += 3 * size;
    hn += size;
    hPrev += size;
    dh += size;
    carry += size;
  }
}
