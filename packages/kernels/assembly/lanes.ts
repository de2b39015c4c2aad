/**
 * Loads, stores and arithmetic on four float32 lanes.
 *
 * An array's last one to three elements go through the same vector code as all others: they are loaded into the low
 * lanes and only those lanes are stored. So an element's bits do not depend on its position in the array, and no
 * kernel needs scratch memory for its tail.
 */

/** a·b + c: one rounding in the relaxed builds (fused), two in the simd builds. */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a·b. */
// @ts-ignore: decorator
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** The first `count` (1 to 4) floats at `p`; lanes beyond are zero and memory beyond is not read. */
export function loadPart(p: usize, count: i32): v128 {
  if (count >= 4) return v128.load(p);
  if (count == 1) return v128.load32_zero(p);
  const low = v128.load64_zero(p);
  return count == 2 ? low : v128.load32_lane(p, low, 2, 8);
}

/** Stores the first `count` (1 to 4) lanes at `p` and touches nothing beyond. */
export function storePart(p: usize, v: v128, count: i32): void {
  if (count >= 4) {
    v128.store(p, v);
  } else if (count == 1) {
    v128.store32_lane(p, v, 0);
  } else {
    v128.store64_lane(p, v, 0);
    if (count == 3) v128.store32_lane(p, v, 2, 8);
  }
}

/** `v` with the lanes from `count` on replaced by those of `other`: what a reduction's tail must not see. */
export function keepPart(v: v128, other: v128, count: i32): v128 {
  return v128.bitselect(v, other, i32x4.lt_s(i32x4(0, 1, 2, 3), i32x4.splat(count)));
}

/** (lane 0 + lane 2) + (lane 1 + lane 3): the one order in which lanes are added everywhere. */
export function sumLanes(v: v128): f32 {
  const pair = f32x4.add(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return f32x4.extract_lane(pair, 0) + f32x4.extract_lane(pair, 1);
}

/** The largest lane; NaN if any lane is. */
export function maxLanes(v: v128): f32 {
  const pair = f32x4.max(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return max<f32>(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}

/** The smallest lane; NaN if any lane is. */
export function minLanes(v: v128): f32 {
  const pair = f32x4.min(v, v128.shuffle<i32>(v, v, 2, 3, 0, 1));
  return min<f32>(f32x4.extract_lane(pair, 0), f32x4.extract_lane(pair, 1));
}

/** `loadPart` where `count` is known when compiling: a plain load for 4. */
// @ts-ignore: decorator
@inline
export function read(p: usize, count: i32): v128 {
  return count == 4 ? v128.load(p) : loadPart(p, count);
}

/** `storePart` where `count` is known when compiling: a plain store for 4. */
// @ts-ignore: decorator
@inline
export function write(p: usize, v: v128, count: i32): void {
  if (count == 4) v128.store(p, v);
  else storePart(p, v, count);
}

/** Up to four of an array's `count` values from `at` on; `otherwise` where there are none, or no array. */
// @ts-ignore: decorator
@inline
export function fourOf(values: usize, at: i32, count: i32, otherwise: v128): v128 {
  return values != 0 && count > at ? loadPart(values + (<usize>at << 2), count - at) : otherwise;
}

/** Bytes of `n` float32 or int32 elements. */
// @ts-ignore: decorator
@inline
export function bytes(n: i32): usize {
  return <usize>n << 2;
}

/** Lanes 0 and 1 as float64. */
// @ts-ignore: decorator
@inline
export function lowDoubles(v: v128): v128 {
  return f64x2.promote_low_f32x4(v);
}

/** Lanes 2 and 3 as float64. */
// @ts-ignore: decorator
@inline
export function highDoubles(v: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<i64>(v, v, 1, 0));
}
