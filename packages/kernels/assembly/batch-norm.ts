/**
 * Batch normalisation (Ioffe and Szegedy 2015) of x [rows, channels]. Statistics are taken in blocks of rows that stay in the
 * L1 cache, and joined in their order, so that threads can share the blocks: which they are depends on the channels only.
 */
import { activate } from './activate';
import { bytes, highDoubles, loadPart, lowDoubles, madd, read, write } from './lanes';
import { FusedActivation } from './operations';

/** Numbers in a block of rows: 16 KB. */
const BLOCK: i32 = 4096;

/** Rows in a block. */
export function batchNormBlock(channels: i32): i32 {
  return max(8, BLOCK / max(1, channels));
}

/**
 * dy where (x − mean) · scale + bias is strictly between the ends of the activation, else 0. Computed again, as in
 * `batchNormApply`: that is faster than reading the outputs.
 */
// @ts-ignore: decorator
@inline
function passed(activation: i32, distance: v128, scale: v128, bias: v128, dy: v128): v128 {
  if (activation == FusedActivation.none) return dy;
  const v = madd(distance, scale, bias);
  dy = v128.and(dy, f32x4.gt(v, f32x4.splat(0)));
  return activation == FusedActivation.relu6 ? v128.and(dy, f32x4.lt(v, f32x4.splat(6))) : dy;
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
 * channels from `from` to below `to`. The running statistics become (1 − momentum) · running + momentum · batch's, with the
 * unbiased variance.
 *
 * @param gain [channels], or 0 for 1
 * @param runningMean [channels], or 0 for none; likewise runningVariance
 */
export function batchNormJoin(
  moments: usize, rows: i32, channels: i32, gain: usize, mean: usize, variance: usize,
  runningMean: usize, runningVariance: usize, momentum: f64, scale: usize, epsilon: f64, from: i32, to: i32,
): void {
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
    store<f32>(mean + bytes(c), <f32>mu);
    store<f32>(variance + bytes(c), <f32>spread);
    store<f32>(scale + bytes(c), scaleOf(gain, variance, epsilon, c));
    if (runningMean) follow(runningMean + bytes(c), mu, momentum);
    if (runningVariance) follow(runningVariance + bytes(c), squares / <f64>(rows - 1), momentum);
  }
}

// @ts-ignore: decorator
@inline
function follow(running: usize, batch: f64, momentum: f64): void {
  store<f32>(running, <f32>((1 - momentum) * <f64>load<f32>(running) + momentum * batch));
}

// @ts-ignore: decorator
@inline
function scaleOf(gain: usize, variance: usize, epsilon: f64, c: i32): f32 {
  const inverse: f64 = 1 / sqrt<f64>(<f64>load<f32>(variance + bytes(c)) + epsilon);
  return gain ? <f32>(<f64>load<f32>(gain + bytes(c)) * inverse) : <f32>inverse;
}

/** scale = gain/√(variance + ε), as `batchNormJoin` computes it; gain may be 0 for 1. */
export function batchNormScale(gain: usize, variance: usize, epsilon: f64, scale: usize, channels: i32): void {
  for (let c = 0; c < channels; c++) store<f32>(scale + bytes(c), scaleOf(gain, variance, epsilon, c));
}

/** scale = gain/√(variance + ε) and shift = bias − mean · scale: a batch norm with given statistics. */
export function batchNormAffine(gain: usize, bias: usize, mean: usize, variance: usize, epsilon: f64, scale: usize, shift: usize, channels: i32): void {
  for (let c = 0; c < channels; c++) {
    const at = bytes(c);
    const factor = <f64>load<f32>(gain + at) / sqrt<f64>(<f64>load<f32>(variance + at) + epsilon);
    store<f32>(scale + at, <f32>factor);
    store<f32>(shift + at, <f32>(<f64>load<f32>(bias + at) - <f64>load<f32>(mean + at) * factor));
  }
}

/** Rows of a tile: they share the loads of what belongs to their channels. */
const ROWS: i32 = 4;

// @ts-ignore: decorator
@inline
function applyOne(activation: i32, x: usize, mean: v128, scale: v128, bias: v128, y: usize, lanes: i32): void {
  write(y, activate(madd(f32x4.sub(read(x, lanes), mean), scale, bias), activation), lanes);
}

