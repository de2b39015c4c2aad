/**
 * exp, log, tanh, sigmoid, softplus and the normal distribution on four lanes, correct to a relative 10⁻⁶ or better for every float32, with
 * infinities and NaN as in IEEE 754. Measured errors are in docs/numerics.md; packages/kernels/accuracy.ts
 * measures them again.
 */
import { madd, nmadd } from './lanes';

// Constants are broadcast from memory: V8 would build a v128 constant from two 64-bit moves each time it is used.
const TABLE = memory.data<f32>([
  1.44269504, // log2 e
  12582912, // 1.5 · 2²³: adding it rounds to an integer and leaves that integer in the low bits
  0.693359375, // ln 2, the part whose product with a small integer is exact
  -2.12194440e-4, // ln 2, the rest
  // (eʳ − 1 − r) / r² on |r| ≤ ln 2 / 2, minimax for the relative error of (eʳ − 1) / r, 1.3e-8
  0.5, 0.16666541993618011, 0.04166628047823906, 0.008366636000573635, 0.0013946539256721735,
  89, -104, // exp of anything beyond is infinite or zero
  10, // tanh of anything beyond is 1
  // musl logf: (log(1 + s) − log(1 − s) − 2s) / s in powers of s²
  0.66666662693, 0.40000972152, 0.28498786688, 0.24279078841,
  0.69313812256, 9.0580006145e-6, // ln 2 in two parts, for log
  8388608, // 2²³
  1.17549435e-38, // the smallest normal float
  1, 2, -2,
  -0.0, // the sign bit
  // Φ(−t) e^(t²/2) (t + 3.5) in powers of (t − 3.5) / (t + 3.5), minimax for the relative error, 8e-9
  0.7444160580635071, -0.5655617117881775, 0.3154250979423523, -0.11605317145586014, 0.01740582101047039, 0.006493727210909128, -0.003172829281538725, -0.00049504020716995, 0.0004183239070698619, 0.00010869418474612758,
]);

// @ts-ignore: decorator
@inline
function constant(i: i32): v128 {
  return v128.load32_splat(TABLE + (<usize>i << 2));
}

// @ts-ignore: decorator
@inline
const ONE: i32 = 20;
// @ts-ignore: decorator
@inline
const TWO: i32 = 21;
// @ts-ignore: decorator
@inline
const MINUS_TWO: i32 = 22;
// @ts-ignore: decorator
@inline
const SIGN: i32 = 23;
/** The first coefficient of Φ. */
// @ts-ignore: decorator
@inline
const TAIL: i32 = 24;

/** x · log2 e + magic: its low bits are the integer n nearest to x / ln 2. */
// @ts-ignore: decorator
@inline
function quotient(x: v128): v128 {
  return madd(x, constant(0), constant(1));
}

/** e^(x − n·ln 2) − 1, accurate relative to itself. */
// @ts-ignore: decorator
@inline
function remainder(x: v128, t: v128): v128 {
  const n = f32x4.sub(t, constant(1));
  const r = nmadd(n, constant(3), nmadd(n, constant(2), x));
  let q = madd(r, constant(8), constant(7));
  q = madd(r, q, constant(6));
  q = madd(r, q, constant(5));
  q = madd(r, q, constant(4));
  return madd(f32x4.mul(r, r), q, r);
}

/** 2ⁿ for an integer n in the low bits of `t`; all other bits of t are shifted out. */
// @ts-ignore: decorator
@inline
function power(t: v128): v128 {
  return i32x4.add(i32x4.shl(t, 23), constant(ONE));
}

/** eˣ for x ≤ 89. The power of two is applied in two halves, each a normal float, so that the result may be subnormal. */
// @ts-ignore: decorator
@inline
function expBelow(x: v128): v128 {
  x = f32x4.pmax(x, constant(10));
  const t = quotient(x);
  const p = remainder(x, t);
  const half = i32x4.shr_s(t, 1);
  const s = power(half);
  return f32x4.mul(madd(s, p, s), power(i32x4.sub(t, half)));
}

/** eˣ */
export function exp4(x: v128): v128 {
  return expBelow(f32x4.pmin(x, constant(9)));
}

/**
 * tanh x = −m / (m + 2) with m = e^(−2|x|) − 1, and the sign of x. m is accurate relative to itself, so tanh is near
 * zero, down to subnormals.
 */
// @ts-ignore: decorator
@inline
export function tanhInline(x: v128): v128 {
  const sign = constant(SIGN);
  const y = f32x4.mul(f32x4.pmin(v128.andnot(x, sign), constant(11)), constant(MINUS_TWO));
  const t = quotient(y);
  const p = remainder(y, t);
  const s = power(t);
  const m = madd(s, p, f32x4.sub(s, constant(ONE)));
  return v128.bitselect(x, f32x4.div(m, f32x4.add(m, constant(TWO))), sign);
}

