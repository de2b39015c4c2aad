/**
 * Convolutions as products without a column matrix: the inputs of an output pixel are a few runs of consecutive floats (a row
 * of the window times the channels), so a tile of five pixels follows five pointers through one list of runs.
 *
 * Runs are int32 pairs (jump, depth): a pixel's pointer advances by `jump` bytes, then `depth` floats are read. The first jump
 * counts from the pixel's own address, every other from the end of the run before it. Weights are packed in the order of
 * the runs (pack-taps.ts). Strides, dilation, groups and the gradient of the input differ in their runs and steps only.
 *
 * An element is one sum over all runs in their order, from zero: its bits depend on nothing but its own inputs.
 */
import { clamp, leastOf, mostOf } from './activate';
import { bytes, fourOf, madd, storePart } from './lanes';
import { PANEL } from './pack';

/** Pixels of a tile: as for the rows of a product (tile.ts), ten accumulators fit the registers. */
const PIXELS: i32 = 5;

/** One pixel's eight columns: activation(scale ⊙ v + bias). */
// @ts-ignore: decorator
@inline
function put(y: usize, v0: v128, v1: v128, s0: v128, s1: v128, b0: v128, b1: v128, columns: i32, least: v128, most: v128): void {
  v0 = clamp(madd(v0, s0, b0), least, most);
  v1 = clamp(madd(v1, s1, b1), least, most);
  if (columns >= PANEL) {
    v128.store(y, v0);
    v128.store(y, v1, 16);
  } else {
    putPart(y, v0, v1, columns);
  }
}

function putPart(y: usize, v0: v128, v1: v128, columns: i32): void {
  storePart(y, v0, columns);
  if (columns > 4) storePart(y + 16, v1, columns - 4);
}

/**
 * y[i, r, c, :] = activation(scale ⊙ Σ over the pixel's runs of x · W + bias) for images × rows × columns pixels.
 *
 * @param xColumn floats from pixel to pixel in x; xRow from row to row, xImage from image to image; likewise y
 * @param runs int32 [runCount, 2]
 * @param packed W [k, outputs] in panels of eight columns (packTaps), k the sum of all depths
 * @param scale [outputs], or 0 for 1; likewise bias for 0
 * @param activation one of `FusedActivation`
 */
