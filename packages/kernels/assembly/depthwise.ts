/**
 * Depthwise convolutions: each channel by itself, so lanes are channels. Taps are int32 pairs (row, column): the input that a
 * tap reads, relative to the pixel that its output starts from; those outside the image are left out. An element is one sum
 * over its taps, in order.
 */
import { clamp, leastOf, mostOf } from './activate';
import { bytes, madd, read, write } from './lanes';

/**
 * y[r, c, :] = activation(scale ⊙ Σ over taps of W[tap] ⊙ x[r · rowStride + tap's row, c · columnStride + tap's column] + bias)
 * for the rows `from` … `to` − 1 and `columns` columns of one image.
 *
 * @param x [height, width, n]
 * @param y the first of the rows; yRow floats from row to row, yColumn from pixel to pixel
 * @param taps int32 [tapCount, 2]
 * @param weights [tapCount, n]
 * @param scale [n], or 0 for 1; likewise bias for 0
 * @param activation one of `FusedActivation`
 * @param scratch 2 · tapCount int32
 */
export function depthwise(
  x: usize, height: i32, width: i32, n: i32, rowStride: i32, columnStride: i32,
  y: usize, yRow: i32, yColumn: i32, from: i32, to: i32, columns: i32,
  taps: usize, tapCount: i32, weights: usize, scale: usize, bias: usize, activation: i32, scratch: usize,
): void {
  const first = firstInside(taps, tapCount, columnStride, columns);
  const last = lastInside(taps, tapCount, columnStride, columns, width, first);
  for (let r = from; r < to; r++, y += bytes(yRow)) {
    for (let c = 0; c < columns; ) {
      const count = c == first ? max(1, last - first) : 1;
      const found = inside(taps, tapCount, r * rowStride, c * columnStride, height, width, n, scratch);
      run(x, bytes(columnStride * n), y + bytes(c * yColumn), bytes(yColumn), count, n, scratch, found, weights, scale, bias, activation);
      c += count;
    }
  }
}

/** The first column for which no tap lies left of the image. */
function firstInside(taps: usize, tapCount: i32, stride: i32, columns: i32): i32 {
  let first = 0;
  for (let t = 0; t < tapCount; t++) first = max(first, (stride - 1 - load<i32>(taps + bytes(2 * t), 4)) / stride);
  return min(first, columns);
}

/** One past the last column, from `first` on, for which no tap lies right of the image. */
function lastInside(taps: usize, tapCount: i32, stride: i32, columns: i32, width: i32, first: i32): i32 {
  let last = columns;
  for (let t = 0; t < tapCount; t++) {
    const room = width - 1 - load<i32>(taps + bytes(2 * t), 4);
    last = min(last, room < 0 ? 0 : room / stride + 1);
  }
  return max(first, last);
}

/** Writes the taps inside the image, as bytes from x and bytes from the weights, and returns how many they are. */
function inside(taps: usize, tapCount: i32, row: i32, column: i32, height: i32, width: i32, n: i32, list: usize): i32 {
  let found = 0;
  for (let t = 0; t < tapCount; t++, taps += 8) {
    const r = row + load<i32>(taps), c = column + load<i32>(taps, 4);
    if (r < 0 || r >= height || c < 0 || c >= width) continue;
    store<i32>(list + bytes(2 * found), <i32>bytes((r * width + c) * n));
    store<i32>(list + bytes(2 * found), <i32>bytes(t * n), 4);
    found++;
  }
  return found;
}

/** `count` pixels that have the same taps. */
function run(
  x: usize, xStep: usize, y: usize, yStep: usize, count: i32, n: i32,
  list: usize, taps: i32, weights: usize, scale: usize, bias: usize, activation: i32,
): void {
  const end = list + bytes(2 * taps);
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  const least = leastOf(activation), most = mostOf(activation);
  let j = 0;
  for (; j + 8 <= n; j += 8) {
    const at = bytes(j);
    const s0 = scale ? v128.load(scale + at) : one, s1 = scale ? v128.load(scale + at, 16) : one;
    const b0 = bias ? v128.load(bias + at) : zero, b1 = bias ? v128.load(bias + at, 16) : zero;
    const w = weights + at;
    let p = x + at, out = y + at;
    let left = count;
    for (; left >= 4; left -= 4) {
      const p1 = p + xStep, p2 = p1 + xStep, p3 = p2 + xStep;
      let a0 = zero, a1 = zero, b2 = zero, b3 = zero, c0 = zero, c1 = zero, d0 = zero, d1 = zero;
      for (let tap = list; tap < end; tap += 8) {
        const offset = <usize>load<i32>(tap), wt = w + <usize>load<i32>(tap, 4);
        const w0 = v128.load(wt), w1 = v128.load(wt, 16);
        a0 = madd(v128.load(p + offset), w0, a0);
        a1 = madd(v128.load(p + offset, 16), w1, a1);
        b2 = madd(v128.load(p1 + offset), w0, b2);
        b3 = madd(v128.load(p1 + offset, 16), w1, b3);
        c0 = madd(v128.load(p2 + offset), w0, c0);
        c1 = madd(v128.load(p2 + offset, 16), w1, c1);
        d0 = madd(v128.load(p3 + offset), w0, d0);
        d1 = madd(v128.load(p3 + offset, 16), w1, d1);
      }
      out = put(out, yStep, a0, a1, s0, s1, b0, b1, least, most);
      out = put(out, yStep, b2, b3, s0, s1, b0, b1, least, most);
      out = put(out, yStep, c0, c1, s0, s1, b0, b1, least, most);
      out = put(out, yStep, d0, d1, s0, s1, b0, b1, least, most);
      p = p3 + xStep;
    }
    for (; left > 0; left--, p += xStep) {
      let a0 = zero, a1 = zero;
      for (let tap = list; tap < end; tap += 8) {
        const px = p + <usize>load<i32>(tap), wt = w + <usize>load<i32>(tap, 4);
        a0 = madd(v128.load(px), v128.load(wt), a0);
        a1 = madd(v128.load(px, 16), v128.load(wt, 16), a1);
      }
      out = put(out, yStep, a0, a1, s0, s1, b0, b1, least, most);
    }
  }
  for (; j < n; j += 4) {
    const at = bytes(j), lanes = min(n - j, 4);
    const s = scale ? read(scale + at, lanes) : one, b = bias ? read(bias + at, lanes) : zero;
    let p = x + at, out = y + at;
    for (let left = count; left > 0; left--, p += xStep, out += yStep) {
      let a = zero;
      for (let tap = list; tap < end; tap += 8) {
        a = madd(read(p + <usize>load<i32>(tap), lanes), read(weights + at + <usize>load<i32>(tap, 4), lanes), a);
      }
      write(out, clamp(madd(a, s, b), least, most), lanes);
    }
  }
}

