import { sizeOf, stridesOf } from '../../shape.ts';
import { type AttentionBackward, type AttentionForward, attentionSizes } from '../attention.ts';
import type { Block } from '../backend.ts';
import { dropout as dropped } from './elementwise.ts';
import { reshaped, type Workspace } from './workspace.ts';

/** x `[B, T, n·D]` → heads `[B·H, T, D]`, each of the n repeated for the heads that share it. */
function split(w: Workspace, x: Block, n: number, H: number): Block {
  const [B, T, width] = x.shape;
  const D = width / n;
  const out = w.empty([B * H, T, D]);
  const strides = [T * width, D, 0, width, 1];
  const extents = [B, n, H / n, T, D];
  w.core.stridedCopy(x, { start: 0, strides }, out, { start: 0, strides: stridesOf(extents) }, extents, false);
  return out;
}

/** The reverse: heads `[B·H, T, D]` → out `[B, T, n·D]`, summed over the heads that share one. */
function join(w: Workspace, x: Block, out: Block, n: number): void {
  const [B, T, width] = out.shape;
  const D = width / n;
  const shared = w.reduce('sum', reshaped(x, [B * n, x.shape[0] / (B * n), T * D]), 1);
  const extents = [B, n, T, D];
  const target = { start: 0, strides: [T * width, D, width, 1] };
  w.core.stridedCopy(shared, { start: 0, strides: stridesOf(extents) }, out, target, extents, false);
}

/** op(a) · op(b) of batches of matrices. */
function products(w: Workspace, a: Block, b: Block, transposeA: boolean, transposeB: boolean): Block {
  const [batch, rows, columns] = a.shape;
  const [m, k] = transposeA ? [columns, rows] : [rows, columns];
  const n = b.shape[transposeB ? 1 : 2];
  const out = w.empty([batch, m, n]);
  w.core.matmul(a, b, out, { batch, m, k, n, transposeA, transposeB, accumulate: false, sharedB: false });
  return out;
}

/** Heads and scores `[B·H, T, S]`: −∞ where a key is not seen. */
function scored(w: Workspace, given: AttentionForward) {
  const { heads: H, groups: G, scale, causal, mask, lengths } = given;
  const { B, T, S } = attentionSizes(given);
  const [q, k, v] = [split(w, given.q, H, H), split(w, given.k, G, H), split(w, given.v, G, H)];
  const shape = [B, H, T, S];
  let scores: Block = w.mul(reshaped(products(w, q, k, false, true), shape), scale);
  if (mask) scores = w.add(scores, mask);
  const hide = (seen: Block): void => {
    scores = w.select(seen, scores, Number.NEGATIVE_INFINITY, shape);
  };
  if (lengths) hide(w.binary('less', w.positions(S), w.floats(lengths, [B, 1, 1, 1])));
  if (causal) hide(w.binary('lessEqual', w.positions(S), w.add(w.positions(T, [T, 1]), S - T)));
  return { q, k, v, scores, shape };
}

export function attention(w: Workspace, given: AttentionForward): void {
  const { v, scores, shape } = scored(w, given);
  const rows = reshaped(scores, [sizeOf(shape.slice(0, -1)), shape[3]]);
  const most = w.reduce('max', rows);
  const seen = w.binary('greater', most, Number.NEGATIVE_INFINITY);
  const shift = w.select(seen, most, 0, most.shape);
  const exponentials = w.unary('exp', w.sub(rows, shift));
  const total = w.reduce('sum', exponentials);
  const weights = w.div(exponentials, w.select(seen, total, 1, total.shape));
  const normaliser = w.add(shift, w.unary('log', w.select(seen, total, 1, total.shape)));
  w.put(w.select(seen, normaliser, Number.POSITIVE_INFINITY, normaliser.shape), given.normaliser);
  join(w, products(w, keep(w, weights, given, v.shape[0]), v, false, false), given.out, given.heads);
}

/** Weights after dropout, `[B·H, T, S]`. */
function keep(w: Workspace, weights: Block, { dropout, ...given }: AttentionForward, n: number): Block {
  const { T, S } = attentionSizes(given);
  const left = dropout.rate > 0 ? dropped(w, weights, dropout.rate, dropout.seed) : weights;
  return reshaped(left, [n, T, S]);
}

export function attentionGrad(w: Workspace, given: AttentionBackward): void {
  const { heads: H, groups: G, scale, dropout } = given;
  const { B, T, S } = attentionSizes(given);
  const { q, k, v, scores, shape } = scored(w, given);
  const weights = w.unary('exp', w.sub(scores, reshaped(given.normaliser, [B, H, T, 1])));
  const dOut = split(w, given.dOut, H, H);
  const out = split(w, given.out, H, H);
  const share = reshaped(w.reduce('sum', w.mul(dOut, out)), [B, H, T, 1]);
  let slopes = reshaped(products(w, dOut, v, false, true), shape);
  if (dropout.rate > 0) slopes = reshaped(dropped(w, slopes, dropout.rate, dropout.seed), shape);
  const dScores = reshaped(w.mul(w.mul(weights, w.sub(slopes, share)), scale), [B * H, T, S]);
  join(w, products(w, dScores, k, false, false), given.dq, H);
  join(w, products(w, dScores, q, true, false), given.dk, G);
  join(w, products(w, keep(w, weights, given, B * H), dOut, true, false), given.dv, G);
}
