/** Functions of two arrays whose shapes are broadcast against each other. */
import { bytes, write } from './lanes';
import { Binary } from './operations';

// @ts-ignore: decorator
@inline
function apply(op: i32, a: v128, b: v128): v128 {
  if (op == Binary.add) return f32x4.add(a, b);
  if (op == Binary.sub) return f32x4.sub(a, b);
  if (op == Binary.mul) return f32x4.mul(a, b);
  if (op == Binary.div) return f32x4.div(a, b);
  if (op == Binary.min) return f32x4.min(a, b);
  if (op == Binary.max) return f32x4.max(a, b);
  const one = f32x4.splat(1);
  if (op == Binary.greater) return v128.and(f32x4.gt(a, b), one);
  if (op == Binary.greaterEqual) return v128.and(f32x4.ge(a, b), one);
  if (op == Binary.equal) return v128.and(f32x4.eq(a, b), one);
  if (op == Binary.less) return v128.and(f32x4.lt(a, b), one);
  return v128.and(f32x4.le(a, b), one);
}

/** Up to four elements, `stride` elements apart. */
function gatherPart(p: usize, stride: i32, count: i32): v128 {
  const step = bytes(stride);
  let v = v128.load32_zero(p);
  if (count > 1) v = v128.load32_lane(p + step, v, 1);
  if (count > 2) v = v128.load32_lane(p + 2 * step, v, 2);
  if (count > 3) v = v128.load32_lane(p + 3 * step, v, 3);
  return v;
}

/** `apply` where the operation is not known when compiling. */
function applyAny(op: i32, a: v128, b: v128): v128 {
  switch (op) {
    case Binary.add: return apply(Binary.add, a, b);
    case Binary.sub: return apply(Binary.sub, a, b);
    case Binary.mul: return apply(Binary.mul, a, b);
    case Binary.div: return apply(Binary.div, a, b);
    case Binary.min: return apply(Binary.min, a, b);
    case Binary.max: return apply(Binary.max, a, b);
    case Binary.greater: return apply(Binary.greater, a, b);
    case Binary.greaterEqual: return apply(Binary.greaterEqual, a, b);
    case Binary.equal: return apply(Binary.equal, a, b);
    case Binary.less: return apply(Binary.less, a, b);
    default: return apply(Binary.lessEqual, a, b);
  }
}

/** Whole vectors of a run; returns how many elements are done: none when neither stride pattern is a frequent one. */
// @ts-ignore: decorator
@inline
function run(op: i32, a: usize, b: usize, out: usize, n: i32, aStride: i32, bStride: i32): i32 {
  const last = out + bytes(n & -4);
  if (aStride == 1 && bStride == 1) {
    for (; out < last; out += 16, a += 16, b += 16) v128.store(out, apply(op, v128.load(a), v128.load(b)));
  } else if (aStride == 1 && bStride == 0) {
    const same = v128.load32_splat(b);
    for (; out < last; out += 16, a += 16) v128.store(out, apply(op, v128.load(a), same));
  } else if (aStride == 0 && bStride == 1) {
    const same = v128.load32_splat(a);
    for (; out < last; out += 16, b += 16) v128.store(out, apply(op, same, v128.load(b)));
  } else {
    return 0;
  }
  return n & -4;
}

function wholeVectors(op: i32, a: usize, b: usize, out: usize, n: i32, aStride: i32, bStride: i32): i32 {
  switch (op) {
    case Binary.add: return run(Binary.add, a, b, out, n, aStride, bStride);
    case Binary.sub: return run(Binary.sub, a, b, out, n, aStride, bStride);
    case Binary.mul: return run(Binary.mul, a, b, out, n, aStride, bStride);
    case Binary.div: return run(Binary.div, a, b, out, n, aStride, bStride);
    case Binary.min: return run(Binary.min, a, b, out, n, aStride, bStride);
    case Binary.max: return run(Binary.max, a, b, out, n, aStride, bStride);
    case Binary.greater: return run(Binary.greater, a, b, out, n, aStride, bStride);
    case Binary.greaterEqual: return run(Binary.greaterEqual, a, b, out, n, aStride, bStride);
    case Binary.equal: return run(Binary.equal, a, b, out, n, aStride, bStride);
    case Binary.less: return run(Binary.less, a, b, out, n, aStride, bStride);
    default: return run(Binary.lessEqual, a, b, out, n, aStride, bStride);
  }
}

export function runs(op: i32, a: usize, b: usize, out: usize, n: i32, aStride: i32, bStride: i32): void {
  for (let i = n < 4 ? 0 : wholeVectors(op, a, b, out, n, aStride, bStride); i < n; i += 4) {
    const count = min(n - i, 4);
    const x = gatherPart(a + bytes(i * aStride), aStride, count);
    const y = gatherPart(b + bytes(i * bStride), bStride, count);
    write(out + bytes(i), applyAny(op, x, y), count);
  }
}

/**
 * out = a ∘ b with broadcasting; `op` is one of `Binary`, comparisons give 1 or 0, min and max give NaN where either is.
 * The innermost axis is the one that is vectorised, so a caller merges axes where it can.
 *
 * @param out contiguous, of the shape `dims`
 * @param dims i32[rank]
 * @param aStrides i32[rank], in elements; 0 repeats
 */
export function binary(op: i32, a: usize, b: usize, out: usize, rank: i32, dims: usize, aStrides: usize, bStrides: usize): void {
  if (rank == 0) runs(op, a, b, out, 1, 1, 1);
  else walk(op, a, b, out, rank, dims, aStrides, bStrides);
}

/** One axis and all inside it; returns the next address of out. */
function walk(op: i32, a: usize, b: usize, out: usize, rank: i32, dims: usize, aStrides: usize, bStrides: usize): usize {
  const n = load<i32>(dims);
  const aStride = load<i32>(aStrides);
  const bStride = load<i32>(bStrides);
  if (rank == 1) {
    runs(op, a, b, out, n, aStride, bStride);
    return out + bytes(n);
  }
  for (let i = 0; i < n; i++) {
    out = walk(op, a, b, out, rank - 1, dims + 4, aStrides + 4, bStrides + 4);
    a += bytes(aStride);
    b += bytes(bStride);
  }
  return out;
}
