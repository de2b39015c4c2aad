/**
 * Pooling of images [B, H, W, C], channels last, to [B, OH, OW, C]. An output's window covers the inputs
 * (i·stride − padding + a·dilation, …); those outside the image are left out. The gradient of an input is the sum over the
 * outputs that see it, so that threads can share out inputs.
 */
import { bytes, loadPart, read, write } from './lanes';

/** The first tap at or after 0 of an axis, for a window that begins at `start`. */
// @ts-ignore: decorator
@inline
function firstTap(start: i32, dilation: i32): i32 {
  return start >= 0 ? 0 : (dilation - 1 - start) / dilation;
}

/** The number of taps that begin before the end of an axis. */
// @ts-ignore: decorator
@inline
function tapsBefore(start: i32, dilation: i32, kernel: i32, extent: i32): i32 {
  return start >= extent ? 0 : min(kernel, (extent - 1 - start) / dilation + 1);
}

/**
 * The greatest value of each window and its place row·W + column: the first of equal ones, the first NaN if there is one, and
 * −∞ and −1 where the window sees nothing. Outputs rows `from` to below `to`, counted over all images.
 *
 * @param places int32 [B, OH, OW, C], or 0
 */
export function maxPool(x: usize, y: usize, places: usize, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  overWindows(true, x, y, places, 1, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
}

/** The mean of each window: over what it sees, or over all of its taps where `countPadding`. As `maxPool`. */
export function averagePool(x: usize, y: usize, countPadding: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  overWindows(false, x, y, 0, countPadding, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
}

// @ts-ignore: decorator
@inline
function overWindows(isMax: bool, x: usize, y: usize, places: usize, countPadding: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  for (let row = from; row < to; row++) {
    const image = x + bytes((row / OH) * H) * <usize>(W * C);
    const y0 = (row % OH) * sh - top;
    const a0 = firstTap(y0, dh);
    const a1 = tapsBefore(y0, dh, kh, H);
    for (let column = 0; column < OW; column++) {
      const x0 = column * sw - left;
      const c0 = firstTap(x0, dw);
      const c1 = tapsBefore(x0, dw, kw, W);
      const out = bytes(row * OW + column) * <usize>C;
      const start = y0 * W + x0;
      const window = image + bytes(start) * <usize>C;
      const n = f32x4.splat(isMax ? 1 : divisor(row % OH, column, H, W, kh, kw, sh, sw, dh, dw, top, left, countPadding));
      // The last four channels overlap those before them where they are not a multiple of four.
      for (let j = 0; j < C; j += 4) {
        const k = C >= 4 ? min(j, C - 4) : 0;
        const at = out + bytes(k), first = window + bytes(k);
        const place = places ? places + at : 0;
        if (C >= 4) ofWindow(isMax, first, start, W, C, a0, a1, c0, c1, dh, dw, n, 4, y + at, place);
        else ofWindow(isMax, first, start, W, C, a0, a1, c0, c1, dh, dw, n, C, y + at, place);
      }
    }
  }
}

/** Four channels of a window whose first tap, inside the image or not, is `x`, at place `start`. */
// @ts-ignore: decorator
@inline
function ofWindow(isMax: bool, x: usize, start: i32, W: i32, C: i32, a0: i32, a1: i32, c0: i32, c1: i32, dh: i32, dw: i32, n: v128, count: i32, y: usize, places: usize): void {
  let result = f32x4.splat(isMax ? f32.NEGATIVE_INFINITY : 0);
  let place = i32x4.splat(-1);
  const step = bytes(dw * C);
  for (let a = a0; a < a1; a++) {
    const first = a * dh * W + c0 * dw;
    let p = x + bytes(first * C);
    for (let at = start + first, c = c0; c < c1; c++, p += step, at += dw) {
      const v = read(p, count);
      if (isMax) {
        // Greater, or the first NaN.
        const better = v128.and(f32x4.eq(result, result), v128.or(f32x4.gt(v, result), f32x4.ne(v, v)));
        result = v128.bitselect(v, result, better);
        place = v128.bitselect(i32x4.splat(at), place, better);
      } else {
        result = f32x4.add(result, v);
      }
    }
  }
  write(y, isMax ? result : f32x4.div(result, n), count);
  if (isMax && places) write(places, place, count);
}

/** dx of `maxPool`: for each input the sum of dy over the outputs that chose it. Input rows `from` to below `to`. */
export function maxPoolGrad(dy: usize, places: usize, dx: usize, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  if (kh <= sh && kw <= sw && dh == 1 && dw == 1 && top == 0 && left == 0) {
    apartPoolGrad(dy, places, dx, H, W, C, OH, OW, kh, kw, sh, sw, from, to);
    return;
  }
  for (let row = from; row < to; row++) {
    const first = (row / H) * OH;
    const h = (row % H) + top;
    const i0 = firstOutput(h, sh, (kh - 1) * dh);
    const i1 = min(OH, h / sh + 1);
    for (let column = 0; column < W; column++) {
      const w = column + left;
      const j0 = firstOutput(w, sw, (kw - 1) * dw);
      const j1 = min(OW, w / sw + 1);
      const place = i32x4.splat((row % H) * W + column);
      const target = dx + bytes(row * W + column) * <usize>C;
      for (let k = 0; k < C; k += 4) {
        const count = min(C - k, 4);
        let sum = f32x4.splat(0);
        for (let i = i0; i < i1; i++) {
          for (let j = j0; j < j1; j++) {
            const at = bytes(((first + i) * OW + j) * C + k);
            const chosen = i32x4.eq(loadPart(places + at, count), place);
            sum = f32x4.add(sum, v128.and(loadPart(dy + at, count), chosen));
          }
        }
        write(target + bytes(k), sum, count);
      }
    }
  }
}

/** The same for windows that do not overlap: an input is seen by one output at most. */
function apartPoolGrad(dy: usize, places: usize, dx: usize, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, from: i32, to: i32): void {
  const pixel = bytes(C);
  for (let row = from; row < to; row++) {
    const h = row % H;
    const i = h / sh;
    const out = dx + bytes(row * W) * <usize>C;
    if (i >= OH || h - i * sh >= kh) {
      memory.fill(out, 0, <usize>W * pixel);
      continue;
    }
    let given = <usize>((row / H) * OH + i) * <usize>OW * pixel;
    for (let j = 0; j < OW; j++, given += pixel) {
      const first = j * sw;
      for (let c = 0; c < kw; c++) {
        const target = out + <usize>(first + c) * pixel;
        const place = i32x4.splat(h * W + first + c);
        // As in `overWindows`, the last four channels may overlap those before them.
        for (let j = 0; j < C; j += 4) {
          const k = C >= 4 ? min(j, C - 4) : 0;
          const at = given + bytes(k);
          if (C >= 4) write(target + bytes(k), v128.and(read(dy + at, 4), i32x4.eq(read(places + at, 4), place)), 4);
          else write(target, v128.and(read(dy + at, C), i32x4.eq(read(places + at, C), place)), C);
        }
      }
      // What lies between two windows.
      const next = j + 1 < OW ? first + sw : W;
      if (next > first + kw) memory.fill(out + <usize>(first + kw) * pixel, 0, <usize>(next - first - kw) * pixel);
    }
  }
}

/** The first output whose window may reach position `at` of the padded axis. */
// @ts-ignore: decorator
@inline
function firstOutput(at: i32, stride: i32, reach: i32): i32 {
  return at <= reach ? 0 : (at - reach + stride - 1) / stride;
}

/** The number of inputs that the mean of an output divides by. */
// @ts-ignore: decorator
@inline
function divisor(i: i32, j: i32, H: i32, W: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, countPadding: i32): f32 {
  if (countPadding) return <f32>(kh * kw);
  const y0 = i * sh - top;
  const x0 = j * sw - left;
  const rows = tapsBefore(y0, dh, kh, H) - firstTap(y0, dh);
  const columns = tapsBefore(x0, dw, kw, W) - firstTap(x0, dw);
  return <f32>max(1, max(0, rows) * max(0, columns));
}

/** dx of `averagePool`: for each input the sum of dy over the outputs that see it, each by its divisor. */
export function averagePoolGrad(dy: usize, dx: usize, countPadding: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  for (let row = from; row < to; row++) {
    const first = (row / H) * OH;
    const h = (row % H) + top;
    const i0 = firstOutput(h, sh, (kh - 1) * dh);
    const i1 = min(OH, h / sh + 1);
    for (let column = 0; column < W; column++) {
      const w = column + left;
      const j0 = firstOutput(w, sw, (kw - 1) * dw);
      const j1 = min(OW, w / sw + 1);
      const target = dx + bytes(row * W + column) * <usize>C;
      for (let k = 0; k < C; k += 4) {
        const count = min(C - k, 4);
        let sum = f32x4.splat(0);
        for (let i = i0; i < i1; i++) {
          if ((h - i * sh) % dh != 0) continue;
          for (let j = j0; j < j1; j++) {
            if ((w - j * sw) % dw != 0) continue;
            const n = f32x4.splat(divisor(i, j, H, W, kh, kw, sh, sw, dh, dw, top, left, countPadding));
            const at = bytes(((first + i) * OW + j) * C + k);
            sum = f32x4.add(sum, f32x4.div(loadPart(dy + at, count), n));
          }
        }
        write(target + bytes(k), sum, count);
      }
    }
  }
}
