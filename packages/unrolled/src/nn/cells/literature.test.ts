import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { createDevice } from '../../ops/create-device.ts';
import { Random } from '../../random.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { Declarations, Parameters } from '../parameters.ts';
import { type Cell, type CellConfig, cellNames, createCell } from './index.ts';
import { linearScan } from './scan.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));

function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => source.normal()),
    shape,
  );
}

function build(config: CellConfig, features: number): { cell: Cell; parameters: Parameters } {
  const cell = createCell(config);
  const declarations = new Declarations();
  cell.build(features, declarations);
  const parameters = new Parameters(device, declarations.declared, 3);
  device.backend.axpy(0.5, random([parameters.size], 4), parameters.values);
  return { cell, parameters };
}

// ── the published equations once more, in plain loops over one row ───────────────────────────────────────

type Vector = readonly number[];
type Vectors = Record<string, Vector>;
type Matrix = readonly Vector[];

const sigma = (x: number): number => 1 / (1 + Math.exp(-x));
const relu = (x: number): number => Math.max(0, x);
const zip = (f: (...x: number[]) => number, ...vectors: Vector[]): Vector =>
  vectors[0].map((_, k) => f(...vectors.map((vector) => vector[k])));
const sum = (...vectors: Vector[]): Vector => zip((...x) => x.reduce((a, b) => a + b), ...vectors);
const product = zip.bind(null, (a, b) => a * b);
const times = (matrix: Matrix, x: Vector): Vector =>
  matrix.map((row) => row.reduce((total, weight, k) => total + weight * x[k], 0));
/** Columns from `start` to `end` of a matrix. */
const columns = (matrix: Matrix, start: number, end?: number): Matrix => matrix.map((row) => row.slice(start, end));

interface Weights {
  /** A weight matrix. */
  w(name: string): Matrix;
  /** A vector of weights or biases. */
  b(name: string): Vector;
}

type Step = (x: Vector, state: Vectors, weights: Weights) => Vectors & { output: Vector };

const replaced = (h: Vector, n: Vector, z: Vector) => {
  const next = zip((h, n, z) => n * z + h * (1 - z), h, n, z);
  return { h: next, output: next };
};

/** [F, H] → one step, by cell. */
const equations: Record<string, { readonly config: CellConfig; readonly F: number; readonly step: Step }> = {};

