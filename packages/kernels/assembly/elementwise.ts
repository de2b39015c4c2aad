/** Functions of one array, and their gradients. Out may be the input itself. */
import { clamp, leastOf, mostOf } from './activate';
import { bytes, madd, read, write } from './lanes';
import { bell4, exp4, log4, normal4, sigmoid4, softplus4, tanh4 } from './math';
import { Unary } from './operations';

/** −1, 0 or 1; NaN for NaN. */
// @ts-ignore: decorator
@inline
function sign4(x: v128): v128 {
  const nonzero = v128.bitselect(x, f32x4.splat(1), i32x4.splat(0x80000000));
  // x itself where it is zero or NaN.
  return v128.bitselect(nonzero, x, f32x4.gt(f32x4.abs(x), f32x4.splat(0)));
}

/** 2√(2/π) (x + 0.044715 x³): x times its sigmoid is GELU by tanh, since (1 + tanh u)/2 = σ(2u). */
// @ts-ignore: decorator
@inline
function bent(x: v128): v128 {
  const cube = madd(f32x4.mul(x, x), f32x4.splat(0.07135481627), f32x4.splat(1.59576912161));
  return f32x4.mul(x, cube);
}

/** dy · (s + x s (1 − s) u′) for y = x·σ(u), s = σ(u). */
// @ts-ignore: decorator
@inline
function gated(x: v128, s: v128, slope: v128, dy: v128): v128 {
  const rest = f32x4.mul(f32x4.mul(x, slope), f32x4.sub(f32x4.splat(1), s));
  return f32x4.mul(dy, f32x4.mul(s, f32x4.add(f32x4.splat(1), rest)));
}

// @ts-ignore: decorator
@inline
function apply(op: i32, x: v128): v128 {
  if (op == Unary.neg) return f32x4.neg(x);
  if (op == Unary.exp) return exp4(x);
  if (op == Unary.log) return log4(x);
  if (op == Unary.sqrt) return f32x4.sqrt(x);
  if (op == Unary.abs) return f32x4.abs(x);
  if (op == Unary.square) return f32x4.mul(x, x);
  if (op == Unary.reciprocal) return f32x4.div(f32x4.splat(1), x);
  if (op == Unary.sign) return sign4(x);
  if (op == Unary.tanh) return tanh4(x);
  if (op == Unary.sigmoid) return sigmoid4(x);
  if (op == Unary.relu) return f32x4.pmax(x, f32x4.splat(0));
  if (op == Unary.relu6) return f32x4.pmin(f32x4.pmax(x, f32x4.splat(0)), f32x4.splat(6));
  if (op == Unary.gelu) return f32x4.mul(x, normal4(x, bell4(x)));
  if (op == Unary.geluTanh) return f32x4.mul(x, sigmoid4(bent(x)));
  if (op == Unary.silu) return f32x4.mul(x, sigmoid4(x));
  return softplus4(x);
}

// @ts-ignore: decorator
@inline
function map(op: i32, x: usize, out: usize, n: i32): void {
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, apply(op, v128.load(x)));
  if (n > 0) write(out, apply(op, read(x, n)), n);
}

/** out[i] = f(x[i]); `op` is one of `Unary`. */
export function unary(op: i32, x: usize, out: usize, n: i32): void {
  switch (op) {
    case Unary.neg: return map(Unary.neg, x, out, n);
    case Unary.exp: return map(Unary.exp, x, out, n);
    case Unary.log: return map(Unary.log, x, out, n);
    case Unary.sqrt: return map(Unary.sqrt, x, out, n);
    case Unary.abs: return map(Unary.abs, x, out, n);
    case Unary.square: return map(Unary.square, x, out, n);
    case Unary.reciprocal: return map(Unary.reciprocal, x, out, n);
    case Unary.sign: return map(Unary.sign, x, out, n);
    case Unary.tanh: return map(Unary.tanh, x, out, n);
    case Unary.sigmoid: return map(Unary.sigmoid, x, out, n);
    case Unary.relu: return map(Unary.relu, x, out, n);
    case Unary.relu6: return map(Unary.relu6, x, out, n);
    case Unary.gelu: return map(Unary.gelu, x, out, n);
    case Unary.geluTanh: return map(Unary.geluTanh, x, out, n);
    case Unary.silu: return map(Unary.silu, x, out, n);
    default: return map(Unary.softplus, x, out, n);
  }
}

/** f′ from x or from y = f(x), whichever is shorter. */
// @ts-ignore: decorator
@inline
function gradient(op: i32, x: usize, y: usize, dy: v128, count: i32): v128 {
  const one = f32x4.splat(1);
  if (op == Unary.neg) return f32x4.neg(dy);
  if (op == Unary.exp) return f32x4.mul(dy, read(y, count));
  if (op == Unary.log) return f32x4.div(dy, read(x, count));
  if (op == Unary.sqrt) return f32x4.div(f32x4.mul(dy, f32x4.splat(0.5)), read(y, count));
  if (op == Unary.abs) return f32x4.mul(dy, sign4(read(x, count)));
  if (op == Unary.square) return f32x4.mul(dy, f32x4.mul(read(x, count), f32x4.splat(2)));
  if (op == Unary.sign) return f32x4.splat(0);
  if (op == Unary.relu) return v128.and(dy, f32x4.gt(read(y, count), f32x4.splat(0)));
  if (op == Unary.relu6) {
    const inside = v128.and(f32x4.gt(read(y, count), f32x4.splat(0)), f32x4.lt(read(y, count), f32x4.splat(6)));
    return v128.and(dy, inside);
  }
  if (op == Unary.softplus) return f32x4.mul(dy, sigmoid4(read(x, count)));
  if (op == Unary.gelu) {
    const v = read(x, count);
    const bell = bell4(v);
    return f32x4.mul(dy, madd(f32x4.mul(v, bell), f32x4.splat(0.39894228040), normal4(v, bell)));
  }
  if (op == Unary.geluTanh) {
    const v = read(x, count);
    const slope = madd(f32x4.mul(v, v), f32x4.splat(0.21406444881), f32x4.splat(1.59576912161));
    return gated(v, sigmoid4(bent(v)), slope, dy);
  }
  if (op == Unary.silu) {
    const v = read(x, count);
    return gated(v, sigmoid4(v), one, dy);
  }
  const value = read(y, count);
  if (op == Unary.reciprocal) return f32x4.neg(f32x4.mul(dy, f32x4.mul(value, value)));
  if (op == Unary.tanh) return f32x4.mul(dy, f32x4.sub(one, f32x4.mul(value, value)));
  return f32x4.mul(dy, f32x4.mul(value, f32x4.sub(one, value)));
}

