/**
 * Batch normalisation (Ioffe and Szegedy 2015) of x [rows, channels]. Statistics are taken in blocks of rows that stay in the
 * L1 cache, and joined in their order, so that threads can share the blocks: which they are depends on the channels only.
 */
import { bytes, highDoubles, loadPart, lowDoubles, madd, read, write } from './lanes';
import { FusedActivation } from './operations';

/** Numbers in a block of rows: 16 KB. */
const BLOCK: i32 = 4096;

/** Rows in a block. */
export function batchNormBlock(channels: i32): i32 {
  return max(8, BLOCK / max(1, channels));
}

// @ts-ignore: decorator
@inline
function least(activation: i32): f32 {
  return activation == FusedActivation.none ? f32.NEGATIVE_INFINITY : 0;
}

// @ts-ignore: decorator
@inline
function most(activation: i32): f32 {
  return activation == FusedActivation.relu6 ? 6 : f32.POSITIVE_INFINITY;
}

/** dy where y is strictly between the ends of the activation, else 0; with `every`, where there is none, dy. */
// @ts-ignore: decorator
@inline
function passed(every: bool, low: v128, high: v128, y: usize, dy: v128, count: i32): v128 {
  if (every) return dy;
  const v = read(y, count);
  return v128.and(dy, v128.and(f32x4.gt(v, low), f32x4.lt(v, high)));
}

/** Mean of four columns of a block, and Σ (x − mean)². */
function momentsOfFour(x: usize, rows: i32, stride: usize, count: i32, mean: usize, squares: usize): void {
  let sum = f32x4.splat(0);
  let p = x;
  for (let i = rows; i > 0; i--, p += stride) sum = f32x4.add(sum, read(p, count));
  const m = f32x4.mul(sum, f32x4.splat(<f32>1 / <f32>rows));
  let total = f32x4.splat(0);
  p = x;
  for (let i = rows; i > 0; i--, p += stride) {
    const d = f32x4.sub(read(p, count), m);
    total = madd(d, d, total);
  }
  write(mean, m, count);
  write(squares, total, count);
}

/** As `momentsOfFour`, of sixteen columns. */
function momentsOfSixteen(x: usize, rows: i32, stride: usize, mean: usize, squares: usize): void {
  const zero = f32x4.splat(0);
  let s0 = zero, s1 = zero, s2 = zero, s3 = zero;
  let p = x;
  for (let i = rows; i > 0; i--, p += stride) {
    s0 = f32x4.add(s0, v128.load(p));
    s1 = f32x4.add(s1, v128.load(p, 16));
    s2 = f32x4.add(s2, v128.load(p, 32));
    s3 = f32x4.add(s3, v128.load(p, 48));
  }
  const share = f32x4.splat(<f32>1 / <f32>rows);
  s0 = f32x4.mul(s0, share);
  s1 = f32x4.mul(s1, share);
  s2 = f32x4.mul(s2, share);
  s3 = f32x4.mul(s3, share);
  let t0 = zero, t1 = zero, t2 = zero, t3 = zero;
  p = x;
  for (let i = rows; i > 0; i--, p += stride) {
    const d0 = f32x4.sub(v128.load(p), s0);
    const d1 = f32x4.sub(v128.load(p, 16), s1);
    const d2 = f32x4.sub(v128.load(p, 32), s2);
    const d3 = f32x4.sub(v128.load(p, 48), s3);
    t0 = madd(d0, d0, t0);
    t1 = madd(d1, d1, t1);
    t2 = madd(d2, d2, t2);
    t3 = madd(d3, d3, t3);
  }
  v128.store(mean, s0);
  v128.store(mean, s1, 16);
  v128.store(mean, s2, 32);
  v128.store(mean, s3, 48);
  v128.store(squares, t0);
  v128.store(squares, t1, 16);
  v128.store(squares, t2, 32);
  v128.store(squares, t3, 48);
}

/**
 * For each block of rows its mean and Σ (x − mean)².
 *
 * @param rows of x: whole blocks, and for the last of all what is left
 * @param moments [blocks, 2, channels]
 */
export function batchNormMoments(x: usize, rows: i32, channels: i32, moments: usize): void {
  const block = batchNormBlock(channels);
  const stride = bytes(channels);
  for (; rows > 0; rows -= block, x += bytes(block) * <usize>channels, moments += 2 * stride) {
    const count = min(rows, block);
    let j = 0;
    for (; j + 16 <= channels; j += 16) {
      momentsOfSixteen(x + bytes(j), count, stride, moments + bytes(j), moments + stride + bytes(j));
    }
    for (; j < channels; j += 4) {
      const width = min(channels - j, 4);
      if (width == 4) momentsOfFour(x + bytes(j), count, stride, 4, moments + bytes(j), moments + stride + bytes(j));
      else momentsOfFour(x + bytes(j), count, stride, width, moments + bytes(j), moments + stride + bytes(j));
    }
  }
}

