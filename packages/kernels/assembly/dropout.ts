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
  const least = i32x4.splat(<i32>(<u32>threshold));
  const scale = f32x4.splat(<f32>(1 / (1 - rate)));
  const s = i32x4.splat(seed);
  let index = i32x4.add(i32x4.splat(indexOffset), i32x4(0, 1, 2, 3));
  for (; n > 0; n -= 4, x += 16, out += 16) {
    const kept = i32x4.ge_u(mix(i32x4.add(mix(index), s)), least);
    const count = min(n, 4);
    write(out, v128.and(kept, f32x4.mul(read(x, count), scale)), count);
    index = i32x4.add(index, i32x4.splat(4));
  }
}
