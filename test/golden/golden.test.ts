import { describe, expect, test } from 'vitest';
import { loadLosses, loadMinimalCharRnn, loadOptimizers, loadRecurrent, loadTraining, recurrentKinds } from './load.ts';
import { initialWeights } from './minimal-char-rnn.ts';

const fixtures = {
  ...Object.fromEntries(recurrentKinds.map((kind) => [kind, loadRecurrent(kind)])),
  training: loadTraining(),
  optimizers: loadOptimizers(),
  losses: loadLosses(),
  minimalCharRnn: loadMinimalCharRnn(),
};

/** Calls `visit` for every {shape, data} and every number outside of one. */
function walk(value: unknown, path: string, visit: (path: string, shape: number[], data: number[]) => void): void {
  if (typeof value === 'number') visit(path, [1], [value]);
  if (typeof value !== 'object' || value === null) return;
  if ('shape' in value && 'data' in value) visit(path, value.shape as number[], value.data as number[]);
  else for (const [key, inner] of Object.entries(value)) walk(inner, `${path}.${key}`, visit);
}

describe.each(Object.entries(fixtures))('%s', (name, fixture) => {
  test('every tensor holds as many finite numbers as its shape says', () => {
    walk(fixture, name, (path, shape, data) => {
      expect(data.length, path).toBe(shape.reduce((n, side) => n * side, 1));
      expect(data.every(Number.isFinite), path).toBe(true);
    });
  });
});

describe.each(recurrentKinds)('%s', (kind) => {
  test.each(loadRecurrent(kind).cases)('$name: the shapes are those of the configuration', (golden) => {
    const { T, B, inputSize: F, hiddenSize: H, layers, bidirectional } = golden.config;
    const D = bidirectional ? 2 : 1;
    expect(golden.inputs.x.shape).toEqual([T, B, F]);
    const width = kind === 'lstm-projected' ? Math.floor(H / 2) : H;
    expect(golden.results.output.shape).toEqual([T, B, D * width]);
    expect(golden.results.h_n.shape).toEqual([layers * D, B, width]);
    expect('c_n' in golden.results).toBe(kind.startsWith('lstm'));
    for (const [name, { shape }] of Object.entries({ ...golden.parameters, x: golden.inputs.x })) {
      expect(golden.gradients[name].shape, name).toEqual(shape);
    }
  });

  test.each(loadRecurrent(kind).cases)('$name: inputs are the same numbers in float32 and float64', (golden) => {
    walk([golden.parameters, golden.inputs, golden.lossWeights], kind, (path, _, data) => {
      expect(Array.from(Float32Array.from(data)), path).toEqual(data);
    });
  });
});

test('clipping acts on some steps of the training run and leaves others alone', () => {
  const { gradientNorms, maxNorm } = loadTraining();
  expect(Math.max(...gradientNorms)).toBeGreaterThan(maxNorm);
  expect(Math.min(...gradientNorms)).toBeLessThan(maxNorm);
});

test('the initial weights of the minimal character model are the same here as in numpy', () => {
  const golden = loadMinimalCharRnn();
  const weights = initialWeights(golden);
  for (const name of ['Wxh', 'Whh', 'Why'] as const) {
    for (const [i, w] of golden.initialFirst[name].entries()) expect(weights[name][i]).toBeCloseTo(w, 13);
    const sum = weights[name].reduce((a, b) => a + b, 0);
    expect(sum, name).toBeCloseTo(golden.initialSums[name], 10);
  }
});
