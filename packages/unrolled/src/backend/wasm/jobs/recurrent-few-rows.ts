import type { Kernels } from '../generated/kernels.ts';
import { alone, defineJointJob, LINE, type Share, startOf } from './job.ts';
import { columnsOf, type Products } from './products.ts';
import { type ForwardLayer, forwardNames, Kind } from './recurrent-layer.ts';

/**
 * A recurrent layer over so few rows (T·B) that packing its weights would cost more than it saves: they are read
 * unpacked, unless already packed (as in a model that generates one character at a time). Each part computes some columns
 * of the pre-activations, so that all threads share reading the weights. Bit-identical to `recurrentForwardJob`.
 */
export const recurrentFewRowsJob = defineJointJob(forwardNames, (kernels, layer, share, products) => {
  const { kind, T, B, F, H, GH, x, h0, h, c0, c } = layer;
  const pre = kind === Kind.rnn ? h : layer.gates;
  const columns = new Columns(kernels, products, share);
  columns.fill(pre, GH, T * B, layer.biasIh, kind === Kind.gruAfter ? 0 : layer.biasHh);
  columns.add(x, F, { stored: layer.weightIh, n: GH, packed: layer.packedIh, ready: layer.readyIh }, pre, GH, T * B);
  const state = B * H * 4;
  for (let s = 0; s < T; s++) {
    const t = layer.reverse ? T - 1 - s : s;
    const before = layer.reverse ? t + 1 : t - 1;
    const hBefore = s === 0 ? h0 : h + before * state;
    const cBefore = s === 0 ? c0 : c + before * state;
    step(kernels, layer, columns, share, pre, t, hBefore, cBefore, s > 0);
  }
});

function step(
  kernels: Kernels,
  layer: ForwardLayer,
  columns: Columns,
  share: Share,
  pre: number,
  t: number,
  hBefore: number,
  cBefore: number,
  packedNow: boolean,
): void {
  const { kind, variant, B, H, GH, weightHh, lengths } = layer;
  const first = t * B;
  const gates = pre + first * GH * 4;
  const h = layer.h + first * H * 4;
  const extra = layer.extra + first * H * 4;
  const hh = { stored: weightHh, n: GH, packed: layer.packedHh, ready: packedNow ? 1 : layer.readyHh };
  /** Operations on whole rows are little work: one part runs them between two barriers. */
  const once = (run: () => void) => {
    share.barrier();
    if (share.part === 0) run();
    share.barrier();
  };
  switch (kind) {
    case Kind.rnn:
      columns.add(hBefore, H, hh, gates, GH, B);
      once(() => kernels.rnnForward(variant, gates, hBefore, h, B, H, lengths, t));
      return;
    case Kind.lstm:
      columns.add(hBefore, H, hh, gates, GH, B);
      once(() => kernels.lstmForward(gates, cBefore, hBefore, layer.c + first * H * 4, h, B, H, lengths, t));
      return;
    case Kind.gruAfter:
      columns.fill(layer.gh, GH, B, layer.biasHh, 0);
      columns.add(hBefore, H, hh, layer.gh, GH, B);
      once(() => kernels.gruAfterForward(gates, layer.gh, hBefore, h, extra, variant, B, H, lengths, t));
      return;
    case Kind.gruBefore: {
      const stored = weightHh + 2 * H * H * 4;
      columns.add(hBefore, H, { ...hh, n: 2 * H }, gates, GH, B);
      once(() => kernels.gruBeforeGates(gates, hBefore, extra, B, H, lengths, t));
      const hn = { stored, n: H, packed: layer.packedHn, ready: packedNow ? 1 : layer.readyHn };
      columns.add(extra, H, hn, gates + 2 * H * 4, GH, B);
      once(() => kernels.gruBeforeOutput(gates, hBefore, h, variant, B, H, lengths, t));
    }
  }
}

/** A weight stored [n, k]. */
interface Weight {
  readonly stored: number;
  readonly n: number;
  /** 0: it is not. */
  readonly packed: number;
  readonly ready: number;
}

/** One part's columns of arrays that all parts fill. */
class Columns {
  readonly #kernels: Kernels;
  readonly #products: Products;
  readonly #share: Share;

  constructor(kernels: Kernels, products: Products, share: Share) {
    this.#kernels = kernels;
    this.#products = products;
    this.#share = share;
  }

  /** out [rows, n] ← biases, 0 where there are none. */
  fill(out: number, n: number, rows: number, bias: number, other: number): void {
    const { from, count } = this.#own(n);
    for (let row = 0; row < rows; row++) {
      const at = out + (row * n + from) * 4;
      if (bias) this.#kernels.scaleInto(1, bias + from * 4, at, count);
      else this.#kernels.fill(at, 0, count);
      if (other) this.#kernels.axpy(1, other + from * 4, at, count);
    }
  }

  /** out [rows, n] += a [rows, k] · Wᵀ, `ldc` floats from row to row of out. */
  add(a: number, k: number, { stored, n, packed, ready }: Weight, out: number, ldc: number, rows: number): void {
    const { from, count } = this.#own(n);
    if (packed === 0) {
      this.#kernels.gemmFewRows(a, k, stored + from * k * 4, k, out + from * 4, ldc, rows, count, k, 1);
      return;
    }
    const whole = this.#products.right({ stored, ld: k, transposed: 1, k, n, packed }, rows);
    const own = columnsOf(whole, from, count);
    // Each part multiplies only with the columns it has packed: no barrier is needed.
    if (!ready) this.#products.pack(own, alone);
    this.#products.multiply(a, k, own, out + from * 4, ldc, rows, 1);
  }

  #own(n: number): { from: number; count: number } {
    const from = startOf(n, this.#share.part, this.#share.parts, LINE);
    return { from, count: startOf(n, this.#share.part + 1, this.#share.parts, LINE) - from };
  }
}
