import { apply, type Operation } from '../autodiff/operation.ts';
import { oneOf, requireKind, whole } from '../checks.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, type Shape, stridesOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { reshape } from './movement.ts';
import { matmul } from './product.ts';
import { requireImages } from './window.ts';

// ── padding ───────────────────────────────────────────────────────────────────────────────────────────────

interface Padding {
  readonly sides: readonly (readonly [number, number])[];
  readonly value: number;
}

/** Where x lies within the padded array. */
function inner(shape: Shape, { sides }: Padding): { readonly start: number; readonly strides: readonly number[] } {
  const strides = stridesOf(shape);
  return { start: sides.reduce((start, [before], axis) => start + before * strides[axis], 0), strides };
}

const padOperation: Operation<[Tensor], Padding, null> = {
  name: 'pad',
  forward([x], padding, device) {
    const shape = x.shape.map((extent, axis) => extent + padding.sides[axis][0] + padding.sides[axis][1]);
    const y = device.full(shape, padding.value);
    const from = { start: 0, strides: stridesOf(x.shape) };
    if (x.size > 0) device.backend.stridedCopy(x, from, y, inner(shape, padding), x.shape, false);
    return { outputs: [y], saved: null };
  },
  backward({ inputs: [x], options, gradients: [dy] }, device) {
    const dx = device.empty(x.shape);
    const to = { start: 0, strides: stridesOf(x.shape) };
    if (x.size > 0) device.backend.stridedCopy(dy!, inner(dy!.shape, options), dx, to, x.shape, false);
    return [dx];
  },
};

/**
 * x with `value` before and after it along each axis.
 * @param sides  [before, after] for each axis of x
 * @throws ShapeError if there are not as many sides as axes
 */
export function pad(x: Tensor, sides: readonly (readonly [number, number])[], value = 0): Tensor {
  if (sides.length !== x.rank || !sides.flat().every((n) => Number.isSafeInteger(n) && n >= 0)) {
    throw new ShapeError(
      `pad: needs [before, after] from 0 for each axis of ${formatShape(x.shape)}, received ${JSON.stringify(sides)}`,
      { x: x.shape, sides },
    );
  }
  return sides.flat().every((n) => n === 0) ? x : apply(padOperation, [x], { sides, value });
}

// ── resizing ──────────────────────────────────────────────────────────────────────────────────────────────

export const resizeMethods = ['nearest', 'bilinear'] as const;
export type ResizeMethod = (typeof resizeMethods)[number];

/** How much each of `to` places takes of each of `from`, `[to, from]`. */
function weights(device: Device, from: number, to: number, method: ResizeMethod): Tensor {
  const values = new Float32Array(to * from);
  for (let i = 0; i < to; i++) {
    if (method === 'nearest') {
      values[i * from + Math.min(from - 1, Math.floor((i * from) / to))] = 1;
      continue;
    }
    const place = Math.max(0, ((i + 0.5) * from) / to - 0.5);
    const low = Math.min(from - 1, Math.floor(place));
    const share = place - low;
    values[i * from + low] += 1 - share;
    values[i * from + Math.min(from - 1, low + 1)] += share;
  }
  return device.tensor(values, [to, from]);
}

/**
 * Images `[B, H, W, C]` with another number of rows and columns, by interpolation between the nearest two (bilinear, with
 * half-pixel centres) or by the nearest pixel, as PyTorch's `interpolate(align_corners=False)`. Enlarges smoothly; to
 * shrink photographs, where each output must be a mean over many pixels, use `resizeImage` of `unrolled/images`.
 * @throws ShapeError if x is not `[B, H, W, C]` or has no pixel, ConfigError on an unknown method or size
 */
export function resize(
  x: Tensor,
  size: readonly [height: number, width: number],
  { method = 'bilinear' }: { readonly method?: ResizeMethod | undefined } = {},
): Tensor {
  requireImages('resize', x);
  requireKind('resize', 'method', method, oneOf(resizeMethods));
  for (const extent of size) requireKind('resize', 'size', extent, whole({ from: 1, to: 2 ** 16 }));
  const [B, H, W, C] = x.shape;
  if (H * W === 0) throw new ShapeError(`resize: there is no pixel in ${formatShape(x.shape)}`, { x: x.shape });
  const [height, width] = size;
  const rows =
    height === H
      ? x
      : reshape(matmul(weights(x.device, H, height, method), reshape(x, [B, H, W * C])), [B, height, W, C]);
  if (width === W) return rows;
  const columns = matmul(weights(x.device, W, width, method), reshape(rows, [B * height, W, C]));
  return reshape(columns, [B, height, width, C]);
}
