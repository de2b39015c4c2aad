/**
 * What the pointwise parts of all recurrent cells share. Each works on one time step of `rows` sequences; sequence `row`
 * is active at step t while t < lengths[row]. An inactive one carries its state on, so that the state after the last
 * step is the state at each sequence's own end.
 */
import { bytes } from './lanes';

/** @param lengths i32[rows], or 0 when all sequences are active at all steps */
// @ts-ignore: decorator
@inline
export function active(lengths: usize, row: i32, t: i32): bool {
  return lengths == 0 || t < load<i32>(lengths + bytes(row));
}

/** s·(1 − s): the derivative of the sigmoid from its value. */
// @ts-ignore: decorator
@inline
export function sigmoidSlope(s: v128): v128 {
  return f32x4.mul(s, f32x4.sub(f32x4.splat(1), s));
}

/** 1 − y²: the derivative of tanh from its value. */
// @ts-ignore: decorator
@inline
export function tanhSlope(y: v128): v128 {
  return f32x4.sub(f32x4.splat(1), f32x4.mul(y, y));
}
