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
  if (places) overWindows(Kind.place, x, y, places, 1, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
  else overWindows(Kind.max, x, y, 0, 1, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
}

/** The mean of each window: over what it sees, or over all of its taps where `countPadding`. As `maxPool`. */
export function averagePool(x: usize, y: usize, countPadding: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  overWindows(Kind.mean, x, y, 0, countPadding, H, W, C, OH, OW, kh, kw, sh, sw, dh, dw, top, left, from, to);
}

// @ts-ignore: decorator
@inline
function overWindows(kind: Kind, x: usize, y: usize, places: usize, countPadding: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  const tap = bytes(dw * C), row = bytes(dh * W * C);
  for (let r = from; r < to; r++) {
    const image = x + bytes((r / OH) * H) * <usize>(W * C);
    const y0 = (r % OH) * sh - top;
    const a0 = firstTap(y0, dh);
    const rows = tapsBefore(y0, dh, kh, H) - a0;
    let out = bytes(r * OW) * <usize>C;
    for (let column = 0; column < OW; column++, out += bytes(C)) {
      const x0 = column * sw - left;
      const c0 = firstTap(x0, dw);
      const columns = tapsBefore(x0, dw, kw, W) - c0;
      const start = (y0 + a0 * dh) * W + x0 + c0 * dw;
      const window = image + bytes(start) * <usize>C;
      const n = kind == Kind.mean ? divisor(r % OH, column, H, W, kh, kw, sh, sw, dh, dw, top, left, countPadding) : 1;
      let j = 0;
      for (; j + 4 <= C; j += 4) {
        ofWindow(kind, window + bytes(j), start, dh * W, row, rows, dw, tap, columns, n, 4, y + out + bytes(j), places + out + bytes(j));
      }
      if (j == C) continue;
      // Four channels that overlap those before them, if there are so many.
      const k = max(0, C - 4), at = out + bytes(k);
      if (C > 4) ofWindow(kind, window + bytes(k), start, dh * W, row, rows, dw, tap, columns, n, 4, y + at, places + at);
      else ofWindow(kind, window, start, dh * W, row, rows, dw, tap, columns, n, C, y + at, places + at);
    }
  }
}

/** What a window gives: its greatest value and the place of it, its greatest value only, or its mean. */
const enum Kind {
  place,
  max,
  mean,
}

/**
 * Four channels of a window of rows × columns taps, whose first, at place `start`, is `x`. The next one of a row is `tap` bytes
 * and `nextTap` places further, the next row `row` and `nextRow`.
 */
// @ts-ignore: decorator
@inline
function ofWindow(kind: Kind, x: usize, start: i32, nextRow: i32, row: usize, rows: i32, nextTap: i32, tap: usize, columns: i32, n: f32, count: i32, y: usize, places: usize): void {
  let result = f32x4.splat(kind == Kind.mean ? 0 : f32.NEGATIVE_INFINITY);
  let place = i32x4.splat(-1);
  let missing = i32x4.splat(0);
  for (; rows > 0; rows--, x += row, start += nextRow) {
    let p = x, at = start;
    for (let c = columns; c > 0; c--, p += tap, at += nextTap) {
      const v = read(p, count);
      if (kind == Kind.place) {
        // Greater, or the first NaN.
        const better = v128.andnot(f32x4.eq(result, result), f32x4.le(v, result));
        result = v128.bitselect(v, result, better);
        place = v128.bitselect(i32x4.splat(at), place, better);
      } else if (kind == Kind.max) {
        result = f32x4.pmax(result, v);
        missing = v128.or(missing, f32x4.ne(v, v));
      } else {
        result = f32x4.add(result, v);
      }
    }
  }
  // All bits set is a NaN.
  if (kind == Kind.max) result = v128.or(result, missing);
  if (kind == Kind.mean) result = f32x4.div(result, f32x4.splat(n));
  write(y, result, count);
  if (kind == Kind.place) write(places, place, count);
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
        let k = 0;
        for (; k + 4 <= C; k += 4) {
          const at = given + bytes(k);
          v128.store(target + bytes(k), v128.and(v128.load(dy + at), i32x4.eq(v128.load(places + at), place)));
        }
        if (k == C) continue;
        // As in `overWindows`.
        k = max(0, C - 4);
        const at = given + bytes(k);
        if (C > 4) v128.store(target + bytes(k), v128.and(v128.load(dy + at), i32x4.eq(v128.load(places + at), place)));
        else write(target, v128.and(loadPart(dy + at, C), i32x4.eq(loadPart(places + at, C), place)), C);
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
