/**
 * Convolutions of 3 × 3 taps by Winograd's minimal filtering F(2 × 2, 3 × 3) (Lavin and Gray 2016): 16 multiplications for four
 * outputs in place of 36. Outputs are computed in tiles of 2 × 2 from tiles of 4 × 4 inputs d with weights g:
 *
 *     Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A,   and backwards   dg = Gᵀ [Σ over tiles of (A dY Aᵀ) ⊙ (Bᵀ d B)] G
 *
 * with ⊙ taken for every pair of channels and summed: sixteen matrix products. An output reads the nine inputs of its window and
 * no others, so what it does not see cannot change it.
 */
import { activate } from './activate';
import { bytes, fourOf, madd, read, storePart, write } from './lanes';
import { PANEL } from './pack';

/** Numbers of a transformed tile. */
export const PLACES: i32 = 16;
/** Tiles multiplied together. */
const TILES: i32 = 5;
/** Bytes from place to place of their products. */
const NEXT: usize = <usize>(TILES * PANEL * 4);

/** Floats of scratch that `winograd` needs for `chunk` tiles of `n` channels. */
export function winogradSize(chunk: i32, n: i32): i32 {
  return PLACES * TILES * PANEL + (chunk + TILES) * PLACES * n;
}

/** One row of Bᵀ d B from the two rows of d that it is made of, added or subtracted; then the same by columns. */
// @ts-ignore: decorator
@inline
function rowOfInputs(add: bool, a: usize, b: usize, pixel: usize, out: usize, place: usize, lanes: i32): void {
  const a0 = read(a, lanes), a1 = read(a + pixel, lanes), a2 = read(a + 2 * pixel, lanes), a3 = read(a + 3 * pixel, lanes);
  const b0 = read(b, lanes), b1 = read(b + pixel, lanes), b2 = read(b + 2 * pixel, lanes), b3 = read(b + 3 * pixel, lanes);
  const t0 = add ? f32x4.add(a0, b0) : f32x4.sub(a0, b0);
  const t1 = add ? f32x4.add(a1, b1) : f32x4.sub(a1, b1);
  const t2 = add ? f32x4.add(a2, b2) : f32x4.sub(a2, b2);
  const t3 = add ? f32x4.add(a3, b3) : f32x4.sub(a3, b3);
  write(out, f32x4.sub(t0, t2), lanes);
  write(out + place, f32x4.add(t1, t2), lanes);
  write(out + 2 * place, f32x4.sub(t2, t1), lanes);
  write(out + 3 * place, f32x4.sub(t1, t3), lanes);
}

// @ts-ignore: decorator
@inline
function fourInputs(x: usize, row: usize, pixel: usize, out: usize, place: usize, lanes: i32): void {
  rowOfInputs(false, x, x + 2 * row, pixel, out, place, lanes);
  rowOfInputs(true, x + row, x + 2 * row, pixel, out + 4 * place, place, lanes);
  rowOfInputs(false, x + 2 * row, x + row, pixel, out + 8 * place, place, lanes);
  rowOfInputs(false, x + row, x + 3 * row, pixel, out + 12 * place, place, lanes);
}

/**
 * Bᵀ d B of the tiles `from` … `from + count − 1` of a band of images, counted through.
 *
 * @param x the first tile's first input; xRow floats from row to row, xImage from image to image, pixels of n channels
 * @param tileRows of an image in the band, tileColumns
 * @param tile floats from tile to tile of the result, `place` from place to place of a tile
 */
export function winogradInputs(
  x: usize, n: i32, xRow: i32, xImage: i32, tileRows: i32, tileColumns: i32, from: i32, count: i32, out: usize, tile: i32, place: i32,
): void {
  const pixel = bytes(n), row = bytes(xRow), next = bytes(place);
  for (let i = from; i < from + count; i++, out += bytes(tile)) {
    const line = i / tileColumns;
    const image = line / tileRows;
    const at = x + bytes(image * xImage + 2 * (line - image * tileRows) * xRow + 2 * (i - line * tileColumns) * n);
    let j = 0;
    for (; j + 4 <= n; j += 4) fourInputs(at + bytes(j), row, pixel, out + bytes(j), next, 4);
    if (j < n) fourInputs(at + bytes(j), row, pixel, out + bytes(j), next, n - j);
  }
}

/** One place of five tiles: M [5, 8] ← V [5 of stride, k] · U [k, 8]. */
// @ts-ignore: decorator
@inline
function multiplyTiles(v: usize, stride: usize, u: usize, k: i32, out: usize): void {
  const zero = f32x4.splat(0);
  let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero, c40 = zero, c41 = zero;
  let v1 = v + stride, v2 = v1 + stride, v3 = v2 + stride, v4 = v3 + stride;
  for (const end = u + bytes(k * PANEL); u < end; u += 32, v += 4, v1 += 4, v2 += 4, v3 += 4, v4 += 4) {
    const u0 = v128.load(u), u1 = v128.load(u, 16);
    let s = v128.load32_splat(v);
    c00 = madd(s, u0, c00);
    c01 = madd(s, u1, c01);
    s = v128.load32_splat(v1);
    c10 = madd(s, u0, c10);
    c11 = madd(s, u1, c11);
    s = v128.load32_splat(v2);
    c20 = madd(s, u0, c20);
    c21 = madd(s, u1, c21);
    s = v128.load32_splat(v3);
    c30 = madd(s, u0, c30);
    c31 = madd(s, u1, c31);
    s = v128.load32_splat(v4);
    c40 = madd(s, u0, c40);
    c41 = madd(s, u1, c41);
  }
  v128.store(out, c00);
  v128.store(out, c01, 16);
  v128.store(out, c10, 32);
  v128.store(out, c11, 48);
  v128.store(out, c20, 64);
  v128.store(out, c21, 80);
  v128.store(out, c30, 96);
  v128.store(out, c31, 112);
  v128.store(out, c40, 128);
  v128.store(out, c41, 144);
}

