/**
 * Step programs: matrix products and elementwise instructions, run for every time step. Elementwise instructions process a
 * few rows at a time, whose registers stay in the first-level cache; rows of a batch are independent, so any range of them
 * may be run separately.
 *
 * A program is int32 words, shared by all threads that run parts of it:
 *
 * - places, PLACE words each: address of the first column at slot 0 and row 0, slots, shift, bytes from slot to slot,
 *   bytes from row to row, and 1, or 0 where one column is broadcast;
 * - code: `[0, left, out, packed, k, n, accumulate]` a product; `[1, width, count]` with `count` times
 *   `[operation, a, b, c, out]` a pointwise instruction; `[2]` the end. Operands are numbers of places, and from the number
 *   of places on registers. Operations are of `Unary`, from BINARY on of `Binary`, from GRADIENT on gradients of `Unary`
 *   (value, dy), SELECT and COPY.
 */
import { runs } from './broadcast';
import { fill, scaleInto, select, unary, unaryGrad } from './elementwise';
import { gemm } from './gemm';
import { bytes } from './lanes';
import { PANEL, packRight } from './pack';

const PLACE: usize = 6 * 4;
const BINARY: i32 = 16;
const GRADIENT: i32 = 32;
const SELECT: i32 = 48;

/** Floats in a register. */
const REGISTER: i32 = 256;
/** Rows per product: they stay in the first-level cache while the panels of the right side are read. */
const ROWS_AT_ONCE: i32 = 60;

/** Bytes of scratch space for `scan`: addresses of all places, and registers. */
export function scanWorkSize(places: i32, registers: i32): i32 {
  return i32((bytes(places) + 15) & -16) + registers * REGISTER * 4;
}

/**
 * Packs a share of all right sides: `part` of `parts`.
 *
 * @param matrices six words each: address, floats from row to row, 1 where stored transposed, k, n, where to pack it
 */
export function scanPack(matrices: usize, count: i32, part: i32, parts: i32): void {
  for (; count > 0; count--, matrices += 24) {
    const stored = load<usize>(matrices);
    const ld = load<i32>(matrices, 4);
    const transposed = load<i32>(matrices, 8);
    const k = load<i32>(matrices, 12);
    const n = load<i32>(matrices, 16);
    const panels = (n + PANEL - 1) / PANEL;
    const first = ((panels * part) / parts) * PANEL;
    const end = min(n, ((panels * (part + 1)) / parts) * PANEL);
    if (end <= first) continue;
    const from = stored + bytes(transposed ? first * ld : first);
    packRight(from, ld, transposed, k, end - first, PANEL, load<usize>(matrices, 20) + bytes(first * k));
  }
}

/**
 * Runs a program for rows `from` … `from + rows` through all steps.
 *
 * @param reverse 1 runs from the last step to the first
 * @param work scanWorkSize(…) bytes
 */
export function scan(code: usize, places: usize, placeCount: i32, steps: i32, reverse: i32, from: i32, rows: i32, work: usize): void {
  const registers = (work + bytes(placeCount) + 15) & -16;
  for (let s = 0; s < steps; s++) {
    const t = reverse ? steps - 1 - s : s;
    for (let i = 0; i < placeCount; i++) {
      const place = places + <usize>i * PLACE;
      const slot = (t + load<i32>(place, 8)) % load<i32>(place, 4);
      const at = load<usize>(place) + <usize>slot * load<usize>(place, 12) + <usize>from * load<usize>(place, 16);
      store<usize>(work + bytes(i), at);
    }
    let p = code;
    for (let kind = load<i32>(p); kind != 2; kind = load<i32>(p)) {
      if (kind == 0) {
        product(p, places, rows, work);
        p += 7 * 4;
      } else {
        const count = load<i32>(p, 8);
        pointwise(p + 3 * 4, count, load<i32>(p, 4), places, placeCount, rows, work, registers);
        p += bytes(3 + 5 * count);
      }
    }
  }
}

