import { type Shape, sizeOf, stridesOf } from '../../shape.ts';
import type { Block, StridedView } from '../backend.ts';
import {
  type Activation,
  type BatchNormAffine,
  type BatchNormBackward,
  type BatchNormForward,
  type ConvolutionForward,
  type ConvolutionInputGrad,
  type ConvolutionWeightGrad,
  type PoolBackward,
  type PoolForward,
  type Reach,
  reachOf,
  type Window,
} from '../convolution.ts';
import { gradientRules } from './elementwise.ts';
import { reshaped, type Workspace } from './workspace.ts';

/** One tap of the window: its number, and which outputs see an input through it. */
interface Tap {
  readonly index: number;
  readonly rows: Reach;
  readonly columns: Reach;
}

function tapsOf(window: Window, input: Shape, output: Shape): Tap[] {
  const [kh, kw] = window.kernel;
  return Array.from({ length: kh * kw }, (_, index) => ({
    index,
    rows: reachOf(window, 0, Math.floor(index / kw), input[1], output[1]),
    columns: reachOf(window, 1, index % kw, input[2], output[2]),
  }));
}

/** The pixels that a tap joins, as views of all outputs and of the inputs; extents `[B, rows, columns, groups, C/groups]`. */
function joined(
  { rows, columns }: Tap,
  { stride }: Window,
  input: Shape,
  groups: number,
): { extents: Shape; outputs: (strides: readonly number[]) => StridedView; inputs: StridedView } {
  const [, H, W, C] = input;
  const share = C / groups;
  return {
    extents: [input[0], rows.to - rows.from, columns.to - columns.from, groups, share],
    outputs: (strides) => ({ start: rows.from * strides[1] + columns.from * strides[2], strides }),
    inputs: {
      start: (rows.first * W + columns.first) * C,
      strides: [H * W * C, stride[0] * W * C, stride[1] * C, share, 1],
    },
  };
}

/** Strides of `[B, OH, OW, groups, n]` in an array `[groups, B·OH·OW, n]`: what products of each group take. */
function byGroup([B, OH, OW]: Shape, n: number): number[] {
  return [OH * OW * n, OW * n, n, B * OH * OW * n, 1];
}

/** What each output sees through a tap, by group: `[groups, B·OH·OW, C/groups]`, `outside` where that is padding. */
function seen(w: Workspace, x: Block, output: Shape, window: Window, tap: Tap, groups: number, outside = 0): Block {
  const share = x.shape[3] / groups;
  const out = w.full([groups, output[0] * output[1] * output[2], share], outside);
  const { extents, outputs, inputs } = joined(tap, window, x.shape, groups);
  w.core.stridedCopy(x, inputs, out, outputs(byGroup(output, share)), extents, false);
  return out;
}

/** Adds what each output gives back through a tap, `[groups, B·OH·OW, C/groups]`, to the inputs it sees. */
function giveBack(
  w: Workspace,
  values: Block,
  dx: Block,
  output: Shape,
  window: Window,
  tap: Tap,
  groups: number,
): void {
  const { extents, outputs, inputs } = joined(tap, window, dx.shape, groups);
  w.core.stridedCopy(values, outputs(byGroup(output, dx.shape[3] / groups)), dx, inputs, extents, true);
}

/** x `[B, OH, OW, O]` by group: `[groups, B·OH·OW, O/groups]`. */
function grouped(w: Workspace, x: Block, groups: number): Block {
  const pixels = sizeOf(x.shape.slice(0, 3));
  const share = x.shape[3] / groups;
  if (groups === 1) return reshaped(x, [1, pixels, share]);
  const out = w.empty([groups, pixels, share]);
  const extents = [pixels, groups, share];
  const view = { start: 0, strides: [share, pixels * share, 1] };
  w.core.stridedCopy(x, { start: 0, strides: stridesOf(extents) }, out, view, extents, false);
  return out;
}

/** The reverse of `grouped`: back to `[B·OH·OW, O]`. */
function ungrouped(w: Workspace, x: Block): Block {
  const [groups, pixels, share] = x.shape;
  if (groups === 1) return reshaped(x, [pixels, share]);
  const out = w.empty([pixels, groups * share]);
  const extents = [pixels, groups, share];
  const view = { start: 0, strides: [share, pixels * share, 1] };
  w.core.stridedCopy(x, view, out, { start: 0, strides: stridesOf(extents) }, extents, false);
  return out;
}

/** The weights of one tap by group: `[groups, O/groups, C/groups]`. */
function weightsOf(w: Workspace, weight: Block, tap: Tap, groups: number): Block {
  const [O, share] = weight.shape;
  const taps = weight.shape[2] * weight.shape[3];
  const out = w.empty([groups, O / groups, share]);
  const from = { start: tap.index, strides: [share * taps, taps] };
  w.core.stridedCopy(weight, from, out, { start: 0, strides: [share, 1] }, [O, share], false);
  return out;
}

