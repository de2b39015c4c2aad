/**
 * Pointwise parts of the GRU whose reset gate acts before the product (Cho et al. 2014). Gate order r z n; `keep` as in
 * gru.ts. A step is gates → the caller adds (r·hPrev)·W to the n part → output, and backward in reverse.
 */
import { bytes, madd, read, write } from './lanes';
import { sigmoid4, tanh4 } from './math';
import { keepMask, mixState, share, updateSlope } from './gru';
import { active, sigmoidSlope, tanhSlope } from './step';

/**
 * r, z = σ(…) and rh = r·hPrev. Inactive rows: r, z and rh 0.
 *
 * @param gates [rows, 3H], pre-activations in order r z n; the first 2H columns are overwritten with r and z
 * @param rh [rows, H], written
 * @param lengths i32[rows] or 0; see step.ts
 */
export function gruBeforeGates(gates: usize, hPrev: usize, rh: usize, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j = 0; j < hidden; j += 4) {
        const count = min(hidden - j, 4);
        const at = bytes(j);
        const r = sigmoid4(read(gates + at, count));
        const z = sigmoid4(read(gates + size + at, count));
        write(gates + at, r, count);
        write(gates + size + at, z, count);
        write(rh + at, f32x4.mul(r, read(hPrev + at, count)), count);
      }
    } else {
      memory.fill(gates, 0, 2 * size);
      memory.fill(rh, 0, size);
    }
    gates += 3 * size;
    hPrev += size;
    rh += size;
  }
}

/**
 * n = tanh(…) and h by `keep`. Inactive rows: h = hPrev, n 0.
 *
 * @param gates [rows, 3H], r, z and the whole pre-activation of n, which is overwritten with n
 * @param hPrev [rows, H]; h may be the same
 */
export function gruBeforeOutput(gates: usize, hPrev: usize, h: usize, keep: i32, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const kept = keepMask(keep);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j = 0; j < hidden; j += 4) {
        const count = min(hidden - j, 4);
        const at = bytes(j);
        const n = tanh4(read(gates + 2 * size + at, count));
        write(gates + 2 * size + at, n, count);
        write(h + at, mixState(read(gates + size + at, count), n, read(hPrev + at, count), kept), count);
      }
    } else {
      memory.fill(gates + 2 * size, 0, size);
      memory.copy(h, hPrev, size);
    }
    gates += 3 * size;
    hPrev += size;
    h += size;
  }
}

/**
 * The gradient of `gruBeforeOutput`. Next the caller computes drh = dn·Wᵀ for `gruBeforeGatesBackward`.
 *
 * @param gates [rows, 3H], r z n; z and n are overwritten with the gradients at their pre-activations (inactive rows 0),
 *   r stays
 * @param dh [rows, H], the whole gradient at h of this step
 * @param carry [rows, H], written: what reaches hPrev directly; inactive rows dh
 */
export function gruBeforeOutputBackward(gates: usize, hPrev: usize, dh: usize, carry: usize, keep: i32, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  const kept = keepMask(keep);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j = 0; j < hidden; j += 4) {
        const count = min(hidden - j, 4);
        const at = bytes(j);
        const z = read(gates + size + at, count);
        const n = read(gates + 2 * size + at, count);
        const d = read(dh + at, count);
        const slope = updateSlope(n, read(hPrev + at, count), kept);
        write(gates + size + at, f32x4.mul(f32x4.mul(d, slope), sigmoidSlope(z)), count);
        write(gates + 2 * size + at, f32x4.mul(f32x4.mul(d, share(z, v128.not(kept))), tanhSlope(n)), count);
        write(carry + at, f32x4.mul(d, share(z, kept)), count);
      }
    } else {
      memory.copy(carry, dh, size);
      memory.fill(gates, 0, 3 * size);
    }
    gates += 3 * size;
    hPrev += size;
    dh += size;
    carry += size;
  }
}

/**
 * The gradient of `gruBeforeGates` for r: its pre-activation's gradient is drh·hPrev·r(1 − r), and carry += drh·r.
 * Inactive rows: r 0, carry unchanged.
 *
 * @param gates [rows, 3H]; r is overwritten
 * @param drh [rows, H], the gradient at r·hPrev
 */
export function gruBeforeGatesBackward(gates: usize, hPrev: usize, drh: usize, carry: usize, rows: i32, hidden: i32, lengths: usize, t: i32): void {
  const size = bytes(hidden);
  for (let row = 0; row < rows; row++) {
    if (active(lengths, row, t)) {
      for (let j = 0; j < hidden; j += 4) {
        const count = min(hidden - j, 4);
        const at = bytes(j);
        const r = read(gates + at, count);
        const d = read(drh + at, count);
        write(gates + at, f32x4.mul(f32x4.mul(d, read(hPrev + at, count)), sigmoidSlope(r)), count);
        write(carry + at, madd(d, r, read(carry + at, count)), count);
      }
    } else {
      memory.fill(gates, 0, size);
    }
    gates += 3 * size;
    hPrev += size;
    drh += size;
    carry += size;
  }
}
