/**
 * The gradient of a convolution's weights: Σ over pixels of inputs, transposed, times gradients of outputs. Inputs are those
 * of the forward kernel (convolution.ts); a tile holds up to five inputs by eight outputs in registers while the pixels run.
 * An element is one sum over the pixels of a call, in their order, added to what was there.
 */
import { bytes, loadPart, madd, storePart } from './lanes';
import { PANEL } from './pack';

/** Inputs of the largest tile. */
const ROWS: i32 = 5;

// @ts-ignore: decorator
@inline
function put(sums: usize, v0: v128, v1: v128, columns: i32, add: i32): void {
  if (columns >= PANEL) {
    if (add) {
      v0 = f32x4.add(v128.load(sums), v0);
      v1 = f32x4.add(v128.load(sums, 16), v1);
    }
    v128.store(sums, v0);
    v128.store(sums, v1, 16);
  } else {
    putPart(sums, v0, v1, columns, add);
  }
}

function putPart(sums: usize, v0: v128, v1: v128, columns: i32, add: i32): void {
  storePart(sums, add ? f32x4.add(loadPart(sums, columns), v0) : v0, columns);
  if (columns > 4) storePart(sums + 16, add ? f32x4.add(loadPart(sums + 16, columns - 4), v1) : v1, columns - 4);
}

/** `count` and `full` are constants where this is inlined; steps are in bytes, from the end of a row or an image. */
// @ts-ignore: decorator
@inline
function tile(
  count: i32, full: bool, x: usize, xStep: usize, xNextRow: usize, xNextImage: usize, dy: usize, dyStep: usize, dyNextRow: usize, dyNextImage: usize,
  images: i32, rows: i32, columns: i32, sums: usize, stride: usize, width: i32, add: i32,
): void {
  let c00 = f32x4.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00;
  for (; images > 0; images--, x += xNextImage, dy += dyNextImage) {
    for (let row = rows; row > 0; row--, x += xNextRow, dy += dyNextRow) {
      for (let column = columns; column > 0; column--, x += xStep, dy += dyStep) {
        const d0 = full ? v128.load(dy) : loadPart(dy, width);
        const d1 = full ? v128.load(dy, 16) : width > 4 ? loadPart(dy + 16, width - 4) : f32x4.splat(0);
        let v = v128.load32_splat(x);
        c00 = madd(v, d0, c00);
        c01 = madd(v, d1, c01);
        if (count > 1) {
          v = v128.load32_splat(x, 4);
          c10 = madd(v, d0, c10);
          c11 = madd(v, d1, c11);
        }
        if (count > 2) {
          v = v128.load32_splat(x, 8);
          c20 = madd(v, d0, c20);
          c21 = madd(v, d1, c21);
        }
        if (count > 3) {
          v = v128.load32_splat(x, 12);
          c30 = madd(v, d0, c30);
          c31 = madd(v, d1, c31);
        }
        if (count > 4) {
          v = v128.load32_splat(x, 16);
          c40 = madd(v, d0, c40);
          c41 = madd(v, d1, c41);
        }
      }
    }
  }
  put(sums, c00, c01, width, add);
  if (count > 1) put(sums + stride, c10, c11, width, add);
  if (count > 2) put(sums + 2 * stride, c20, c21, width, add);
  if (count > 3) put(sums + 3 * stride, c30, c31, width, add);
  if (count > 4) put(sums + 4 * stride, c40, c41, width, add);
}

/**
 * sums[k, outputs] (+)= Σ over images × rows × columns pixels of the pixel's runs of x, transposed, times its dy.
 *
 * @param xColumn floats from pixel to pixel in x; xRow from row to row, xImage from image to image; likewise dy
 * @param runs int32 [runCount, 2], see convolution.ts
 * @param outputs of this call; `stride` floats from row to row of the sums
 * @param accumulate 1 adds to the sums, 0 overwrites them
 */
