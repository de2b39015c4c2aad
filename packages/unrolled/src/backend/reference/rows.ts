import type { Floats } from './memory.ts';

/** log Σ exp(x) over x[start … start+n), from the maximum down so that nothing overflows. */
function logSumExp(x: Floats, start: number, n: number): number {
  let max = Number.NEGATIVE_INFINITY;
  for (let j = 0; j < n; j++) max = Math.max(max, x[start + j]);
  let sum = 0;
  for (let j = 0; j < n; j++) sum += Math.exp(x[start + j] - max);
  return max + Math.log(sum);
}

export function softmax(x: Floats, out: Floats, n: number): void {
  for (let row = 0; row < x.length; row += n) {
    const normaliser = logSumExp(x, row, n);
    for (let j = 0; j < n; j++) out[row + j] = Math.exp(x[row + j] - normaliser);
  }
}

export function logSoftmax(x: Floats, out: Floats, n: number): void {
  for (let row = 0; row < x.length; row += n) {
    const normaliser = logSumExp(x, row, n);
    for (let j = 0; j < n; j++) out[row + j] = x[row + j] - normaliser;
  }
}

/** dx = y ⊙ (dy − Σ dy⊙y) */
export function softmaxGrad(y: Floats, dy: Floats, dx: Floats, n: number): void {
  for (let row = 0; row < y.length; row += n) {
    let dot = 0;
    for (let j = 0; j < n; j++) dot += dy[row + j] * y[row + j];
    for (let j = 0; j < n; j++) dx[row + j] = y[row + j] * (dy[row + j] - dot);
  }
}

/** dx = dy − eʸ Σ dy */
export function logSoftmaxGrad(y: Floats, dy: Floats, dx: Floats, n: number): void {
  for (let row = 0; row < y.length; row += n) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += dy[row + j];
    for (let j = 0; j < n; j++) dx[row + j] = dy[row + j] - Math.exp(y[row + j]) * sum;
  }
}

export function crossEntropy(
  logits: Floats,
  targets: Int32Array,
  losses: Floats,
  logNormaliser: Floats,
  V: number,
): void {
  for (let i = 0; i < targets.length; i++) {
    const normaliser = logSumExp(logits, i * V, V);
    logNormaliser[i] = normaliser;
    losses[i] = targets[i] < 0 ? 0 : targets[i] < V ? normaliser - logits[i * V + targets[i]] : Number.NaN;
  }
}

/** dLogits = dLoss · (softmax(logits) − onehot(target)); 0 where the target is negative, NaN where it is not below V. */
export function crossEntropyGrad(
  logits: Floats,
  targets: Int32Array,
  logNormaliser: Floats,
  dLosses: Floats,
  dLogits: Floats,
  V: number,
): void {
  for (let i = 0; i < targets.length; i++) {
    for (let j = 0; j < V; j++) {
      const hit = j === targets[i] ? 1 : 0;
      const p = Math.exp(logits[i * V + j] - logNormaliser[i]);
      dLogits[i * V + j] = targets[i] < 0 ? 0 : targets[i] < V ? dLosses[i] * (p - hit) : Number.NaN;
    }
  }
}

export function gather(table: Floats, ids: Int32Array, out: Floats, n: number): void {
  for (let i = 0; i < ids.length; i++) {
    const within = ids[i] >= 0 && (ids[i] + 1) * n <= table.length;
    for (let j = 0; j < n; j++) out[i * n + j] = within ? table[ids[i] * n + j] : Number.NaN;
  }
}

export function scatterAdd(dOut: Floats, ids: Int32Array, dTable: Floats, n: number): void {
  for (let i = 0; i < ids.length; i++) {
    if (ids[i] < 0 || (ids[i] + 1) * n > dTable.length) continue;
    for (let j = 0; j < n; j++) dTable[ids[i] * n + j] += dOut[i * n + j];
  }
}
