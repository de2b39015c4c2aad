import type { Kernels } from '../generated/kernels.ts';
import { COLUMNS, type Share, startOf } from './job.ts';
import type { Products, Right } from './products.ts';
import { type BackwardLayer, Kind, rowsAtATime } from './recurrent-layer.ts';

/** The factors of the weights, as right sides. */
interface Rights {
  readonly x: Right;
  readonly h0: Right;
  /** h₋ of all steps but the first that ran. */
  readonly h: Right;
  /** r⊙h₋, for a GRU that resets before. */
  readonly extra: Right;
}

/** dW = Σ over all steps and rows of (gradient at the pre-activations)ᵀ · (what W was multiplied with); biases likewise. */
export function weightGradients(kernels: Kernels, layer: BackwardLayer, share: Share, products: Products): void {
  const { T, B, F, H, h0, h } = layer;
  const isBefore = layer.kind === Kind.gruBefore;
  // Forward, h₋ of the steps 1 … T−1 is h of 0 … T−2; reversed, that of the steps 0 … T−2 is h of 1 … T−1.
  const others = layer.reverse ? h + B * H * 4 : h;
  const otherRows = Math.max(0, T - 1) * B;
  const firstRows = T > 0 ? B : 0;
  const { weight } = rowsAtATime(layer, share.parts);
  const side = (stored: number, k: number, n: number, packed: number): Right =>
    products.right({ stored, ld: n, transposed: 0, k, n, packed }, weight);
  const rights: Rights = {
    x: side(layer.x, T * B, F, layer.packedX),
    h0: side(h0, firstRows, H, layer.packedH0),
    h: side(others, otherRows, H, layer.packedH),
    extra: side(layer.extra, T * B, H, layer.packedExtra),
  };
  if (layer.dWeightIh) products.pack(rights.x, share);
  if (layer.dWeightHh) {
    products.pack(rights.h0, share);
    products.pack(rights.h, share);
    if (isBefore) products.pack(rights.extra, share);
  }
  share.barrier();
  if (layer.dWeightIh) inputWeights(layer, rights.x, share, products);
  if (layer.dWeightHh) recurrentWeights(layer, rights, share, products);
  biases(kernels, layer, share);
}

function inputWeights(layer: BackwardLayer, x: Right, share: Share, products: Products): void {
  const { F, GH } = layer;
  const from = startOf(GH, share.part, share.parts);
  const rows = startOf(GH, share.part + 1, share.parts) - from;
  const scratch = layer.scratch + share.part * layer.scratchBytes;
  const out = layer.dWeightIh + from * F * 4;
  products.multiplyTransposed(layer.gates + from * 4, GH, x, out, F, rows, 0, scratch);
}

/** Rows of dWₕₕ up to 2H come from gates; a GRU's last H from its candidate, a separate product. */
function recurrentWeights(layer: BackwardLayer, rights: Rights, share: Share, products: Products): void {
  const { kind, H, GH, gates, extra } = layer;
  const from = startOf(GH, share.part, share.parts);
  const to = startOf(GH, share.part + 1, share.parts);
  const isGru = kind === Kind.gruAfter || kind === Kind.gruBefore;
  const gateRows = isGru ? 2 * H : GH;
  const scratch = layer.scratch + share.part * layer.scratchBytes;
  statesTimes(layer, rights, products, gates, GH, from, Math.min(to, gateRows), 0, scratch);
  const [start, end] = [Math.max(from, gateRows), to];
  if (start >= end) return;
  if (kind === Kind.gruAfter) {
    statesTimes(layer, rights, products, extra, H, start, end, gateRows, scratch);
  } else {
    const out = layer.dWeightHh + start * H * 4;
    products.multiplyTransposed(gates + start * 4, GH, rights.extra, out, H, end - start, 0, scratch);
  }
}

/** Rows start … end of dWₕₕ ← dᵀ · h₋, over the first step that ran (h0) and then all others. */
function statesTimes(
  layer: BackwardLayer,
  rights: Rights,
  products: Products,
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
  products.multiplyTransposed(d + firstStep * ld * 4 + column, ld, rights.h0, out, H, rows, 0, scratch);
  products.multiplyTransposed(d + others * ld * 4 + column, ld, rights.h, out, H, rows, 1, scratch);
}

/** Sums over all rows; each part sums some columns. */
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
