/**
 * The weights' side of winograd.ts: G g Gᵀ as its products take it, and the gradient dg = Gᵀ [Σ (A dY Aᵀ) ⊙ (Bᵀ d B)] G, whose
 * sums over tiles are matrix products of `convolveGrad`.
 */
import { bytes, read, write } from './lanes';
import { PANEL } from './pack';
import { PLACES } from './winograd';

/** One column of G g Gᵀ from the column of G g: g₀, (g₀ + g₁ + g₂)/2, (g₀ − g₁ + g₂)/2, g₂. */
// @ts-ignore: decorator
@inline
function storeWeights(out: usize, next: usize, g0: v128, g1: v128, g2: v128): void {
  const half = f32x4.splat(0.5);
  const ends = f32x4.mul(f32x4.add(g0, g2), half), middle = f32x4.mul(g1, half);
  v128.store(out, g0);
  v128.store(out + next, f32x4.add(ends, middle));
  v128.store(out + 2 * next, f32x4.sub(ends, middle));
  v128.store(out + 3 * next, g2);
}

/** Lane r of the result is weight[(o + r) · stride], 0 from `lanes` on. */
// @ts-ignore: decorator
@inline
function gather4(weight: usize, stride: usize, lanes: i32): v128 {
  let v = lanes > 0 ? v128.load32_zero(weight) : f32x4.splat(0);
  if (lanes > 1) v = v128.load32_lane(weight + stride, v, 1);
  if (lanes > 2) v = v128.load32_lane(weight + 2 * stride, v, 2);
  if (lanes > 3) v = v128.load32_lane(weight + 3 * stride, v, 3);
  return v;
}

/**
 * out [panels of eight outputs, 16, inputs, 8] ← G g Gᵀ.
 *
 * @param outputStride floats from output to output as stored; likewise inputStride
 * @param taps int32 [9]: floats from the first tap, by rows of the window
 */
export function winogradWeights(weight: usize, outputStride: i32, inputStride: i32, inputs: i32, outputs: i32, taps: usize, out: usize): void {
  const next = bytes(inputs * PANEL), stride = bytes(outputStride);
  for (let j = 0; j < outputs; j += PANEL, out += PLACES * next) {
    for (let i = 0; i < inputs; i++) {
      for (let r = 0; r < PANEL; r += 4) {
        const from = weight + bytes((j + r) * outputStride + i * inputStride);
        const lanes = outputs - j - r;
        const to = out + bytes(i * PANEL + r);
        const half = f32x4.splat(0.5);
        let a0 = f32x4.splat(0), a1 = a0, a2 = a0, b0 = a0, b1 = a0, b2 = a0, c0 = a0, c1 = a0, c2 = a0;
        a0 = gather4(from + bytes(load<i32>(taps)), stride, lanes);
        a1 = gather4(from + bytes(load<i32>(taps, 4)), stride, lanes);
        a2 = gather4(from + bytes(load<i32>(taps, 8)), stride, lanes);
        b0 = f32x4.mul(gather4(from + bytes(load<i32>(taps, 12)), stride, lanes), half);
        b1 = f32x4.mul(gather4(from + bytes(load<i32>(taps, 16)), stride, lanes), half);
        b2 = f32x4.mul(gather4(from + bytes(load<i32>(taps, 20)), stride, lanes), half);
        c0 = gather4(from + bytes(load<i32>(taps, 24)), stride, lanes);
        c1 = gather4(from + bytes(load<i32>(taps, 28)), stride, lanes);
        c2 = gather4(from + bytes(load<i32>(taps, 32)), stride, lanes);
        storeWeights(to, next, a0, a1, a2);
        storeWeights(to + 12 * next, next, c0, c1, c2);
        a0 = f32x4.mul(f32x4.add(a0, c0), half), a1 = f32x4.mul(f32x4.add(a1, c1), half), a2 = f32x4.mul(f32x4.add(a2, c2), half);
        storeWeights(to + 4 * next, next, f32x4.add(a0, b0), f32x4.add(a1, b1), f32x4.add(a2, b2));
        storeWeights(to + 8 * next, next, f32x4.sub(a0, b0), f32x4.sub(a1, b1), f32x4.sub(a2, b2));
      }
    }
  }
}

/** Four places of A dY Aᵀ from two neighbours of a row: p, p + q, p − q and −q. */
// @ts-ignore: decorator
@inline
function rowOfGradients(p: v128, q: v128, out: usize, place: usize, lanes: i32): void {
  write(out, p, lanes);
  write(out + place, f32x4.add(p, q), lanes);
  write(out + 2 * place, f32x4.sub(p, q), lanes);
  write(out + 3 * place, f32x4.neg(q), lanes);
}

/**
 * A dY Aᵀ of the tiles `from` … `from + count − 1`, as `winogradInputs`, with 0 for outputs beyond the last row and column.
 *
 * @param dy the band's first gradient; dyColumn floats from pixel to pixel, dyRow from row to row, dyImage from image to image
 * @param n channels of this call
 * @param rows, columns of outputs in an image of the band
 */
