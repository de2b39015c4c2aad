import { gatesOf, type RecurrentCell } from '../backend.ts';
import { sigmoid } from './elementwise.ts';
import type { Floats } from './memory.ts';

/** `RecurrentForward` with its blocks as arrays and its sizes by name. */
export interface RecurrentArrays {
  readonly cell: RecurrentCell;
  readonly reverse: boolean;
  readonly T: number;
  readonly B: number;
  readonly F: number;
  readonly H: number;
  readonly x: Floats; // [T, B, F], or [V, G·H]
  readonly ids: Int32Array | null; // [T, B]
  readonly h0: Floats; // [B, H]
  readonly c0: Floats | null; // [B, H]
  readonly weightIh: Floats | null; // [G·H, F]
  readonly weightHh: Floats; // [G·H, H]
  readonly biasIh: Floats | null; // [G·H]
  readonly biasHh: Floats | null; // [G·H]
  readonly lengths: Int32Array | null; // [B]
  readonly h: Floats; // [T, B, H]
  readonly c: Floats | null; // [T, B, H]
  readonly gates: Floats; // [T, B, G·H]
  readonly extra: Floats | null; // [T, B, H]
}

/** The time index of the s-th step that runs; −1 before the first. */
export function timeOf(layer: RecurrentArrays, s: number): number {
  if (s < 0) return -1;
  return layer.reverse ? layer.T - 1 - s : s;
}

/** Row b of the state before step s: of the previous step that ran, or the initial one. */
export function stateBefore(states: Floats, initial: Floats, layer: RecurrentArrays, s: number, b: number): Floats {
  const { B, H } = layer;
  const t = timeOf(layer, s - 1);
  return t < 0 ? initial.subarray(b * H, (b + 1) * H) : states.subarray((t * B + b) * H, (t * B + b + 1) * H);
}

export function isActive(layer: RecurrentArrays, t: number, b: number): boolean {
  return layer.lengths === null || t < layer.lengths[b];
}

export function activate(activation: 'tanh' | 'relu' | 'sigmoid', a: number): number {
  if (activation === 'tanh') return Math.tanh(a);
  return activation === 'relu' ? Math.max(0, a) : sigmoid(a);
}

/** The input of one row of one step, `[F]`; a row of the table, `[G·H]`, where there are ids. */
export function inputOf<Array extends Floats>(x: Array, { ids, F }: RecurrentArrays, row: number): Array {
  const at = ids === null ? row : ids[row];
  return x.subarray(at * F, (at + 1) * F) as Array;
}

/** Σ_j weight[row, j] · v[j] + bias[row] */
function affine(weight: Floats, row: number, v: Floats, bias: Floats | null): number {
  let sum = bias?.[row] ?? 0;
  for (let j = 0; j < v.length; j++) sum += weight[row * v.length + j] * v[j];
  return sum;
}

export function recurrent(layer: RecurrentArrays): void {
  const { T, B, H } = layer;
  const G = gatesOf[layer.cell.kind];
  for (let s = 0; s < T; s++) {
    const t = timeOf(layer, s);
    for (let b = 0; b < B; b++) {
      const row = t * B + b;
      const hBefore = stateBefore(layer.h, layer.h0, layer, s, b);
      const h = layer.h.subarray(row * H, (row + 1) * H);
      const c = layer.c?.subarray(row * H, (row + 1) * H) ?? null;
      const cBefore = layer.c && layer.c0 ? stateBefore(layer.c, layer.c0, layer, s, b) : null;
      const gates = layer.gates.subarray(row * G * H, (row + 1) * G * H);
      const extra = layer.extra?.subarray(row * H, (row + 1) * H) ?? null;
      if (isActive(layer, t, b)) {
        step(layer, inputOf(layer.x, layer, row), hBefore, cBefore, { h, c, gates, extra });
      } else {
        h.set(hBefore);
        if (c && cBefore) c.set(cBefore);
        gates.fill(0);
        extra?.fill(0);
      }
    }
  }
}

interface StepOut {
  readonly h: Floats;
  readonly c: Floats | null;
  readonly gates: Floats;
  readonly extra: Floats | null;
}

/** One row of one step, by the equations at `RecurrentCell`. */
function step(layer: RecurrentArrays, x: Floats, hBefore: Floats, cBefore: Floats | null, out: StepOut): void {
  const { cell, H } = layer;
  const { h, c, gates, extra } = out;
  const { weightIh, biasIh } = layer;
  const fromX = (row: number) => (weightIh ? affine(weightIh, row, x, biasIh) : x[row] + (biasIh?.[row] ?? 0));
  const fromH = (row: number, state: Floats = hBefore) => affine(layer.weightHh, row, state, layer.biasHh);
  switch (cell.kind) {
    case 'rnn':
      for (let k = 0; k < H; k++) h[k] = activate(cell.activation, fromX(k) + fromH(k));
      return;
    case 'lstm':
      for (let k = 0; k < H; k++) {
        const i = sigmoid(fromX(k) + fromH(k));
        const f = sigmoid(fromX(H + k) + fromH(H + k));
        const g = Math.tanh(fromX(2 * H + k) + fromH(2 * H + k));
        const o = sigmoid(fromX(3 * H + k) + fromH(3 * H + k));
        c![k] = f * cBefore![k] + i * g;
        h[k] = o * Math.tanh(c![k]);
        gates[k] = i;
        gates[H + k] = f;
        gates[2 * H + k] = g;
        gates[3 * H + k] = o;
      }
      return;
    case 'gru':
      for (let k = 0; k < H; k++) {
        gates[k] = sigmoid(fromX(k) + fromH(k));
        gates[H + k] = sigmoid(fromX(H + k) + fromH(H + k));
        // W_hn reads the whole of r⊙h₋, so `extra` must be complete before the candidate is computed.
        extra![k] = cell.reset === 'before' ? gates[k] * hBefore[k] : fromH(2 * H + k);
      }
      for (let k = 0; k < H; k++) {
        const recurrentPart = cell.reset === 'before' ? fromH(2 * H + k, extra!) : gates[k] * extra![k];
        const n = Math.tanh(fromX(2 * H + k) + recurrentPart);
        const z = gates[H + k];
        gates[2 * H + k] = n;
        h[k] = cell.update === 'keep' ? z * hBefore[k] + (1 - z) * n : (1 - z) * hBefore[k] + z * n;
      }
  }
}
