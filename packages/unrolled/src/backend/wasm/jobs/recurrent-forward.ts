import type { Kernels } from '../generated/kernels.ts';
import { defineJob, type Share, startOf } from './job.ts';
import { multiplyRows, packShare } from './products.ts';
import { type ForwardLayer, forwardNames, Kind } from './recurrent-layer.ts';

/**
 * A recurrent layer. The weights are packed and the input's part of all pre-activations is one product over all T·B
 * rows; then each part takes some rows of the batch through all steps, meeting no other.
 */
export const recurrentForwardJob = defineJob(forwardNames, (kernels, layer, share) => {
  prepare(kernels, layer, share);
  share.barrier();
  multiplyInput(kernels, layer, share);
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
    step(kernels, layer, t, from, rows, hBefore, cBefore, lengths);
  }
});

/** Packs the weights and adds the biases that every step adds. */
function prepare(kernels: Kernels, layer: ForwardLayer, share: Share): void {
  const { kind, F, H, GH, weightIh, weightHh, biasIh, biasHh, bias } = layer;
  if (!layer.direct) {
    const columns = kind === Kind.gruBefore ? 2 * H : GH;
    packShare(kernels, share, weightIh, F, 1, F, GH, layer.packedIh);
    packShare(kernels, share, weightHh, H, 1, H, columns, layer.packedHh);
    if (kind === Kind.gruBefore) packShare(kernels, share, weightHh + columns * H * 4, H, 1, H, H, layer.packedHn);
  }
  if (share.part > 0) return;
  if (biasIh) kernels.scaleInto(1, biasIh, bias, GH);
  else kernels.fill(bias, 0, GH);
  // Where the reset gate multiplies Wₕₕ h₋ + bₕₕ, that bias stays apart.
  if (biasHh && kind !== Kind.gruAfter) kernels.axpy(1, biasHh, bias, GH);
}

/** The pre-activations' array: gates, or h where the cell has no gates. */
function preOf(layer: ForwardLayer): number {
  return layer.kind === Kind.rnn ? layer.h : layer.gates;
}

/** pre ← bias + x Wᵢₕᵀ for this part's share of all T·B rows, a few rows at a time, while they are in cache. */
function multiplyInput(kernels: Kernels, layer: ForwardLayer, share: Share): void {
  const { F, GH, x } = layer;
  const n = layer.T * layer.B;
  const to = startOf(n, share.part + 1, share.parts);
  for (let row = startOf(n, share.part, share.parts); row < to; row += 60) {
    const rows = Math.min(60, to - row);
    const out = preOf(layer) + row * GH * 4;
    for (let i = 0; i < rows; i++) kernels.scaleInto(1, layer.bias, out + i * GH * 4, GH);
    if (layer.direct) {
      kernels.gemmFewRows(x + row * F * 4, F, layer.weightIh, F, out, GH, rows, GH, F, 1);
    } else {
      multiplyRows(kernels, x + row * F * 4, F, layer.packedIh, out, GH, rows, GH, F, 1);
    }
  }
}

function step(
  kernels: Kernels,
  layer: ForwardLayer,
  t: number,
  from: number,
  rows: number,
  hBefore: number,
  cBefore: number,
  lengths: number,
): void {
  const { kind, variant, H, GH, weightHh, packedHh } = layer;
  const first = t * layer.B + from;
  const pre = preOf(layer) + first * GH * 4;
  const h = layer.h + first * H * 4;
  const extra = layer.extra + first * H * 4;
  const multiply = (a: number, stored: number, packed: number, out: number, columns: number, add: number) => {
    if (layer.direct) kernels.gemmFewRows(a, H, stored, H, out, GH, rows, columns, H, add);
    else multiplyRows(kernels, a, H, packed, out, GH, rows, columns, H, add);
  };
  switch (kind) {
    case Kind.rnn:
      multiply(hBefore, weightHh, packedHh, pre, H, 1);
      kernels.rnnForward(variant, pre, hBefore, h, rows, H, lengths, t);
      return;
    case Kind.lstm:
      multiply(hBefore, weightHh, packedHh, pre, GH, 1);
      kernels.lstmForward(pre, cBefore, hBefore, layer.c + first * H * 4, h, rows, H, lengths, t);
      return;
    case Kind.gruAfter: {
      const gh = layer.gh + from * GH * 4;
      if (layer.biasHh) for (let i = 0; i < rows; i++) kernels.scaleInto(1, layer.biasHh, gh + i * GH * 4, GH);
      multiply(hBefore, weightHh, packedHh, gh, GH, layer.biasHh ? 1 : 0);
      kernels.gruAfterForward(pre, gh, hBefore, h, extra, variant, rows, H, lengths, t);
      return;
    }
    case Kind.gruBefore:
      multiply(hBefore, weightHh, packedHh, pre, 2 * H, 1);
      kernels.gruBeforeGates(pre, hBefore, extra, rows, H, lengths, t);
      multiply(extra, weightHh + 2 * H * H * 4, layer.packedHn, pre + 2 * H * 4, H, 1);
      kernels.gruBeforeOutput(pre, hBefore, h, variant, rows, H, lengths, t);
  }
}
