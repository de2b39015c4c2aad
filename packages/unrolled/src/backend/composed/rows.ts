import { sizeOf } from '../../shape.ts';
import type { Block, LayerNormBackward, LayerNormForward } from '../backend.ts';
import { reshaped, type Workspace } from './workspace.ts';

/** A block as rows of n: `[R, n]`. */
function rowsOf(x: Block, n: number = x.shape[x.shape.length - 1]): Block {
  return reshaped(x, [n === 0 ? 0 : sizeOf(x.shape) / n, n]);
}

/** The first position of a group that holds its maximum, or a NaN if there is one. */
export function argmax(w: Workspace, x: Block, outer: number, n: number, inner: number): Block {
  const groups = reshaped(x, [outer, n, inner]);
  const largest = w.binary('equal', groups, w.reduce('max', groups, 1));
  const missing = w.sub(1, w.binary('equal', groups, groups));
  const places = w.select(w.add(largest, missing), w.positions(n, [n, 1]), n, groups.shape);
  return w.reduce('min', places, 1);
}

/** √Σ x², of numbers divided by the largest of them so that no square overflows. */
export function norm(w: Workspace, x: Block): Block {
  const flat = reshaped(x, [1, sizeOf(x.shape)]);
  const largest = w.reduce('max', w.unary('abs', flat));
  const unit = w.select(w.binary('greater', largest, 0), largest, 1, [1, 1]);
  const squares = w.reduce('sum', w.unary('square', w.div(flat, unit)));
  return w.mul(w.unary('sqrt', squares), unit);
}

/** x less the largest of its row, and log Σ exp of that. */
function normalised(w: Workspace, x: Block): { shifted: Block; largest: Block; logSum: Block } {
  const largest = w.reduce('max', x);
  const shifted = w.sub(x, largest);
  return { shifted, largest, logSum: w.unary('log', w.reduce('sum', w.unary('exp', shifted))) };
}

export function softmax(w: Workspace, x: Block, n: number): Block {
  return w.unary('exp', logSoftmax(w, x, n));
}

export function logSoftmax(w: Workspace, x: Block, n: number): Block {
  const { shifted, logSum } = normalised(w, rowsOf(x, n));
  return w.sub(shifted, logSum);
}

/** dx = y ⊙ (dy − Σ dy⊙y) */
export function softmaxGrad(w: Workspace, y: Block, dy: Block, n: number): Block {
  const [rows, given] = [rowsOf(y, n), rowsOf(dy, n)];
  return w.mul(rows, w.sub(given, w.reduce('sum', w.mul(given, rows))));
}

/** dx = dy − eʸ Σ dy */
export function logSoftmaxGrad(w: Workspace, y: Block, dy: Block, n: number): Block {
  const given = rowsOf(dy, n);
  return w.sub(given, w.mul(w.unary('exp', rowsOf(y, n)), w.reduce('sum', given)));
}

/** Targets as floats `[R, 1]`, and 1 at each row's target `[R, V]`. */
function hits(w: Workspace, targets: Block, V: number): { ids: Block; hit: Block } {
  const ids = w.floats(targets, [sizeOf(targets.shape), 1]);
  return { ids, hit: w.binary('equal', w.positions(V), ids) };
}

/** `x` with 0 in rows without a target, and NaN in those of a target that there is not. */
function counted(w: Workspace, x: Block, ids: Block, V: number): Block {
  const known = w.select(w.binary('less', ids, V), x, Number.NaN, x.shape);
  return w.select(w.binary('less', ids, 0), 0, known, x.shape);
}

export function crossEntropy(w: Workspace, logits: Block, targets: Block): { losses: Block; logNormaliser: Block } {
  const rows = rowsOf(logits);
  const V = rows.shape[1];
  const { largest, logSum } = normalised(w, rows);
  const { ids, hit } = hits(w, targets, V);
  // From the largest, not from the normaliser, whose digits would be lost where the target is nearly certain.
  const below = w.reduce('sum', w.select(hit, w.sub(largest, rows), 0, rows.shape));
  return { losses: counted(w, w.add(logSum, below), ids, V), logNormaliser: w.add(largest, logSum) };
}

export function crossEntropyGrad(
  w: Workspace,
  logits: Block,
  targets: Block,
  logNormaliser: Block,
  dLosses: Block,
): Block {
  const rows = rowsOf(logits);
  const [R, V] = rows.shape;
  const { ids, hit } = hits(w, targets, V);
  const probabilities = w.unary('exp', w.sub(rows, reshaped(logNormaliser, [R, 1])));
  return counted(w, w.mul(reshaped(dLosses, [R, 1]), w.sub(probabilities, hit)), ids, V);
}

export function layerNorm(
  w: Workspace,
  { x, gain, bias, y, mean, inverseDeviation, centred, epsilon }: LayerNormForward,
): void {
  const rows = rowsOf(x);
  const share = 1 / rows.shape[1];
  const mu = w.mul(w.reduce('sum', rows), centred ? share : 0);
  const distance = w.sub(rows, mu);
  const variance = w.mul(w.reduce('sum', w.unary('square', distance)), share);
  const inverse = w.unary('reciprocal', w.unary('sqrt', w.add(variance, epsilon)));
  const normal = w.mul(distance, inverse);
  const scaled = gain ? w.mul(normal, gain) : normal;
  w.put(mu, mean);
  w.put(inverse, inverseDeviation);
  w.put(bias ? w.add(scaled, bias) : scaled, y);
}

/** With d = gain ⊙ dy: dx = (d − mean(d) − x̂ · mean(d⊙x̂)) / √(variance + ε). */
export function layerNormGrad(w: Workspace, given: LayerNormBackward): void {
  const [rows, dy] = [rowsOf(given.x), rowsOf(given.dy)];
  const [R, n] = rows.shape;
  const inverse = reshaped(given.inverseDeviation, [R, 1]);
  const normal = w.mul(w.sub(rows, reshaped(given.mean, [R, 1])), inverse);
  const d = given.gain ? w.mul(dy, given.gain) : dy;
  const mean = (x: Block): Block => w.mul(w.reduce('sum', x), 1 / n);
  const around = given.centred ? w.sub(d, mean(d)) : d;
  w.put(w.mul(w.sub(around, w.mul(normal, mean(w.mul(d, normal)))), inverse), given.dx);
  if (given.dGain) w.addTo(w.reduce('sum', w.mul(dy, normal), 0), given.dGain);
  if (given.dBias) w.addTo(w.reduce('sum', dy, 0), given.dBias);
}
