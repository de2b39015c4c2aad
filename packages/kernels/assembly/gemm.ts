/**
 * Matrix product C (+)= A·B with B packed (pack.ts) and C in register tiles (tile.ts).
 *
 * The law of this file: an element of C is Σ over blocks of 512 steps of k, of the sum inside a block in the order of k.
 * Neither depends on m, on n, on the tile an element falls in or on how a caller splits rows or columns, so a
 * prediction has the same bits in any batch.
 */
import { PANEL, transposeRows } from './pack';
import { ROWS, tile, tilePackedLeft } from './tile';

/** Steps of k per block: a panel of B (16 KB) stays in the first-level cache; longer blocks write C less often. */
export const BLOCK: i32 = 512;
/** Rows of A per block: 512 × 200 floats (400 KB) stay in the second-level cache, and B is read once for them. A multiple of ROWS and of 4. */
export const BAND: i32 = 200;

/** How many floats of scratch `gemm` needs: none, unless A is transposed. */
export function gemmScratchSize(transposedA: i32, m: i32, n: i32, k: i32): i32 {
  return transposedA ? min(m, BAND) * roundUp(min(k, BLOCK)) : 0;
}

/** Rows left over in a transposed block begin at multiples of four floats, since transposing writes four at a time. */
// @ts-ignore: decorator
@inline
function roundUp(depth: i32): i32 {
  return (depth + 3) & -4;
}

/** C[m, n] = 0, what a product with k = 0 is. @param ldc bytes from row to row of C */
export function clear(c: usize, ldc: usize, m: i32, n: i32): void {
  for (let i = 0; i < m; i++) memory.fill(c + <usize>i * ldc, 0, <usize>n << 2);
}

/**
 * C[m, n] (+)= A · B. A is [m, k], or stored as [k, m] when `transposedA` is 1. With k = 0 the product is zero.
 *
 * @param lda floats from row to row of A as stored
 * @param packedB from `packRight(…, k, n, 8, …)`
 * @param ldc floats from row to row of C
 * @param accumulate 1 adds to C, 0 overwrites it
 * @param scratch gemmScratchSize(transposedA, m, n, k) floats
 */
export function gemm(a: usize, lda: i32, transposedA: i32, packedB: usize, c: usize, ldc: i32, m: i32, n: i32, k: i32, accumulate: i32, scratch: usize): void {
  const strideA = <usize>lda << 2;
  const strideC = <usize>ldc << 2;
  const panel = <usize>k * PANEL * 4;
  if (k == 0 && !accumulate) {
    clear(c, strideC, m, n);
    return;
  }
  if (m < ROWS && !transposedA) {
    fewRows(a, strideA, packedB, panel, c, strideC, m, n, k, accumulate);
    return;
  }
  for (let start = 0; start < k; start += BLOCK) {
    const depth = min(k - start, BLOCK);
    const b = packedB + <usize>start * PANEL * 4;
    const add = accumulate | i32(start > 0);
    for (let i = 0; i < m; i += BAND) {
      const rows = min(m - i, BAND);
      const out = c + <usize>i * strideC;
      if (transposedA) {
        transposedBand(a + <usize>start * strideA + (<usize>i << 2), strideA, b, panel, out, strideC, rows, n, depth, add, scratch);
      } else {
        band(a + <usize>i * strideA + (<usize>start << 2), strideA, b, panel, out, strideC, rows, n, depth, add);
      }
    }
  }
}

/**
 * The same for a block of A stored [depth, rows]: fives of rows are copied next to each other, [depth, 5] each, since
 * walking down A's own columns would miss the cache; the remaining rows are transposed.
 */
