import type { Window } from '../../convolution.ts';

/** One place of the window: the input that it reads, relative to the first input of an output, and its number in the weights. */
export interface Tap {
  readonly row: number;
  readonly column: number;
  readonly index: number;
}

/**
 * Outputs [rows, columns] of every image, of which (r, c) is a sum over taps of input (r · rowStride + tap.row,
 * c · columnStride + tap.column), and where they are stored, in floats.
 */
export interface Grid {
  readonly rows: number;
  readonly columns: number;
  readonly rowStride: number;
  readonly columnStride: number;
  readonly start: number;
  readonly yColumn: number;
  readonly yRow: number;
  readonly yImage: number;
  readonly taps: readonly Tap[];
}

type Images = readonly number[];

/** The outputs of a convolution with images y [B, OH, OW, O]. */
export function forwardGrid({ kernel, stride, dilation, padding }: Window, [, OH, OW, O]: Images): Grid {
  const taps = Array.from({ length: kernel[0] * kernel[1] }, (_, index) => ({
    row: Math.floor(index / kernel[1]) * dilation[0] - padding[0],
    column: (index % kernel[1]) * dilation[1] - padding[1],
    index,
  }));
  const [rowStride, columnStride] = stride;
  return {
    rows: OH,
    columns: OW,
    rowStride,
    columnStride,
    start: 0,
    yColumn: O,
    yRow: OW * O,
    yImage: OH * OW * O,
    taps,
  };
}

/**
 * The gradient of images [B, H, W, C]: input row i receives from output row (i + padding − tap · dilation) / stride where that
 * is whole, so rows and columns that are `stride` apart have the same taps and are one grid.
 */
export function gradientGrids(window: Window, [, H, W, C]: Images): Grid[] {
  const [vertical, horizontal] = [axisTaps(window, 0), axisTaps(window, 1)];
  const grids: Grid[] = [];
  for (const [i, rowTaps] of vertical.entries()) {
    for (const [j, columnTaps] of horizontal.entries()) {
      const taps = rowTaps.flatMap(({ at: row, tap }) =>
        columnTaps.map(({ at: column, tap: c }) => ({ row, column, index: tap * window.kernel[1] + c })),
      );
      const [rows, columns] = [count(H, i, window.stride[0]), count(W, j, window.stride[1])];
      if (rows === 0 || columns === 0) continue;
      const [yColumn, yRow] = [window.stride[1] * C, window.stride[0] * W * C];
      const start = (i * W + j) * C;
      grids.push({ rows, columns, rowStride: 1, columnStride: 1, start, yColumn, yRow, yImage: H * W * C, taps });
    }
  }
  return grids;
}

const count = (n: number, from: number, step: number): number => Math.max(0, Math.ceil((n - from) / step));

/** For the inputs i, i + stride, … of one axis the outputs that they receive from, in increasing order. */
function axisTaps({ kernel, stride, dilation, padding }: Window, axis: 0 | 1): { at: number; tap: number }[][] {
  const step = stride[axis];
  return Array.from({ length: step }, (_, i) => {
    const found = Array.from({ length: kernel[axis] }, (_, tap) => ({
      at: (i + padding[axis] - tap * dilation[axis]) / step,
      tap,
    }));
    return found.filter(({ at }) => Number.isInteger(at)).reverse();
  });
}

/** Pixels of zeros round images that the taps of a grid need. */
export interface Border {
  readonly isNeeded: boolean;
  readonly top: number;
  readonly left: number;
  readonly right: number;
  /** Rows from the first that a row of outputs may read, to the last. */
  readonly span: number;
  /** Pixels of a row with its border. */
  readonly width: number;
}

export function borderOf({ taps, rows, columns, rowStride, columnStride }: Grid, [, H, W]: Images): Border {
  const extremes = (values: number[]): [number, number] => [Math.min(0, ...values), Math.max(0, ...values)];
  const [firstRow, lastRow] = extremes(taps.map(({ row }) => row));
  const [firstColumn, lastColumn] = extremes(taps.map(({ column }) => column));
  const below = (rows - 1) * rowStride + lastRow + 1 - H;
  const right = Math.max(0, (columns - 1) * columnStride + lastColumn + 1 - W);
  const [top, left] = [-firstRow, -firstColumn];
  const isNeeded = taps.length > 0 && (top > 0 || left > 0 || right > 0 || below > 0);
  return { isNeeded, top, left, right, span: top + lastRow + 1, width: isNeeded ? left + W + right : W };
}

/** The taps of a grid as the kernels' runs (kernels/assembly/convolution.ts). */
export function runsOf({ taps }: Grid, { top, left, width }: Border, channels: number, inputs: number): number[] {
  const runs: number[] = [];
  let end = 0;
  for (const { row, column } of taps) {
    const at = ((row + top) * width + column + left) * channels;
    if (at === end && runs.length > 0) runs[runs.length - 1] += inputs;
    else runs.push((at - end) * 4, inputs);
    end = at + inputs;
  }
  return runs;
}
