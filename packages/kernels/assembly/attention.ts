/**
 * Scaled dot-product attention of one head (Vaswani 2017), block by block with a softmax that is rescaled as blocks come in
 * (Milakov & Gimelshein 2018; Dao 2022), so that no [T, S] array is ever stored.
 *
 * The laws of this file: blocks of keys begin at multiples of KEYS, whatever the queries are; a query's result depends on no
 * other query. So a query has the same bits alone, with a cache of keys, or among all the others.
 */
import { keptLanes, leastKept } from './dropout';
import { band, gemm } from './gemm';
import { bytes, keepPart, loadPart, maxLanes, read, sumLanes, write } from './lanes';
import { exp4, log4 } from './math';
import { packRight, packedSize } from './pack';
import { rowDot } from './reduce';

/** Keys of a block. A multiple of eight. */
export const KEYS: i32 = 128;
/**
 * Queries whose scores of a block of keys are in memory at once: a multiple of the tile's five rows. Where it is causal, a block
 * ends with the keys that its last query sees, so fewer queries compute less that is masked.
 */
const ROWS: i32 = 20;
/** Queries for which a block of keys is packed once. */
const QUERIES: i32 = 240;

/** Floats of a block of scores. */
// @ts-ignore: decorator
@inline
const BLOCK: i32 = ROWS * KEYS;

/** How many floats of scratch `attention` needs. */
export function attentionScratchSize(depth: i32, width: i32): i32 {
  return BLOCK + QUERIES + packedSize(depth, KEYS, 8) + packedSize(KEYS, width, 8);
}

/** How many floats of scratch `attentionGrad` needs. */
export function attentionGradScratchSize(depth: i32, width: i32): i32 {
  const right = packedSize(depth, KEYS, 8) + packedSize(width, KEYS, 8) + packedSize(KEYS, depth, 8);
  return 2 * BLOCK + ROWS + right + packedSize(ROWS, max(depth, width), 8) + KEYS * ROWS;
}

/** Keys that query i of a run sees. */
// @ts-ignore: decorator
@inline
export function visible(keys: i32, limit: i32, causal: i32, i: i32): i32 {
  return causal ? max(0, min(keys, limit + i)) : keys;
}

/**
 * One row of scores, in place: s = scale·x + mask for the first `count`, then p = e^(s − m) with m the largest so far; 0 from
 * there to `columns`. Sums and outputs so far are rescaled from the old m to the new one.
 */
export function weigh(x: usize, count: i32, columns: i32, scale: f32, mask: usize, most: usize, total: usize, out: usize, width: i32): void {
  const factor = f32x4.splat(scale);
  const nothing = f32x4.splat(f32.NEGATIVE_INFINITY);
  let largest = nothing;
  let invalid = f32x4.splat(0);
  for (let j = 0; j < count; j += 4) {
    const at = x + bytes(j);
    const rest = min(count - j, 4);
    let s = f32x4.mul(v128.load(at), factor);
    if (mask) s = f32x4.add(s, loadPart(mask + bytes(j), rest));
    if (rest < 4) s = keepPart(s, nothing, rest);
    v128.store(at, s);
    largest = f32x4.pmax(largest, s);
    invalid = v128.or(invalid, f32x4.ne(s, s));
  }
  const before = load<f32>(most);
  const m = max<f32>(before, maxLanes(v128.or(largest, invalid)));
  if (m == f32.NEGATIVE_INFINITY) {
    memory.fill(x, 0, bytes(columns));
    return;
  }
  if (m != before) {
    const correction = exp4(f32x4.splat(before - m));
    store<f32>(most, m);
    store<f32>(total, load<f32>(total) * f32x4.extract_lane(correction, 0));
    for (let j = 0; j < width; j += 4) {
      const at = out + bytes(j);
      const rest = min(width - j, 4);
      write(at, f32x4.mul(read(at, rest), correction), rest);
    }
  }
  const shift = f32x4.splat(m);
  let sum = f32x4.splat(0);
  let j = 0;
  for (; j < count; j += 4) {
    const e = exp4(f32x4.sub(v128.load(x + bytes(j)), shift));
    v128.store(x + bytes(j), e);
    sum = f32x4.add(sum, e);
  }
  if (j < columns) memory.fill(x + bytes(j), 0, bytes(columns - j));
  store<f32>(total, load<f32>(total) + sumLanes(sum));
}

