/**
 * Products with right sides that are kept: weights of a network that runs. They lie in panels of 32 columns, so that the product of
 * one row, as when a token at a time is generated, reads memory strictly forward, and have 16 bits a number where they need no
 * more: a token reads every weight once, from main memory. The results have the bits of `gemm` with the same weights.
 *
 * A number of 16 bits has a sign, five bits of exponent and ten of mantissa, and is 0 or (1 + mantissa / 1024) · 2^(exponent − 25): all
 * float16 below 128, those of float16 that are subnormal included, and the bfloat16 that are not below 2^-24. Shifted into a
 * float32 it is 2^102 too small, and never subnormal, so the left side is made 2^102 larger instead, once for all columns: products
 * and sums are those of the numbers themselves.
 */
import { BAND, band, BLOCK, clear } from './gemm';
import { loadPart, madd, maxLanes } from './lanes';
import { PANEL, packRight } from './pack';
import { put, ROWS } from './tile';

/** Exponent of float32 less that of the 16 bits. */
const BIAS: i32 = 102;
/** 2^102, as bits. */
const SCALE: i32 = (127 + BIAS) << 23;
/** Left sides below 2^26 stay finite when they are scaled. */
const LARGEST: f32 = 67108864;

/** Whether each of `count` floats has a form of 16 bits. */
export function fitsHalf(p: usize, count: i32): i32 {
  const least = i32x4.splat((BIAS + 1) << 23);
  const most = i32x4.splat((BIAS + 31) << 23 | 0x7fe000);
  const magnitude = i32x4.splat(0x7fffffff), low = i32x4.splat(0x1fff);
  const zero = i32x4.splat(0);
  for (; count > 0; count -= 4, p += 16) {
    const bits = loadPart(p, count);
    const size = v128.and(bits, magnitude);
    const inside = v128.and(i32x4.ge_s(size, least), i32x4.le_s(size, most));
    const fits = v128.or(i32x4.eq(size, zero), v128.andnot(inside, i32x4.ne(v128.and(bits, low), zero)));
    if (!i32x4.all_true(fits)) return 0;
  }
  return 1;
}

/** Columns in a panel. */
const WIDE: i32 = 32;
/** Bytes of a step of k in a panel of 16 bits, and of 32. */
const HALF_STEP: usize = 64;
const STEP: usize = 128;

/**
 * Packs B, whose numbers fit, in panels [k, 32] of 16 bits, the last one filled up with zeros: the first and the
 * last four of eight columns are the upper and lower halves of four lanes.
 *
 * @param b B [k, n] with `ldb` floats from row to row; when `transposed` is 1 it is stored as [n, k]
 * @param scratch 8 · k floats
 * @param out packedSize(k, n, 32) / 2 floats
 */
export function packHalf(b: usize, ldb: i32, transposed: i32, k: i32, n: i32, scratch: usize, out: usize): void {
  const stride = <usize>(transposed ? ldb : 1) << 2;
  const end = scratch + <usize>k * 32;
  for (let j = 0; j < n; j += WIDE, out += <usize>k * HALF_STEP) {
    for (let i = 0; i < WIDE; i += PANEL) {
      const columns = max(0, min(n - j - i, PANEL));
      if (columns == 0) memory.fill(scratch, 0, <usize>k * 32);
      else packRight(b + <usize>(j + i) * stride, ldb, transposed, k, columns, PANEL, scratch);
      let q = out + (<usize>i << 1);
      for (let p = scratch; p < end; p += 32, q += HALF_STEP) {
        v128.store(q, v128.or(i32x4.shl(squeeze(v128.load(p)), 16), squeeze(v128.load(p, 16))));
      }
    }
  }
}

/** The 16 bits of four floats, in the low half of each lane. */
// @ts-ignore: decorator
@inline
function squeeze(bits: v128): v128 {
  const size = v128.and(bits, i32x4.splat(0x7fffffff));
  const shifted = i32x4.shr_u(i32x4.sub(size, i32x4.splat(BIAS << 23)), 13);
  const number = v128.andnot(shifted, i32x4.eq(size, i32x4.splat(0)));
  return v128.or(number, i32x4.shl(i32x4.shr_u(bits, 31), 15));
}

/** The first four of eight numbers, which are in the upper pairs of the lanes, as floats that are 2^102 too small. */
// @ts-ignore: decorator
@inline
function upper(pairs: v128, mask: v128): v128 {
  return v128.and(i32x4.shr_s(pairs, 3), mask);
}

