/** Layer normalisation (Ba, Kiros and Hinton 2016) and RMS normalisation (Zhang and Sennrich 2019) along rows. */
import { bytes, keepPart, loadPart, read, sumLanes, write } from './lanes';
import { rowSum } from './reduce';

const BLOCK: i32 = 1024;

/** Σ (x[i] − mean)² */
function squaresAround(x: usize, n: i32, mean: f32): f64 {
  const m = f32x4.splat(mean);
  const zero = f32x4.splat(0);
  let total: f64 = 0;
  for (; n > 0; n -= BLOCK) {
    let sum = zero;
    for (let rest = min(n, BLOCK); rest > 0; rest -= 4, x += 16) {
      let d = f32x4.sub(loadPart(x, rest), m);
      if (rest < 4) d = keepPart(d, zero, rest);
      sum = f32x4.add(sum, f32x4.mul(d, d));
    }
    total += <f64>sumLanes(sum);
  }
  return total;
}

/**
 * out = (x − mean) · inverseDeviation · gain + bias in each row, inverseDeviation = 1 / √(variance + ε), the variance
 * divided by n. Not `centred`, the mean counts as 0 everywhere: x / √(mean(x²) + ε) · gain + bias.
 *
 * @param x [rows, n]
 * @param gain [n], or 0 for 1; likewise bias for 0
 * @param mean [rows], written for the gradient; likewise inverseDeviation
 */
export function layerNorm(x: usize, gain: usize, bias: usize, out: usize, mean: usize, inverseDeviation: usize, rows: i32, n: i32, centred: i32, epsilon: f64): void {
  for (let i = 0; i < rows; i++) {
    const mu: f32 = centred ? <f32>(rowSum(x, n) / <f64>n) : 0;
    const inverse = <f32>(1 / sqrt<f64>(squaresAround(x, n, mu) / <f64>n + epsilon));
    store<f32>(mean + bytes(i), mu);
    store<f32>(inverseDeviation + bytes(i), inverse);
    const m = f32x4.splat(mu);
    const s = f32x4.splat(inverse);
    for (let j = 0; j < n; j += 4) {
      const count = min(n - j, 4);
      const at = bytes(j);
      let v = f32x4.mul(f32x4.sub(read(x + at, count), m), s);
      if (gain) v = f32x4.mul(v, read(gain + at, count));
      if (bias) v = f32x4.add(v, read(bias + at, count));
      write(out + at, v, count);
    }
    x += bytes(n);
    out += bytes(n);
  }
}

/**
 * With x̂ = (x − mean) · inverseDeviation and g = dy · gain:
 * dx = inverseDeviation · (g − mean(g) − x̂ · mean(g · x̂)), without mean(g) where not `centred`; dGain += Σ dy · x̂ and
 * dBias += Σ dy over rows, in order.
 *
 * @param gain [n] or 0
 * @param dGain [n] or 0; likewise dBias
 */
export function layerNormGrad(x: usize, gain: usize, mean: usize, inverseDeviation: usize, dy: usize, dx: usize, dGain: usize, dBias: usize, rows: i32, n: i32, centred: i32): void {
  for (let i = 0; i < rows; i++) {
    const m = f32x4.splat(load<f32>(mean + bytes(i)));
    const s = f32x4.splat(load<f32>(inverseDeviation + bytes(i)));
    let sumG: f64 = 0;
    let sumGx: f64 = 0;
    for (let start = 0; start < n; start += BLOCK) {
      let blockG = f32x4.splat(0);
      let blockGx = blockG;
      for (let j = start, end = min(n, start + BLOCK); j < end; j += 4) {
        const count = min(end - j, 4);
        const at = bytes(j);
        const d = read(dy + at, count);
        const normal = f32x4.mul(f32x4.sub(read(x + at, count), m), s);
        const g = gain ? f32x4.mul(d, read(gain + at, count)) : d;
        blockG = f32x4.add(blockG, g);
        // d is 0 in the lanes beyond the row, and so are these products.
        const product = f32x4.mul(d, normal);
        blockGx = f32x4.add(blockGx, f32x4.mul(g, normal));
        if (dGain) write(dGain + at, f32x4.add(read(dGain + at, count), product), count);
        if (dBias) write(dBias + at, f32x4.add(read(dBias + at, count), d), count);
      }
      sumG += <f64>sumLanes(blockG);
      sumGx += <f64>sumLanes(blockGx);
    }
    const meanG = f32x4.splat(centred ? <f32>(sumG / <f64>n) : 0);
    const meanGx = f32x4.splat(<f32>(sumGx / <f64>n));
    for (let j = 0; j < n; j += 4) {
      const count = min(n - j, 4);
      const at = bytes(j);
      const normal = f32x4.mul(f32x4.sub(read(x + at, count), m), s);
      let g = read(dy + at, count);
      if (gain) g = f32x4.mul(g, read(gain + at, count));
      write(dx + at, f32x4.mul(s, f32x4.sub(f32x4.sub(g, meanG), f32x4.mul(normal, meanGx))), count);
    }
    x += bytes(n);
    dy += bytes(n);
    dx += bytes(n);
  }
}

/**
 * dGain += Σ dy · x̂ and dBias += Σ dy over rows, in order, as `layerNormGrad` does, for the first `columns` of the n columns.
 *
 * @param dGain [columns] or 0; likewise dBias
 */
export function layerNormSums(x: usize, mean: usize, inverseDeviation: usize, dy: usize, dGain: usize, dBias: usize, rows: i32, n: i32, columns: i32): void {
  if (!dGain && !dBias) return;
  for (let i = 0; i < rows; i++, x += bytes(n), dy += bytes(n)) {
    const m = f32x4.splat(load<f32>(mean + bytes(i)));
    const s = f32x4.splat(load<f32>(inverseDeviation + bytes(i)));
    for (let j = 0; j < columns; j += 4) {
      const count = min(columns - j, 4);
      const at = bytes(j);
      const d = read(dy + at, count);
      if (dGain) {
        const product = f32x4.mul(d, f32x4.mul(f32x4.sub(read(x + at, count), m), s));
        write(dGain + at, f32x4.add(read(dGain + at, count), product), count);
      }
      if (dBias) write(dBias + at, f32x4.add(read(dBias + at, count), d), count);
    }
  }
}