export function activated(w: Workspace, x: Block, activation: Activation): Block {
  return activation === 'none' ? x : w.unary(activation, x);
}

/** out[groups, m, n] += op(a) · op(b) for each group. */
function addProducts(
  w: Workspace,
  a: Block,
  b: Block,
  out: Block,
  { transposeA = false, transposeB = false }: { readonly transposeA?: boolean; readonly transposeB?: boolean },
): void {
  const [batch, m, n] = out.shape;
  const k = a.shape[transposeA ? 1 : 2];
  w.core.matmul(a, b, out, { batch, m, k, n, transposeA, transposeB, accumulate: true, sharedB: false });
}

/** One product for each tap of the window, over all pixels. */
export function convolution(w: Workspace, given: ConvolutionForward): void {
  const { x, weight, scale, bias, y, window, groups, activation } = given;
  const sums = w.full([groups, sizeOf(y.shape.slice(0, 3)), y.shape[3] / groups], 0);
  for (const tap of tapsOf(window, x.shape, y.shape)) {
    const inputs = seen(w, x, y.shape, window, tap, groups);
    addProducts(w, inputs, weightsOf(w, weight, tap, groups), sums, { transposeB: true });
  }
  const whole = ungrouped(w, sums);
  const scaled = scale ? w.mul(whole, scale) : whole;
  w.put(activated(w, bias ? w.add(scaled, bias) : scaled, activation), y);
}

export function convolutionInputGrad(w: Workspace, { dy, weight, dx, window, groups }: ConvolutionInputGrad): void {
  const given = grouped(w, dy, groups);
  w.core.fill(dx, 0);
  for (const tap of tapsOf(window, dx.shape, dy.shape)) {
    const values = w.full([groups, given.shape[1], weight.shape[1]], 0);
    addProducts(w, given, weightsOf(w, weight, tap, groups), values, {});
    giveBack(w, values, dx, dy.shape, window, tap, groups);
  }
}

export function convolutionWeightGrad(w: Workspace, given: ConvolutionWeightGrad): void {
  const { x, dy, dWeight, dBias, window, groups } = given;
  const [O, share, kh, kw] = dWeight.shape;
  const gradient = grouped(w, dy, groups);
  for (const tap of tapsOf(window, x.shape, dy.shape)) {
    const sums = w.full([groups, O / groups, share], 0);
    addProducts(w, gradient, seen(w, x, dy.shape, window, tap, groups), sums, { transposeA: true });
    const to = { start: tap.index, strides: [share * kh * kw, kh * kw] };
    w.core.stridedCopy(sums, { start: 0, strides: [share, 1] }, dWeight, to, [O, share], false);
  }
  if (dBias) w.put(w.reduce('sum', reshaped(dy, [sizeOf(dy.shape.slice(0, 3)), O]), 0), dBias);
}

/** For each output row and column a number, as `[1, OH·OW, 1]`. */
function perPixel(w: Workspace, output: Shape, of: (row: number, column: number) => number): Block {
  const [, OH, OW] = output;
  return w.given(
    [1, OH * OW, 1],
    Float64Array.from({ length: OH * OW }, (_, i) => of(Math.floor(i / OW), i % OW)),
  );
}

const sees = ({ from, to }: Reach, position: number): boolean => position >= from && position < to;

/** Values that the mean of each output divides by. */
function counts(w: Workspace, input: Shape, output: Shape, window: Window, countPadding: boolean): Block {
  const taps = tapsOf(window, input, output);
  return perPixel(w, output, (row, column) => {
    const seen = taps.filter((tap) => sees(tap.rows, row) && sees(tap.columns, column)).length;
    return countPadding ? taps.length : Math.max(1, seen);
  });
}

/** The input's position, row·W + column, that each output sees through a tap, whether it is padding or not. */
function positions(w: Workspace, input: Shape, output: Shape, { stride }: Window, { rows, columns }: Tap): Block {
  const place = (reach: Reach, axis: 0 | 1, i: number): number => reach.first + (i - reach.from) * stride[axis];
  return perPixel(w, output, (i, j) => place(rows, 0, i) * input[2] + place(columns, 1, j));
}

/** A block as `[B, pixels, C]`. */
const byImage = (x: Block, [B, OH, OW, C]: Shape): Block => reshaped(x, [B, OH * OW, C]);