/** The other four. */
// @ts-ignore: decorator
@inline
function lower(pairs: v128, mask: v128): v128 {
  return v128.and(i32x4.shr_s(i32x4.shl(pairs, 16), 3), mask);
}

/** What is left of a lane: sign, exponent and mantissa. A constant would be made anew at each use, which takes longer than the products. */
// @ts-ignore: decorator
@inline
function maskOf(depth: i32): v128 {
  return i32x4.splat(0x8fffe000 | depth >> 31);
}

/** How many floats of scratch `gemmWide` and `gemmHalf` need. */
export function wideScratchSize(k: i32): i32 {
  return max((ROWS - 1) * roundUp(k), BLOCK * PANEL);
}

/**
 * C[m, n] (+)= A[m, k] · B: the bits of `gemm`.
 *
 * @param lda floats from row to row of A
 * @param packedB from `packRight(…, k, n, 32, …)`
 * @param ldc floats from row to row of C
 * @param accumulate 1 adds to C, 0 overwrites it
 * @param scratch wideScratchSize(k) floats
 */
export function gemmWide(a: usize, lda: i32, packedB: usize, c: usize, ldc: i32, m: i32, n: i32, k: i32, accumulate: i32, scratch: usize): void {
  if (k == 0 && !accumulate) clear(c, <usize>ldc << 2, m, n);
  else if (m < ROWS) fewRows(a, <usize>lda << 2, packedB, 0, k, c, <usize>ldc << 2, m, n, accumulate);
  else rows(a, <usize>lda << 2, packedB, 0, k, c, <usize>ldc << 2, m, n, accumulate, scratch);
}

/** The same with B from `packHalf`. */
export function gemmHalf(a: usize, lda: i32, packedB: usize, c: usize, ldc: i32, m: i32, n: i32, k: i32, accumulate: i32, scratch: usize): void {
  if (k == 0 && !accumulate) clear(c, <usize>ldc << 2, m, n);
  else if (m < ROWS && scaled(a, <usize>lda << 2, m, k, scratch)) fewRows(scratch, <usize>roundUp(k) << 2, packedB, 1, k, c, <usize>ldc << 2, m, n, accumulate);
  else rows(a, <usize>lda << 2, packedB, 1, k, c, <usize>ldc << 2, m, n, accumulate, scratch);
}

/** Rows of a scaled left side begin at multiples of four floats. */
// @ts-ignore: decorator
@inline
function roundUp(k: i32): i32 {
  return (k + 3) & -4;
}

/** Writes 2^102 · A, if that is finite. */
function scaled(a: usize, lda: usize, m: i32, k: i32, out: usize): bool {
  const factor = f32x4.splat(reinterpret<f32>(SCALE));
  let most = f32x4.splat(0);
  for (let r = 0; r < m; r++, a += lda) {
    for (let i = 0; i < k; i += 4, out += 16) {
      const part = loadPart(a + (<usize>i << 2), k - i);
      most = f32x4.max(most, f32x4.abs(part));
      v128.store(out, f32x4.mul(part, factor));
    }
  }
  return maxLanes(most) < LARGEST;
}

/** One to four rows. More than one take a panel at a time: for all rows but the first it comes from the second-level cache. */
function fewRows(a: usize, lda: usize, b: usize, half: i32, k: i32, c: usize, ldc: usize, m: i32, n: i32, add: i32): void {
  const panel = <usize>k * (half ? HALF_STEP : STEP);
  const columns = m == 1 ? n : WIDE;
  for (; n > 0; n -= columns, b += panel, c += WIDE * 4) {
    for (let r = 0; r < m; r++) {
      const x = a + <usize>r * lda, out = c + <usize>r * ldc;
      if (half) halfRow(x, b, k, out, min(n, columns), add);
      else row(x, b, k, out, min(n, columns), add);
    }
  }
}