function transposedBand(a: usize, stride: usize, b: usize, panel: usize, c: usize, ldc: usize, m: i32, n: i32, depth: i32, add: i32, scratch: usize): void {
  const full = m - (m % ROWS);
  const five = <usize>depth * ROWS * 4;
  for (let i = 0; i < full; i += ROWS) packFive(a + (<usize>i << 2), stride, depth, scratch + <usize>(i / ROWS) * five);
  for (let j = 0; j < n && full > 0; j += PANEL) {
    const bj = b + <usize>(j >> 3) * panel;
    const columns = n - j;
    let ai = scratch;
    let ci = c + (<usize>j << 2);
    for (let i = 0; i < full; i += ROWS, ai += five, ci += <usize>ROWS * ldc) tilePackedLeft(ai, bj, depth, ci, ldc, columns, add);
  }
  const rest = m - full;
  if (rest == 0) return;
  const left = scratch + <usize>(full / ROWS) * five;
  const leftStride = <usize>roundUp(depth) << 2;
  a += <usize>full << 2;
  for (let kk = 0; kk < depth; kk += 4) {
    transposeRows(a + <usize>kk * stride, stride, min(depth - kk, 4), rest, left + (<usize>kk << 2), leftStride);
  }
  fewRows(left, leftStride, b, panel, c + <usize>full * ldc, ldc, rest, n, depth, add);
}

function packFive(a: usize, stride: usize, depth: i32, out: usize): void {
  for (let kk = 0; kk < depth; kk++, a += stride, out += ROWS * 4) {
    v128.store(out, v128.load(a));
    store<f32>(out, load<f32>(a, 16), 16);
  }
}

/** All rows of one block of k (at most 512 steps, byte strides); panels of B are the outer loop, so that a panel stays in the first-level cache. */
export function band(a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, m: i32, n: i32, depth: i32, add: i32): void {
  const full = m - (m % ROWS);
  for (let j = 0; j < n && full > 0; j += PANEL) {
    const bj = b + <usize>(j >> 3) * panel;
    const columns = n - j;
    let ai = a;
    let ci = c + (<usize>j << 2);
    for (let i = 0; i < full; i += ROWS) {
      tile(5, 1, ai, lda, bj, panel, depth, ci, ldc, columns, add);
      ai += <usize>ROWS * lda;
      ci += <usize>ROWS * ldc;
    }
  }
  const rest = m - full;
  if (rest > 0) fewRows(a + <usize>full * lda, lda, b, panel, c + <usize>full * ldc, ldc, rest, n, depth, add);
}

/**
 * One to four rows. The blocks of k are the inner loop: few rows read B once, from main memory, which is two to three times as fast
 * where nothing is left out.
 */
function fewRows(a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, rest: i32, n: i32, k: i32, add: i32): void {
  if (rest == 4) rows4(a, lda, b, panel, c, ldc, n, k, add);
  else if (rest == 3) rows3(a, lda, b, panel, c, ldc, n, k, add);
  else if (rest == 2) rows2(a, lda, b, panel, c, ldc, n, k, add);
  else rows1(a, lda, b, panel, c, ldc, n, k, add);
}

function rows4(a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, n: i32, k: i32, add: i32): void {
  for (; n > 0; n -= 8, b += panel, c += 32) tiles(4, 1, a, lda, b, panel, k, c, ldc, n, add);
}

function rows3(a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, n: i32, k: i32, add: i32): void {
  for (; n > 0; n -= 8, b += panel, c += 32) tiles(3, 1, a, lda, b, panel, k, c, ldc, n, add);
}

function rows2(a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, n: i32, k: i32, add: i32): void {
  for (; n > 8; n -= 16, b += 2 * panel, c += 64) tiles(2, 2, a, lda, b, panel, k, c, ldc, n, add);
  if (n > 0) tiles(2, 1, a, lda, b, panel, k, c, ldc, n, add);
}

function rows1(a: usize, lda: usize, b: usize, panel: usize, c: usize, ldc: usize, n: i32, k: i32, add: i32): void {
  for (; n > 24; n -= 32, b += 4 * panel, c += 128) tiles(1, 4, a, lda, b, panel, k, c, ldc, n, add);
  for (; n > 0; n -= 8, b += panel, c += 32) tiles(1, 1, a, lda, b, panel, k, c, ldc, n, add);
}

/** All blocks of k of a tile. */
// @ts-ignore: decorator
@inline
function tiles(
  rows: i32, panels: i32,
  a: usize, lda: usize, b: usize, panel: usize, k: i32, c: usize, ldc: usize, columns: i32, add: i32,
): void {
  for (let start = 0; start < k; start += BLOCK) {
    const depth = min(k - start, BLOCK);
    tile(rows, panels, a + (<usize>start << 2), lda, b + <usize>start * PANEL * 4, panel, depth, c, ldc, columns, add | i32(start > 0));
  }
}
