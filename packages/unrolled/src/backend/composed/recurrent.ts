import { type Block, type CoreBackend, gatesOf, type RecurrentBackward, type RecurrentForward } from '../backend.ts';
import { gradientRules } from './elementwise.ts';
import { reshaped, Workspace } from './workspace.ts';

/** Sizes of a layer, views of its steps, and its rows that are active. */
class Layer {
  readonly given: RecurrentForward;
  readonly T: number;
  readonly B: number;
  readonly F: number;
  readonly H: number;
  readonly GH: number;
  /** 1 where a row still has a step, `[T, B]`; null: everywhere. */
  readonly active: Block | null;
  /** The input with 0 in the steps that rows do not have: what is there must reach no sum, even if it is NaN. */
  readonly x: Block; // [T·B, F], or [T·B, G·H]

  constructor(w: Workspace, given: RecurrentForward) {
    this.given = given;
    [this.T, this.B, this.H] = given.h.shape;
    this.F = given.x.shape.at(-1)!;
    this.GH = gatesOf[given.cell.kind] * this.H;
    const { T, B, F } = this;
    this.active = given.lengths && w.binary('less', w.positions(T, [T, 1]), w.floats(given.lengths, [1, B]));
    const rows = [T * B, F];
    const x = given.ids ? w.rows(given.x, given.ids) : given.x;
    this.x = this.active ? w.select(reshaped(this.active, [T * B, 1]), x, 0, rows) : reshaped(x, rows);
  }

  /** The steps that run, in order. */
  get times(): number[] {
    const order = Array.from({ length: this.T }, (_, t) => t);
    return this.given.reverse ? order.reverse() : order;
  }

  /** `[B, n]` of step t of an array over all steps. */
  at(x: Block, t: number, n = this.H): Block {
    return reshaped(x, [this.B, n], t * this.B * n);
  }

  /** The state before step t: that of the step that ran before, or the initial one. */
  before(states: Block, initial: Block, t: number): Block {
    const previous = this.given.reverse ? t + 1 : t - 1;
    return previous < 0 || previous >= this.T ? initial : this.at(states, previous);
  }

  /** `x` in rows that have step t, `other` in the others. */
  during(w: Workspace, t: number, x: Block, other: Block | number): Block {
    return this.active ? w.select(reshaped(this.active, [this.B, 1], t * this.B), x, other, x.shape) : x;
  }

  /** Rows [from, to) of a weight or bias, in units of H. */
  gatesFrom(weight: Block, from: number, to: number): Block {
    const [, n = 1] = weight.shape;
    const shape = weight.shape.length === 1 ? [(to - from) * this.H] : [(to - from) * this.H, n];
    return reshaped(weight, shape, from * this.H * n);
  }
}

/** x · Wᵀ + b */
function affine(w: Workspace, x: Block, weight: Block, bias: Block | null): Block {
  const product = w.product(x, weight, { transposeB: true });
  return bias ? w.add(product, bias) : product;
}

export function recurrent(core: CoreBackend, given: RecurrentForward): void {
  Workspace.during(core, (outer) => {
    const layer = new Layer(outer, given);
    const { weightIh, biasIh } = given;
    const product = weightIh ? outer.product(layer.x, weightIh, { transposeB: true }) : layer.x;
    const fromX = biasIh ? outer.add(product, biasIh) : product;
    for (const t of layer.times) Workspace.during(core, (w) => step(w, layer, layer.at(fromX, t, layer.GH), t));
  });
}

