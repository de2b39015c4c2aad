import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { Random } from '../random.ts';
import { createCell } from './cells/registry.ts';
import { type Initialiser, initialise } from './initialisers.ts';
import { initialiseParameters } from './layer.ts';
import { Recurrent, type RecurrentLayerOptions } from './recurrent.ts';

const values = (initialiser: Initialiser, shape: readonly number[], seed = 1): Float64Array =>
  initialise(initialiser, shape, new Random(seed));
const sides = fc.record({ rows: fc.integer({ min: 1, max: 12 }), columns: fc.integer({ min: 1, max: 12 }) });
const deviation = (of: Float64Array): number => Math.sqrt(of.reduce((sum, x) => sum + x * x, 0) / of.length);

/** The largest entry of M·Mᵀ − gain²·I for the rows of M. */
function farFromOrthonormal(matrix: Float64Array, columns: number, gain = 1): number {
  const rows = matrix.length / columns;
  let worst = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < rows; j++) {
      let dot = 0;
      for (let n = 0; n < columns; n++) dot += matrix[i * columns + n] * matrix[j * columns + n];
      worst = Math.max(worst, Math.abs(dot - (i === j ? gain * gain : 0)));
    }
  }
  return worst;
}

describe('orthogonal', () => {
  test('rows are orthonormal in every square block of rows, for all sizes and seeds', () => {
    fc.assert(
      fc.property(sides, fc.integer(), ({ rows, columns }, seed) => {
        const matrix = values({ kind: 'orthogonal' }, [rows, columns], seed);
        for (let row = 0; row < rows; row += columns) {
          const block = matrix.subarray(row * columns, Math.min(row + columns, rows) * columns);
          expect(farFromOrthonormal(block, columns)).toBeLessThan(1e-12);
        }
      }),
    );
  });

  test('a gain stretches every row', () => {
    const matrix = values({ kind: 'orthogonal', gain: 3 }, [5, 8]);
    expect(farFromOrthonormal(matrix, 8, 3)).toBeLessThan(1e-12);
  });
});

test('identity is 1 on the diagonal of every square block of rows', () => {
  expect([...values({ kind: 'identity' }, [4, 2])]).toEqual([1, 0, 0, 1, 1, 0, 0, 1]);
  expect([...values({ kind: 'identity' }, [2, 3])]).toEqual([1, 0, 0, 0, 1, 0]);
});

test.each(['orthogonal', 'identity'] as const)('%s is for matrices only', (kind) => {
  expect(() => values({ kind }, [3])).toThrow(ConfigError);
  expect(() => values({ kind }, [3])).toThrow(`'${kind}' is for matrices, received 1 axes`);
});

test('xavier stays within √(6/(in + out)) and reaches for it, for all sizes', () => {
  fc.assert(
    fc.property(sides, fc.integer(), ({ rows, columns }, seed) => {
      const limit = Math.sqrt(6 / (rows + columns));
      expect(values({ kind: 'xavier' }, [rows, columns], seed).every((x) => x >= -limit && x < limit)).toBe(true);
    }),
  );
  // With a floor it is the same until there are more than five outputs for each input, then ±1/√in.
  const most = (shape: readonly number[]): number =>
    Math.max(...values({ kind: 'xavier', floor: true }, shape).map(Math.abs));
  expect(values({ kind: 'xavier', floor: true }, [40, 8])).toEqual(values({ kind: 'xavier' }, [40, 8]));
  expect(most([4000, 16])).toBeLessThanOrEqual(1 / 4);
  expect(most([4000, 16])).toBeGreaterThan(0.999 / 4);
  const many = values({ kind: 'xavier' }, [100, 200]);
  expect(Math.max(...many)).toBeGreaterThan(0.99 * Math.sqrt(6 / 300));
  expect(Math.min(...many)).toBeLessThan(-0.99 * Math.sqrt(6 / 300));
});