export function convolveGrad(
  x: usize, xColumn: i32, xRow: i32, xImage: i32, dy: usize, dyColumn: i32, dyRow: i32, dyImage: i32,
  images: i32, rows: i32, columns: i32, runs: usize, runCount: i32, outputs: i32, sums: usize, stride: i32, accumulate: i32,
): void {
  // Pixels that lie at equal steps are one row.
  if (xRow == columns * xColumn && dyRow == columns * dyColumn) {
    columns *= rows, rows = 1;
    if (xImage == columns * xColumn && dyImage == columns * dyColumn) columns *= images, images = 1;
  }
  const next = bytes(stride);
  const xStep = bytes(xColumn), xNextRow = bytes(xRow - columns * xColumn), xNextImage = bytes(xImage - rows * xRow);
  const dyStep = bytes(dyColumn), dyNextRow = bytes(dyRow - columns * dyColumn), dyNextImage = bytes(dyImage - rows * dyRow);
  for (let run = 0; run < runCount; run++, runs += 8) {
    x += <usize>load<i32>(runs);
    const depth = load<i32>(runs, 4);
    // Tiles of about one size: 16 inputs are four times four.
    const tiles = (depth + ROWS - 1) / ROWS;
    let done = 0;
    for (let t = 1; t <= tiles; t++) {
      const count = (depth * t) / tiles - done;
      for (let j = 0; j < outputs; j += PANEL) {
        const at = dy + bytes(j), out = sums + bytes(j), width = outputs - j;
        if (width < PANEL) {
          part(count, x, xStep, xNextRow, xNextImage, at, dyStep, dyNextRow, dyNextImage, images, rows, columns, out, next, width, accumulate);
        } else if (count == 5) {
          tile(5, true, x, xStep, xNextRow, xNextImage, at, dyStep, dyNextRow, dyNextImage, images, rows, columns, out, next, width, accumulate);
        } else if (count == 4) {
          tile(4, true, x, xStep, xNextRow, xNextImage, at, dyStep, dyNextRow, dyNextImage, images, rows, columns, out, next, width, accumulate);
        } else if (count == 3) {
          tile(3, true, x, xStep, xNextRow, xNextImage, at, dyStep, dyNextRow, dyNextImage, images, rows, columns, out, next, width, accumulate);
        } else if (count == 2) {
          tile(2, true, x, xStep, xNextRow, xNextImage, at, dyStep, dyNextRow, dyNextImage, images, rows, columns, out, next, width, accumulate);
        } else {
          tile(1, true, x, xStep, xNextRow, xNextImage, at, dyStep, dyNextRow, dyNextImage, images, rows, columns, out, next, width, accumulate);
        }
      }
      x += bytes(count);
      done += count;
      sums += <usize>count * next;
    }
  }
}

/** Fewer than eight outputs. */
function part(
  count: i32, x: usize, xStep: usize, xNextRow: usize, xNextImage: usize, dy: usize, dyStep: usize, dyNextRow: usize, dyNextImage: usize,
  images: i32, rows: i32, columns: i32, sums: usize, stride: usize, width: i32, add: i32,
): void {
  if (count == 5) tile(5, false, x, xStep, xNextRow, xNextImage, dy, dyStep, dyNextRow, dyNextImage, images, rows, columns, sums, stride, width, add);
  else if (count == 4) tile(4, false, x, xStep, xNextRow, xNextImage, dy, dyStep, dyNextRow, dyNextImage, images, rows, columns, sums, stride, width, add);
  else if (count == 3) tile(3, false, x, xStep, xNextRow, xNextImage, dy, dyStep, dyNextRow, dyNextImage, images, rows, columns, sums, stride, width, add);
  else if (count == 2) tile(2, false, x, xStep, xNextRow, xNextImage, dy, dyStep, dyNextRow, dyNextImage, images, rows, columns, sums, stride, width, add);
  else tile(1, false, x, xStep, xNextRow, xNextImage, dy, dyStep, dyNextRow, dyNextImage, images, rows, columns, sums, stride, width, add);
}
