/**
 * Packed right-hand sides. B [k, n] is stored as panels of `width` columns (8 for `gemm`), each panel [k, width] and
 * contiguous, the last one filled up with zeros. The micro-kernel then reads memory strictly forward, whatever B's own
 * layout was.
 *
 * A panel holds all of k, so columns width·j … of a packed B begin width·j·k floats in, and a product may be split among
 * threads at any multiple of the width.
 */
import { loadPart } from './lanes';

/** Columns in a panel of `gemm`. */
export const PANEL: i32 = 8;

/** How many floats `packRight` writes for B [k, n]; `width` is a power of two from 8. */
export function packedSize(k: i32, n: i32, width: i32): i32 {
  return ((n + width - 1) & -width) * k;
}

/**
 * Packs B in panels of `width` columns, a power of two from 8.
 *
 * @param b B [k, n] with `ldb` floats from row to row; when `transposed` is 1 it is stored as [n, k]
 * @param out packedSize(k, n, width) floats
 */
export function packRight(b: usize, ldb: i32, transposed: i32, k: i32, n: i32, width: i32, out: usize): void {
  const stride = <usize>ldb << 2;
  const outStride = <usize>width << 2;
  let j = 0;
  if (width == PANEL && !transposed) {
    for (; j + 4 * PANEL <= n; j += 4 * PANEL, out += 4 * k * outStride) packFourPanels(b + (<usize>j << 2), stride, k, out);
  }
  for (; j < n; j += width, out += k * outStride) {
    const end = min(n - j, width);
    for (let i = 0; i < width; i += 8) {
      const columns = max(0, min(end - i, 8));
      const at = out + (<usize>i << 2);
      if (columns == 0) clearColumns(k, at, outStride);
      else if (transposed) packRows(b + <usize>(j + i) * stride, stride, columns, k, at, outStride);
      else packColumns(b + (<usize>(j + i) << 2), stride, columns, k, at, outStride);
    }
  }
}

function clearColumns(k: i32, out: usize, outStride: usize): void {
  for (let i = 0; i < k; i++, out += outStride) {
    v128.store(out, f32x4.splat(0));
    v128.store(out, f32x4.splat(0), 16);
  }
}

/** Eight columns from a B stored [k, n]: each row's eight neighbours are copied. */
function packColumns(b: usize, stride: usize, columns: i32, k: i32, out: usize, outStride: usize): void {
  const end = out + <usize>k * outStride;
  if (columns == 8) {
    for (; out < end; out += outStride, b += stride) {
      v128.store(out, v128.load(b));
      v128.store(out, v128.load(b, 16), 16);
    }
    return;
  }
  const low = min(columns, 4);
  const high = columns - 4;
  for (; out < end; out += outStride, b += stride) {
    v128.store(out, loadPart(b, low));
    v128.store(out, high > 0 ? loadPart(b + 16, high) : f32x4.splat(0), 16);
  }
}

/** Four panels of eight columns from a B stored [k, n], so that whole lines of the cache are read. */
function packFourPanels(b: usize, stride: usize, k: i32, out: usize): void {
  const panel = <usize>k * PANEL * 4;
  const second = out + panel, third = second + panel, fourth = third + panel;
  for (let at: usize = 0; at < panel; at += PANEL * 4, b += stride) {
    v128.store(out + at, v128.load(b));
    v128.store(out + at, v128.load(b, 16), 16);
    v128.store(second + at, v128.load(b, 32));
    v128.store(second + at, v128.load(b, 48), 16);
    v128.store(third + at, v128.load(b, 64));
    v128.store(third + at, v128.load(b, 80), 16);
    v128.store(fourth + at, v128.load(b, 96));
    v128.store(fourth + at, v128.load(b, 112), 16);
  }
}

/** Eight columns from a B stored [n, k]: eight rows are transposed, four steps of k at a time. */
function packRows(b: usize, stride: usize, columns: i32, k: i32, out: usize, outStride: usize): void {
  transposeRows(b, stride, min(columns, 4), k, out, outStride);
  transposeRows(b + 4 * stride, stride, columns - 4, k, out + 16, outStride);
}

/**
 * Writes `rows` (at most four) rows of `k` floats as columns: out[kk] gets lane r from row r; missing rows give zeros.
 * Both packings stand on it: B stored [n, k] and, with rows and columns exchanged, nothing else.
 */
export function transposeRows(b: usize, stride: usize, rows: i32, k: i32, out: usize, outStride: usize): void {
  // A missing row is read from the first one (which must exist for the address to be valid) and masked to zero.
  const mask = i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(rows));
  if (rows <= 0) {
    for (let i = 0; i < k; i++, out += outStride) v128.store(out, f32x4.splat(0));
    return;
  }
  let p0 = b;
  let p1 = rows > 1 ? b + stride : b;
  let p2 = rows > 2 ? b + 2 * stride : b;
  let p3 = rows > 3 ? b + 3 * stride : b;
  let i = 0;
  for (; i + 4 <= k; i += 4) {
    const r0 = v128.load(p0);
    const r1 = v128.load(p1);
    const r2 = v128.load(p2);
    const r3 = v128.load(p3);
    const a0 = v128.shuffle<i32>(r0, r1, 0, 4, 1, 5);
    const a1 = v128.shuffle<i32>(r0, r1, 2, 6, 3, 7);
    const a2 = v128.shuffle<i32>(r2, r3, 0, 4, 1, 5);
    const a3 = v128.shuffle<i32>(r2, r3, 2, 6, 3, 7);
    v128.store(out, v128.and(v128.shuffle<i64>(a0, a2, 0, 2), mask));
    v128.store(out + outStride, v128.and(v128.shuffle<i64>(a0, a2, 1, 3), mask));
    v128.store(out + 2 * outStride, v128.and(v128.shuffle<i64>(a1, a3, 0, 2), mask));
    v128.store(out + 3 * outStride, v128.and(v128.shuffle<i64>(a1, a3, 1, 3), mask));
    out += 4 * outStride;
    p0 += 16;
    p1 += 16;
    p2 += 16;
    p3 += 16;
  }
  for (; i < k; i++) {
    let v = v128.load32_zero(p0);
    v = v128.load32_lane(p1, v, 1);
    v = v128.load32_lane(p2, v, 2);
    v = v128.load32_lane(p3, v, 3);
    v128.store(out, v128.and(v, mask));
    out += outStride;
    p0 += 4;
    p1 += 4;
    p2 += 4;
    p3 += 4;
  }
}