function product(p: usize, places: usize, rows: i32, work: usize): void {
  const left = load<i32>(p, 4);
  const out = load<i32>(p, 8);
  const strideA = load<i32>(places + <usize>left * PLACE, 16);
  const strideC = load<i32>(places + <usize>out * PLACE, 16);
  const a = load<usize>(work + bytes(left));
  const c = load<usize>(work + bytes(out));
  for (let row = 0; row < rows; row += ROWS_AT_ONCE) {
    const some = min(rows - row, ROWS_AT_ONCE);
    gemm(
      a + <usize>row * strideA, strideA >> 2, 0, load<usize>(p, 12), c + <usize>row * strideC, strideC >> 2,
      some, load<i32>(p, 20), load<i32>(p, 16), load<i32>(p, 24), 0,
    );
  }
}

/** Runs all instructions for a block of rows and columns, then for the next. */
function pointwise(code: usize, count: i32, width: i32, places: usize, placeCount: i32, rows: i32, work: usize, registers: usize): void {
  const columns = min(width, REGISTER);
  const registerRow = bytes((columns + 3) & -4);
  const atOnce = max(1, REGISTER / ((columns + 3) & -4));
  for (let row = 0; row < rows; row += atOnce) {
    const some = min(rows - row, atOnce);
    for (let column = 0; column < width; column += REGISTER) {
      const n = min(width - column, REGISTER);
      let p = code;
      for (let i = 0; i < count; i++, p += 20) {
        const operation = load<i32>(p);
        const a = load<i32>(p, 4), b = load<i32>(p, 8), c = load<i32>(p, 12), out = load<i32>(p, 16);
        let pa: usize = 0, pb: usize = 0, pc: usize = 0;
        let aRow: usize = 0, bRow: usize = 0, cRow: usize = 0;
        let aStep = 1, bStep = 1;
        if (a < placeCount) {
          const place = places + <usize>a * PLACE;
          aRow = load<usize>(place, 16);
          aStep = load<i32>(place, 20);
          pa = load<usize>(work + bytes(a)) + <usize>row * aRow + bytes(column * aStep);
        } else {
          aRow = registerRow;
          pa = registers + bytes((a - placeCount) * REGISTER);
        }
        if (b >= placeCount) {
          bRow = registerRow;
          pb = registers + bytes((b - placeCount) * REGISTER);
        } else if (b >= 0) {
          const place = places + <usize>b * PLACE;
          bRow = load<usize>(place, 16);
          bStep = load<i32>(place, 20);
          pb = load<usize>(work + bytes(b)) + <usize>row * bRow + bytes(column * bStep);
        }
        if (c >= placeCount) {
          cRow = registerRow;
          pc = registers + bytes((c - placeCount) * REGISTER);
        } else if (c >= 0) {
          cRow = load<usize>(places + <usize>c * PLACE, 16);
          pc = load<usize>(work + bytes(c)) + <usize>row * cRow + bytes(column);
        }
        let po = registers + bytes((out - placeCount) * REGISTER);
        let outRow = registerRow;
        if (out < placeCount) {
          outRow = load<usize>(places + <usize>out * PLACE, 16);
          po = load<usize>(work + bytes(out)) + <usize>row * outRow + bytes(column);
        }
        for (let r = 0; r < some; r++, pa += aRow, pb += bRow, pc += cRow, po += outRow) {
          if (operation < BINARY) unary(operation, pa, po, n);
          else if (operation < GRADIENT) runs(operation - BINARY, pa, pb, po, n, aStep, bStep);
          else if (operation < SELECT) unaryGrad(operation - GRADIENT, pa, pa, pb, po, n);
          else if (operation == SELECT) select(pa, pb, pc, po, n);
          else if (aStep) scaleInto(1, pa, po, n);
          else fill(po, load<f32>(pa), n);
        }
      }
    }
  }
}
