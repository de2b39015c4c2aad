import type { Floats } from './memory.ts';

export interface LayerNormArrays {
  readonly x: Floats; // [R, n]
  readonly gain: Floats | null; // [n]
  readonly mean: Floats; // [R]
  readonly inverseDeviation: Floats; // [R]
}

/** y = gain ⊙ x̂ + bias with x̂ = (x − mean)/√(variance + ε), the variance over n (not n − 1); not `centred`, the mean counts as 0. */
export function layerNorm(
  arrays: LayerNormArrays & { readonly bias: Floats | null; readonly y: Floats },
  n: number,
  centred: boolean,
  epsilon: number,
): void {
  const { x, gain, bias, y, mean, inverseDeviation } = arrays;
  for (let r = 0; r < mean.length; r++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += x[r * n + j];
    const mu = centred ? sum / n : 0;
    let squares = 0;
    for (let j = 0; j < n; j++) squares += (x[r * n + j] - mu) ** 2;
    const inverse = 1 / Math.sqrt(squares / n + epsilon);
    mean[r] = mu;
    inverseDeviation[r] = inverse;
    for (let j = 0; j < n; j++) {
      const normal = (x[r * n + j] - mu) * inverse;
      y[r * n + j] = normal * (gain?.[j] ?? 1) + (bias?.[j] ?? 0);
    }
  }
}

/** With d = gain ⊙ dy: dx = (d − mean(d) − x̂ · mean(d⊙x̂)) / √(variance + ε). */
export function layerNormGrad(
  arrays: LayerNormArrays & {
    readonly dy: Floats;
    readonly dx: Floats;
    readonly dGain: Floats | null;
    readonly dBias: Floats | null;
  },
  n: number,
  centred: boolean,
): void {
  const { x, gain, mean, inverseDeviation, dy, dx, dGain, dBias } = arrays;
  for (let r = 0; r < mean.length; r++) {
    const normal = (j: number) => (x[r * n + j] - mean[r]) * inverseDeviation[r];
    const d = (j: number) => dy[r * n + j] * (gain?.[j] ?? 1);
    let sum = 0;
    let dot = 0;
    for (let j = 0; j < n; j++) {
      sum += d(j);
      dot += d(j) * normal(j);
      if (dGain !== null) dGain[j] += dy[r * n + j] * normal(j);
      if (dBias !== null) dBias[j] += dy[r * n + j];
    }
    const shift = centred ? sum / n : 0;
    for (let j = 0; j < n; j++) dx[r * n + j] = (d(j) - shift - (normal(j) * dot) / n) * inverseDeviation[r];
  }
}
