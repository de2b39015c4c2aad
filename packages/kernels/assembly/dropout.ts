/** Dropout whose mask is a function of seed and position: it is not stored, and threads agree on it. */
import { bytes, read, write } from './lanes';

/** A bijection of 32-bit integers in which every input bit moves every output bit: Wellons' lowbias32. */
// @ts-ignore: decorator
@inline
function mix(x: v128): v128 {
  x = v128.xor(x, i32x4.shr_u(x, 16));
  x = i32x4.mul(x, i32x4.splat(0x7feb352d));
  x = v128.xor(x, i32x4.shr_u(x, 15));
  x = i32x4.mul(x, i32x4.splat(0x846ca68b));
  return v128.xor(x, i32x4.shr_u(x, 16));
}

/** The least hash of an element that is kept: rate · 2³², for a rate below 1. */
// @ts-ignore: decorator
@inline
export function leastKept(rate: f64): v128 {
  return i32x4.splat(<i32>(<u32>ceil<f64>(rate * 4294967296)));
}

/** All bits set in the lanes of those of the elements index, index + 1, … that are kept. */
// @ts-ignore: decorator
@inline
export function keptLanes(index: i32, seed: i32, least: v128): v128 {
  const at = i32x4.add(i32x4.splat(index), i32x4(0, 1, 2, 3));
  return i32x4.ge_u(mix(i32x4.add(mix(at), i32x4.splat(seed))), least);
}

/**
 * out[i] = kept(i) ? x[i] / (1 − rate) : 0, where element i is kept if mix(mix(indexOffset + i) + seed) ≥ rate · 2³²,
 * unsigned. The gradient is the same function of dy. A rate of 1 keeps nothing.
 *
 * @param indexOffset position of x[0] in the whole array, when it is computed in parts
 */
export function dropout(x: usize, out: usize, n: i32, seed: i32, rate: f64, indexOffset: i32): void {
  const threshold = ceil<f64>(rate * 4294967296);
  if (threshold > 4294967295) {
    memory.fill(out, 0, bytes(n));
    return;
  }
  const least = leastKept(rate);
  const scale = f32x4.splat(<f32>(1 / (1 - rate)));
  for (let index = indexOffset; n > 0; n -= 4, x += 16, out += 16, index += 4) {
    const count = min(n, 4);
    write(out, v128.and(keptLanes(index, seed, least), f32x4.mul(read(x, count), scale)), count);
  }
}
