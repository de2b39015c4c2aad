import type { Kernels } from '../generated/kernels.ts';
import { defineJointJob, LINE, type Share, startOf } from './job.ts';
import type { Products, Right } from './products.ts';
import { type BackwardLayer, backwardNames, Kind, rowsAtATime } from './recurrent-layer.ts';
import { weightGradients } from './recurrent-weights.ts';

/**
 * Backpropagation through time. Each part runs the backward pass of some rows of the batch through all steps, which gives the
 * gradients at the pre-activations. Then dx and each weight's gradient are one product over all T·B rows, of which each
 * part computes some rows of the result.
 */
export const recurrentBackwardJob = defineJointJob(backwardNames, (kernels, layer, share, products) => {
  const { kind, F, H, GH, weightIh, weightHh } = layer;
  const isGru = kind === Kind.gruAfter || kind === Kind.gruBefore;
  const gateRows = isGru ? 2 * H : GH;
  const candidate = weightHh + gateRows * H * 4;
  const at = rowsAtATime(layer, share.parts);
  const ih = products.right({ stored: weightIh, ld: F, transposed: 0, k: GH, n: F, packed: layer.packedIh }, at.all);
  const hh = products.right(
    { stored: weightHh, ld: H, transposed: 0, k: gateRows, n: H, packed: layer.packedHh },
    at.step,
  );
  const hn = products.right({ stored: candidate, ld: H, transposed: 0, k: H, n: H, packed: layer.packedHn }, at.step);
  products.pack(hh, share);
  if (isGru) products.pack(hn, share);
  if (layer.dx && !layer.ids) products.pack(ih, share);
  share.barrier();
  throughTime(kernels, layer, hh, hn, share, products);
  share.barrier();
  if (layer.dx && layer.ids) addToTable(kernels, layer, share);
  else if (layer.dx) {
    const n = layer.T * layer.B;
    const from = startOf(n, share.part, share.parts);
    const rows = startOf(n, share.part + 1, share.parts) - from;
    const [dGates, dx] = [layer.gates + from * GH * 4, layer.dx + from * F * 4];
    products.multiply(dGates, GH, ih, dx, F, rows, 0);
  }
  weightGradients(kernels, layer, share, products);
});

/** dx [V, GH] ← the sum, for each id, over all steps and rows that have it; each part sums some columns. */
function addToTable(kernels: Kernels, { T, B, V, GH, ids, gates, dx }: BackwardLayer, share: Share): void {
  const from = startOf(GH, share.part, share.parts, LINE);
  const columns = startOf(GH, share.part + 1, share.parts, LINE) - from;
  for (let id = 0; id < V; id++) kernels.fill(dx + (id * GH + from) * 4, 0, columns);
  kernels.scatterAdd(gates + from * 4, ids, dx + from * 4, T * B, V, GH, columns);
}

function throughTime(
  kernels: Kernels,
  layer: BackwardLayer,
  hh: Right,
  hn: Right,
  share: Share,
  products: Products,
): void {
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
    stepBack(kernels, layer, hh, hn, products, t, from, rows, hBefore, cBefore, dh, dc, next, share.part);
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
  hh: Right,
  hn: Right,
  products: Products,
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
  const { kind, variant, H, GH } = layer;
  const first = t * layer.B + from;
  const gates = layer.gates + first * GH * 4;
  const extra = layer.extra + first * H * 4;
  const lengths = layer.lengths && layer.lengths + from * 4;
  switch (kind) {
    case Kind.rnn: {
      const h = layer.h + first * H * 4;
      kernels.rnnBackward(variant, h, dh, gates, next, rows, H, lengths, t);
      products.multiply(gates, GH, hh, next, H, rows, lengths ? 1 : 0);
      return;
    }
    case Kind.lstm:
      kernels.lstmBackward(gates, layer.c + first * H * 4, cBefore, dh, dc, next, rows, H, lengths, t);
      products.multiply(gates, GH, hh, next, H, rows, lengths ? 1 : 0);
      return;
    case Kind.gruAfter:
      kernels.gruAfterBackward(gates, extra, hBefore, dh, next, variant, rows, H, lengths, t);
      products.multiply(gates, GH, hh, next, H, rows, 1);
      products.multiply(extra, H, hn, next, H, rows, 1);
      return;
    case Kind.gruBefore: {
      const drh = layer.scratch + part * layer.scratchBytes;
      kernels.gruBeforeOutputBackward(gates, hBefore, dh, next, variant, rows, H, lengths, t);
      products.multiply(gates + 2 * H * 4, GH, hn, drh, H, rows, 0);
      kernels.gruBeforeGatesBackward(gates, hBefore, drh, next, rows, H, lengths, t);
      products.multiply(gates, GH, hh, next, H, rows, 1);
    }
  }
}