const [F, H] = [3, 4];
for (const features of [F, H]) {
  const at = { F: features };
  const fitted = (x: Vector, { w }: Weights): Vector => (features === H ? x : times(w('x'), x));
  equations[`mut1 with ${features} features`] = {
    ...at,
    config: { cell: 'mut1', hidden: H },
    step(x, { h }, weights) {
      const { w, b } = weights;
      const z = sum(times(w('z'), x), b('z')).map(sigma);
      const r = sum(times(columns(w('r'), 0, features), x), times(columns(w('r'), features), h), b('r')).map(sigma);
      const hat = fitted(x, weights).map(Math.tanh);
      return replaced(h, sum(times(w('h'), product(r, h)), hat, b('h')).map(Math.tanh), z);
    },
  };
  equations[`mut2 with ${features} features`] = {
    ...at,
    config: { cell: 'mut2', hidden: H },
    step(x, { h }, weights) {
      const { w, b } = weights;
      const z = sum(times(columns(w('z'), 0, features), x), times(columns(w('z'), features), h), b('z')).map(sigma);
      const r = sum(fitted(x, weights), times(w('r'), h), b('r')).map(sigma);
      const n = sum(times(columns(w('h'), 0, H), product(r, h)), times(columns(w('h'), H), x), b('h'));
      return replaced(h, n.map(Math.tanh), z);
    },
  };
}
equations.mut3 = {
  F,
  config: { cell: 'mut3', hidden: H },
  step(x, { h }, { w, b }) {
    const z = sum(times(columns(w('z'), 0, F), x), times(columns(w('z'), F), h.map(Math.tanh)), b('z')).map(sigma);
    const r = sum(times(columns(w('r'), 0, F), x), times(columns(w('r'), F), h), b('r')).map(sigma);
    const n = sum(times(columns(w('h'), 0, H), product(r, h)), times(columns(w('h'), H), x), b('h'));
    return replaced(h, n.map(Math.tanh), z);
  },
};
equations.nas = {
  F,
  config: { cell: 'nas', hidden: H },
  step(x, { c, h }, { w, b }) {
    const [xs, hs] = [times(w('x'), x), sum(times(w('h'), h), b('h'))];
    const next: { c: number[]; h: number[] } = { c: [], h: [] };
    for (let j = 0; j < H; j++) {
      const [p, q] = [(k: number) => xs[k * H + j], (k: number) => hs[k * H + j]];
      const first = [
        sigma(p(0) + q(0)),
        relu(p(1) + q(1)),
        sigma(p(2) + q(2)),
        relu(p(3) * q(3)),
        Math.tanh(p(4) + q(4)),
        sigma(p(5) + q(5)),
        Math.tanh(p(6) + q(6)),
        sigma(p(7) + q(7)),
      ];
      const second = [
        Math.tanh(first[0] * first[1]),
        Math.tanh(first[2] + first[3]),
        Math.tanh(first[4] * first[5]),
        sigma(first[6] + first[7]),
      ];
      next.c.push(Math.tanh(second[0] + c[j]) * second[1]);
      next.h.push(Math.tanh(next.c[j] * Math.tanh(second[2] + second[3])));
    }
    return { ...next, output: next.h };
  },
};
equations.rhn = {
  F,
  config: { cell: 'rhn', hidden: H, depth: 3 } as CellConfig,
  step(x, { h }, { w, b }) {
    let s = h;
    for (let l = 1; l <= 3; l++) {
      const input = l === 1 ? [...x, ...s] : s;
      const n = sum(times(w(`n${l}`), input), b(`n${l}`)).map(Math.tanh);
      const g = sum(times(w(`g${l}`), input), b(`g${l}`)).map(sigma);
      s = zip((n, g, s) => g * n + (1 - g) * s, n, g, s);
    }
    return { h: s, output: s };
  },
};
equations['lstm with peepholes and a projection'] = {
  F,
  config: { cell: 'lstm', hidden: H, peephole: true, projection: 2 } as CellConfig,
  step(x, { h, c }, { w, b }) {
    const gates = sum(times(w('ih'), x), b('ih'), times(w('hh'), h), b('hh'));
    const [i, f, g, o] = [0, 1, 2, 3].map((k) => gates.slice(k * H, (k + 1) * H));
    const [wi, wf, wo] = ['ci', 'cf', 'co'].map((name) => b(`weight_${name}`));
    const cell = zip(
      (i, f, g, c, wi, wf) => sigma(f + wf * c) * c + sigma(i + wi * c) * Math.tanh(g),
      ...[i, f, g, c, wi, wf],
    );
    const full = zip((o, c, wo) => sigma(o + wo * c) * Math.tanh(c), o, cell, wo);
    const next = times(w('hr'), full);
    return { h: next, c: cell, output: next };
  },
};
equations.mingru = {
  F,
  config: { cell: 'mingru', hidden: H },
  step: (x, { h }, { w, b }) => replaced(h, sum(times(w('n'), x), b('n')), sum(times(w('z'), x), b('z')).map(sigma)),
};
equations.minlstm = {
  F,
  config: { cell: 'minlstm', hidden: H },
  step(x, { h }, { w, b }) {
    const [f, i] = ['f', 'i'].map((name) => sum(times(w(name), x), b(name)).map(sigma));
    const n = sum(times(w('n'), x), b('n'));
    const next = zip((f, i, n, h) => (f / (f + i)) * h + (i / (f + i)) * n, f, i, n, h);
    return { h: next, output: next };
  },
};
equations.irnn = {
  F,
  config: { cell: 'irnn', hidden: H },
  step(x, { h }, { w, b }) {
    const next = sum(times(w('ih'), x), b('ih'), times(w('hh'), h), b('hh')).map(relu);
    return { h: next, output: next };
  },
};

