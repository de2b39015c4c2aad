import { ShapeError } from '../../errors.ts';
import { abs, add, div, exp, matmul, maximum, minimum, mul, relu, reshape, square, sub, sum } from '../../ops/index.ts';
import { formatShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** Where along one axis of an image N filters lie, in pixels; the first pixel's centre is at 0. All `[B]`. */
export interface FilterPlacement {
  /** g, the centre of the bank. */
  readonly centre: Tensor;
  /** δ, the distance between neighbouring filters. */
  readonly stride: Tensor;
  /** σ, the deviation of each filter. */
  readonly deviation: Tensor;
}

/** So that a filter far outside of the image is 0, and no division by 0. */
const LEAST = 1e-8;

/**
 * A bank of N Gaussian filters along an axis of `extent` pixels (Gregor 2015):
 *
 *     μ_i = g + (i − (N − 1)/2) δ;   F_ia = exp(−(a − μ_i)² / 2σ²) / Z_i,   i < N, a < extent
 *
 * Z_i makes the weights of a filter sum to 1; those of a filter that lies outside of the image sum to less.
 * @returns `[B, N, extent]`
 */
export function gaussianBank({ centre, stride, deviation }: FilterPlacement, count: number, extent: number): Tensor {
  const distance = distances(centre, stride, count, extent); // [B, N, extent]
  const scaled = div(distance, reshape(deviation, [-1, 1, 1]));
  const weights = exp(mul(square(scaled), -0.5));
  return div(weights, maximum(sum(weights, { axes: -1, keepDims: true }), LEAST));
}

/** a − μ_i, `[B, N, extent]`. */
export function distances(centre: Tensor, stride: Tensor | number, count: number, extent: number): Tensor {
  const { device } = centre;
  const offsets = device.tensor(Float32Array.from({ length: count }, (_, i) => i - (count - 1) / 2));
  const pixels = device.tensor(Float32Array.from({ length: extent }, (_, a) => a));
  const step = typeof stride === 'number' ? stride : reshape(stride, [-1, 1]);
  const middles = add(reshape(centre, [-1, 1]), mul(offsets, step)); // [B, N]
  return sub(pixels, reshape(middles, [-1, count, 1]));
}

/** Filters along both axes of images: `[B, N, H]` and `[B, M, W]`. */
export interface FilterBanks {
  readonly rows: Tensor;
  readonly columns: Tensor;
}

/**
 * Patches of images: F_rows · x · F_columnsᵀ.
 * @param images  [B, H, W]
 * @returns [B, N, M]
 * @throws ShapeError if the banks are not for images of this size
 */
export function readPatches(images: Tensor, { rows, columns }: FilterBanks): Tensor {
  const [B, H, W] = images.shape;
  if (rows.shape[0] !== B || columns.shape[0] !== B || rows.shape[2] !== H || columns.shape[2] !== W) {
    throw new ShapeError(
      `readPatches: images ${formatShape(images.shape)} need banks [${B}, N, ${H}] and [${B}, M, ${W}]; received ` +
        `${formatShape(rows.shape)} and ${formatShape(columns.shape)}`,
      { images: images.shape, rows: rows.shape, columns: columns.shape },
    );
  }
  return matmul(rows, matmul(images, columns, { transposeB: true }));
}

/** Images of patches: F_rowsᵀ · w · F_columns. patches `[B, N, M]` → `[B, H, W]`. */
export function writePatches(patches: Tensor, { rows, columns }: FilterBanks): Tensor {
  return matmul(matmul(rows, patches, { transposeA: true }), columns);
}

/**
 * A bank of N adjoining boxes of `width` pixels along an axis: filter i is the mean of its box, in which a pixel counts by how
 * much of it lies within. With a width of 1 that is bilinear interpolation. Beyond the image all is 0.
 *
 *     F_ia = min(1, max(0, (width + 1)/2 − |a − μ_i|)) / width;   μ_i = g + (i − (N − 1)/2) · width
 *
 * @param centre  g, `[B]`, in pixels; the first pixel's centre is at 0
 * @param width  from 1
 * @returns `[B, N, extent]`
 */
export function boxBank(centre: Tensor, count: number, extent: number, width: number): Tensor {
  const reach = sub((width + 1) / 2, abs(distances(centre, width, count, extent)));
  return mul(minimum(relu(reach), 1), 1 / width);
}