export function pool(w: Workspace, { kind, x, y, places, window, countPadding }: PoolForward): void {
  const output = y.shape;
  const taps = tapsOf(window, x.shape, output);
  if (kind === 'average') {
    const sums = taps.map((tap) => byImage(seen(w, x, output, window, tap, 1), output));
    const total = sums.reduce((sum, one) => w.add(sum, one));
    w.put(w.div(total, counts(w, x.shape, output, window, countPadding)), y);
    return;
  }
  const shape = byImage(y, output).shape;
  let best = w.full(shape, Number.NEGATIVE_INFINITY);
  let place = w.full(shape, -1);
  for (const tap of taps) {
    const values = byImage(seen(w, x, output, window, tap, 1, Number.NEGATIVE_INFINITY), output);
    const missing = w.sub(1, w.binary('equal', values, values));
    const known = w.binary('equal', best, best);
    const better = w.mul(known, w.add(w.binary('greater', values, best), missing));
    place = w.select(better, positions(w, x.shape, output, window, tap), place, shape);
    best = w.select(better, values, best, shape);
  }
  w.put(best, y);
  if (places) w.put(place, places);
}

export function poolGrad(w: Workspace, { kind, dy, places, dx, window, countPadding }: PoolBackward): void {
  const output = dy.shape;
  const given = byImage(dy, output);
  w.core.fill(dx, 0);
  const place = kind === 'max' ? byImage(w.floats(places!), output) : null;
  const share = place ? null : w.div(given, counts(w, dx.shape, output, window, countPadding));
  for (const tap of tapsOf(window, dx.shape, output)) {
    const values = place
      ? w.select(w.binary('equal', place, positions(w, dx.shape, output, window, tap)), given, 0, given.shape)
      : share!;
    giveBack(w, values, dx, output, window, tap, 1);
  }
}

/** A block as rows of channels: `[R, C]`. */
function channels(x: Block): Block {
  const C = x.shape[x.shape.length - 1];
  return reshaped(x, [C === 0 ? 0 : sizeOf(x.shape) / C, C]);
}

const meanOf = (w: Workspace, x: Block): Block => w.div(w.reduce('sum', x, 0), x.shape[0]);

const inverseDeviation = (w: Workspace, variance: Block, epsilon: number): Block =>
  w.unary('reciprocal', w.unary('sqrt', w.add(variance, epsilon)));

export function batchNorm(w: Workspace, given: BatchNormForward): void {
  const rows = channels(given.x);
  const mean = meanOf(w, rows);
  const distance = w.sub(rows, mean);
  const variance = meanOf(w, w.unary('square', distance));
  const normal = w.mul(distance, inverseDeviation(w, variance, given.epsilon));
  const scaled = given.gain ? w.mul(normal, given.gain) : normal;
  w.put(mean, given.mean);
  w.put(variance, given.variance);
  if (given.running) {
    const [values] = rows.shape;
    follow(w, given.running.mean, mean, 1, given.running.momentum);
    follow(w, given.running.variance, variance, values / (values - 1), given.running.momentum);
  }
  w.put(activated(w, given.bias ? w.add(scaled, given.bias) : scaled, given.activation), given.y);
}

/** running ← (1 − momentum)·running + momentum·factor·batch */
function follow(w: Workspace, running: Block, batch: Block, factor: number, momentum: number): void {
  w.put(w.add(w.mul(running, 1 - momentum), w.mul(batch, momentum * factor)), running);
}

/** As the reference: dx = gain/√(variance + ε) ⊙ (d − mean(d) − x̂ · mean(d⊙x̂)). */
export function batchNormGrad(w: Workspace, given: BatchNormBackward): void {
  const [rows, dy] = [given.x, given.dy].map(channels);
  const inverse = inverseDeviation(w, given.variance, given.epsilon);
  const normal = w.mul(w.sub(rows, given.mean), inverse);
  const scaled = given.gain ? w.mul(normal, given.gain) : normal;
  const y = activated(w, given.bias ? w.add(scaled, given.bias) : scaled, given.activation);
  const d = activationGrad(w, y, dy, given.activation);
  const centred = w.sub(w.sub(d, meanOf(w, d)), w.mul(normal, meanOf(w, w.mul(d, normal))));
  w.put(w.mul(centred, given.gain ? w.mul(given.gain, inverse) : inverse), given.dx);
  if (given.dGain) w.put(w.reduce('sum', w.mul(d, normal), 0), given.dGain);
  if (given.dBias) w.put(w.reduce('sum', d, 0), given.dBias);
}

export function batchNormAffine(w: Workspace, given: BatchNormAffine): void {
  const scale = w.mul(given.gain, inverseDeviation(w, given.variance, given.epsilon));
  w.put(scale, given.scale);
  w.put(w.sub(given.bias, w.mul(given.mean, scale)), given.shift);
}

function activationGrad(w: Workspace, y: Block, dy: Block, activation: Activation): Block {
  return activation === 'none' ? dy : gradientRules[activation](w, y, y, dy);
}