// @ts-ignore: decorator
@inline
function put(y: usize, step: usize, v0: v128, v1: v128, s0: v128, s1: v128, b0: v128, b1: v128, least: v128, most: v128): usize {
  v128.store(y, clamp(madd(v0, s0, b0), least, most));
  v128.store(y, clamp(madd(v1, s1, b1), least, most), 16);
  return y + step;
}

/**
 * sums[tap, :] (+)= Σ over the rows `from` … `to` − 1 and all columns of x ⊙ dy, with x as the tap of `depthwise` reads it; the
 * pixels of a row are summed first.
 *
 * @param dy the first of the rows, `dyRow` floats from row to row
 * @param channels of this call, of n; `sumsRow` floats from tap to tap of the sums
 * @param accumulate 1 adds to the sums, 0 overwrites them
 */
export function depthwiseGrad(
  x: usize, height: i32, width: i32, n: i32, rowStride: i32, columnStride: i32,
  dy: usize, dyRow: i32, from: i32, to: i32, columns: i32,
  taps: usize, tapCount: i32, channels: i32, sums: usize, sumsRow: i32, accumulate: i32,
): void {
  if (!accumulate) for (let t = 0; t < tapCount; t++) memory.fill(sums + bytes(t * sumsRow), 0, bytes(channels));
  const step = bytes(columnStride * n);
  for (let r = from; r < to; r++, dy += bytes(dyRow)) {
    for (let t = 0; t < tapCount; t++) {
      const row = r * rowStride + load<i32>(taps + bytes(2 * t));
      if (row < 0 || row >= height) continue;
      const shift = load<i32>(taps + bytes(2 * t), 4);
      const first = min(columns, max(0, (columnStride - 1 - shift) / columnStride));
      const room = width - 1 - shift;
      const last = min(columns, room < 0 ? 0 : room / columnStride + 1);
      if (last <= first) continue;
      const px = x + bytes((row * width + first * columnStride + shift) * n);
      addRow(px, step, dy + bytes(first * n), bytes(n), last - first, channels, sums + bytes(t * sumsRow));
    }
  }
}

function addRow(x: usize, xStep: usize, dy: usize, dyStep: usize, count: i32, channels: i32, sums: usize): void {
  let j = 0;
  for (; j + 16 <= channels; j += 16) {
    let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
    let p = x + bytes(j), d = dy + bytes(j);
    for (let left = count; left > 0; left--, p += xStep, d += dyStep) {
      s0 = madd(v128.load(p), v128.load(d), s0);
      s1 = madd(v128.load(p, 16), v128.load(d, 16), s1);
      s2 = madd(v128.load(p, 32), v128.load(d, 32), s2);
      s3 = madd(v128.load(p, 48), v128.load(d, 48), s3);
    }
    const out = sums + bytes(j);
    v128.store(out, f32x4.add(v128.load(out), s0));
    v128.store(out, f32x4.add(v128.load(out, 16), s1), 16);
    v128.store(out, f32x4.add(v128.load(out, 32), s2), 32);
    v128.store(out, f32x4.add(v128.load(out, 48), s3), 48);
  }
  for (; j < channels; j += 4) {
    const lanes = min(channels - j, 4);
    let s = f32x4.splat(0);
    let p = x + bytes(j), d = dy + bytes(j);
    for (let left = count; left > 0; left--, p += xStep, d += dyStep) s = madd(read(p, lanes), read(d, lanes), s);
    write(sums + bytes(j), f32x4.add(read(sums + bytes(j), lanes), s), lanes);
  }
}