/**
 * mean and variance of all rows from those of the blocks (Chan, Golub and LeVeque 1979), and scale = gain/√(variance + ε), for
 * channels from `from` to below `to`.
 *
 * @param gain [channels], or 0 for 1
 */
export function batchNormJoin(moments: usize, rows: i32, channels: i32, gain: usize, mean: usize, variance: usize, scale: usize, epsilon: f64, from: i32, to: i32): void {
  const block = batchNormBlock(channels);
  const step = 2 * bytes(channels);
  for (let c = from; c < to; c++) {
    let p = moments + bytes(c);
    let mu: f64 = 0;
    let squares: f64 = 0;
    for (let done = 0; done < rows; done += block, p += step) {
      const count = min(rows - done, block);
      const share = <f64>count / <f64>(done + count);
      const distance = <f64>load<f32>(p) - mu;
      mu += distance * share;
      squares += <f64>load<f32>(p + bytes(channels)) + distance * distance * (<f64>done * share);
    }
    const spread = squares / <f64>rows;
    const g: f64 = gain ? <f64>load<f32>(gain + bytes(c)) : 1;
    store<f32>(mean + bytes(c), <f32>mu);
    store<f32>(variance + bytes(c), <f32>spread);
    store<f32>(scale + bytes(c), <f32>(g / sqrt<f64>(spread + epsilon)));
  }
}

/**
 * y = activation((x − mean) · scale + bias) in each row; `activation` is one of `FusedActivation`.
 *
 * @param bias [channels], or 0 for 0
 */
export function batchNormApply(activation: i32, x: usize, mean: usize, scale: usize, bias: usize, y: usize, rows: i32, channels: i32): void {
  const zero = f32x4.splat(0);
  const low = f32x4.splat(least(activation));
  const high = f32x4.splat(most(activation));
  const whole = channels & -4;
  const rest = channels - whole;
  for (let i = 0; i < rows; i++) {
    for (let at: usize = 0, end = bytes(whole); at < end; at += 16) {
      const d = f32x4.sub(v128.load(x + at), v128.load(mean + at));
      const shift = bias ? v128.load(bias + at) : zero;
      v128.store(y + at, f32x4.pmin(f32x4.pmax(madd(d, v128.load(scale + at), shift), low), high));
    }
    if (rest > 0) {
      const at = bytes(whole);
      const d = f32x4.sub(loadPart(x + at, rest), loadPart(mean + at, rest));
      const shift = bias ? loadPart(bias + at, rest) : zero;
      write(y + at, f32x4.pmin(f32x4.pmax(madd(d, loadPart(scale + at, rest), shift), low), high), rest);
    }
    x += bytes(channels);
    y += bytes(channels);
  }
}

// @ts-ignore: decorator
@inline
function sumsOfBlock(every: bool, low: v128, high: v128, x: usize, y: usize, dy: usize, mean: usize, sums: usize, rows: i32, channels: i32): void {
  const stride = bytes(channels);
  let j = 0;
  for (; j + 8 <= channels; j += 8) {
    const at = bytes(j);
    const m0 = v128.load(mean + at);
    const m1 = v128.load(mean + at, 16);
    let s0 = f32x4.splat(0), s1 = s0, t0 = s0, t1 = s0;
    let p = at;
    for (let i = rows; i > 0; i--, p += stride) {
      const d0 = passed(every, low, high, y + p, v128.load(dy + p), 4);
      const d1 = passed(every, low, high, y + p + 16, v128.load(dy + p, 16), 4);
      s0 = f32x4.add(s0, d0);
      s1 = f32x4.add(s1, d1);
      t0 = madd(d0, f32x4.sub(v128.load(x + p), m0), t0);
      t1 = madd(d1, f32x4.sub(v128.load(x + p, 16), m1), t1);
    }
    v128.store(sums + at, s0);
    v128.store(sums + at, s1, 16);
    v128.store(sums + stride + at, t0);
    v128.store(sums + stride + at, t1, 16);
  }
  for (; j < channels; j += 4) {
    const count = min(channels - j, 4);
    const at = bytes(j);
    const m = loadPart(mean + at, count);
    let s = f32x4.splat(0), t = s;
    let p = at;
    for (let i = rows; i > 0; i--, p += stride) {
      const d = passed(every, low, high, y + p, loadPart(dy + p, count), count);
      s = f32x4.add(s, d);
      t = madd(d, f32x4.sub(loadPart(x + p, count), m), t);
    }
    write(sums + at, s, count);
    write(sums + stride + at, t, count);
  }
}