test('uniform, normal and he have the spread that is asked for', () => {
  expect(deviation(values({ kind: 'uniform', limit: 2 }, [100, 100]))).toBeCloseTo(2 / Math.sqrt(3), 1);
  expect(deviation(values({ kind: 'normal', deviation: 0.5 }, [100, 100]))).toBeCloseTo(0.5, 1);
  expect(deviation(values({ kind: 'he' }, [100, 200]))).toBeCloseTo(Math.sqrt(2 / 200), 2);
  // A kernel of 3 × 3 over 20 channels adds 180 numbers.
  expect(deviation(values({ kind: 'he' }, [100, 20, 3, 3]))).toBeCloseTo(Math.sqrt(2 / 180), 2);
});

describe('gates', () => {
  test('are blocks of rows with initialisers of their own', () => {
    const gate = (value: number): Initialiser => ({ kind: 'constant', value });
    expect([...values({ kind: 'gates', gates: [gate(1), gate(2), gate(3)] }, [3, 2])]).toEqual([1, 1, 2, 2, 3, 3]);
    const orthogonal = values({ kind: 'gates', gates: [{ kind: 'orthogonal' }, { kind: 'orthogonal' }] }, [8, 4]);
    expect(farFromOrthonormal(orthogonal.subarray(0, 16), 4)).toBeLessThan(1e-12);
  });

  test('must divide the rows', () => {
    expect(() => values({ kind: 'gates', gates: [{ kind: 'he' }, { kind: 'he' }] }, [3, 2])).toThrow(
      '3 rows do not divide into 2 gates',
    );
  });
});

describe('a new LSTM', () => {
  const device = createDevice(referenceBackend());
  const bias = (cell: RecurrentLayerOptions['cell'], name: string): number[] => [
    ...initialiseParameters(new Recurrent({ cell }), [-1, -1, 2], device, 1).get(name).data(),
  ];

  test('has forget bias 1 and the other biases 0, so that it remembers', () => {
    const lstm = { cell: 'lstm', hidden: 2 } as const;
    expect(bias(lstm, 'bias_ih_l0')).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect(bias(lstm, 'bias_hh_l0')).toEqual([0, 0, 0, 0, 0, 0, 0, 0]);
  });

  test('with chrono begins with times over which it forgets: b_f = log u, b_i = −log u', () => {
    const H = 200;
    const values = bias({ cell: 'lstm', hidden: H, chrono: 100 }, 'bias_ih_l0');
    const [input, forget, rest] = [values.slice(0, H), values.slice(H, 2 * H), values.slice(2 * H)];
    expect(forget).toEqual(input.map((value) => -value));
    expect(rest.every((value) => value === 0)).toBe(true);
    const times = forget.map(Math.exp);
    expect(Math.min(...times)).toBeGreaterThanOrEqual(1);
    expect(Math.max(...times)).toBeLessThan(99.001);
    expect(times.reduce((sum, time) => sum + time, 0) / H).toBeCloseTo(50, -1);
  });

  test('is told its forget bias once', () => {
    expect(() => createCell({ cell: 'lstm', hidden: 4, chrono: 50, forgetBias: 2 })).toThrow(/leave one of them out/);
  });

  test('a GRU with chrono keeps likewise, whatever its z means', () => {
    for (const [update, sign] of [
      ['keep', 1],
      ['replace', -1],
    ] as const) {
      const values = bias({ cell: 'gru', hidden: 3, update, chrono: 50 }, 'bias_ih_l0').map((value) => sign * value);
      expect(values.slice(3, 6).every((value) => value > 0 && value < Math.log(49))).toBe(true);
      expect([...values.slice(0, 3), ...values.slice(6)].every((value) => value === 0)).toBe(true);
    }
  });

  test('has the forget bias it is given', () => {
    const lstm = { cell: 'lstm', hidden: 1, forgetBias: 2.5 } as const;
    expect(bias(lstm, 'bias_ih_l0')).toEqual([0, 2.5, 0, 0]);
  });
});