/** p[j] = kept(index + j) ? p[j] / (1 − rate) : 0, for whole vectors of p. */
export function drop(p: usize, columns: i32, seed: i32, rate: f64, index: i32): void {
  const least = leastKept(rate);
  const scale = f32x4.splat(<f32>(1 / (1 - rate)));
  for (let j = 0; j < columns; j += 4) {
    const kept = keptLanes(index + j, seed, least);
    v128.store(p + bytes(j), v128.and(kept, f32x4.mul(v128.load(p + bytes(j)), scale)));
  }
}

/**
 * out[i] = Σ_j p_ij · v[j], p_i = softmax over the visible j of (scale · q[i]·k[j] + mask[i, j]); zeros where nothing is visible.
 * Query i sees the keys j < `keys`, below the
 * length if there is one, and where causal j < limit + i.
 *
 * @param q [rows, depth] with ldq floats from row to row; likewise k [keys, depth], v [keys, width], out [rows, width]
 * @param mask [rows, keys] with ldm floats from row to row (0: one for all rows), or 0
 * @param length i32[1], or 0
 * @param normaliser [rows], written for the gradient: log Σ e^score, ∞ where nothing is visible
 * @param rate of dropout on p, which follows from seed and index + i·stride + j
 * @param scratch attentionScratchSize(depth, width) floats
 */
export function attention(
  q: usize, ldq: i32, k: usize, ldk: i32, v: usize, ldv: i32, mask: usize, ldm: i32, out: usize, ldo: i32, normaliser: usize,
  rows: i32, keys: i32, length: usize, causal: i32, limit: i32, depth: i32, width: i32, scale: f32,
  rate: f64, seed: i32, index: i32, stride: i32, scratch: usize,
): void {
  if (length) keys = min(keys, load<i32>(length));
  for (let i = 0; i < rows; i += QUERIES) {
    const count = min(rows - i, QUERIES);
    const at = mask ? mask + bytes(i * ldm) : 0;
    queries(
      q + (<usize>i * ldq << 2), ldq, k, ldk, v, ldv, at, ldm, out + (<usize>i * ldo << 2), ldo, normaliser + bytes(i),
      count, keys, causal, limit + i, depth, width, scale, rate, seed, index + i * stride, stride, scratch,
    );
  }
}

