import { mix32 } from '../../random.ts';
import { type AttentionBackward, type AttentionForward, attentionSizes, maskStrides } from '../attention.ts';
import type { Block } from '../backend.ts';
import type { Views } from './convolution.ts';

/** One query of one head: positions of its query, key and value vectors, and its scores and weights. */
interface Query {
  readonly q: number;
  readonly out: number;
  readonly row: number;
  readonly placeOfKey: (s: number) => number;
  readonly placeOfValue: (s: number) => number;
  readonly scores: readonly number[];
  /** 0 where a weight is dropped, else 1/(1 − rate). */
  readonly kept: (s: number) => number;
}

/** Calls `visit` for every query of every head in order, with the scores of the keys it sees. */
function forEachQuery(views: Views, given: AttentionForward, visit: (query: Query) => void): void {
  const { heads: H, groups: G, scale, causal, dropout } = given;
  const { B, T, S, D, E } = attentionSizes(given);
  const [q, k, mask] = [views.floats(given.q), views.floats(given.k), views.floatsOrNull(given.mask)];
  const lengths = given.lengths && views.ints(given.lengths);
  const strides = maskStrides(given.mask);
  for (let b = 0; b < B; b++) {
    for (let h = 0; h < H; h++) {
      const g = Math.floor(h / (H / G));
      for (let t = 0; t < T; t++) {
        const row = (b * H + h) * T + t;
        const [at, out] = [((b * T + t) * H + h) * D, ((b * T + t) * H + h) * E];
        const placeOfKey = (s: number): number => ((b * S + s) * G + g) * D;
        const seen = Math.min(lengths?.[b] ?? S, causal ? t + S - T + 1 : S);
        const scores = Array.from({ length: Math.max(0, seen) }, (_, s) => {
          let dot = 0;
          for (let d = 0; d < D; d++) dot += q[at + d] * k[placeOfKey(s) + d];
          return scale * dot + (mask?.[b * strides.b + h * strides.h + t * strides.t + s] ?? 0);
        });
        const kept = (s: number): number =>
          mix32(mix32(row * S + s) + dropout.seed) >= dropout.rate * 2 ** 32 ? 1 / (1 - dropout.rate) : 0;
        visit({ q: at, out, row, placeOfKey, placeOfValue: (s) => ((b * S + s) * G + g) * E, scores, kept });
      }
    }
  }
}

export function attention(views: Views, given: AttentionForward): void {
  const { E } = attentionSizes(given);
  const [v, out, normaliser] = [given.v, given.out, given.normaliser].map((block) => views.floats(block));
  forEachQuery(views, given, ({ out: at, row, placeOfValue, scores, kept }) => {
    const most = scores.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
    out.fill(0, at, at + E);
    normaliser[row] = Number.POSITIVE_INFINITY;
    if (most === Number.NEGATIVE_INFINITY) return;
    const total = scores.reduce((sum, score) => sum + Math.exp(score - most), 0);
    normaliser[row] = most + Math.log(total);
    scores.forEach((score, s) => {
      const p = (Math.exp(score - most) / total) * kept(s);
      for (let e = 0; e < E; e++) out[at + e] += p * v[placeOfValue(s) + e];
    });
  });
}

/** With δ_t = Σ dOut_t·out_t: dS = p ⊙ (D(dOut vᵀ) − δ); dq = scale · dS k, dk = scale · dSᵀ q, dv = D(p)ᵀ dOut. */
export function attentionGrad(views: Views, given: AttentionBackward): void {
  const { D, E } = attentionSizes(given);
  const floats = (block: Block) => views.floats(block);
  const [q, k, v, out, normaliser, dOut] = [given.q, given.k, given.v, given.out, given.normaliser, given.dOut].map(
    floats,
  );
  const [dq, dk, dv] = [given.dq, given.dk, given.dv].map(floats);
  for (const gradient of [dq, dk, dv]) gradient.fill(0);
  forEachQuery(views, given, ({ q: at, out: place, row, placeOfKey, placeOfValue, scores, kept }) => {
    let share = 0;
    for (let e = 0; e < E; e++) share += dOut[place + e] * out[place + e];
    scores.forEach((score, s) => {
      const p = Math.exp(score - normaliser[row]);
      let slope = 0;
      for (let e = 0; e < E; e++) {
        slope += dOut[place + e] * v[placeOfValue(s) + e];
        dv[placeOfValue(s) + e] += p * kept(s) * dOut[place + e];
      }
      const dScore = given.scale * p * (slope * kept(s) - share);
      for (let d = 0; d < D; d++) {
        dq[at + d] += dScore * k[placeOfKey(s) + d];
        dk[placeOfKey(s) + d] += dScore * q[at + d];
      }
    });
  });
}