/** σ(x) = 1 / (1 + e⁻ˣ), as e^x / (1 + e^x) for negative x: relative accuracy on both sides. */
// @ts-ignore: decorator
@inline
export function sigmoidInline(x: v128): v128 {
  const e = expBelow(v128.or(x, constant(SIGN)));
  const one = constant(ONE);
  return f32x4.div(v128.bitselect(e, one, i32x4.shr_s(x, 31)), f32x4.add(e, one));
}

/** `tanhInline` as a call: in a loop with nothing else in it V8 makes faster code of the call. */
export function tanh4(x: v128): v128 {
  return tanhInline(x);
}

/** `sigmoidInline` as a call. */
export function sigmoid4(x: v128): v128 {
  return sigmoidInline(x);
}

/** log(1 + f) + k·ln 2 for 1 + f in [√½, √2]: musl's, after Sun's. */
// @ts-ignore: decorator
@inline
function logNear(f: v128, k: v128): v128 {
  const s = f32x4.div(f, f32x4.add(f, constant(TWO)));
  const z = f32x4.mul(s, s);
  let r = madd(z, constant(15), constant(14));
  r = madd(z, r, constant(13));
  r = madd(z, r, constant(12));
  r = f32x4.mul(z, r);
  const half = f32x4.mul(constant(4), f32x4.mul(f, f));
  const low = madd(s, f32x4.add(half, r), f32x4.mul(k, constant(17)));
  return madd(k, constant(16), f32x4.add(f32x4.sub(low, half), f));
}

/** log x: −∞ at 0, NaN below. */
export function log4(x: v128): v128 {
  const small = f32x4.lt(x, constant(19));
  const scaled = v128.bitselect(f32x4.mul(x, constant(18)), x, small);
  const exponent = i32x4.shr_s(i32x4.sub(scaled, i32x4.splat(0x3f3504f3)), 23);
  const f = f32x4.sub(i32x4.sub(scaled, i32x4.shl(exponent, 23)), constant(ONE));
  const k = f32x4.convert_i32x4_s(i32x4.sub(exponent, v128.and(small, i32x4.splat(23))));
  let y = logNear(f, k);
  const infinity = f32x4.splat(f32.POSITIVE_INFINITY);
  const zero = f32x4.splat(0);
  y = v128.bitselect(infinity, y, f32x4.eq(x, infinity));
  // All bits set is a NaN.
  y = v128.or(y, v128.not(f32x4.ge(x, zero)));
  return v128.bitselect(f32x4.neg(infinity), y, f32x4.eq(x, zero));
}

/** log(1 + eˣ) = max(x, 0) + log(1 + e^(−|x|)) */
export function softplus4(x: v128): v128 {
  const e = expBelow(v128.or(x, constant(SIGN)));
  const one = constant(ONE);
  const high = f32x4.gt(e, f32x4.splat(0.41421354));
  const f = v128.bitselect(f32x4.mul(f32x4.sub(e, one), f32x4.splat(0.5)), e, high);
  return f32x4.add(f32x4.pmax(x, f32x4.splat(0)), logNear(f, v128.and(high, one)));
}

/** e^(−x²/2) */
export function bell4(x: v128): v128 {
  return expBelow(f32x4.mul(f32x4.mul(x, x), f32x4.splat(-0.5)));
}

/**
 * Φ(x), the share of a standard normal distribution below x, with bell = e^(−x²/2): the tail Φ(−|x|) is bell times a function
 * that varies little, so that it is accurate relative to itself until squaring x costs digits.
 */
export function normal4(x: v128, bell: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(x), f32x4.splat(15));
  const middle = f32x4.splat(3.5);
  const sum = f32x4.add(t, middle);
  const q = f32x4.div(f32x4.sub(t, middle), sum);
  // Written out: as a loop it stays one, and takes a fifth longer.
  let p = madd(q, constant(TAIL + 9), constant(TAIL + 8));
  p = madd(p, q, constant(TAIL + 7));
  p = madd(p, q, constant(TAIL + 6));
  p = madd(p, q, constant(TAIL + 5));
  p = madd(p, q, constant(TAIL + 4));
  p = madd(p, q, constant(TAIL + 3));
  p = madd(p, q, constant(TAIL + 2));
  p = madd(p, q, constant(TAIL + 1));
  p = madd(p, q, constant(TAIL));
  const tail = f32x4.div(f32x4.mul(bell, p), sum);
  return v128.bitselect(tail, f32x4.sub(constant(ONE), tail), i32x4.shr_s(x, 31));
}
