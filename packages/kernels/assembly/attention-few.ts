/** Attention of few queries, as when a token at a time is generated. */
import { drop, finish, KEYS, visible, weigh } from './attention';
import { gemmFewRows } from './few-rows';
import { bytes, madd, read, write } from './lanes';

/** Keys whose scores are computed at a time, and whose rows are read side by side. */
const TILE: i32 = 16;

/** How many floats of scratch `attentionFew` needs. */
export function attentionFewScratchSize(rows: i32, heads: i32, width: i32): i32 {
  return rows * heads * (KEYS + 1 + width);
}

/**
 * `attention` of several groups of heads of one sequence, with the same bits. Keys and values are read as they lie, for all heads
 * before what follows, and not packed: for few queries that would cost more than it saves.
 *
 * @param q [rows, heads · depth] with ldq floats from row to row; likewise out [rows, heads · width]
 * @param k [keys, groups · depth] with ldk floats from row to row; likewise v [keys, groups · width]
 * @param each heads of a group, which share its keys and values; heads = groups · each
 * @param mask [heads, rows, keys] with maskH floats from head to head and maskT from row to row, or 0
 * @param normaliser [heads, rows]
 * @param rate of dropout on p, which follows from seed and index + (h · rows + i) · stride + j
 * @param scratch attentionFewScratchSize(rows, heads, width) floats
 */
export function attentionFew(
  q: usize, ldq: i32, k: usize, ldk: i32, v: usize, ldv: i32, mask: usize, maskH: i32, maskT: i32, out: usize, ldo: i32, normaliser: usize,
  rows: i32, groups: i32, each: i32, keys: i32, length: usize, causal: i32, limit: i32, depth: i32, width: i32, scale: f32,
  rate: f64, seed: i32, index: i32, stride: i32, scratch: usize,
): void {
  if (length) keys = min(keys, load<i32>(length));
  const heads = groups * each;
  const scores = scratch;
  const totals = scores + bytes(heads * rows * KEYS);
  const sums = totals + bytes(heads * rows);
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < rows; i++) {
      const r = bytes(h * rows + i);
      memory.fill(out + bytes(i * ldo + h * width), 0, bytes(width));
      store<f32>(normaliser + r, f32.NEGATIVE_INFINITY);
      store<f32>(totals + r, 0);
    }
  }
  const all = visible(keys, limit, causal, rows - 1);
  for (let first = 0; first < all; first += KEYS) {
    const n = min(all - first, KEYS);
    score(q, ldq, k + (<usize>first * ldk << 2), ldk, scores, rows, groups, each, n, depth);
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < rows; i++) {
        const r = h * rows + i;
        const own = max(0, min(n, visible(keys, limit, causal, i) - first));
        const row = scores + bytes(r * KEYS);
        const masked = mask ? mask + bytes(h * maskH + i * maskT + first) : 0;
        weigh(row, own, n, scale, masked, normaliser + bytes(r), totals + bytes(r), out + bytes(i * ldo + h * width), width);
        if (rate > 0) drop(row, n, seed, rate, index + r * stride + first);
      }
    }
    memory.fill(sums, 0, bytes(heads * rows * width));
    weighValues(scores, v + (<usize>first * ldv << 2), <usize>ldv << 2, sums, rows, groups, each, n, width);
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < rows; i++) addRow(out + bytes(i * ldo + h * width), sums + bytes((h * rows + i) * width), width);
    }
  }
  for (let h = 0; h < heads; h++) {
    for (let i = 0; i < rows; i++) {
      const r = bytes(h * rows + i);
      finish(normaliser + r, load<f32>(totals + r), out + bytes(i * ldo + h * width), width);
    }
  }
}

/** scores[h, i, j] = q[i]·k[j] of n keys, KEYS floats from row to row. */
function score(q: usize, ldq: i32, k: usize, ldk: i32, scores: usize, rows: i32, groups: i32, each: i32, n: i32, depth: i32): void {
  for (let j = 0; j < n; j += TILE, k += <usize>(TILE * ldk) << 2, scores += bytes(TILE)) {
    let left = q, out = scores;
    for (let g = 0; g < groups; g++) {
      for (let e = 0; e < each; e++, left += bytes(depth), out += bytes(rows * KEYS)) {
        gemmFewRows(left, ldq, k + bytes(g * depth), ldk, out, KEYS, rows, min(n - j, TILE), depth, 0);
      }
    }
  }
}

/** sums[h, i] += Σ_j p[h, i, j] · v[j] of n keys in their order, as a product with v packed adds them. */
function weighValues(p: usize, v: usize, ldv: usize, sums: usize, rows: i32, groups: i32, each: i32, n: i32, width: i32): void {
  const ofGroup = rows * each;
  for (; n > 0; n--, v += ldv, p += 4) {
    let weight = p, sum = sums;
    for (let g = 0; g < groups; g++) {
      const own = v + bytes(g * width);
      for (let r = 0; r < ofGroup; r++, weight += bytes(KEYS), sum += bytes(width)) addScaled(weight, own, sum, width);
    }
  }
}

/** sum[width] += p · v */
function addScaled(p: usize, v: usize, sum: usize, width: i32): void {
  const x = v128.load32_splat(p);
  for (; width >= 16; width -= 16, v += 64, sum += 64) {
    v128.store(sum, madd(x, v128.load(v), v128.load(sum)));
    v128.store(sum, madd(x, v128.load(v, 16), v128.load(sum, 16)), 16);
    v128.store(sum, madd(x, v128.load(v, 32), v128.load(sum, 32)), 32);
    v128.store(sum, madd(x, v128.load(v, 48), v128.load(sum, 48)), 48);
  }
  for (; width > 0; width -= 4, v += 16, sum += 16) {
    const rest = min(width, 4);
    write(sum, madd(x, read(v, rest), read(sum, rest)), rest);
  }
}

function addRow(out: usize, sum: usize, width: i32): void {
  for (; width > 0; width -= 4, out += 16, sum += 16) {
    const rest = min(width, 4);
    write(out, f32x4.add(read(out, rest), read(sum, rest)), rest);
  }
}
