/**
 * Sums and extremes along one axis. Every sum has one fixed order: blocks of 1,024 elements are added in float32 lanes,
 * the blocks in float64, so that the error of a long sum stays that of a short one.
 */
import { columnExtremes, columnSums } from './columns';
import { bytes, highDoubles, keepPart, loadPart, lowDoubles, maxLanes, minLanes, sumLanes } from './lanes';
import { Reduction } from './operations';

const BLOCK: i32 = 1024;

/** Σ x[i] of at most BLOCK elements, in four chains of four lanes. */
function blockSum(x: usize, n: i32): f32 {
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  for (; n >= 16; n -= 16, x += 64) {
    s0 = f32x4.add(s0, v128.load(x));
    s1 = f32x4.add(s1, v128.load(x, 16));
    s2 = f32x4.add(s2, v128.load(x, 32));
    s3 = f32x4.add(s3, v128.load(x, 48));
  }
  for (; n > 0; n -= 4, x += 16) s0 = f32x4.add(s0, loadPart(x, n));
  return sumLanes(f32x4.add(f32x4.add(s0, s2), f32x4.add(s1, s3)));
}

/** Σ x[i] */
export function rowSum(x: usize, n: i32): f64 {
  let total: f64 = 0;
  for (; n > 0; n -= BLOCK, x += BLOCK * 4) total += <f64>blockSum(x, min(n, BLOCK));
  return total;
}

/** Σ x[i]·y[i] */
export function rowDot(x: usize, y: usize, n: i32): f64 {
  let total: f64 = 0;
  for (; n > 0; n -= BLOCK) {
    let sum = f32x4.splat(0);
    for (let rest = min(n, BLOCK); rest > 0; rest -= 4, x += 16, y += 16) {
      sum = f32x4.add(sum, f32x4.mul(loadPart(x, rest), loadPart(y, rest)));
    }
    total += <f64>sumLanes(sum);
  }
  return total;
}

/**
 * The largest element, −∞ of none, NaN if any is. `f32x4.max` is several instructions on x86, for its NaN and its two
 * zeros; `pmax` is one, keeps what it has when it meets a NaN, and the NaNs are collected beside it.
 */
export function rowMax(x: usize, n: i32): f32 {
  const lowest = f32x4.splat(f32.NEGATIVE_INFINITY);
  let m = lowest;
  let nan = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) {
    const v = v128.load(x);
    m = f32x4.pmax(m, v);
    nan = v128.or(nan, f32x4.ne(v, v));
  }
  if (n > 0) m = f32x4.max(m, keepPart(loadPart(x, n), lowest, n));
  return maxLanes(v128.or(m, nan));
}

/** The smallest element, ∞ of none, NaN if any is. */
function rowMin(x: usize, n: i32): f32 {
  const highest = f32x4.splat(f32.POSITIVE_INFINITY);
  let m = highest;
  let nan = f32x4.splat(0);
  for (; n >= 4; n -= 4, x += 16) {
    const v = v128.load(x);
    m = f32x4.pmin(m, v);
    nan = v128.or(nan, f32x4.ne(v, v));
  }
  if (n > 0) m = f32x4.min(m, keepPart(loadPart(x, n), highest, n));
  return minLanes(v128.or(m, nan));
}

/**
 * out[o, i] = reduction over j of x[o, j, i], for x [outer, n, inner]; `op` is one of `Reduction`. Of no elements the
 * sum is 0, the maximum −∞, the minimum ∞; max and min give NaN where there is one.
 */
export function reduce(op: i32, x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  for (let o = 0; o < outer; o++) {
    if (inner == 1) {
      let value: f32;
      if (op == Reduction.sum) value = <f32>rowSum(x, n);
      else if (op == Reduction.max) value = rowMax(x, n);
      else value = rowMin(x, n);
      store<f32>(out, value);
    } else if (op == Reduction.sum) {
      columnSums(x, inner, n, inner, out, 0);
    } else {
      columnExtremes(op, x, n, inner, out);
    }
    x += bytes(n * inner);
    out += bytes(inner);
  }
}

/** Σ x[i]², in float64: the square of a gradient's norm. */
export function sumOfSquares(x: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0;
  for (; n > 0; n -= 4, x += 16) {
    const v = loadPart(x, n);
    const a = lowDoubles(v);
    const b = highDoubles(v);
    s0 = f64x2.add(s0, f64x2.mul(a, a));
    s1 = f64x2.add(s1, f64x2.mul(b, b));
  }
  const s = f64x2.add(s0, s1);
  return f64x2.extract_lane(s, 0) + f64x2.extract_lane(s, 1);
}

/** out[o, i] (int32) = the first j for which x[o, j, i] is largest, for x [outer, n, inner]; NaN counts as largest. */
export function argmax(x: usize, out: usize, outer: i32, n: i32, inner: i32): void {
  for (let o = 0; o < outer; o++, x += bytes(n * inner)) {
    for (let i = 0; i < inner; i++, out += 4) {
      let p = x + bytes(i);
      let best = load<f32>(p);
      let at = 0;
      for (let j = 1; j < n && best == best; j++) {
        p += bytes(inner);
        const v = load<f32>(p);
        // Not `v > best`: NaN must win too.
        if (!(v <= best)) {
          best = v;
          at = j;
        }
      }
      store<i32>(out, at);
    }
  }
}
