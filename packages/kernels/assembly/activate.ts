/** What may follow a convolution before its results are stored. */
import { FusedActivation } from './operations';

/** `activation` is one of `FusedActivation`; NaN stays NaN, as in `unary`. */
// @ts-ignore: decorator
@inline
export function activate(v: v128, activation: i32): v128 {
  if (activation == FusedActivation.none) return v;
  v = f32x4.pmax(v, f32x4.splat(0));
  return activation == FusedActivation.relu6 ? f32x4.pmin(v, f32x4.splat(6)) : v;
}
