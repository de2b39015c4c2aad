/**
 * The micro-kernel of `gemm`: a tile of C kept in registers while k runs.
 *
 * V8 gives WebAssembly sixteen 128-bit registers and takes one for itself. Five rows by eight columns need ten
 * accumulators, two registers for B and one for the broadcast element of A; ten independent chains also cover the
 * latency of a fused multiply-add on two ports. Fewer rows take more panels, to keep the number of chains.
 */
import { loadPart, madd, storePart } from './lanes';

/** Rows of the widest tile. */
export const ROWS: i32 = 5;

/** C's eight columns from `c` on get (or are increased by) v0 and v1. */
// @ts-ignore: decorator
@inline
export function put(c: usize, v0: v128, v1: v128, columns: i32, add: i32): void {
  if (columns >= 8) {
    if (add) {
      v0 = f32x4.add(v128.load(c), v0);
      v1 = f32x4.add(v128.load(c, 16), v1);
    }
    v128.store(c, v0);
    v128.store(c, v1, 16);
  } else {
    putPart(c, v0, v1, columns, add);
  }
}

function putPart(c: usize, v0: v128, v1: v128, columns: i32, add: i32): void {
  if (add) v0 = f32x4.add(loadPart(c, columns), v0);
  storePart(c, v0, columns);
  if (columns <= 4) return;
  if (add) v1 = f32x4.add(loadPart(c + 16, columns - 4), v1);
  storePart(c + 16, v1, columns - 4);
}

/**
 * C[rows, columns] (+)= A[rows, k] · B[k, columns], each element one sum over k in order, from zero. `rows` and `panels`
 * are constants where this is inlined: (5..3, 1), (2, 1 or 2), (1, 1 or 4).
 *
 * @param lda bytes from row to row of A
 * @param panel bytes from panel to panel of B
 * @param ldc bytes from row to row of C
 * @param add 0 to overwrite C
 */
// @ts-ignore: decorator
@inline
export function tile(
  rows: i32, panels: i32,
  a: usize, lda: usize, b: usize, panel: usize, k: i32, c: usize, ldc: usize, columns: i32, add: i32,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c02 = c00, c03 = c00, c04 = c00, c05 = c00, c06 = c00, c07 = c00;
  let c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  let c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00;
  let a1 = a + lda, a2 = a + 2 * lda, a3 = a + 3 * lda, a4 = a + 4 * lda;
  const end = b + <usize>k * 32;
  while (b < end) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    if (panels > 1) {
      const b2 = v128.load(b + panel), b3 = v128.load(b + panel, 16);
      c02 = madd(x, b2, c02);
      c03 = madd(x, b3, c03);
      if (panels > 2) {
        c04 = madd(x, v128.load(b + 2 * panel), c04);
        c05 = madd(x, v128.load(b + 2 * panel, 16), c05);
        c06 = madd(x, v128.load(b + 3 * panel), c06);
        c07 = madd(x, v128.load(b + 3 * panel, 16), c07);
      }
      if (rows > 1) {
        x = v128.load32_splat(a1);
        c12 = madd(x, b2, c12);
        c13 = madd(x, b3, c13);
      }
    }
    if (rows > 1) {
      x = v128.load32_splat(a1);
      c10 = madd(x, b0, c10);
      c11 = madd(x, b1, c11);
      a1 += 4;
    }
    if (rows > 2) {
      x = v128.load32_splat(a2);
      c20 = madd(x, b0, c20);
      c21 = madd(x, b1, c21);
      a2 += 4;
    }
    if (rows > 3) {
      x = v128.load32_splat(a3);
      c30 = madd(x, b0, c30);
      c31 = madd(x, b1, c31);
      a3 += 4;
    }
    if (rows > 4) {
      x = v128.load32_splat(a4);
      c40 = madd(x, b0, c40);
      c41 = madd(x, b1, c41);
      a4 += 4;
    }
    a += 4;
    b += 32;
  }
  put(c, c00, c01, columns, add);
  if (panels > 1) put(c + 32, c02, c03, columns - 8, add);
  if (panels > 2) {
    put(c + 64, c04, c05, columns - 16, add);
    put(c + 96, c06, c07, columns - 24, add);
  }
  if (rows > 1) {
    put(c + ldc, c10, c11, columns, add);
    if (panels > 1) put(c + ldc + 32, c12, c13, columns - 8, add);
  }
  if (rows > 2) put(c + 2 * ldc, c20, c21, columns, add);
  if (rows > 3) put(c + 3 * ldc, c30, c31, columns, add);
  if (rows > 4) put(c + 4 * ldc, c40, c41, columns, add);
}

/** The same for five rows of A stored [k, 5], so that one pointer follows them all. */
export function tilePackedLeft(a: usize, b: usize, k: i32, c: usize, ldc: usize, columns: i32, add: i32): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00;
  const end = b + <usize>k * 32;
  for (; b < end; a += 20, b += 32) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let x = v128.load32_splat(a);
    c00 = madd(x, b0, c00);
    c01 = madd(x, b1, c01);
    x = v128.load32_splat(a, 4);
    c10 = madd(x, b0, c10);
    c11 = madd(x, b1, c11);
    x = v128.load32_splat(a, 8);
    c20 = madd(x, b0, c20);
    c21 = madd(x, b1, c21);
    x = v128.load32_splat(a, 12);
    c30 = madd(x, b0, c30);
    c31 = madd(x, b1, c31);
    x = v128.load32_splat(a, 16);
    c40 = madd(x, b0, c40);
    c41 = madd(x, b1, c41);
  }
  put(c, c00, c01, columns, add);
  put(c + ldc, c10, c11, columns, add);
  put(c + 2 * ldc, c20, c21, columns, add);
  put(c + 3 * ldc, c30, c31, columns, add);
  put(c + 4 * ldc, c40, c41, columns, add);
}