/** One row. Blocks of k are the inner loop, so that nothing is left out on the way. */
function row(x: usize, q: usize, k: i32, c: usize, n: i32, add: i32): void {
  for (; n > 0; n -= WIDE, c += WIDE * 4) {
    let p = x;
    for (let start = 0; start < k; start += BLOCK) {
      let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
      const end = q + <usize>min(k - start, BLOCK) * STEP;
      for (; q < end; q += STEP, p += 4) {
        const s = v128.load32_splat(p);
        c0 = madd(s, v128.load(q), c0);
        c1 = madd(s, v128.load(q, 16), c1);
        c2 = madd(s, v128.load(q, 32), c2);
        c3 = madd(s, v128.load(q, 48), c3);
        c4 = madd(s, v128.load(q, 64), c4);
        c5 = madd(s, v128.load(q, 80), c5);
        c6 = madd(s, v128.load(q, 96), c6);
        c7 = madd(s, v128.load(q, 112), c7);
      }
      put32(c, c0, c1, c2, c3, c4, c5, c6, c7, n, add | i32(start > 0));
    }
  }
}

/** The same with numbers of 16 bits. */
function halfRow(x: usize, q: usize, k: i32, c: usize, n: i32, add: i32): void {
  const mask = maskOf(k);
  for (; n > 0; n -= WIDE, c += WIDE * 4) {
    let p = x;
    for (let start = 0; start < k; start += BLOCK) {
      let c0 = f32x4.splat(0), c1 = c0, c2 = c0, c3 = c0, c4 = c0, c5 = c0, c6 = c0, c7 = c0;
      const end = q + <usize>min(k - start, BLOCK) * HALF_STEP;
      for (; q < end; q += HALF_STEP, p += 4) {
        const s = v128.load32_splat(p);
        const h0 = v128.load(q), h1 = v128.load(q, 16);
        c0 = madd(s, upper(h0, mask), c0);
        c1 = madd(s, lower(h0, mask), c1);
        c2 = madd(s, upper(h1, mask), c2);
        c3 = madd(s, lower(h1, mask), c3);
        const h2 = v128.load(q, 32), h3 = v128.load(q, 48);
        c4 = madd(s, upper(h2, mask), c4);
        c5 = madd(s, lower(h2, mask), c5);
        c6 = madd(s, upper(h3, mask), c6);
        c7 = madd(s, lower(h3, mask), c7);
      }
      put32(c, c0, c1, c2, c3, c4, c5, c6, c7, n, add | i32(start > 0));
    }
  }
}

function put32(c: usize, v0: v128, v1: v128, v2: v128, v3: v128, v4: v128, v5: v128, v6: v128, v7: v128, columns: i32, add: i32): void {
  put(c, v0, v1, columns, add);
  if (columns > 8) put(c + 32, v2, v3, columns - 8, add);
  if (columns > 16) put(c + 64, v4, v5, columns - 16, add);
  if (columns > 24) put(c + 96, v6, v7, columns - 24, add);
}

/** More rows: eight columns of a block are copied as floats, which stay in the first-level cache for all rows of a band. */
function rows(a: usize, lda: usize, b: usize, half: i32, k: i32, c: usize, ldc: usize, m: i32, n: i32, add: i32, scratch: usize): void {
  const panel = <usize>k * (half ? HALF_STEP : STEP);
  const inPanel = half ? 1 : 2;
  for (let i = 0; i < m; i += BAND, a += BAND * lda, c += BAND * ldc) {
    for (let j = 0; j < n; j += PANEL) {
      let p = b + <usize>(j >> 5) * panel + (<usize>(j & 31) << inPanel);
      for (let start = 0; start < k; start += BLOCK) {
        const depth = min(k - start, BLOCK);
        p = half ? halfColumns(p, depth, scratch) : columns(p, depth, scratch);
        const left = a + (<usize>start << 2);
        band(left, lda, scratch, 0, c + (<usize>j << 2), ldc, min(m - i, BAND), min(n - j, PANEL), depth, add | i32(start > 0));
      }
    }
  }
}

/** Copies eight columns of a panel to a panel of eight; returns where they go on. */
function columns(p: usize, depth: i32, out: usize): usize {
  const end = p + <usize>depth * STEP;
  for (; p < end; p += STEP, out += 32) {
    v128.store(out, v128.load(p));
    v128.store(out, v128.load(p, 16), 16);
  }
  return p;
}

/** The same with numbers of 16 bits, which become floats. */
function halfColumns(p: usize, depth: i32, out: usize): usize {
  const factor = f32x4.splat(reinterpret<f32>(SCALE));
  const mask = maskOf(depth);
  const end = p + <usize>depth * HALF_STEP;
  for (; p < end; p += HALF_STEP, out += 32) {
    const pairs = v128.load(p);
    v128.store(out, f32x4.mul(upper(pairs, mask), factor));
    v128.store(out, f32x4.mul(lower(pairs, mask), factor), 16);
  }
  return p;
}