/** One step, by the equations at `RecurrentCell`. */
function step(w: Workspace, layer: Layer, fromX: Block, t: number): void {
  const { given, H, GH } = layer;
  const { cell, weightHh, biasHh } = given;
  const hBefore = layer.before(given.h, given.h0, t);
  const finish = (h: Block, gates: readonly Block[]): void => {
    w.put(layer.during(w, t, h, hBefore), layer.at(given.h, t));
    gates.forEach((gate, i) => {
      w.putColumns(layer.during(w, t, gate, 0), layer.at(given.gates, t, GH), i * H);
    });
  };
  if (cell.kind === 'gru') {
    const linear = (from: number, to: number, state = hBefore): Block =>
      affine(w, state, layer.gatesFrom(weightHh, from, to), biasHh && layer.gatesFrom(biasHh, from, to));
    const both = w.unary('sigmoid', w.add(w.columns(fromX, 0, 2 * H), linear(0, 2)));
    const [r, z] = [w.columns(both, 0, H), w.columns(both, H, H)];
    const extra = cell.reset === 'before' ? w.mul(r, hBefore) : linear(2, 3);
    const candidate = cell.reset === 'before' ? linear(2, 3, extra) : w.mul(r, extra);
    const n = w.unary('tanh', w.add(w.columns(fromX, 2 * H, H), candidate));
    const [kept, taken] = cell.update === 'keep' ? [z, w.sub(1, z)] : [w.sub(1, z), z];
    w.put(layer.during(w, t, extra, 0), layer.at(given.extra!, t));
    finish(w.add(w.mul(kept, hBefore), w.mul(taken, n)), [r, z, n]);
    return;
  }
  const sums = w.add(fromX, affine(w, hBefore, weightHh, biasHh));
  if (cell.kind === 'rnn') {
    finish(w.unary(cell.activation, sums), []);
    return;
  }
  const gate = (i: number, activation: 'sigmoid' | 'tanh'): Block => w.unary(activation, w.columns(sums, i * H, H));
  const [i, f, g, o] = [gate(0, 'sigmoid'), gate(1, 'sigmoid'), gate(2, 'tanh'), gate(3, 'sigmoid')];
  const cBefore = layer.before(given.c!, given.c0!, t);
  const c = w.add(w.mul(f, cBefore), w.mul(i, g));
  w.put(layer.during(w, t, c, cBefore), layer.at(given.c!, t));
  finish(w.mul(o, w.unary('tanh', c)), [i, f, g, o]);
}

export function recurrentGrad(core: CoreBackend, given: RecurrentBackward): void {
  Workspace.during(core, (outer) => {
    const layer = new Layer(outer, given);
    const { T, B, H, GH } = layer;
    const carried = (final: Block | null): Block => (final ? outer.floats(final) : outer.full([B, H], 0));
    const [dh, dc] = [carried(given.dhFinal), carried(given.dcFinal)];
    // ∂L/∂(W_ih x + b_ih) and ∂L/∂(W_hh h₋ + b_hh) of all steps, and the states before them.
    const [dFromX, dFromH, states] = [GH, GH, H].map((n) => outer.empty([T * B, n]));
    for (const t of layer.times.reverse()) {
      Workspace.during(core, (w) => {
        if (given.dh) w.addTo(layer.at(given.dh, t), dh);
        if (given.dhTotal) w.put(dh, layer.at(given.dhTotal, t));
        if (given.dcTotal) w.put(dc, layer.at(given.dcTotal, t));
        const hBefore = layer.before(given.h, given.h0, t);
        const found = stepGrad(w, layer, t, hBefore, dh, dc);
        const through = w.product(found.fromH, layer.gatesFrom(given.weightHh, 0, found.fromH.shape[1] / H));
        w.put(hBefore, layer.at(states, t));
        w.put(layer.during(w, t, found.dFromX, 0), layer.at(dFromX, t, GH));
        w.put(layer.during(w, t, found.dFromH, 0), layer.at(dFromH, t, GH));
        w.put(layer.during(w, t, found.dh ? w.add(through, found.dh) : through, dh), dh);
        if (found.dc) w.put(layer.during(w, t, found.dc, dc), dc);
      });
    }
    const { dx, ids, weightIh, dWeightIh, dWeightHh, dBiasIh, dBiasHh } = given;
    outer.put(dh, given.dh0);
    outer.put(dc, given.dc0);
    if (dx && weightIh) outer.put(outer.product(dFromX, weightIh), dx);
    if (dx && ids) {
      core.fill(dx, 0);
      core.scatterAdd(dFromX, ids, dx);
    }
    if (dWeightIh) outer.put(outer.product(dFromX, layer.x, { transposeA: true }), dWeightIh);
    if (dBiasIh) outer.put(outer.reduce('sum', dFromX, 0), dBiasIh);
    if (dBiasHh) outer.put(outer.reduce('sum', dFromH, 0), dBiasHh);
    if (dWeightHh) outer.put(outer.product(dFromH, states, { transposeA: true }), dWeightHh);
    if (dWeightHh && given.cell.kind === 'gru' && given.cell.reset === 'before') {
      // The candidate reads r⊙h₋ in place of h₋.
      const reset = reshaped(given.extra!, [T * B, H]);
      const candidate = outer.product(outer.columns(dFromH, 2 * H, H), reset, { transposeA: true });
      outer.put(candidate, layer.gatesFrom(dWeightHh, 2, 3));
    }
  });
}