function queries(
  q: usize, ldq: i32, k: usize, ldk: i32, v: usize, ldv: i32, mask: usize, ldm: i32, out: usize, ldo: i32, normaliser: usize,
  rows: i32, keys: i32, causal: i32, limit: i32, depth: i32, width: i32, scale: f32,
  rate: f64, seed: i32, index: i32, stride: i32, scratch: usize,
): void {
  const scores = scratch;
  const totals = scores + bytes(BLOCK);
  const packedKeys = totals + bytes(QUERIES);
  const packedValues = packedKeys + bytes(packedSize(depth, KEYS, 8));
  for (let i = 0; i < rows; i++) {
    memory.fill(out + (<usize>i * ldo << 2), 0, bytes(width));
    store<f32>(normaliser + bytes(i), f32.NEGATIVE_INFINITY);
    store<f32>(totals + bytes(i), 0);
  }
  const all = visible(keys, limit, causal, rows - 1);
  for (let first = 0; first < all; first += KEYS) {
    const n = min(all - first, KEYS);
    packRight(k + (<usize>first * ldk << 2), ldk, 1, depth, n, 8, packedKeys);
    packRight(v + (<usize>first * ldv << 2), ldv, 0, n, width, 8, packedValues);
    for (let i = 0; i < rows; i += ROWS) {
      const count = min(rows - i, ROWS);
      const columns = min(n, visible(keys, limit, causal, i + count - 1) - first);
      if (columns <= 0) continue;
      const left = q + (<usize>i * ldq << 2);
      const result = out + (<usize>i * ldo << 2);
      gemm(left, ldq, 0, packedKeys, scores, KEYS, count, columns, depth, 0, 0);
      for (let r = 0; r < count; r++) {
        const own = max(0, min(columns, visible(keys, limit, causal, i + r) - first));
        const row = scores + bytes(r * KEYS);
        const masked = mask ? mask + bytes((i + r) * ldm + first) : 0;
        weigh(row, own, columns, scale, masked, normaliser + bytes(i + r), totals + bytes(i + r), result + (<usize>r * ldo << 2), width);
        if (rate > 0) drop(row, columns, seed, rate, index + (i + r) * stride + first);
      }
      band(scores, bytes(KEYS), packedValues, bytes(n * 8), result, <usize>ldo << 2, count, width, columns, 1);
    }
  }
  for (let i = 0; i < rows; i++) finish(normaliser + bytes(i), load<f32>(totals + bytes(i)), out + (<usize>i * ldo << 2), width);
}

/** Divides a row by the sum of its weights. */
export function finish(normaliser: usize, total: f32, out: usize, width: i32): void {
  if (total == 0) {
    store<f32>(normaliser, f32.POSITIVE_INFINITY);
    return;
  }
  const log = f32x4.extract_lane(log4(f32x4.splat(total)), 0);
  store<f32>(normaliser, load<f32>(normaliser) + log);
  const inverse = f32x4.splat(1 / total);
  for (let j = 0; j < width; j += 4) {
    const at = out + bytes(j);
    const rest = min(width - j, 4);
    write(at, f32x4.mul(read(at, rest), inverse), rest);
  }
}

/**
 * The gradient of `attention` for one head: overwrites dq, adds to dk and dv. With P the weights, D = dropout and
 * δ_i = Σ dOut[i]·out[i]: dv = (D∘P)ᵀ dOut; dS = P ⊙ (D∘(dOut vᵀ) − δ); dq = scale · dS k; dk = scale · dSᵀ q.
 *
 * @param scratch attentionGradScratchSize(depth, width) floats; otherwise as `attention`
 */
