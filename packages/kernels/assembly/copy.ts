/** Moving elements: transpose, slice, concat, flip, broadcast are all one copy between two strided views. */
import { bytes, read, write } from './lanes';

/** Elements of a transposed plane's row that are written before the next row begins: their source lines stay cached. */
const STRIP: i32 = 64;

/**
 * out[…] = x[…], or += when `accumulate` is 1, over a shape with any strides on either side. Without `accumulate` the
 * elements may be of any four-byte type. Fast where the last axis is contiguous on both sides, and where of the last
 * two axes one is contiguous in x and the other in out (a transpose).
 *
 * @param x the address of element [0, …, 0]; likewise out
 * @param dims i32[rank]
 * @param xStrides i32[rank], in elements; 0 repeats (in x only), negative runs backwards
 */
export function stridedCopy(x: usize, out: usize, rank: i32, dims: usize, xStrides: usize, outStrides: usize, accumulate: i32): void {
  if (rank == 0) {
    run(x, out, 1, 1, 1, accumulate);
  } else if (rank == 1) {
    run(x, out, load<i32>(dims), load<i32>(xStrides), load<i32>(outStrides), accumulate);
  } else if (rank == 2) {
    plane(
      x, out, load<i32>(dims), load<i32>(dims, 4), load<i32>(xStrides), load<i32>(xStrides, 4),
      load<i32>(outStrides), load<i32>(outStrides, 4), accumulate,
    );
  } else {
    const xStep = bytes(load<i32>(xStrides));
    const outStep = bytes(load<i32>(outStrides));
    for (let i = load<i32>(dims); i > 0; i--, x += xStep, out += outStep) {
      stridedCopy(x, out, rank - 1, dims + 4, xStrides + 4, outStrides + 4, accumulate);
    }
  }
}

function plane(x: usize, out: usize, rows: i32, columns: i32, xRow: i32, xColumn: i32, outRow: i32, outColumn: i32, accumulate: i32): void {
  if (xRow == 1 && outColumn == 1 && xColumn != 1) {
    transpose(x, out, rows, columns, xColumn, outRow, accumulate);
  } else if (xColumn == 1 && outRow == 1 && outColumn != 1) {
    transpose(x, out, columns, rows, xRow, outColumn, accumulate);
  } else {
    for (let i = 0; i < rows; i++, x += bytes(xRow), out += bytes(outRow)) run(x, out, columns, xColumn, outColumn, accumulate);
  }
}

function run(x: usize, out: usize, n: i32, xStride: i32, outStride: i32, accumulate: i32): void {
  if (xStride == 1 && outStride == 1) {
    if (!accumulate) {
      for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, v128.load(x));
      if (n > 0) write(out, read(x, n), n);
    } else {
      for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, f32x4.add(v128.load(out), v128.load(x)));
      if (n > 0) write(out, f32x4.add(read(out, n), read(x, n)), n);
    }
    return;
  }
  const xStep = bytes(xStride);
  const outStep = bytes(outStride);
  if (accumulate) for (; n > 0; n--, x += xStep, out += outStep) store<f32>(out, load<f32>(out) + load<f32>(x));
  else for (; n > 0; n--, x += xStep, out += outStep) store<i32>(out, load<i32>(x));
}

/** out[i, j] = x[j, i]: x has rows of `rows` contiguous elements `xStride` apart, out rows of `columns`, `outStride` apart. */
function transpose(x: usize, out: usize, rows: i32, columns: i32, xStride: i32, outStride: i32, accumulate: i32): void {
  const xStep = bytes(xStride);
  const outStep = bytes(outStride);
  for (let strip = 0; strip < columns; strip += STRIP) {
    const end = min(columns, strip + STRIP);
    let i = 0;
    for (; i + 4 <= rows; i += 4) {
      let j = strip;
      for (; j + 4 <= end; j += 4) {
        const from = x + bytes(j * xStride + i);
        square(from, xStep, out + bytes(i * outStride + j), outStep, accumulate);
      }
      for (; j < end; j++) run(x + bytes(j * xStride + i), out + bytes(i * outStride + j), 4, 1, outStride, accumulate);
    }
    for (; i < rows; i++) {
      run(x + bytes(strip * xStride + i), out + bytes(i * outStride + strip), end - strip, xStride, 1, accumulate);
    }
  }
}

/** Four by four elements. */
// @ts-ignore: decorator
@inline
function square(x: usize, xStep: usize, out: usize, outStep: usize, accumulate: i32): void {
  const r0 = v128.load(x);
  const r1 = v128.load(x + xStep);
  const r2 = v128.load(x + 2 * xStep);
  const r3 = v128.load(x + 3 * xStep);
  const a0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
  const a1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
  const a2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
  const a3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
  put(out, v128.shuffle<i64>(a0, a2, 0, 2), accumulate);
  put(out + outStep, v128.shuffle<i64>(a0, a2, 1, 3), accumulate);
  put(out + 2 * outStep, v128.shuffle<i64>(a1, a3, 0, 2), accumulate);
  put(out + 3 * outStep, v128.shuffle<i64>(a1, a3, 1, 3), accumulate);
}

// @ts-ignore: decorator
@inline
function put(out: usize, v: v128, accumulate: i32): void {
  v128.store(out, accumulate ? f32x4.add(v128.load(out), v) : v);
}
