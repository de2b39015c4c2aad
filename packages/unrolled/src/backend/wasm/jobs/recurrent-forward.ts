import type { Kernels } from '../generated/kernels.ts';
import { defineJointJob, type Share, startOf } from './job.ts';
import { type Products, type Right, ROWS_AT_ONCE } from './products.ts';
import { type ForwardLayer, forwardNames, Kind, rowsAtATime } from './recurrent-layer.ts';

/**
 * A recurrent layer. The weights are packed, and W_ih x for all steps is one product over all T·B rows; then each part runs
 * some rows of the batch through all steps, without synchronisation.
 */
export const recurrentForwardJob = defineJointJob(forwardNames, (kernels, layer, share, products) => {
  const rights = rightsOf(layer, share.parts, products);
  prepare(kernels, layer, rights, share, products);
  share.barrier();
  multiplyInput(kernels, layer, rights.ih, share, products);
  share.barrier();
  const { T, B, H, h0, h, c0, c } = layer;
  const from = startOf(B, share.part, share.parts);
  const rows = startOf(B, share.part + 1, share.parts) - from;
  if (rows === 0) return;
  const state = B * H * 4;
  const lengths = layer.lengths && layer.lengths + from * 4;
  for (let s = 0; s < T; s++) {
    const t = layer.reverse ? T - 1 - s : s;
    const before = layer.reverse ? t + 1 : t - 1;
    const hBefore = (s === 0 ? h0 : h + before * state) + from * H * 4;
    const cBefore = (s === 0 ? c0 : c + before * state) + from * H * 4;
    step(kernels, layer, rights, products, t, from, rows, hBefore, cBefore, lengths);
  }
});

/** Weights as right sides. */
interface Rights {
  readonly ih: Right;
  /** Of the gates that see h₋: all but the candidate of a GRU that resets before. */
  readonly hh: Right;
  /** Of that candidate. */
  readonly hn: Right;
}

function rightsOf(layer: ForwardLayer, parts: number, products: Products): Rights {
  const { kind, F, H, GH, weightIh, weightHh, packedIh, packedHh, packedHn } = layer;
  const at = rowsAtATime(layer, parts);
  const columns = kind === Kind.gruBefore ? 2 * H : GH;
  const candidate = weightHh + columns * H * 4;
  return {
    ih: products.right({ stored: weightIh, ld: F, transposed: 1, k: F, n: GH, packed: packedIh }, at.input),
    hh: products.right({ stored: weightHh, ld: H, transposed: 1, k: H, n: columns, packed: packedHh }, at.step),
    hn: products.right({ stored: candidate, ld: H, transposed: 1, k: H, n: H, packed: packedHn }, at.step),
  };
}

/** Packs the weights and adds the biases that every step adds. */
function prepare(kernels: Kernels, layer: ForwardLayer, rights: Rights, share: Share, products: Products): void {
  const { kind, GH, biasIh, biasHh, bias } = layer;
  if (!layer.ids && !layer.readyIh) products.pack(rights.ih, share);
  if (!layer.readyHh) products.pack(rights.hh, share);
  if (kind === Kind.gruBefore && !layer.readyHn) products.pack(rights.hn, share);
  if (share.part > 0) return;
  if (biasIh) kernels.scaleInto(1, biasIh, bias, GH);
  else kernels.fill(bias, 0, GH);
  // Where the reset gate multiplies Wₕₕ h₋ + bₕₕ, that bias is kept separate.
  if (biasHh && kind !== Kind.gruAfter) kernels.axpy(1, biasHh, bias, GH);
}

/** The pre-activations' array: gates, or h where the cell has no gates. */
function preOf(layer: ForwardLayer): number {
  return layer.kind === Kind.rnn ? layer.h : layer.gates;
}

/** pre ← bias + x Wᵢₕᵀ, or bias + a row of the table, for this part's share of all T·B rows, a few rows at a time, while they are in cache. */
function multiplyInput(kernels: Kernels, layer: ForwardLayer, right: Right, share: Share, products: Products): void {
  const { F, V, GH, x, ids } = layer;
  const n = layer.T * layer.B;
  const to = startOf(n, share.part + 1, share.parts);
  for (let row = startOf(n, share.part, share.parts); row < to; row += ROWS_AT_ONCE) {
    const rows = Math.min(ROWS_AT_ONCE, to - row);
    const out = preOf(layer) + row * GH * 4;
    if (ids) {
      kernels.gather(x, ids + row * 4, out, rows, V, GH);
      for (let i = 0; i < rows; i++) kernels.axpy(1, layer.bias, out + i * GH * 4, GH);
      continue;
    }
    for (let i = 0; i < rows; i++) kernels.scaleInto(1, layer.bias, out + i * GH * 4, GH);
    products.multiply(x + row * F * 4, F, right, out, GH, rows, 1);
  }
}

function step(
  kernels: Kernels,
  layer: ForwardLayer,
  { hh, hn }: Rights,
  products: Products,
  t: number,
  from: number,
  rows: number,
  hBefore: number,
  cBefore: number,
  lengths: number,
): void {
  const { kind, variant, H, GH } = layer;
  const first = t * layer.B + from;
  const pre = preOf(layer) + first * GH * 4;
  const h = layer.h + first * H * 4;
  const extra = layer.extra + first * H * 4;
  const multiply = (a: number, right: Right, out: number, add: number) =>
    products.multiply(a, H, right, out, GH, rows, add);
  switch (kind) {
    case Kind.rnn:
      multiply(hBefore, hh, pre, 1);
      kernels.rnnForward(variant, pre, hBefore, h, rows, H, lengths, t);
      return;
    case Kind.lstm:
      multiply(hBefore, hh, pre, 1);
      kernels.lstmForward(pre, cBefore, hBefore, layer.c + first * H * 4, h, rows, H, lengths, t);
      return;
    case Kind.gruAfter: {
      const gh = layer.gh + from * GH * 4;
      if (layer.biasHh) for (let i = 0; i < rows; i++) kernels.scaleInto(1, layer.biasHh, gh + i * GH * 4, GH);
      multiply(hBefore, hh, gh, layer.biasHh ? 1 : 0);
      kernels.gruAfterForward(pre, gh, hBefore, h, extra, variant, rows, H, lengths, t);
      return;
    }
    case Kind.gruBefore:
      multiply(hBefore, hh, pre, 1);
      kernels.gruBeforeGates(pre, hBefore, extra, rows, H, lengths, t);
      multiply(extra, hn, pre + 2 * H * 4, 1);
      kernels.gruBeforeOutput(pre, hBefore, h, variant, rows, H, lengths, t);
  }
}
