import { gatesOf } from '../backend.ts';
import type { Floats } from './memory.ts';
import { inputOf, isActive, type RecurrentArrays, stateBefore, timeOf } from './recurrent.ts';

/** `RecurrentBackward` with its blocks as arrays; null: not requested, or absent. */
export interface RecurrentGradArrays extends RecurrentArrays {
  readonly dh: Floats | null;
  readonly dhFinal: Floats | null;
  readonly dcFinal: Floats | null;
  readonly dx: Floats | null;
  readonly dh0: Floats | null;
  readonly dc0: Floats | null;
  readonly dWeightIh: Floats | null;
  readonly dWeightHh: Floats | null;
  readonly dBiasIh: Floats | null;
  readonly dBiasHh: Floats | null;
  readonly dhTotal: Floats | null;
  readonly dcTotal: Floats | null;
}

/** Inputs and outputs of one row of one step. */
interface StepGradient {
  readonly hBefore: Floats;
  readonly cBefore: Floats | null;
  readonly h: Floats;
  readonly c: Floats | null;
  readonly gates: Floats;
  readonly extra: Floats | null;
  /** In: ∂L/∂h_t. */
  readonly dh: Float64Array;
  /** In: ∂L/∂c_t from later steps. Out: the whole ∂L/∂c_t. */
  readonly dc: Float64Array;
  /** Out: ∂L/∂(W_ih x + b_ih) and ∂L/∂(W_hh h₋ + b_hh), which differ in the GRU's candidate only. [G·H] */
  readonly dFromX: Float64Array;
  readonly dFromH: Float64Array;
  /** Out: the part of ∂L/∂h₋ and ∂L/∂c₋ that does not go through W_hh. */
  readonly dhBefore: Float64Array;
  readonly dcBefore: Float64Array;
}

export function recurrentGrad(layer: RecurrentGradArrays): void {
  const { T, B, F, H } = layer;
  const GH = gatesOf[layer.cell.kind] * H;
  // Gradients of the state, carried from step to step, and sums over all steps, in float64 until the end.
  const dhCarry = Float64Array.from(layer.dhFinal ?? new Float64Array(B * H));
  const dcCarry = Float64Array.from(layer.dcFinal ?? new Float64Array(B * H));
  const dWeightIh = new Float64Array(layer.weightIh ? GH * F : 0);
  const dWeightHh = new Float64Array(GH * H);
  const dBiasIh = new Float64Array(GH);
  const dBiasHh = new Float64Array(GH);
  layer.dx?.fill(0);
  for (let s = T - 1; s >= 0; s--) {
    const t = timeOf(layer, s);
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const hidden = <Array extends Floats>(values: Array, at: number) =>
        values.subarray(at * H, (at + 1) * H) as Array;
      const dhRow = hidden(dhCarry, b);
      const dcRow = hidden(dcCarry, b);
      if (layer.dh) for (let k = 0; k < H; k++) dhRow[k] += layer.dh[row * H + k];
      layer.dhTotal?.set(dhRow, row * H);
      layer.dcTotal?.set(dcRow, row * H);
      if (!isActive(layer, t, b)) continue;
      const step: StepGradient = {
        hBefore: stateBefore(layer.h, layer.h0, layer, s, b),
        cBefore: layer.c && layer.c0 && stateBefore(layer.c, layer.c0, layer, s, b),
        h: hidden(layer.h, row),
        c: layer.c && hidden(layer.c, row),
        gates: layer.gates.subarray(row * GH, (row + 1) * GH),
        extra: layer.extra && hidden(layer.extra, row),
        dh: dhRow,
        dc: dcRow,
        dFromX: new Float64Array(GH),
        dFromH: new Float64Array(GH),
        dhBefore: new Float64Array(H),
        dcBefore: new Float64Array(H),
      };
      stepGrad(layer, step);

      const x = inputOf(layer.x, layer, row);
      // The candidate of a GRU that resets before multiplying reads r⊙h₋ in place of h₋; stepGrad has dealt with its dh.
      const resetsBefore = layer.cell.kind === 'gru' && layer.cell.reset === 'before';
      const dx = layer.dx && inputOf(layer.dx, layer, row);
      for (let k = 0; k < GH; k++) {
        const readsReset = resetsBefore && k >= 2 * H;
        const state = readsReset ? step.extra! : step.hBefore;
        if (layer.weightIh) {
          for (let j = 0; j < F; j++) {
            dWeightIh[k * F + j] += step.dFromX[k] * x[j];
            if (dx) dx[j] += step.dFromX[k] * layer.weightIh[k * F + j];
          }
        } else if (dx) dx[k] += step.dFromX[k];
        for (let j = 0; j < H; j++) {
          dWeightHh[k * H + j] += step.dFromH[k] * state[j];
          if (!readsReset) step.dhBefore[j] += step.dFromH[k] * layer.weightHh[k * H + j];
        }
        dBiasIh[k] += step.dFromX[k];
        dBiasHh[k] += step.dFromH[k];
      }
      dhRow.set(step.dhBefore);
      dcRow.set(step.dcBefore);
    }
  }
  layer.dWeightIh?.set(dWeightIh);
  layer.dWeightHh?.set(dWeightHh);
  layer.dBiasIh?.set(dBiasIh);
  layer.dBiasHh?.set(dBiasHh);
  layer.dh0?.set(dhCarry);
  layer.dc0?.set(dcCarry);
}