export function winogradGradients(
  dy: usize, n: i32, dyColumn: i32, dyRow: i32, dyImage: i32, rows: i32, columns: i32, from: i32, count: i32, out: usize, tile: i32, place: i32,
): void {
  const tileRows = (rows + 1) / 2, tileColumns = (columns + 1) / 2;
  const next = bytes(place), zero = f32x4.splat(0);
  for (let i = from; i < from + count; i++, out += bytes(tile)) {
    const line = i / tileColumns;
    const image = line / tileRows;
    const r = 2 * (line - image * tileRows), c = 2 * (i - line * tileColumns);
    const at = dy + bytes(image * dyImage + r * dyRow + c * dyColumn);
    const below = at + bytes(dyRow);
    for (let j = 0; j < n; j += 4) {
      const lanes = min(n - j, 4);
      const to = out + bytes(j);
      const p0 = read(at + bytes(j), lanes);
      const q0 = c + 1 < columns ? read(at + bytes(dyColumn + j), lanes) : zero;
      const p1 = r + 1 < rows ? read(below + bytes(j), lanes) : zero;
      const q1 = r + 1 < rows && c + 1 < columns ? read(below + bytes(dyColumn + j), lanes) : zero;
      rowOfGradients(p0, q0, to, next, lanes);
      rowOfGradients(f32x4.add(p0, p1), f32x4.add(q0, q1), to + 4 * next, next, lanes);
      rowOfGradients(f32x4.sub(p0, p1), f32x4.sub(q0, q1), to + 8 * next, next, lanes);
      rowOfGradients(f32x4.neg(p1), f32x4.neg(q1), to + 12 * next, next, lanes);
    }
  }
}

/** Lane r to the weights of output r. */
// @ts-ignore: decorator
@inline
function scatter4(out: usize, next: usize, v: v128, lanes: i32): void {
  v128.store32_lane(out, v, 0);
  if (lanes > 1) v128.store32_lane(out + next, v, 1);
  if (lanes > 2) v128.store32_lane(out + 2 * next, v, 2);
  if (lanes > 3) v128.store32_lane(out + 3 * next, v, 3);
}

/** One row of Gᵀ S G from one of Gᵀ S: s₀ + (s₁ + s₂)/2, (s₁ − s₂)/2, (s₁ + s₂)/2 + s₃. */
// @ts-ignore: decorator
@inline
function rowOfWeights(s0: v128, s1: v128, s2: v128, s3: v128, out: usize, next: usize, lanes: i32): void {
  const half = f32x4.splat(0.5);
  const sum = f32x4.mul(f32x4.add(s1, s2), half);
  scatter4(out, next, f32x4.add(s0, sum), lanes);
  scatter4(out + 4, next, f32x4.mul(f32x4.sub(s1, s2), half), lanes);
  scatter4(out + 8, next, f32x4.add(sum, s3), lanes);
}

/** Σ over parts, in order. */
// @ts-ignore: decorator
@inline
function sumOf(sums: usize, parts: i32, part: usize, lanes: i32): v128 {
  let v = read(sums, lanes);
  for (let i = 1; i < parts; i++) {
    sums += part;
    v = f32x4.add(v, read(sums, lanes));
  }
  return v;
}

/**
 * weight[o, i, :, :] = Gᵀ S G for outputs from … to − 1, with S[place, i, o] the sum over parts, in order.
 *
 * @param partStride floats from part to part of the sums
 * @param outputs floats from row to row of the sums
 */
export function winogradSum(sums: usize, parts: i32, partStride: i32, inputs: i32, outputs: i32, from: i32, to: i32, weight: usize): void {
  const place = bytes(inputs * outputs), part = bytes(partStride), next = bytes(9 * inputs), half = f32x4.splat(0.5);
  for (let o = from; o < to; o += 4) {
    const lanes = min(to - o, 4);
    for (let i = 0; i < inputs; i++) {
      const s = sums + bytes(i * outputs + o);
      const out = weight + bytes((o * inputs + i) * 9);
      const a0 = sumOf(s, parts, part, lanes), a1 = sumOf(s + place, parts, part, lanes);
      const a2 = sumOf(s + 2 * place, parts, part, lanes), a3 = sumOf(s + 3 * place, parts, part, lanes);
      const b0 = sumOf(s + 4 * place, parts, part, lanes), b1 = sumOf(s + 5 * place, parts, part, lanes);
      const b2 = sumOf(s + 6 * place, parts, part, lanes), b3 = sumOf(s + 7 * place, parts, part, lanes);
      const c0 = sumOf(s + 8 * place, parts, part, lanes), c1 = sumOf(s + 9 * place, parts, part, lanes);
      const c2 = sumOf(s + 10 * place, parts, part, lanes), c3 = sumOf(s + 11 * place, parts, part, lanes);
      const d0 = sumOf(s + 12 * place, parts, part, lanes), d1 = sumOf(s + 13 * place, parts, part, lanes);
      const d2 = sumOf(s + 14 * place, parts, part, lanes), d3 = sumOf(s + 15 * place, parts, part, lanes);
      const m0 = f32x4.mul(f32x4.add(b0, c0), half), m1 = f32x4.mul(f32x4.add(b1, c1), half);
      const m2 = f32x4.mul(f32x4.add(b2, c2), half), m3 = f32x4.mul(f32x4.add(b3, c3), half);
      rowOfWeights(f32x4.add(a0, m0), f32x4.add(a1, m1), f32x4.add(a2, m2), f32x4.add(a3, m3), out, next, lanes);
      rowOfWeights(
        f32x4.mul(f32x4.sub(b0, c0), half), f32x4.mul(f32x4.sub(b1, c1), half),
        f32x4.mul(f32x4.sub(b2, c2), half), f32x4.mul(f32x4.sub(b3, c3), half), out + 12, next, lanes,
      );
      rowOfWeights(f32x4.add(m0, d0), f32x4.add(m1, d1), f32x4.add(m2, d2), f32x4.add(m3, d3), out + 24, next, lanes);
    }
  }
}
