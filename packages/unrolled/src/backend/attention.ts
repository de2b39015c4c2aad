/** What a backend needs to know of attention. B sequences, T queries, S keys, H heads. */

import type { Block } from './backend.ts';

/**
 * Scaled dot-product attention (Vaswani 2017). With G groups, heads h·G/H share keys and values (Ainslie 2023):
 *
 *     score_ts = scale · q_t · k_s + mask_ts;   p_t = softmax over visible s;   out_t = Σ_s D(p_ts) v_s
 *
 * A query sees the keys below its row's length; where causal, only s ≤ t + S − T, so that the last query sees all. A query that
 * sees nothing, or only −∞, gives zeros. D is inverted dropout, in which the element ((b·H + h)·T + t)·S + s of p is kept as in
 * `dropout`.
 */
export interface AttentionForward {
  readonly heads: number;
  readonly groups: number;
  readonly scale: number;
  readonly causal: boolean;
  readonly dropout: { readonly rate: number; readonly seed: number };
  readonly q: Block; // [B, T, H·D]
  readonly k: Block; // [B, S, G·D]
  readonly v: Block; // [B, S, G·E]
  readonly lengths: Block | null; // int32 [B]
  /** Each axis is full or 1. */
  readonly mask: Block | null; // [B, H, T, S]
  readonly out: Block; // [B, T, H·E]
  /** log Σ_s e^score, stored for the gradient; ∞ where nothing is seen. */
  readonly normaliser: Block; // [B, H, T]
}

export interface AttentionBackward extends AttentionForward {
  readonly dOut: Block;
  /** Written, not added to. */
  readonly dq: Block;
  readonly dk: Block;
  readonly dv: Block;
}

/** Sizes that follow from the shapes. */
export function attentionSizes({
  q,
  k,
  v,
  heads,
  groups,
}: Pick<AttentionForward, 'q' | 'k' | 'v' | 'heads' | 'groups'>) {
  const [B, T, width] = q.shape;
  return { B, T, S: k.shape[1], D: width / heads, E: v.shape[2] / groups };
}

/** Elements from row to row of a mask along B, H and T: 0 where that axis is 1. */
export function maskStrides(mask: Block | null): { b: number; h: number; t: number } {
  const [B, H, T, S] = mask?.shape ?? [1, 1, 1, 0];
  const stride = (extent: number, elements: number): number => (extent === 1 ? 0 : elements);
  return { b: stride(B, H * T * S), h: stride(H, T * S), t: stride(T, S) };
}
