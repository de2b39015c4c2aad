/** Softmax and cross-entropy along rows. Losses are in nats. */
import { bytes, keepPart, loadPart, read, sumLanes, write } from './lanes';
import { exp4, log4 } from './math';
import { rowDot, rowMax, rowSum } from './reduce';

const BLOCK: i32 = 1024;

/** Σ e^(x[i] − shift); the summands are stored when `out` is not 0. Order of addition as in reduce.ts. */
function expSum(x: usize, out: usize, n: i32, shift: f32): f64 {
  const s = f32x4.splat(shift);
  const nothing = f32x4.splat(f32.NEGATIVE_INFINITY);
  let total: f64 = 0;
  for (; n > 0; n -= BLOCK) {
    let sum = f32x4.splat(0);
    let rest = min(n, BLOCK);
    for (; rest >= 4; rest -= 4, x += 16) {
      const e = exp4(f32x4.sub(v128.load(x), s));
      sum = f32x4.add(sum, e);
      if (out) {
        v128.store(out, e);
        out += 16;
      }
    }
    if (rest > 0) {
      const e = exp4(keepPart(f32x4.sub(loadPart(x, rest), s), nothing, rest));
      sum = f32x4.add(sum, e);
      if (out) write(out, e, rest);
    }
    total += <f64>sumLanes(sum);
  }
  return total;
}

function logOf(x: f32): f32 {
  return f32x4.extract_lane(log4(f32x4.splat(x)), 0);
}

/** out = e^x / Σ e^x in each row of x [rows, n]. */
export function softmax(x: usize, out: usize, rows: i32, n: i32): void {
  for (let i = 0; i < rows; i++, x += bytes(n), out += bytes(n)) {
    const sum = <f32>expSum(x, out, n, rowMax(x, n));
    const s = f32x4.splat(1 / sum);
    let p = out;
    let rest = n;
    for (; rest >= 4; rest -= 4, p += 16) v128.store(p, f32x4.mul(v128.load(p), s));
    if (rest > 0) write(p, f32x4.mul(read(p, rest), s), rest);
  }
}

/** out = x − log Σ e^x in each row of x [rows, n]. */
export function logSoftmax(x: usize, out: usize, rows: i32, n: i32): void {
  for (let i = 0; i < rows; i++) {
    const largest = rowMax(x, n);
    // Two subtractions: the largest element's own difference is exact.
    const a = f32x4.splat(largest);
    const b = f32x4.splat(logOf(<f32>expSum(x, 0, n, largest)));
    let rest = n;
    for (; rest >= 4; rest -= 4, x += 16, out += 16) v128.store(out, f32x4.sub(f32x4.sub(v128.load(x), a), b));
    if (rest > 0) write(out, f32x4.sub(f32x4.sub(read(x, rest), a), b), rest);
    x += bytes(rest);
    out += bytes(rest);
  }
}

/** dx = y · (dy − Σ y·dy) for y = softmax x, each row of [rows, n]. */
export function softmaxGrad(y: usize, dy: usize, dx: usize, rows: i32, n: i32): void {
  for (let i = 0; i < rows; i++) {
    const s = f32x4.splat(<f32>rowDot(y, dy, n));
    for (let rest = n; rest > 0; ) {
      const count = min(rest, 4);
      write(dx, f32x4.mul(read(y, count), f32x4.sub(read(dy, count), s)), count);
      y += bytes(count);
      dy += bytes(count);
      dx += bytes(count);
      rest -= count;
    }
  }
}

/** dx = dy − e^y · Σ dy for y = log softmax x, each row of [rows, n]. */
export function logSoftmaxGrad(y: usize, dy: usize, dx: usize, rows: i32, n: i32): void {
  for (let i = 0; i < rows; i++) {
    const s = f32x4.splat(<f32>rowSum(dy, n));
    for (let rest = n; rest > 0; ) {
      const count = min(rest, 4);
      write(dx, f32x4.sub(read(dy, count), f32x4.mul(exp4(read(y, count)), s)), count);
      y += bytes(count);
      dy += bytes(count);
      dx += bytes(count);
      rest -= count;
    }
  }
}

/**
 * losses[i] = log Σ e^logits[i] − logits[i, target], in nats; 0 where the target is negative.
 *
 * @param logits [rows, n]
 * @param targets i32[rows], below n
 * @param losses [rows]
 * @param logNormaliser [rows]: log Σ e^logits, for `crossEntropyGrad`
 */
export function crossEntropy(logits: usize, targets: usize, losses: usize, logNormaliser: usize, rows: i32, n: i32): void {
  for (let i = 0; i < rows; i++, logits += bytes(n)) {
    const largest = rowMax(logits, n);
    const log = logOf(<f32>expSum(logits, 0, n, largest));
    const target = load<i32>(targets + bytes(i));
    store<f32>(logNormaliser + bytes(i), largest + log);
    // Not logNormaliser − logit: where the target is nearly certain, that difference would have lost its digits.
    let loss: f32 = 0;
    if (target >= 0) loss = target < n ? log + (largest - load<f32>(logits + bytes(target))) : f32.NaN;
    store<f32>(losses + bytes(i), loss);
  }
}

/** dLogits[i, j] = dLosses[i] · (e^(logits[i, j] − logNormaliser[i]) − [j = target]); 0 where the target is negative, NaN where it is not below n. */
export function crossEntropyGrad(logits: usize, targets: usize, logNormaliser: usize, dLosses: usize, dLogits: usize, rows: i32, n: i32): void {
  for (let i = 0; i < rows; i++, logits += bytes(n), dLogits += bytes(n)) {
    const target = load<i32>(targets + bytes(i));
    if (target < 0) {
      memory.fill(dLogits, 0, bytes(n));
      continue;
    }
    const scale = target < n ? load<f32>(dLosses + bytes(i)) : f32.NaN;
    const s = f32x4.splat(scale);
    const shift = f32x4.splat(load<f32>(logNormaliser + bytes(i)));
    // The target's own element is e^… − 1 before scaling, so it is computed from the logit, read before any store.
    const own = min(target, n - 1);
    const logit = load<f32>(logits + bytes(own));
    let x = logits;
    let out = dLogits;
    let rest = n;
    for (; rest >= 4; rest -= 4, x += 16, out += 16) v128.store(out, f32x4.mul(s, exp4(f32x4.sub(v128.load(x), shift))));
    if (rest > 0) write(out, f32x4.mul(s, exp4(f32x4.sub(read(x, rest), shift))), rest);
    const p = f32x4.extract_lane(exp4(f32x4.sub(f32x4.splat(logit), shift)), 0);
    store<f32>(dLogits + bytes(own), scale * (p - 1));
  }
}