interface StepGradient {
  readonly dFromX: Block; // [B, G·H]
  readonly dFromH: Block; // [B, G·H]
  /** The part of `dFromH` that goes back to h₋ through the same rows of W_hh. */
  readonly fromH: Block;
  /** ∂L/∂h₋ and ∂L/∂c₋ apart from what goes through W_hh. */
  readonly dh: Block | null;
  readonly dc: Block | null;
}

function stepGrad(w: Workspace, layer: Layer, t: number, hBefore: Block, dh: Block, dc: Block): StepGradient {
  const { given, H, GH, B } = layer;
  const { cell } = given;
  const activated = (operation: 'tanh' | 'relu' | 'sigmoid', y: Block, dy: Block): Block =>
    gradientRules[operation](w, y, y, dy);
  if (cell.kind === 'rnn') {
    const all = activated(cell.activation, layer.at(given.h, t), dh);
    return { dFromX: all, dFromH: all, fromH: all, dh: null, dc: null };
  }
  const gates = layer.at(given.gates, t, GH);
  const gate = (i: number): Block => w.columns(gates, i * H, H);
  const joined = (parts: readonly Block[]): Block => {
    const out = w.empty([B, parts.length * H]);
    parts.forEach((part, i) => {
      w.putColumns(part, out, i * H);
    });
    return out;
  };
  if (cell.kind === 'lstm') {
    const [i, f, g, o] = [gate(0), gate(1), gate(2), gate(3)];
    const tanhC = w.unary('tanh', layer.at(given.c!, t));
    const dC = w.add(dc, activated('tanh', tanhC, w.mul(dh, o)));
    const all = joined([
      activated('sigmoid', i, w.mul(dC, g)),
      activated('sigmoid', f, w.mul(dC, layer.before(given.c!, given.c0!, t))),
      activated('tanh', g, w.mul(dC, i)),
      activated('sigmoid', o, w.mul(dh, tanhC)),
    ]);
    return { dFromX: all, dFromH: all, fromH: all, dh: null, dc: w.mul(dC, f) };
  }
  const [r, z, n] = [gate(0), gate(1), gate(2)];
  const extra = layer.at(given.extra!, t);
  const [kept, taken] = cell.update === 'keep' ? [z, w.sub(1, z)] : [w.sub(1, z), z];
  const dKept = w.mul(dh, w.sub(hBefore, n));
  const dz = activated('sigmoid', z, cell.update === 'keep' ? dKept : w.unary('neg', dKept));
  const dn = activated('tanh', n, w.mul(dh, taken));
  const direct = w.mul(dh, kept);
  if (cell.reset === 'after') {
    const dr = activated('sigmoid', r, w.mul(dn, extra));
    const dFromH = joined([dr, dz, w.mul(dn, r)]);
    return { dFromX: joined([dr, dz, dn]), dFromH, fromH: dFromH, dh: direct, dc: null };
  }
  const dReset = w.product(dn, layer.gatesFrom(given.weightHh, 2, 3)); // ∂L/∂(r⊙h₋)
  const dr = activated('sigmoid', r, w.mul(dReset, hBefore));
  const all = joined([dr, dz, dn]);
  return { dFromX: all, dFromH: all, fromH: joined([dr, dz]), dh: w.add(direct, w.mul(dReset, r)), dc: null };
}
