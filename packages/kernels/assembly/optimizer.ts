/**
 * One pass over flat buffers per optimizer step, with PyTorch's formulas. Everywhere first
 * d = clamp(scale · g, ±clipValue), where clipValue 0 means no clamp, then d += decay · w (except AdamW).
 */
import { bytes, madd, read, write } from './lanes';

// @ts-ignore: decorator
@inline
function splat(x: f64): v128 {
  return f32x4.splat(<f32>x);
}

/** What is loop-invariant about a clamp: ±∞ when there is none. */
// @ts-ignore: decorator
@inline
function limit(clipValue: f64): v128 {
  return splat(clipValue > 0 ? clipValue : Infinity);
}

// @ts-ignore: decorator
@inline
function gradient(g: usize, w: v128, scale: v128, clip: v128, decay: v128, count: i32): v128 {
  const d = f32x4.mul(read(g, count), scale);
  return madd(decay, w, f32x4.max(f32x4.min(d, clip), f32x4.neg(clip)));
}

/**
 * velocity = momentum · velocity + d; w −= lr · velocity, or with `nesterov` 1, lr · (d + momentum · velocity).
 *
 * @param w [n], the weights
 * @param g [n], their gradient
 * @param velocity [n], zeros before the first step; 0 for none, then w −= lr · d
 * @param decay weight decay (L2)
 */
export function sgd(w: usize, g: usize, velocity: usize, n: i32, lr: f64, momentum: f64, nesterov: i32, decay: f64, scale: f64, clipValue: f64): void {
  const rate = splat(lr), m = splat(momentum), l2 = splat(decay), s = splat(scale), clip = limit(clipValue);
  for (let j = 0; j < n; j += 4) {
    const count = min(n - j, 4);
    const at = bytes(j);
    const weight = read(w + at, count);
    let d = gradient(g + at, weight, s, clip, l2, count);
    if (velocity) {
      const v = madd(m, read(velocity + at, count), d);
      write(velocity + at, v, count);
      d = nesterov ? madd(m, v, d) : v;
    }
    write(w + at, f32x4.sub(weight, f32x4.mul(rate, d)), count);
  }
}

/**
 * s += d²; w −= lr · d / (√s + ε).
 *
 * @param s [n], zeros (or PyTorch's initial accumulator value) before the first step
 */
export function adagrad(w: usize, g: usize, s: usize, n: i32, lr: f64, epsilon: f64, decay: f64, scale: f64, clipValue: f64): void {
  const rate = splat(lr), e = splat(epsilon), l2 = splat(decay), factor = splat(scale), clip = limit(clipValue);
  for (let j = 0; j < n; j += 4) {
    const count = min(n - j, 4);
    const at = bytes(j);
    const weight = read(w + at, count);
    const d = gradient(g + at, weight, factor, clip, l2, count);
    const sum = madd(d, d, read(s + at, count));
    write(s + at, sum, count);
    write(w + at, f32x4.sub(weight, f32x4.div(f32x4.mul(rate, d), f32x4.add(f32x4.sqrt(sum), e))), count);
  }
}

/** s = α · s + (1 − α) · d²; w −= lr · d / (√s + ε). s is zeros before the first step. */
export function rmsprop(w: usize, g: usize, s: usize, n: i32, lr: f64, alpha: f64, epsilon: f64, decay: f64, scale: f64, clipValue: f64): void {
  const rate = splat(lr), a = splat(alpha), b = splat(1 - alpha), e = splat(epsilon);
  const l2 = splat(decay), factor = splat(scale), clip = limit(clipValue);
  for (let j = 0; j < n; j += 4) {
    const count = min(n - j, 4);
    const at = bytes(j);
    const weight = read(w + at, count);
    const d = gradient(g + at, weight, factor, clip, l2, count);
    const mean = madd(a, read(s + at, count), f32x4.mul(b, f32x4.mul(d, d)));
    write(s + at, mean, count);
    write(w + at, f32x4.sub(weight, f32x4.div(f32x4.mul(rate, d), f32x4.add(f32x4.sqrt(mean), e))), count);
  }
}

/**
 * Adam (Kingma and Ba 2015) or AdamW (Loshchilov and Hutter 2019): m += (1 − β₁)(d − m); v = β₂·v + (1 − β₂)·d²;
 * w −= lr / correction1 · m / (√v / √correction2 + ε).
 *
 * @param m [n], zeros before the first step; likewise v
 * @param decoupled 0: decay · w joins the gradient (Adam); 1: w *= 1 − lr · decay first (AdamW)
 * @param correction1 1 − β₁^step, steps counted from 1; correction2 likewise with β₂
 */
export function adam(w: usize, g: usize, m: usize, v: usize, n: i32, lr: f64, beta1: f64, beta2: f64, epsilon: f64, decay: f64, decoupled: i32, correction1: f64, correction2: f64, scale: f64, clipValue: f64): void {
  const rate = splat(lr / correction1), b1 = splat(1 - beta1), b2 = splat(beta2), b3 = splat(1 - beta2);
  const e = splat(epsilon), root = splat(1 / sqrt<f64>(correction2)), factor = splat(scale), clip = limit(clipValue);
  const l2 = splat(decoupled ? 0 : decay);
  const shrink = splat(decoupled ? 1 - lr * decay : 1);
  for (let j = 0; j < n; j += 4) {
    const count = min(n - j, 4);
    const at = bytes(j);
    const weight = read(w + at, count);
    const d = gradient(g + at, weight, factor, clip, l2, count);
    const previous = read(m + at, count);
    const mean = madd(b1, f32x4.sub(d, previous), previous);
    const square = madd(b2, read(v + at, count), f32x4.mul(b3, f32x4.mul(d, d)));
    write(m + at, mean, count);
    write(v + at, square, count);
    const denominator = f32x4.add(f32x4.mul(f32x4.sqrt(square), root), e);
    write(w + at, f32x4.sub(f32x4.mul(weight, shrink), f32x4.div(f32x4.mul(rate, mean), denominator)), count);
  }
}