function stepGrad(layer: RecurrentArrays, step: StepGradient): void {
  const { cell } = layer;
  if (cell.kind === 'rnn') rnnStepGrad(cell.activation, step);
  else if (cell.kind === 'lstm') lstmStepGrad(step);
  else gruStepGrad(layer, cell, step);
}

function rnnStepGrad(activation: 'tanh' | 'relu' | 'sigmoid', { h, dh, dFromX, dFromH }: StepGradient): void {
  for (let k = 0; k < h.length; k++) {
    const slope = { tanh: 1 - h[k] * h[k], relu: h[k] > 0 ? 1 : 0, sigmoid: h[k] * (1 - h[k]) }[activation];
    dFromX[k] = dh[k] * slope;
    dFromH[k] = dFromX[k];
  }
}

function lstmStepGrad({ c, cBefore, gates, dh, dc, dFromX, dFromH, dcBefore }: StepGradient): void {
  const H = dh.length;
  for (let k = 0; k < H; k++) {
    const i = gates[k];
    const f = gates[H + k];
    const g = gates[2 * H + k];
    const o = gates[3 * H + k];
    const tanhC = Math.tanh(c![k]);
    dc[k] += dh[k] * o * (1 - tanhC * tanhC);
    dFromX[k] = dc[k] * g * i * (1 - i);
    dFromX[H + k] = dc[k] * cBefore![k] * f * (1 - f);
    dFromX[2 * H + k] = dc[k] * i * (1 - g * g);
    dFromX[3 * H + k] = dh[k] * tanhC * o * (1 - o);
    dcBefore[k] = dc[k] * f;
  }
  dFromH.set(dFromX);
}

function gruStepGrad(
  { H, weightHh }: RecurrentArrays,
  cell: { readonly reset: 'after' | 'before'; readonly update: 'keep' | 'replace' },
  { hBefore, gates, extra, dh, dFromX, dFromH, dhBefore }: StepGradient,
): void {
  for (let k = 0; k < H; k++) {
    const z = gates[H + k];
    const n = gates[2 * H + k];
    const keep = cell.update === 'keep' ? z : 1 - z;
    const dKeep = dh[k] * (hBefore[k] - n);
    dhBefore[k] = dh[k] * keep;
    dFromX[H + k] = (cell.update === 'keep' ? dKeep : -dKeep) * z * (1 - z);
    dFromX[2 * H + k] = dh[k] * (1 - keep) * (1 - n * n);
  }
  for (let k = 0; k < H; k++) {
    const r = gates[k];
    let dr: number;
    if (cell.reset === 'after') {
      dr = dFromX[2 * H + k] * extra![k];
      dFromH[2 * H + k] = dFromX[2 * H + k] * r;
    } else {
      // ∂L/∂(r⊙h₋)_k = Σ_j W_hn[j, k] · ∂L/∂n_j
      let dProduct = 0;
      for (let j = 0; j < H; j++) dProduct += weightHh[(2 * H + j) * H + k] * dFromX[2 * H + j];
      dr = dProduct * hBefore[k];
      dhBefore[k] += dProduct * r;
      dFromH[2 * H + k] = dFromX[2 * H + k];
    }
    dFromX[k] = dr * r * (1 - r);
    dFromH[k] = dFromX[k];
    dFromH[H + k] = dFromX[H + k];
  }
}
