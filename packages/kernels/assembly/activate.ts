/** What may follow a convolution before its results are stored. */
import { FusedActivation } from './operations';

/** The ends of an activation in all lanes: `clamp` to them is `activate`, for loops in which the activation is not a constant. */
// @ts-ignore: decorator
@inline
export function leastOf(activation: i32): v128 {
  return f32x4.splat(activation == FusedActivation.none ? f32.NEGATIVE_INFINITY : 0);
}

// @ts-ignore: decorator
@inline
export function mostOf(activation: i32): v128 {
  return f32x4.splat(activation == FusedActivation.relu6 ? 6 : f32.POSITIVE_INFINITY);
}

// @ts-ignore: decorator
@inline
export function clamp(v: v128, least: v128, most: v128): v128 {
  return f32x4.pmin(f32x4.pmax(v, least), most);
}

/** `activation` is one of `FusedActivation`; NaN stays NaN, as in `unary`. */
// @ts-ignore: decorator
@inline
export function activate(v: v128, activation: i32): v128 {
  if (activation == FusedActivation.none) return v;
  v = f32x4.pmax(v, f32x4.splat(0));
  return activation == FusedActivation.relu6 ? f32x4.pmin(v, f32x4.splat(6)) : v;
}