export function convolve(
  x: usize, xColumn: i32, xRow: i32, xImage: i32, y: usize, yColumn: i32, yRow: i32, yImage: i32,
  images: i32, rows: i32, columns: i32, runs: usize, runCount: i32, packed: usize, k: i32,
  outputs: i32, scale: usize, bias: usize, activation: i32,
): void {
  // Pixels that lie at equal steps are one row: there is less to count.
  if (xRow == columns * xColumn && yRow == columns * yColumn) {
    columns *= rows, rows = 1;
    if (xImage == columns * xColumn && yImage == columns * yColumn) columns *= images, images = 1;
  }
  const least = leastOf(activation), most = mostOf(activation);
  const runsEnd = runs + (<usize>runCount << 3);
  const pixels = images * rows * columns;
  // From the last pixel of a row to the first of the next, and of an image to the next.
  const xStep = bytes(xColumn), yStep = bytes(yColumn);
  const xNextRow = bytes(xRow - (columns - 1) * xColumn), yNextRow = bytes(yRow - (columns - 1) * yColumn);
  const xNextImage = bytes(xImage - (rows - 1) * xRow - (columns - 1) * xColumn);
  const yNextImage = bytes(yImage - (rows - 1) * yRow - (columns - 1) * yColumn);
  for (let j = 0; j < outputs; j += PANEL, packed += bytes(k * PANEL), y += bytes(PANEL)) {
    const width = outputs - j;
    const one = f32x4.splat(1), zero = f32x4.splat(0);
    const s0 = fourOf(scale, j, outputs, one), s1 = fourOf(scale, j + 4, outputs, one);
    const b0 = fourOf(bias, j, outputs, zero), b1 = fourOf(bias, j + 4, outputs, zero);
    let x0 = x, y0 = y;
    let column = 0, row = 0;
    for (let left = pixels; left > 0; left -= PIXELS) {
      // Pixels beyond the last are computed as the first, and not stored.
      let x1 = x0, x2 = x0, x3 = x0, x4 = x0;
      let y1 = y0, y2 = y0, y3 = y0, y4 = y0;
      let xNext = x0, yNext = y0;
      if (column + PIXELS < columns) {
        x1 = x0 + xStep, x2 = x1 + xStep, x3 = x2 + xStep, x4 = x3 + xStep, xNext = x4 + xStep;
        y1 = y0 + yStep, y2 = y1 + yStep, y3 = y2 + yStep, y4 = y3 + yStep, yNext = y4 + yStep;
        column += PIXELS;
      } else {
        for (let i = 1; i <= min(left, PIXELS); i++) {
          if (i == 2) x1 = xNext, y1 = yNext;
          else if (i == 3) x2 = xNext, y2 = yNext;
          else if (i == 4) x3 = xNext, y3 = yNext;
          else if (i == 5) x4 = xNext, y4 = yNext;
          if (++column < columns) {
            xNext += xStep, yNext += yStep;
          } else if (column = 0, ++row < rows) {
            xNext += xNextRow, yNext += yNextRow;
          } else {
            row = 0, xNext += xNextImage, yNext += yNextImage;
          }
        }
      }
      let c00 = zero, c01 = zero, c10 = zero, c11 = zero, c20 = zero, c21 = zero, c30 = zero, c31 = zero, c40 = zero, c41 = zero;
      let b = packed;
      for (let run = runs; run < runsEnd; run += 8) {
        const jump = <usize>load<i32>(run);
        x0 += jump, x1 += jump, x2 += jump, x3 += jump, x4 += jump;
        const end = b + (<usize>load<i32>(run, 4) << 5);
        while (b < end) {
          const w0 = v128.load(b), w1 = v128.load(b, 16);
          let v = v128.load32_splat(x0);
          c00 = madd(v, w0, c00);
          c01 = madd(v, w1, c01);
          v = v128.load32_splat(x1);
          c10 = madd(v, w0, c10);
          c11 = madd(v, w1, c11);
          v = v128.load32_splat(x2);
          c20 = madd(v, w0, c20);
          c21 = madd(v, w1, c21);
          v = v128.load32_splat(x3);
          c30 = madd(v, w0, c30);
          c31 = madd(v, w1, c31);
          v = v128.load32_splat(x4);
          c40 = madd(v, w0, c40);
          c41 = madd(v, w1, c41);
          x0 += 4, x1 += 4, x2 += 4, x3 += 4, x4 += 4, b += 32;
        }
      }
      put(y0, c00, c01, s0, s1, b0, b1, width, least, most);
      if (left > 1) put(y1, c10, c11, s0, s1, b0, b1, width, least, most);
      if (left > 2) put(y2, c20, c21, s0, s1, b0, b1, width, least, most);
      if (left > 3) put(y3, c30, c31, s0, s1, b0, b1, width, least, most);
      if (left > 4) put(y4, c40, c41, s0, s1, b0, b1, width, least, most);
      x0 = xNext, y0 = yNext;
    }
  }
}

/**
 * Copies rows from … from + rows − 1 of an image [height, width, n], with `left` and `right` pixels of zeros beside each; rows
 * outside the image are zeros. out is [rows, left + width + right, n].
 */
export function border(x: usize, height: i32, width: i32, n: i32, out: usize, from: i32, rows: i32, left: i32, right: i32): void {
  const before = bytes(left * n), inner = bytes(width * n), after = bytes(right * n);
  for (let i = from; i < from + rows; i++, out += before + inner + after) {
    if (i < 0 || i >= height) {
      memory.fill(out, 0, before + inner + after);
    } else {
      memory.fill(out, 0, before);
      memory.copy(out + before, x + <usize>i * inner, inner);
      memory.fill(out + before + inner, 0, after);
    }
  }
}