/** Four channels of one row, or of ROWS. */
// @ts-ignore: decorator
@inline
function applyTile(activation: i32, rows: i32, x: usize, mean: usize, scale: usize, bias: usize, y: usize, step: usize, lanes: i32): void {
  const m = read(mean, lanes), f = read(scale, lanes), b = bias ? read(bias, lanes) : f32x4.splat(0);
  applyOne(activation, x, m, f, b, y, lanes);
  if (rows < ROWS) return;
  applyOne(activation, x + step, m, f, b, y + step, lanes);
  applyOne(activation, x + 2 * step, m, f, b, y + 2 * step, lanes);
  applyOne(activation, x + 3 * step, m, f, b, y + 3 * step, lanes);
}

// @ts-ignore: decorator
@inline
function applyRows(activation: i32, rows: i32, x: usize, mean: usize, scale: usize, bias: usize, y: usize, channels: i32): void {
  const step = bytes(channels);
  const whole = bytes(channels & -4);
  for (let at: usize = 0; at < whole; at += 16) {
    applyTile(activation, rows, x + at, mean + at, scale + at, bias ? bias + at : 0, y + at, step, 4);
  }
  const rest = channels & 3;
  if (rest > 0) applyTile(activation, rows, x + whole, mean + whole, scale + whole, bias ? bias + whole : 0, y + whole, step, rest);
}

// @ts-ignore: decorator
@inline
function applyAll(activation: i32, x: usize, mean: usize, scale: usize, bias: usize, y: usize, rows: i32, channels: i32): void {
  const step = bytes(channels);
  for (; rows >= ROWS; rows -= ROWS, x += ROWS * step, y += ROWS * step) {
    applyRows(activation, ROWS, x, mean, scale, bias, y, channels);
  }
  for (; rows > 0; rows--, x += step, y += step) applyRows(activation, 1, x, mean, scale, bias, y, channels);
}

/**
 * y = activation((x − mean) · scale + bias) in each row; `activation` is one of `FusedActivation`.
 *
 * @param bias [channels], or 0 for 0
 */
export function batchNormApply(activation: i32, x: usize, mean: usize, scale: usize, bias: usize, y: usize, rows: i32, channels: i32): void {
  if (activation == FusedActivation.none) applyAll(FusedActivation.none, x, mean, scale, bias, y, rows, channels);
  else if (activation == FusedActivation.relu) applyAll(FusedActivation.relu, x, mean, scale, bias, y, rows, channels);
  else applyAll(FusedActivation.relu6, x, mean, scale, bias, y, rows, channels);
}

// @ts-ignore: decorator
@inline
function sumsOfBlock(activation: i32, x: usize, dy: usize, mean: usize, scale: usize, bias: usize, sums: usize, rows: i32, channels: i32): void {
  const stride = bytes(channels);
  const zero = f32x4.splat(0);
  let j = 0;
  for (; j + 8 <= channels; j += 8) {
    const at = bytes(j);
    const m0 = v128.load(mean + at), m1 = v128.load(mean + at, 16);
    const f0 = v128.load(scale + at), f1 = v128.load(scale + at, 16);
    const b0 = bias ? v128.load(bias + at) : zero, b1 = bias ? v128.load(bias + at, 16) : zero;
    let s0 = zero, s1 = zero, t0 = zero, t1 = zero;
    let p = at;
    for (let i = rows; i > 0; i--, p += stride) {
      const x0 = f32x4.sub(v128.load(x + p), m0);
      const d0 = passed(activation, x0, f0, b0, v128.load(dy + p));
      s0 = f32x4.add(s0, d0);
      t0 = madd(d0, x0, t0);
      const x1 = f32x4.sub(v128.load(x + p, 16), m1);
      const d1 = passed(activation, x1, f1, b1, v128.load(dy + p, 16));
      s1 = f32x4.add(s1, d1);
      t1 = madd(d1, x1, t1);
    }
    v128.store(sums + at, s0);
    v128.store(sums + at, s1, 16);
    v128.store(sums + stride + at, t0);
    v128.store(sums + stride + at, t1, 16);
  }
  for (; j < channels; j += 4) {
    const count = min(channels - j, 4);
    const at = bytes(j);
    const m = loadPart(mean + at, count), f = loadPart(scale + at, count);
    const b = bias ? loadPart(bias + at, count) : zero;
    let s = zero, t = zero;
    let p = at;
    for (let i = rows; i > 0; i--, p += stride) {
      const distance = f32x4.sub(loadPart(x + p, count), m);
      const d = passed(activation, distance, f, b, loadPart(dy + p, count));
      s = f32x4.add(s, d);
      t = madd(d, distance, t);
    }
    write(sums + at, s, count);
    write(sums + stride + at, t, count);
  }
}