// @ts-ignore: decorator
@inline
function mapGradient(op: i32, x: usize, y: usize, dy: usize, dx: usize, n: i32): void {
  let i: usize = 0;
  for (const end = bytes(n & -4); i < end; i += 16) {
    v128.store(dx + i, gradient(op, x + i, y + i, v128.load(dy + i), 4));
  }
  const rest = n & 3;
  if (rest > 0) write(dx + i, gradient(op, x + i, y + i, read(dy + i, rest), rest), rest);
}

/**
 * dx[i] = dy[i] · f′(x[i]) for y = f(x). Reads y for exp, sqrt, relu, relu6, reciprocal, tanh and sigmoid, x for log, abs,
 * square, softplus, gelu, geluTanh and silu, neither for neg and sign; the pointer that is not read may be 0.
 */
export function unaryGrad(op: i32, x: usize, y: usize, dy: usize, dx: usize, n: i32): void {
  switch (op) {
    case Unary.neg: return mapGradient(Unary.neg, x, y, dy, dx, n);
    case Unary.exp: return mapGradient(Unary.exp, x, y, dy, dx, n);
    case Unary.log: return mapGradient(Unary.log, x, y, dy, dx, n);
    case Unary.sqrt: return mapGradient(Unary.sqrt, x, y, dy, dx, n);
    case Unary.abs: return mapGradient(Unary.abs, x, y, dy, dx, n);
    case Unary.square: return mapGradient(Unary.square, x, y, dy, dx, n);
    case Unary.reciprocal: return mapGradient(Unary.reciprocal, x, y, dy, dx, n);
    case Unary.sign: return mapGradient(Unary.sign, x, y, dy, dx, n);
    case Unary.tanh: return mapGradient(Unary.tanh, x, y, dy, dx, n);
    case Unary.sigmoid: return mapGradient(Unary.sigmoid, x, y, dy, dx, n);
    case Unary.relu: return mapGradient(Unary.relu, x, y, dy, dx, n);
    case Unary.relu6: return mapGradient(Unary.relu6, x, y, dy, dx, n);
    case Unary.gelu: return mapGradient(Unary.gelu, x, y, dy, dx, n);
    case Unary.geluTanh: return mapGradient(Unary.geluTanh, x, y, dy, dx, n);
    case Unary.silu: return mapGradient(Unary.silu, x, y, dy, dx, n);
    default: return mapGradient(Unary.softplus, x, y, dy, dx, n);
  }
}

/** out[i] = value */
export function fill(out: usize, value: f32, n: i32): void {
  const v = f32x4.splat(value);
  for (; n >= 4; n -= 4, out += 16) v128.store(out, v);
  if (n > 0) write(out, v, n);
}

/** out[i] = α · x[i] */
export function scaleInto(alpha: f32, x: usize, out: usize, n: i32): void {
  const a = f32x4.splat(alpha);
  for (; n >= 4; n -= 4, x += 16, out += 16) v128.store(out, f32x4.mul(a, v128.load(x)));
  if (n > 0) write(out, f32x4.mul(a, read(x, n)), n);
}

/** out[i] = activation(a[i] + b[i]); `activation` is one of `FusedActivation`. */
export function addActivated(activation: i32, a: usize, b: usize, out: usize, n: i32): void {
  const least = leastOf(activation), most = mostOf(activation);
  let i: usize = 0;
  for (const end = bytes(n & -4); i < end; i += 16) {
    v128.store(out + i, clamp(f32x4.add(v128.load(a + i), v128.load(b + i)), least, most));
  }
  const rest = n & 3;
  if (rest > 0) write(out + i, clamp(f32x4.add(read(a + i, rest), read(b + i, rest)), least, most), rest);
}

/** y[i] += α · x[i] */
export function axpy(alpha: f32, x: usize, y: usize, n: i32): void {
  const a = f32x4.splat(alpha);
  for (; n >= 4; n -= 4, x += 16, y += 16) v128.store(y, f32x4.add(v128.load(y), f32x4.mul(a, v128.load(x))));
  if (n > 0) write(y, f32x4.add(read(y, n), f32x4.mul(a, read(x, n))), n);
}

// @ts-ignore: decorator
@inline
function choose(condition: v128, a: v128, b: v128): v128 {
  return v128.bitselect(a, b, f32x4.ne(condition, f32x4.splat(0)));
}

/** out[i] = condition[i] ≠ 0 ? a[i] : b[i] */
export function select(condition: usize, a: usize, b: usize, out: usize, n: i32): void {
  let i: usize = 0;
  for (const end = bytes(n & -4); i < end; i += 16) {
    v128.store(out + i, choose(v128.load(condition + i), v128.load(a + i), v128.load(b + i)));
  }
  const rest = n & 3;
  if (rest > 0) write(out + i, choose(read(condition + i, rest), read(a + i, rest), read(b + i, rest)), rest);
}
