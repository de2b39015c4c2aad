import type { Shape } from '../../../shape.ts';
import type { Context } from '../context.ts';
import { winogradJob } from '../jobs/winograd.ts';
import { bandOf, inputParameters, isFlat, tableOf } from './bands.ts';
import { outputParameters, type Sums, weightParameters } from './packed.ts';
import { type Border, borderOf, type Grid } from './taps.ts';

/** Numbers of a tile. */
export const PLACES = 16;
/** Channels of inputs and outputs from which on transforming tiles pays. */
const CHANNELS = 16;
/** Outputs of an image from which on it pays: the weights are 16/9 as large. */
const OUTPUTS = 49;
/** Share of the tiles' outputs that there are. */
const FULL = 0.75;

/**
 * Whether sums run as tiles of 2 × 2 outputs (kernels/assembly/winograd.ts). It depends on the shape of one image only, so
 * that results do not depend on the batch.
 */
export function isWinograd([O, share]: Shape, groups: number, grid: Grid): boolean {
  const { taps, rows, columns, rowStride, columnStride } = grid;
  if (groups > 1 || Math.min(O, share) < CHANNELS || taps.length !== 9 || rowStride > 1 || columnStride > 1)
    return false;
  const [{ row, column }] = taps;
  const isSquare = taps.every((tap, i) => tap.row === row + Math.floor(i / 3) && tap.column === column + (i % 3));
  const tiles = Math.ceil(rows / 2) * Math.ceil(columns / 2);
  return isSquare && rows * columns >= OUTPUTS && rows * columns >= FULL * 4 * tiles;
}

/** The grid whose outputs are the tiles, for their inputs and border. */
export function tilesOf(grid: Grid): Grid {
  const { row, column } = grid.taps[0];
  const taps = [0, 3].flatMap((down) => [0, 3].map((right) => ({ row: row + down, column: column + right, index: 0 })));
  const [rows, columns] = [Math.ceil(grid.rows / 2), Math.ceil(grid.columns / 2)];
  return { ...grid, rows, columns, rowStride: 2, columnStride: 2, taps };
}

export function runWinograd(context: Context, sums: Sums): void {
  const { memory, kernels } = context;
  const { x, weight, grid, isGradient } = sums;
  const [B, , , C] = x.shape;
  const outputs = weight.shape[isGradient ? 1 : 0];
  const tiles = tilesOf(grid);
  const border = borderOf(tiles, x.shape);
  const band = bandOf(tiles, border, x.shape);
  const pixels = B * grid.rows * grid.columns;
  const parts = context.partsFor(2 * pixels * 9 * C * outputs);
  const chunk = C < 256 ? 60 : 120;
  const tilesBytes = kernels.winogradSize(chunk, C) * 4;
  const packedBytes = PLACES * kernels.packedSize(C, outputs, 8) * 4;
  const indices = grid.taps.map(({ index }) => index);
  const parameters = {
    ...inputParameters(memory, x, tiles, border, band, parts),
    ...outputParameters(memory, sums),
    ...weightParameters(memory, sums, 'winograd', packedBytes),
    ...firstTap(grid, border),
    ...{ rows: tiles.rows, outputRows: grid.rows, ...band, outputs, taps: tableOf(memory, indices) },
    ...{ chunk, tiles: memory.scratch('parts', parts * tilesBytes), tilesBytes },
    byOutputs: isFlat(pixels, outputs, parts) ? 1 : 0,
  };
  context.run(winogradJob, parameters, parts);
}

/** Where the first output's window begins in the images with their border. */
export function firstTap({ taps: [first] }: Grid, { top, left }: Border) {
  return { firstRow: first.row + top, firstColumn: first.column + left };
}