describe.each(Object.entries(equations))('%s', (_, { config, F, step }) => {
  test('computes the published equations', () => {
    const { cell, parameters } = build(config, F);
    const weights: Weights = {
      w: (name) => parameters.get(`weight_${name}`).toArray() as Matrix,
      b: (name) => parameters.get(name.includes('_') ? name : `bias_${name}`).toArray() as Vector,
    };
    const like = cell.initialState(1, device);
    const before = Object.fromEntries(
      Object.entries(like).map(([name, part], k) => [name, random(part.shape, 20 + k)]),
    );
    const x = random([1, F], 9);
    const received = cell.step(x, before);
    const row = (tensor: Tensor): Vector => (tensor.toArray() as Matrix)[0];
    const expected = step(
      row(x),
      Object.fromEntries(Object.entries(before).map(([name, part]) => [name, row(part)])),
      weights,
    );
    const found: Record<string, Tensor> = { ...received.state, output: received.output };
    expect(Object.keys(found).sort()).toEqual(Object.keys(expected).sort());
    for (const [name, values] of Object.entries(expected)) {
      for (const [k, value] of row(found[name]).entries()) expect(value, name).toBeCloseTo(values[k], 12);
    }
  });
});

test('every cell has a name that makes it', () => {
  for (const cell of cellNames) expect(createCell(cell, 3).hidden).toBe(3);
});

test('IRNN begins with the scaled identity, no bias and small input weights', () => {
  const cell = createCell({ cell: 'irnn', hidden: 2, scale: 0.5 } as CellConfig);
  const declarations = new Declarations();
  cell.build(300, declarations);
  const parameters = new Parameters(device, declarations.declared, 1);
  expect(parameters.get('weight_hh').toArray()).toEqual([
    [0.5, 0],
    [0, 0.5],
  ]);
  expect([...parameters.get('bias_ih').data(), ...parameters.get('bias_hh').data()]).toEqual([0, 0, 0, 0]);
  const { square, length } = { square: parameters.get('weight_ih').square().sum().item(), length: 600 };
  expect(Math.sqrt(square / length)).toBeCloseTo(0.001, 4);
});

describe.each([1, 2, 3, 5, 8])('the unitary cell of %i units', (units) => {
  const { cell, parameters } = build({ cell: 'unitary', hidden: units }, 2);
  for (const name of ['weight_re', 'weight_im', 'threshold']) device.backend.fill(parameters.get(name), 0);
  const nothing = (rows: number): Tensor => device.zeros([rows, 2]);

  test('has a unitary W', () => {
    const identity = device.tensor(
      Array.from({ length: units * units }, (_, k) => Number(k % (units + 1) === 0)),
      [units, units],
    );
    // Row j of the state afterwards is W e_j: the columns of W.
    const { re, im } = cell.step(nothing(units), { re: identity, im: device.zeros([units, units]) }).state;
    const gram = re.matmul(re, { transposeB: true }).add(im.matmul(im, { transposeB: true }));
    const cross = re.matmul(im, { transposeB: true }).sub(im.matmul(re, { transposeB: true }));
    expect(gram.sub(identity).abs().max().item()).toBeLessThan(1e-6);
    expect(cross.abs().max().item()).toBeLessThan(1e-6);
  });

  test('keeps the norm of its state over many steps', () => {
    const norm = (parts: Readonly<Record<string, Tensor>>): number =>
      Math.hypot(...Object.values(parts).flatMap((part) => [...part.data()]));
    let state: Readonly<Record<string, Tensor>> = { re: random([3, units], 5), im: random([3, units], 6) };
    const before = norm(state);
    for (let t = 0; t < 100; t++) state = cell.step(nothing(3), state).state;
    expect(Math.abs(norm(state) / before - 1)).toBeLessThan(1e-6);
  });
});

test.each([1, 2, 3, 4, 5, 8, 17, 64])('a scan of %i steps is the recurrence, to 1e-12', (T) => {
  const [a, b] = [random([T, 2, 3], 1).sigmoid(), random([T, 2, 3], 2)];
  const scanned = linearScan(a, b);
  let h = device.zeros([2, 3]);
  for (let t = 0; t < T; t++) {
    h = a.at(t).mul(h).add(b.at(t));
    expect(scanned.at(t).sub(h).abs().max().item()).toBeLessThan(1e-12);
  }
});

test('wrong options are named', () => {
  const make = (options: object): (() => Cell) => {
    return () => createCell({ hidden: 4, ...options } as CellConfig);
  };
  expect(make({ cell: 'lstm', projection: 4 })).toThrow(
    'projection must be a whole number from 1, below 4, received 4',
  );
  expect(make({ cell: 'lstm', projection: 0 })).toThrow('received 0');
  expect(make({ cell: 'rhn', depth: 0 })).toThrow('depth must be a whole number from 1, received 0');
});