// @ts-ignore: decorator
@inline
function store4(y: usize, v: v128, scale: v128, bias: v128, activation: i32, lanes: i32): void {
  v = activate(madd(v, scale, bias), activation);
  if (lanes >= 4) v128.store(y, v);
  else storePart(y, v, lanes);
}

/** Four outputs' channels of one tile: Aᵀ M A, of which the first `rows` and `columns` are stored. */
// @ts-ignore: decorator
@inline
function outputs4(m: usize, y: usize, yRow: usize, yColumn: usize, rows: i32, columns: i32, scale: v128, bias: v128, activation: i32, lanes: i32): void {
  // Rows of Aᵀ M: m₀ + m₁ + m₂ and m₁ − m₂ − m₃.
  const a1 = v128.load(m + 4 * NEXT), a2 = v128.load(m + 8 * NEXT);
  const b1 = v128.load(m + 5 * NEXT), b2 = v128.load(m + 9 * NEXT);
  const c1 = v128.load(m + 6 * NEXT), c2 = v128.load(m + 10 * NEXT);
  const d1 = v128.load(m + 7 * NEXT), d2 = v128.load(m + 11 * NEXT);
  {
    const a = f32x4.add(v128.load(m), f32x4.add(a1, a2));
    const b = f32x4.add(v128.load(m + NEXT), f32x4.add(b1, b2));
    const c = f32x4.add(v128.load(m + 2 * NEXT), f32x4.add(c1, c2));
    const d = f32x4.add(v128.load(m + 3 * NEXT), f32x4.add(d1, d2));
    store4(y, f32x4.add(a, f32x4.add(b, c)), scale, bias, activation, lanes);
    if (columns > 1) store4(y + yColumn, f32x4.sub(f32x4.sub(b, c), d), scale, bias, activation, lanes);
  }
  if (rows > 1) {
    const a = f32x4.sub(f32x4.sub(a1, a2), v128.load(m + 12 * NEXT));
    const b = f32x4.sub(f32x4.sub(b1, b2), v128.load(m + 13 * NEXT));
    const c = f32x4.sub(f32x4.sub(c1, c2), v128.load(m + 14 * NEXT));
    const d = f32x4.sub(f32x4.sub(d1, d2), v128.load(m + 15 * NEXT));
    store4(y + yRow, f32x4.add(a, f32x4.add(b, c)), scale, bias, activation, lanes);
    if (columns > 1) store4(y + yRow + yColumn, f32x4.sub(f32x4.sub(b, c), d), scale, bias, activation, lanes);
  }
}

/**
 * y = activation(scale ⊙ (W ∗ x) + bias) for a band of images, `chunk` tiles at a time.
 *
 * @param x the first tile's first input; n, xRow and xImage as for `winogradInputs`
 * @param y the band's first output; yColumn, yRow, yImage in floats
 * @param images, rows, columns of outputs in the band
 * @param packed `winogradWeights`
 * @param scale [outputs], or 0 for 1; likewise bias for 0
 * @param scratch winogradSize(chunk, n) floats
 */
export function winograd(
  x: usize, n: i32, xRow: i32, xImage: i32, y: usize, yColumn: i32, yRow: i32, yImage: i32,
  images: i32, rows: i32, columns: i32, packed: usize, outputs: i32, scale: usize, bias: usize, activation: i32,
  chunk: i32, scratch: usize,
): void {
  const tileRows = (rows + 1) / 2, tileColumns = (columns + 1) / 2;
  const tiles = images * tileRows * tileColumns;
  const stride = bytes(PLACES * n), panel = bytes(n * PANEL);
  const products = scratch;
  const inputs = scratch + PLACES * NEXT;
  const one = f32x4.splat(1), zero = f32x4.splat(0);
  for (let from = 0; from < tiles; from += chunk) {
    const count = min(chunk, tiles - from);
    winogradInputs(x, n, xRow, xImage, tileRows, tileColumns, from, count, inputs, PLACES * n, n);
    let u = packed;
    for (let j = 0; j < outputs; j += PANEL, u += PLACES * panel) {
      const width = outputs - j;
      const s0 = fourOf(scale, j, outputs, one), s1 = fourOf(scale, j + 4, outputs, one);
      const b0 = fourOf(bias, j, outputs, zero), b1 = fourOf(bias, j + 4, outputs, zero);
      for (let t = 0; t < count; t += TILES) {
        const v = inputs + <usize>t * stride;
        for (let i = 0; i < PLACES; i++) multiplyTiles(v + bytes(i * n), stride, u + <usize>i * panel, n, products + <usize>i * NEXT);
        for (let q = 0; q < min(TILES, count - t); q++) {
          const tile = from + t + q;
          const line = tile / tileColumns;
          const image = line / tileRows;
          const row = 2 * (line - image * tileRows), column = 2 * (tile - line * tileColumns);
          const out = y + bytes(image * yImage + row * yRow + column * yColumn + j);
          const m = products + bytes(q * PANEL);
          outputs4(m, out, bytes(yRow), bytes(yColumn), rows - row, columns - column, s0, b0, activation, width);
          if (width > 4) outputs4(m + 16, out + 16, bytes(yRow), bytes(yColumn), rows - row, columns - column, s1, b1, activation, width - 4);
        }
      }
    }
  }
}
