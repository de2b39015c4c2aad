import type { Kernels } from '../generated/kernels.ts';
import { defineJob, type Share, startOf } from './job.ts';
import { multiplyRows, packShare } from './products.ts';
import { type BackwardLayer, backwardNames, Kind } from './recurrent-layer.ts';
import { weightGradients } from './recurrent-weights.ts';

/**
 * Backpropagation through time. Each part takes some rows of the batch backward through all steps; after that the
 * gradients at the pre-activations of all steps are known, and what remains is one product over all T·B rows for dx and
 * one for each weight, of which each part computes some rows of the result.
 */
export const recurrentBackwardJob = defineJob(backwardNames, (kernels, layer, share) => {
  const { kind, F, H, GH, weightIh, weightHh } = layer;
  const isGru = kind === Kind.gruAfter || kind === Kind.gruBefore;
  const gateRows = isGru ? 2 * H : GH;
  packShare(kernels, share, weightHh, H, 0, gateRows, H, layer.packedHh);
  if (isGru) packShare(kernels, share, weightHh + gateRows * H * 4, H, 0, H, H, layer.packedHn);
  if (layer.dx) packShare(kernels, share, weightIh, F, 0, GH, F, layer.packedIh);
  share.barrier();
  throughTime(kernels, layer, share);
  share.barrier();
  if (layer.dx) {
    const n = layer.T * layer.B;
    const from = startOf(n, share.part, share.parts);
    const rows = startOf(n, share.part + 1, share.parts) - from;
    const [dGates, dx] = [layer.gates + from * GH * 4, layer.dx + from * F * 4];
    multiplyRows(kernels, dGates, GH, layer.packedIh, dx, F, rows, F, GH, 0);
  }
  weightGradients(kernels, layer, share);
});

function throughTime(kernels: Kernels, layer: BackwardLayer, share: Share): void {
  const { T, B, H, h0, h, c0, c } = layer;
  const from = startOf(B, share.part, share.parts);
  const rows = startOf(B, share.part + 1, share.parts) - from;
  if (rows === 0) return;
  const size = B * H * 4;
  const own = from * H * 4;
  const n = rows * H;
  let dh = layer.state + own;
  let next = layer.nextState + own;
  const dc = layer.dcState + own;
  begin(kernels, layer.dhFinal, own, dh, n);
  if (layer.kind === Kind.lstm) begin(kernels, layer.dcFinal, own, dc, n);
  for (let s = T - 1; s >= 0; s--) {
    const t = layer.reverse ? T - 1 - s : s;
    const before = layer.reverse ? t + 1 : t - 1;
    const at = t * size + own;
    if (layer.dh) kernels.axpy(1, layer.dh + at, dh, n);
    if (layer.dhTotal) kernels.scaleInto(1, dh, layer.dhTotal + at, n);
    if (layer.dcTotal) kernels.scaleInto(1, dc, layer.dcTotal + at, n);
    const hBefore = (s === 0 ? h0 : h + before * size) + own;
    const cBefore = (s === 0 ? c0 : c + before * size) + own;
    stepBack(kernels, layer, t, from, rows, hBefore, cBefore, dh, dc, next, share.part);
    [dh, next] = [next, dh];
  }
  if (layer.dh0) kernels.scaleInto(1, dh, layer.dh0 + own, n);
  if (layer.dc0) kernels.scaleInto(1, dc, layer.dc0 + own, n);
}

/** The gradient of the final state, or 0. */
function begin(kernels: Kernels, given: number, own: number, out: number, n: number): void {
  if (given) kernels.scaleInto(1, given + own, out, n);
  else kernels.fill(out, 0, n);
}

/** `next` ← the gradient at h₋; `dc` ← at c₋; gates (and extra, GRU reset after) ← at the pre-activations. */
function stepBack(
  kernels: Kernels,
  layer: BackwardLayer,
  t: number,
  from: number,
  rows: number,
  hBefore: number,
  cBefore: number,
  dh: number,
  dc: number,
  next: number,
  part: number,
): void {
  const { kind, variant, H, GH, packedHh, packedHn } = layer;
  const first = t * layer.B + from;
  const gates = layer.gates + first * GH * 4;
  const extra = layer.extra + first * H * 4;
  const lengths = layer.lengths && layer.lengths + from * 4;
  switch (kind) {
    case Kind.rnn: {
      const h = layer.h + first * H * 4;
      kernels.rnnBackward(variant, h, dh, gates, next, rows, H, lengths, t);
      multiplyRows(kernels, gates, GH, packedHh, next, H, rows, H, GH, lengths ? 1 : 0);
      return;
    }
    case Kind.lstm:
      kernels.lstmBackward(gates, layer.c + first * H * 4, cBefore, dh, dc, next, rows, H, lengths, t);
      multiplyRows(kernels, gates, GH, packedHh, next, H, rows, H, GH, lengths ? 1 : 0);
      return;
    case Kind.gruAfter:
      kernels.gruAfterBackward(gates, extra, hBefore, dh, next, variant, rows, H, lengths, t);
      multiplyRows(kernels, gates, GH, packedHh, next, H, rows, H, 2 * H, 1);
      multiplyRows(kernels, extra, H, packedHn, next, H, rows, H, H, 1);
      return;
    case Kind.gruBefore: {
      const drh = layer.scratch + part * layer.scratchBytes;
      kernels.gruBeforeOutputBackward(gates, hBefore, dh, next, variant, rows, H, lengths, t);
      multiplyRows(kernels, gates + 2 * H * 4, GH, packedHn, drh, H, rows, H, H, 0);
      kernels.gruBeforeGatesBackward(gates, hBefore, drh, next, rows, H, lengths, t);
      multiplyRows(kernels, gates, GH, packedHh, next, H, rows, H, 2 * H, 1);
    }
  }
}
