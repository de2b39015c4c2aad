import type { Kernels } from '../generated/kernels.ts';
import { COLUMNS, type Share, startOf } from './job.ts';
import { packShare } from './products.ts';
import { type BackwardLayer, Kind } from './recurrent-layer.ts';

/** dW = Σ over all steps and rows of (gradient at the pre-activations)ᵀ · (what W was multiplied with); biases likewise. */
export function weightGradients(kernels: Kernels, layer: BackwardLayer, share: Share): void {
  const { T, B, F, H, h0, h } = layer;
  const isBefore = layer.kind === Kind.gruBefore;
  // Forward, h₋ of the steps 1 … T−1 is h of 0 … T−2; reversed, that of the steps 0 … T−2 is h of 1 … T−1.
  const others = layer.reverse ? h + B * H * 4 : h;
  const otherRows = Math.max(0, T - 1) * B;
  const firstRows = T > 0 ? B : 0;
  if (layer.dWeightIh) packShare(kernels, share, layer.x, F, 0, T * B, F, layer.packedX);
  if (layer.dWeightHh) {
    packShare(kernels, share, h0, H, 0, firstRows, H, layer.packedH0);
    packShare(kernels, share, others, H, 0, otherRows, H, layer.packedH);
    if (isBefore) packShare(kernels, share, layer.extra, H, 0, T * B, H, layer.packedExtra);
  }
  share.barrier();
  if (layer.dWeightIh) inputWeights(kernels, layer, share);
  if (layer.dWeightHh) recurrentWeights(kernels, layer, share);
  biases(kernels, layer, share);
}

function inputWeights(kernels: Kernels, layer: BackwardLayer, share: Share): void {
  const { T, B, F, GH } = layer;
  const from = startOf(GH, share.part, share.parts);
  const rows = startOf(GH, share.part + 1, share.parts) - from;
  const scratch = layer.scratch + share.part * layer.scratchBytes;
  const out = layer.dWeightIh + from * F * 4;
  kernels.gemm(layer.gates + from * 4, GH, 1, layer.packedX, out, F, rows, F, T * B, 0, scratch);
}

/** Rows of dWₕₕ up to 2H come from gates; a GRU's last H from its candidate, which was multiplied apart. */
function recurrentWeights(kernels: Kernels, layer: BackwardLayer, share: Share): void {
  const { kind, T, B, H, GH, gates, extra } = layer;
  const from = startOf(GH, share.part, share.parts);
  const to = startOf(GH, share.part + 1, share.parts);
  const isGru = kind === Kind.gruAfter || kind === Kind.gruBefore;
  const gateRows = isGru ? 2 * H : GH;
  const scratch = layer.scratch + share.part * layer.scratchBytes;
  statesTimes(kernels, layer, gates, GH, from, Math.min(to, gateRows), 0, scratch);
  const [start, end] = [Math.max(from, gateRows), to];
  if (start >= end) return;
  if (kind === Kind.gruAfter) {
    statesTimes(kernels, layer, extra, H, start, end, gateRows, scratch);
  } else {
    const out = layer.dWeightHh + start * H * 4;
    kernels.gemm(gates + start * 4, GH, 1, layer.packedExtra, out, H, end - start, H, T * B, 0, scratch);
  }
}

/** Rows start … end of dWₕₕ ← dᵀ · h₋, over the first step walked (h0) and then all others. */
function statesTimes(
  kernels: Kernels,
  layer: BackwardLayer,
  d: number,
  ld: number,
  start: number,
  end: number,
  firstColumn: number,
  scratch: number,
): void {
  if (start >= end) return;
  const { T, B, H } = layer;
  const firstStep = layer.reverse ? (T - 1) * B : 0;
  const others = layer.reverse ? 0 : B;
  const column = (start - firstColumn) * 4;
  const out = layer.dWeightHh + start * H * 4;
  const rows = end - start;
  const [k0, k] = T > 0 ? [B, (T - 1) * B] : [0, 0];
  kernels.gemm(d + firstStep * ld * 4 + column, ld, 1, layer.packedH0, out, H, rows, H, k0, 0, scratch);
  kernels.gemm(d + others * ld * 4 + column, ld, 1, layer.packedH, out, H, rows, H, k, 1, scratch);
}

/** Sums over all rows, each part some columns. */
function biases(kernels: Kernels, layer: BackwardLayer, share: Share): void {
  const { T, B, H, GH, dBiasIh, dBiasHh, gates, extra } = layer;
  const n = T * B;
  const from = startOf(GH, share.part, share.parts, COLUMNS);
  const to = startOf(GH, share.part + 1, share.parts, COLUMNS);
  if (dBiasIh) kernels.columnSums(gates + from * 4, GH, n, to - from, dBiasIh + from * 4, 0);
  if (!dBiasHh) return;
  // The same gradient, but for a GRU's candidate where the reset gate multiplies this bias.
  const apart = layer.kind === Kind.gruAfter;
  const same = Math.max(0, (apart ? Math.min(to, 2 * H) : to) - from);
  if (dBiasIh) kernels.scaleInto(1, dBiasIh + from * 4, dBiasHh + from * 4, same);
  else kernels.columnSums(gates + from * 4, GH, n, same, dBiasHh + from * 4, 0);
  if (!apart) return;
  const [first, end] = [startOf(H, share.part, share.parts, COLUMNS), startOf(H, share.part + 1, share.parts, COLUMNS)];
  kernels.columnSums(extra + first * 4, H, n, end - first, dBiasHh + (2 * H + first) * 4, 0);
}
