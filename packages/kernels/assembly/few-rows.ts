/**
 * A product for very few rows that reads the right side unpacked: packing would cost more than the product, and a network
 * that generates one character at a time reads each weight once per step, from main memory.
 */
import { BLOCK, clear } from './gemm';
import { loadPart, madd, storePart } from './lanes';

/** Four steps of k for four rows of W (their transposes meet x one step at a time); lane r sums row r. */
// @ts-ignore: decorator
@inline
function four(w: usize, stride: usize, x0: v128, x1: v128, x2: v128, x3: v128, sum: v128): v128 {
  const r0 = v128.load(w);
  const r1 = v128.load(w + stride);
  const r2 = v128.load(w + 2 * stride);
  const r3 = v128.load(w + 3 * stride);
  const a0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const a1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const a2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const a3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  sum = madd(x0, v128.shuffle<i64>(a0, a2, 0, 2), sum);
  sum = madd(x1, v128.shuffle<i64>(a0, a2, 1, 3), sum);
  sum = madd(x2, v128.shuffle<i64>(a1, a3, 0, 2), sum);
  return madd(x3, v128.shuffle<i64>(a1, a3, 1, 3), sum);
}

/** One step of k for four rows. */
// @ts-ignore: decorator
@inline
function one(w: usize, stride: usize, x: v128, sum: v128): v128 {
  let column = v128.load32_zero(w);
  column = v128.load32_lane(w + stride, column, 1);
  column = v128.load32_lane(w + 2 * stride, column, 2);
  column = v128.load32_lane(w + 3 * stride, column, 3);
  return madd(x, column, sum);
}

// @ts-ignore: decorator
@inline
function put(c: usize, sum: v128, columns: i32, add: i32): void {
  storePart(c, add ? f32x4.add(loadPart(c, columns), sum) : sum, columns);
}

/**
 * C[m, n] (+)= A[m, k] · Wᵀ for W stored [n, k]: the same bits as `gemm` gives with W packed.
 *
 * @param lda floats from row to row of A; `ldw` of W; `ldc` of C
 * @param accumulate 1 adds to C, 0 overwrites it
 */
export function gemmFewRows(a: usize, lda: i32, w: usize, ldw: i32, c: usize, ldc: i32, m: i32, n: i32, k: i32, accumulate: i32): void {
  if (k == 0 && !accumulate) {
    clear(c, <usize>ldc << 2, m, n);
    return;
  }
  for (let i = 0; i < m; i++) row(a + (<usize>i * lda << 2), w, <usize>ldw << 2, c + (<usize>i * ldc << 2), n, k, accumulate);
}

/** Blocks of k are the inner loop, so that each row of W is read in one go. */
function row(x: usize, w: usize, stride: usize, c: usize, n: i32, k: i32, add: i32): void {
  for (; n >= 16; n -= 16, w += 16 * stride, c += 64) {
    for (let start = 0; start < k; start += BLOCK) {
      const at = <usize>start << 2;
      sixteen(x + at, w + at, stride, c, min(k - start, BLOCK), add | i32(start > 0));
    }
  }
  for (; n > 0; n -= 4, w += 4 * stride, c += 16) {
    for (let start = 0; start < k; start += BLOCK) {
      const at = <usize>start << 2;
      lastRows(x + at, min(k - start, BLOCK), w + at, stride, c, min(n, 4), add | i32(start > 0));
    }
  }
}

/** Sixteen outputs: four independent sums hide the latency of a multiply-add. */
function sixteen(x: usize, w: usize, stride: usize, c: usize, k: i32, add: i32): void {
  const fours = x + (<usize>(k & -4) << 2);
  const end = x + (<usize>k << 2);
  let s0 = f32x4.splat(0), s1 = s0, s2 = s0, s3 = s0;
  let b0 = w, b1 = w + 4 * stride, b2 = w + 8 * stride, b3 = w + 12 * stride;
  for (; x < fours; x += 16, b0 += 16, b1 += 16, b2 += 16, b3 += 16) {
    const x0 = v128.load32_splat(x), x1 = v128.load32_splat(x, 4), x2 = v128.load32_splat(x, 8), x3 = v128.load32_splat(x, 12);
    s0 = four(b0, stride, x0, x1, x2, x3, s0);
    s1 = four(b1, stride, x0, x1, x2, x3, s1);
    s2 = four(b2, stride, x0, x1, x2, x3, s2);
    s3 = four(b3, stride, x0, x1, x2, x3, s3);
  }
  for (; x < end; x += 4, b0 += 4, b1 += 4, b2 += 4, b3 += 4) {
    const xi = v128.load32_splat(x);
    s0 = one(b0, stride, xi, s0);
    s1 = one(b1, stride, xi, s1);
    s2 = one(b2, stride, xi, s2);
    s3 = one(b3, stride, xi, s3);
  }
  put(c, s0, 4, add);
  put(c + 16, s1, 4, add);
  put(c + 32, s2, 4, add);
  put(c + 48, s3, 4, add);
}

/** Up to four outputs; a missing row is read from the one before and not stored. */
function lastRows(x: usize, k: i32, w: usize, stride: usize, c: usize, rows: i32, add: i32): void {
  const fours = x + (<usize>(k & -4) << 2);
  const end = x + (<usize>k << 2);
  let sum = f32x4.splat(0);
  if (rows == 4) {
    for (; x < fours; x += 16, w += 16) {
      sum = four(w, stride, v128.load32_splat(x), v128.load32_splat(x, 4), v128.load32_splat(x, 8), v128.load32_splat(x, 12), sum);
    }
    for (; x < end; x += 4, w += 4) sum = one(w, stride, v128.load32_splat(x), sum);
  } else {
    const second = rows > 1 ? stride : 0;
    const third = rows > 2 ? 2 * stride : second;
    for (; x < end; x += 4, w += 4) {
      let column = v128.load32_zero(w);
      column = v128.load32_lane(w + second, column, 1);
      column = v128.load32_lane(w + third, column, 2);
      sum = madd(v128.load32_splat(x), column, sum);
    }
  }
  put(c, sum, rows, add);
}
