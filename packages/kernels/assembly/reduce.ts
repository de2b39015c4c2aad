/**
 * Sums and extremes along one axis. Every sum has one fixed order: blocks of 1,024 elements are added in float32 lanes,
 * the blocks in float64, so that the error of a long sum stays that of a short one.
 */
import { bytes, keepPart, loadPart, maxLanes, minLanes, sumLanes, write } from './lanes';
import { Reduction } from './operations';

const BLOCK: i32 = 1024;
/** Rows that `columnSums` adds in float32 before it goes to float64. */
const ROW_BLOCK: i32 = 256;

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
      columnSums(x, n, inner, out, 0);
    } else {
      columnExtremes(op, x, n, inner, out);
    }
    x += bytes(n * inner);
    out += bytes(inner);
  }
}

function columnExtremes(op: i32, x: usize, rows: i32, n: i32, out: usize): void {
  const start = f32x4.splat(op == Reduction.max ? f32.NEGATIVE_INFINITY : f32.POSITIVE_INFINITY);
  for (let j = 0; j < n; j += 4) {
    let m = start;
    let p = x + bytes(j);
    for (let i = 0; i < rows; i++, p += bytes(n)) {
      const v = loadPart(p, n - j);
      m = op == Reduction.max ? f32x4.max(m, v) : f32x4.min(m, v);
    }
    write(out + bytes(j), m, min(n - j, 4));
  }
}

/** out[j] (+)= Σ over i of x[i, j], for x [rows, n]: a bias gradient. */
export function columnSums(x: usize, rows: i32, n: i32, out: usize, accumulate: i32): void {
  let j = 0;
  for (; j + 32 <= n; j += 32) wideSums(x + bytes(j), rows, bytes(n), out + bytes(j), accumulate);
  for (; j < n; j += 4) fourSums(x + bytes(j), rows, bytes(n), out + bytes(j), n - j, accumulate);
}

/**
 * Thirty-two columns, two neighbouring cache lines, which is what x86 fetches together: nearly twice as fast as one. The
 * order of addition is that of `fourSums`.
 */
function wideSums(x: usize, rows: i32, stride: usize, out: usize, accumulate: i32): void {
  const zero = f32x4.splat(0);
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero, t4 = zero, t5 = zero, t6 = zero, t7 = zero;
  let t8 = zero, t9 = zero, t10 = zero, t11 = zero, t12 = zero, t13 = zero, t14 = zero, t15 = zero;
  for (let done = 0; done < rows; done += ROW_BLOCK) {
    let s0 = zero, s1 = zero, s2 = zero, s3 = zero, s4 = zero, s5 = zero, s6 = zero, s7 = zero;
    for (let i = min(rows - done, ROW_BLOCK); i > 0; i--, x += stride) {
      s0 = f32x4.add(s0, v128.load(x));
      s1 = f32x4.add(s1, v128.load(x, 16));
      s2 = f32x4.add(s2, v128.load(x, 32));
      s3 = f32x4.add(s3, v128.load(x, 48));
      s4 = f32x4.add(s4, v128.load(x, 64));
      s5 = f32x4.add(s5, v128.load(x, 80));
      s6 = f32x4.add(s6, v128.load(x, 96));
      s7 = f32x4.add(s7, v128.load(x, 112));
    }
    t0 = f64x2.add(t0, low(s0));
    t1 = f64x2.add(t1, high(s0));
    t2 = f64x2.add(t2, low(s1));
    t3 = f64x2.add(t3, high(s1));
    t4 = f64x2.add(t4, low(s2));
    t5 = f64x2.add(t5, high(s2));
    t6 = f64x2.add(t6, low(s3));
    t7 = f64x2.add(t7, high(s3));
    t8 = f64x2.add(t8, low(s4));
    t9 = f64x2.add(t9, high(s4));
    t10 = f64x2.add(t10, low(s5));
    t11 = f64x2.add(t11, high(s5));
    t12 = f64x2.add(t12, low(s6));
    t13 = f64x2.add(t13, high(s6));
    t14 = f64x2.add(t14, low(s7));
    t15 = f64x2.add(t15, high(s7));
  }
  finish(out, t0, t1, 4, accumulate);
  finish(out + 16, t2, t3, 4, accumulate);
  finish(out + 32, t4, t5, 4, accumulate);
  finish(out + 48, t6, t7, 4, accumulate);
  finish(out + 64, t8, t9, 4, accumulate);
  finish(out + 80, t10, t11, 4, accumulate);
  finish(out + 96, t12, t13, 4, accumulate);
  finish(out + 112, t14, t15, 4, accumulate);
}

function fourSums(x: usize, rows: i32, stride: usize, out: usize, columns: i32, accumulate: i32): void {
  let t0 = f64x2.splat(0), t1 = t0;
  for (let done = 0; done < rows; done += ROW_BLOCK) {
    let s = f32x4.splat(0);
    for (let i = min(rows - done, ROW_BLOCK); i > 0; i--, x += stride) s = f32x4.add(s, loadPart(x, columns));
    t0 = f64x2.add(t0, low(s));
    t1 = f64x2.add(t1, high(s));
  }
  finish(out, t0, t1, min(columns, 4), accumulate);
}

// @ts-ignore: decorator
@inline
function low(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

// @ts-ignore: decorator
@inline
function high(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
}

function finish(out: usize, t0: v128, t1: v128, columns: i32, accumulate: i32): void {
  let v = v128.shuffle<i64>(f32x4.demote_f64x2_zero(t0), f32x4.demote_f64x2_zero(t1), 0, 2);
  if (accumulate) v = f32x4.add(loadPart(out, columns), v);
  write(out, v, columns);
}

/** Σ x[i]², in float64: the square of a gradient's norm. */
export function sumOfSquares(x: usize, n: i32): f64 {
  let s0 = f64x2.splat(0), s1 = s0;
  for (; n > 0; n -= 4, x += 16) {
    const v = loadPart(x, n);
    const a = low(v);
    const b = high(v);
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
