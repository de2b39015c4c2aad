import type { Shape } from '../../../shape.ts';
import type { Block } from '../../backend.ts';
import type { LinearMemory } from '../linear-memory.ts';
import type { Border, Grid } from './taps.ts';

/** Floats of a copy with a border: it stays in the second-level cache while all its outputs are computed. */
const BAND = 32_768;
/** Pixels of a band from which on a tile that is not full counts for little. */
const MANY_PIXELS = 128;
const FEW_PIXELS = 256;

/** What a call of a kernel takes: rows of one image, or whole images. */
export interface BandSize {
  readonly bandRows: number;
  readonly bandImages: number;
}

export function bandOf({ rows, columns, rowStride }: Grid, { width, span }: Border, [B, , , C]: Shape): BandSize {
  const rowFloats = width * C;
  const fitting = Math.max(1, Math.floor((BAND / rowFloats - span) / rowStride) + 1);
  if (fitting < rows && rows * columns > MANY_PIXELS) return { bandRows: fitting, bandImages: 1 };
  return { bandRows: rows, bandImages: Math.max(1, Math.min(B, Math.ceil(MANY_PIXELS / (rows * columns)))) };
}

/** Where a job reads the images of its bands (jobs/band.ts), with room for the copies of each part. */
export function inputParameters(
  memory: LinearMemory,
  x: Block,
  grid: Grid,
  border: Border,
  band: BandSize,
  parts: number,
) {
  const [B, H, W, C] = x.shape;
  const { isNeeded, top, left, right, span, width } = border;
  const rows = (band.bandRows - 1) * grid.rowStride + span;
  const scratchBytes = isNeeded ? band.bandImages * rows * width * C * 4 : 0;
  const sizes = { images: B, height: H, width: W, channels: C, rowStride: grid.rowStride };
  const around = { bordered: isNeeded ? 1 : 0, top, left, right, span, xWidth: width };
  return {
    x: memory.input(x),
    ...sizes,
    ...around,
    scratch: memory.scratch('border', parts * scratchBytes),
    scratchBytes,
  };
}

/** Whether threads share the outputs' channels, so that each reads a part of the weights only. */
export function isFlat(pixels: number, outputs: number, parts: number): boolean {
  return pixels <= FEW_PIXELS && outputs >= 16 * parts;
}

/** Integers for the kernels, until the next job. */
export function tableOf(memory: LinearMemory, numbers: readonly number[]): number {
  const address = memory.scratch('table', Math.max(1024, numbers.length * 4));
  memory.ints(address, numbers.length).set(numbers);
  return address;
}