export function attentionGrad(
  q: usize, ldq: i32, k: usize, ldk: i32, v: usize, ldv: i32, mask: usize, ldm: i32, out: usize, ldo: i32, normaliser: usize,
  dOut: usize, dq: usize, dk: usize, dv: usize,
  rows: i32, keys: i32, length: usize, causal: i32, limit: i32, depth: i32, width: i32, scale: f32,
  rate: f64, seed: i32, index: i32, stride: i32, scratch: usize,
): void {
  if (length) keys = min(keys, load<i32>(length));
  const weights = scratch;
  const slopes = weights + bytes(BLOCK);
  const shares = slopes + bytes(BLOCK);
  const keysAcross = shares + bytes(ROWS);
  const valuesAcross = keysAcross + bytes(packedSize(depth, KEYS, 8));
  const keysDown = valuesAcross + bytes(packedSize(width, KEYS, 8));
  const side = keysDown + bytes(packedSize(KEYS, depth, 8));
  const turned = side + bytes(packedSize(ROWS, max(depth, width), 8));
  for (let i = 0; i < rows; i++) memory.fill(dq + (<usize>i * ldq << 2), 0, bytes(depth));
  const all = visible(keys, limit, causal, rows - 1);
  for (let first = 0; first < all; first += KEYS) {
    const n = min(all - first, KEYS);
    const blockKeys = k + (<usize>first * ldk << 2);
    packRight(blockKeys, ldk, 1, depth, n, 8, keysAcross);
    packRight(v + (<usize>first * ldv << 2), ldv, 1, width, n, 8, valuesAcross);
    packRight(blockKeys, ldk, 0, n, depth, 8, keysDown);
    for (let i = 0; i < rows; i += ROWS) {
      const count = min(rows - i, ROWS);
      const columns = min(n, visible(keys, limit, causal, i + count - 1) - first);
      if (columns <= 0) continue;
      const left = q + (<usize>i * ldq << 2);
      const result = out + (<usize>i * ldo << 2);
      const given = dOut + (<usize>i * ldo << 2);
      for (let r = 0; r < count; r++) {
        store<f32>(shares + bytes(r), <f32>rowDot(result + (<usize>r * ldo << 2), given + (<usize>r * ldo << 2), width));
      }
      gemm(left, ldq, 0, keysAcross, weights, KEYS, count, columns, depth, 0, 0);
      gemm(given, ldo, 0, valuesAcross, slopes, KEYS, count, columns, width, 0, 0);
      for (let r = 0; r < count; r++) {
        const own = max(0, min(columns, visible(keys, limit, causal, i + r) - first));
        const masked = mask ? mask + bytes((i + r) * ldm + first) : 0;
        const place = index + (i + r) * stride + first;
        const at = bytes(r * KEYS);
        slope(weights + at, slopes + at, own, columns, scale, masked, load<f32>(normaliser + bytes(i + r)), load<f32>(shares + bytes(r)), rate, seed, place);
      }
      packRight(given, ldo, 0, count, width, 8, side);
      gemm(weights, KEYS, 1, side, dv + (<usize>first * ldv << 2), ldv, columns, width, count, 1, turned);
      packRight(left, ldq, 0, count, depth, 8, side);
      gemm(slopes, KEYS, 1, side, dk + (<usize>first * ldk << 2), ldk, columns, depth, count, 1, turned);
      band(slopes, bytes(KEYS), keysDown, bytes(n * 8), dq + (<usize>i * ldq << 2), <usize>ldq << 2, count, depth, columns, 1);
    }
  }
}

/** A row, in place: scores → D∘P, and ∂L/∂(D∘P) → scale · dS; zeros from `count` on. */
function slope(
  x: usize, dx: usize, count: i32, columns: i32, scale: f32, mask: usize, normaliser: f32, share: f32,
  rate: f64, seed: i32, index: i32,
): void {
  const factor = f32x4.splat(scale);
  const shift = f32x4.splat(normaliser);
  const own = f32x4.splat(share);
  const zero = f32x4.splat(0);
  const least = leastKept(rate);
  const raised = f32x4.splat(<f32>(1 / (1 - rate)));
  let j = 0;
  for (; j < count; j += 4) {
    const rest = min(count - j, 4);
    let s = f32x4.mul(v128.load(x + bytes(j)), factor);
    if (mask) s = f32x4.add(s, loadPart(mask + bytes(j), rest));
    let p = exp4(f32x4.sub(s, shift));
    let d = v128.load(dx + bytes(j));
    if (rest < 4) {
      p = keepPart(p, zero, rest);
      d = keepPart(d, zero, rest);
    }
    let dropped = p;
    if (rate > 0) {
      const kept = keptLanes(index + j, seed, least);
      dropped = v128.and(kept, f32x4.mul(p, raised));
      d = v128.and(kept, f32x4.mul(d, raised));
    }
    v128.store(x + bytes(j), dropped);
    v128.store(dx + bytes(j), f32x4.mul(f32x4.mul(p, f32x4.sub(d, own)), factor));
  }
  if (j >= columns) return;
  memory.fill(x + bytes(j), 0, bytes(columns - j));
  memory.fill(dx + bytes(j), 0, bytes(columns - j));
}
