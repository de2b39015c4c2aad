import { broadcastStrides, stridesOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

/** Fills `out` with x repeated along its axes of extent 1 and along new leading axes. Not recorded. */
export function repeatInto(x: Tensor, out: Tensor): Tensor {
  const strides = broadcastStrides(x.shape, out.shape);
  const whole = { start: 0, strides: stridesOf(out.shape) };
  x.device.backend.stridedCopy(x, { start: 0, strides }, out, whole, out.shape, false);
  return out;
}