/**
 * For each block of rows Σ d and Σ d · (x − mean), with d = dy where the activation lets it through.
 *
 * @param sums [blocks, 2, channels]
 */
export function batchNormGradSums(activation: i32, x: usize, y: usize, dy: usize, mean: usize, sums: usize, rows: i32, channels: i32): void {
  const block = batchNormBlock(channels);
  const step = bytes(block) * <usize>channels;
  const low = f32x4.splat(least(activation));
  const high = f32x4.splat(most(activation));
  for (; rows > 0; rows -= block, x += step, y += step, dy += step, sums += 2 * bytes(channels)) {
    const count = min(rows, block);
    if (activation == FusedActivation.none) sumsOfBlock(true, low, high, x, y, dy, mean, sums, count, channels);
    else sumsOfBlock(false, low, high, x, y, dy, mean, sums, count, channels);
  }
}

/**
 * The factors of dx = f · d + g · (x − mean) + h for channels from `from` to below `to`: with i = 1/√(variance + ε),
 * f = gain · i, g = −f · i² · Σ d·(x − mean)/rows and h = −f · Σ d/rows; dGain = i · Σ d·(x − mean), dBias = Σ d.
 *
 * @param factors [3, channels]
 * @param gain [channels], or 0 for 1
 * @param dGain [channels] or 0; likewise dBias
 */
export function batchNormGradJoin(sums: usize, rows: i32, channels: i32, gain: usize, variance: usize, epsilon: f64, dGain: usize, dBias: usize, factors: usize, from: i32, to: i32): void {
  const block = batchNormBlock(channels);
  const width = bytes(channels);
  for (let c = from; c < to; c++) {
    const at = bytes(c);
    let p = sums + at;
    let sum: f64 = 0;
    let dot: f64 = 0;
    for (let done = 0; done < rows; done += block, p += 2 * width) {
      sum += <f64>load<f32>(p);
      dot += <f64>load<f32>(p + width);
    }
    const inverse: f64 = 1 / sqrt<f64>(<f64>load<f32>(variance + at) + epsilon);
    const f = (gain ? <f64>load<f32>(gain + at) : 1) * inverse;
    if (dGain) store<f32>(dGain + at, <f32>(dot * inverse));
    if (dBias) store<f32>(dBias + at, <f32>sum);
    store<f32>(factors + at, <f32>f);
    store<f32>(factors + width + at, <f32>(-f * inverse * inverse * dot / <f64>rows));
    store<f32>(factors + 2 * width + at, <f32>(-f * sum / <f64>rows));
  }
}

// @ts-ignore: decorator
@inline
function gradRows(every: bool, low: v128, high: v128, x: usize, y: usize, dy: usize, mean: usize, factors: usize, dx: usize, rows: i32, channels: i32): void {
  const whole = channels & -4;
  const rest = channels - whole;
  const width = bytes(channels);
  const second = factors + width;
  const third = second + width;
  for (let i = 0; i < rows; i++) {
    for (let at: usize = 0, end = bytes(whole); at < end; at += 16) {
      const d = passed(every, low, high, y + at, v128.load(dy + at), 4);
      const distance = f32x4.sub(v128.load(x + at), v128.load(mean + at));
      const shifted = madd(distance, v128.load(second + at), v128.load(third + at));
      v128.store(dx + at, madd(d, v128.load(factors + at), shifted));
    }
    if (rest > 0) {
      const at = bytes(whole);
      const d = passed(every, low, high, y + at, loadPart(dy + at, rest), rest);
      const distance = f32x4.sub(loadPart(x + at, rest), loadPart(mean + at, rest));
      const shifted = madd(distance, loadPart(second + at, rest), loadPart(third + at, rest));
      write(dx + at, madd(d, loadPart(factors + at, rest), shifted), rest);
    }
    x += width;
    y += width;
    dy += width;
    dx += width;
  }
}

/** dx = f · d + g · (x − mean) + h in each row, with the factors of `batchNormGradJoin`. */
export function batchNormGradApply(activation: i32, x: usize, y: usize, dy: usize, mean: usize, factors: usize, dx: usize, rows: i32, channels: i32): void {
  const low = f32x4.splat(least(activation));
  const high = f32x4.splat(most(activation));
  if (activation == FusedActivation.none) gradRows(true, low, high, x, y, dy, mean, factors, dx, rows, channels);
  else gradRows(false, low, high, x, y, dy, mean, factors, dx, rows, channels);
}
