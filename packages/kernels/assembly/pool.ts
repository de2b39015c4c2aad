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
      const window = image + bytes(y0 * W + x0) * <usize>C;
      for (let j = 0; j < C; j += 4) {
        const at = out + bytes(j), first = window + bytes(j);
        const count = min(C - j, 4);
        if (count == 4) greatest(first, y0 * W + x0, W, C, a0, a1, c0, c1, dh, dw, 4, y + at, places ? places + at : 0);
        else greatest(first, y0 * W + x0, W, C, a0, a1, c0, c1, dh, dw, count, y + at, places ? places + at : 0);
      }
    }
  }
}

/** The greatest of four channels of a window whose first tap, inside the image or not, is `x`, at place `start`. */
// @ts-ignore: decorator
@inline
function greatest(x: usize, start: i32, W: i32, C: i32, a0: i32, a1: i32, c0: i32, c1: i32, dh: i32, dw: i32, count: i32, y: usize, places: usize): void {
  let best = f32x4.splat(f32.NEGATIVE_INFINITY);
  let place = i32x4.splat(-1);
  for (let a = a0; a < a1; a++) {
    for (let c = c0; c < c1; c++) {
      const at = a * dh * W + c * dw;
      const v = read(x + bytes(at * C), count);
      // Greater, or the first NaN.
      const better = v128.and(f32x4.eq(best, best), v128.or(f32x4.gt(v, best), f32x4.ne(v, v)));
      best = v128.bitselect(v, best, better);
      place = v128.bitselect(i32x4.splat(start + at), place, better);
    }
  }
  write(y, best, count);
  if (places) write(places, place, count);
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
        if (k < C) {
          const at = given + bytes(k);
          write(target + bytes(k), v128.and(loadPart(dy + at, C - k), i32x4.eq(loadPart(places + at, C - k), place)), C - k);
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

/** The mean of each window: over what it sees, or over all of its taps where `countPadding`. As `maxPool`. */
export function averagePool(x: usize, y: usize, countPadding: i32, H: i32, W: i32, C: i32, OH: i32, OW: i32, kh: i32, kw: i32, sh: i32, sw: i32, dh: i32, dw: i32, top: i32, left: i32, from: i32, to: i32): void {
  for (let row = from; row < to; row++) {
    const image = x + bytes((row / OH) * H) * <usize>(W * C);
    const y0 = (row % OH) * sh - top;
    const a0 = firstTap(y0, dh);
    const a1 = tapsBefore(y0, dh, kh, H);
    for (let column = 0; column < OW; column++) {
      const x0 = column * sw - left;
      const c0 = firstTap(x0, dw);
      const c1 = tapsBefore(x0, dw, kw, W);
      const n = f32x4.splat(divisor(row % OH, column, H, W, kh, kw, sh, sw, dh, dw, top, left, countPadding));
      const out = y + bytes(row * OW + column) * <usize>C;
      for (let j = 0; j < C; j += 4) {
        const count = min(C - j, 4);
        let sum = f32x4.splat(0);
        for (let a = a0; a < a1; a++) {
          for (let c = c0; c < c1; c++) {
            const at = (y0 + a * dh) * W + x0 + c * dw;
            sum = f32x4.add(sum, loadPart(image + bytes(at * C + j), count));
          }
        }
        write(out + bytes(j), f32x4.div(sum, n), count);
      }
    }
  }
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