/**
 * For each block of rows Σ d and Σ d · (x − mean), with d = dy where the activation lets it through.
 *
 * @param scale [channels], see `batchNormScale`
 * @param bias [channels], or 0 for 0
 * @param sums [blocks, 2, channels]
 */
export function batchNormGradSums(activation: i32, x: usize, dy: usize, mean: usize, scale: usize, bias: usize, sums: usize, rows: i32, channels: i32): void {
  const block = batchNormBlock(channels);
  const step = bytes(block) * <usize>channels;
  for (; rows > 0; rows -= block, x += step, dy += step, sums += 2 * bytes(channels)) {
    const count = min(rows, block);
    if (activation == FusedActivation.none) sumsOfBlock(FusedActivation.none, x, dy, mean, scale, bias, sums, count, channels);
    else if (activation == FusedActivation.relu) sumsOfBlock(FusedActivation.relu, x, dy, mean, scale, bias, sums, count, channels);
    else sumsOfBlock(FusedActivation.relu6, x, dy, mean, scale, bias, sums, count, channels);
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
function gradOne(activation: i32, x: usize, dy: usize, mean: v128, bias: v128, f: v128, g: v128, h: v128, dx: usize, lanes: i32): void {
  const distance = f32x4.sub(read(x, lanes), mean);
  write(dx, madd(passed(activation, distance, f, bias, read(dy, lanes)), f, madd(distance, g, h)), lanes);
}

// @ts-ignore: decorator
@inline
function gradTile(activation: i32, rows: i32, x: usize, dy: usize, mean: usize, bias: usize, factors: usize, dx: usize, step: usize, lanes: i32): void {
  const m = read(mean, lanes), b = bias ? read(bias, lanes) : f32x4.splat(0);
  const f = read(factors, lanes), g = read(factors + step, lanes), h = read(factors + 2 * step, lanes);
  gradOne(activation, x, dy, m, b, f, g, h, dx, lanes);
  if (rows < ROWS) return;
  gradOne(activation, x + step, dy + step, m, b, f, g, h, dx + step, lanes);
  gradOne(activation, x + 2 * step, dy + 2 * step, m, b, f, g, h, dx + 2 * step, lanes);
  gradOne(activation, x + 3 * step, dy + 3 * step, m, b, f, g, h, dx + 3 * step, lanes);
}

// @ts-ignore: decorator
@inline
function gradRows(activation: i32, rows: i32, x: usize, dy: usize, mean: usize, bias: usize, factors: usize, dx: usize, channels: i32): void {
  const step = bytes(channels);
  const whole = bytes(channels & -4);
  for (let at: usize = 0; at < whole; at += 16) {
    gradTile(activation, rows, x + at, dy + at, mean + at, bias ? bias + at : 0, factors + at, dx + at, step, 4);
  }
  const rest = channels & 3;
  if (rest > 0) {
    const b = bias ? bias + whole : 0;
    gradTile(activation, rows, x + whole, dy + whole, mean + whole, b, factors + whole, dx + whole, step, rest);
  }
}

// @ts-ignore: decorator
@inline
function gradAll(activation: i32, x: usize, dy: usize, mean: usize, bias: usize, factors: usize, dx: usize, rows: i32, channels: i32): void {
  const step = bytes(channels);
  for (; rows >= ROWS; rows -= ROWS, x += ROWS * step, dy += ROWS * step, dx += ROWS * step) {
    gradRows(activation, ROWS, x, dy, mean, bias, factors, dx, channels);
  }
  for (; rows > 0; rows--, x += step, dy += step, dx += step) gradRows(activation, 1, x, dy, mean, bias, factors, dx, channels);
}

/** dx = f · d + g · (x − mean) + h in each row, with the factors of `batchNormGradJoin`. */
export function batchNormGradApply(activation: i32, x: usize, dy: usize, mean: usize, bias: usize, factors: usize, dx: usize, rows: i32, channels: i32): void {
  if (activation == FusedActivation.none) gradAll(FusedActivation.none, x, dy, mean, bias, factors, dx, rows, channels);
  else if (activation == FusedActivation.relu) gradAll(FusedActivation.relu, x, dy, mean, bias, factors, dx, rows, channels);
  else gradAll(FusedActivation.relu6, x, dy, mean, bias, factors, dx, rows, channels);
}
