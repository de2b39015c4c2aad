/** Sums and extremes down the columns of a matrix. The order of every sum is fixed: blocks of rows, then the blocks. */
import { bytes, highDoubles, loadPart, lowDoubles, write } from './lanes';
import { Reduction } from './operations';

/** Rows added in float32 before the sum is added in float64. */
const ROW_BLOCK: i32 = 256;

/** out[j] = largest or smallest of x[i, j] over i, for x [rows, n]. */
export function columnExtremes(op: i32, x: usize, rows: i32, n: i32, out: usize): void {
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

/**
 * out[j] (+)= Σ over i of x[i, j], for x [rows, n]: a bias gradient.
 *
 * @param ldx floats from row to row of x, so that columns can be shared out among threads
 */
export function columnSums(x: usize, ldx: i32, rows: i32, n: i32, out: usize, accumulate: i32): void {
  let j = 0;
  for (; j + 32 <= n; j += 32) wideSums(x + bytes(j), rows, bytes(ldx), out + bytes(j), accumulate);
  for (; j < n; j += 4) fourSums(x + bytes(j), rows, bytes(ldx), out + bytes(j), n - j, accumulate);
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
    t0 = f64x2.add(t0, lowDoubles(s0));
    t1 = f64x2.add(t1, highDoubles(s0));
    t2 = f64x2.add(t2, lowDoubles(s1));
    t3 = f64x2.add(t3, highDoubles(s1));
    t4 = f64x2.add(t4, lowDoubles(s2));
    t5 = f64x2.add(t5, highDoubles(s2));
    t6 = f64x2.add(t6, lowDoubles(s3));
    t7 = f64x2.add(t7, highDoubles(s3));
    t8 = f64x2.add(t8, lowDoubles(s4));
    t9 = f64x2.add(t9, highDoubles(s4));
    t10 = f64x2.add(t10, lowDoubles(s5));
    t11 = f64x2.add(t11, highDoubles(s5));
    t12 = f64x2.add(t12, lowDoubles(s6));
    t13 = f64x2.add(t13, highDoubles(s6));
    t14 = f64x2.add(t14, lowDoubles(s7));
    t15 = f64x2.add(t15, highDoubles(s7));
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
    t0 = f64x2.add(t0, lowDoubles(s));
    t1 = f64x2.add(t1, highDoubles(s));
  }
  finish(out, t0, t1, min(columns, 4), accumulate);
}

function finish(out: usize, t0: v128, t1: v128, columns: i32, accumulate: i32): void {
  let v = v128.shuffle<i64>(f32x4.demote_f64x2_zero(t0), f32x4.demote_f64x2_zero(t1), 0, 2);
  if (accumulate) v = f32x4.add(loadPart(out, columns), v);
  write(out, v, columns);
}
