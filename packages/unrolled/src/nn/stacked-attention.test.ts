import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { initialiseParameters } from './layer.ts';
import { StackedAttention } from './stacked-attention.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));

function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => 2 * source.normal()),
    shape,
  );
}

const [L, B, U] = [5, 3, 4];
const [query, memory] = [random([B, U], 1), random([L, B, U], 2)];

function create(layers: number) {
  const attention = new StackedAttention({ layers, units: 6 });
  const parameters = initialiseParameters(attention, { query: [-1, U], memory: [L, -1, U] }, device, 3);
  return { attention, parameters };
}

describe('stacked attention', () => {
  test('each layer looks with what was found before: the equations, one row and one place at a time', () => {
    const { attention, parameters } = create(2);
    const { query: result, context, weights } = attention.run({ query, memory });
    const matrix = (name: string) => parameters.get(name).toArray() as number[][];
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((total, x, i) => total + x * b[i], 0);
    const places = memory.toArray() as number[][][];
    for (let b = 0; b < B; b++) {
      let u = (query.toArray() as number[][])[b];
      let found: number[] = [];
      for (const k of [0, 1]) {
        const scores = places.map((at) => {
          const hidden = matrix(`${k}.query.weight`).map((row, a) =>
            Math.tanh(dot(row, u) + dot(matrix(`${k}.key.weight`)[a], at[b])),
          );
          return dot(matrix(`${k}.score.weight`)[0], hidden);
        });
        const powers = scores.map(Math.exp);
        const shares = powers.map((power) => power / powers.reduce((x, y) => x + y));
        found = u.map((_, i) => places.reduce((total, at, l) => total + shares[l] * at[b][i], 0));
        u = u.map((x, i) => x + found[i]);
        shares.forEach((share, l) => {
          expect((weights[k].toArray() as number[][])[b][l]).toBeCloseTo(share, 12);
        });
      }
      u.forEach((x, i) => {
        expect((result.toArray() as number[][])[b][i]).toBeCloseTo(x, 12);
        expect((context.toArray() as number[][])[b][i]).toBeCloseTo(found[i], 12);
      });
    }
  });

  test('weights sum to 1 in every layer, and places beyond a length have exactly 0', () => {
    const lengths = [5, 1, 3];
    for (const one of create(3).attention.run({ query, memory, lengths }).weights) {
      (one.toArray() as number[][]).forEach((row, b) => {
        expect(row.reduce((x, y) => x + y)).toBeCloseTo(1, 12);
        expect(row.slice(lengths[b])).toEqual(new Array(L - lengths[b]).fill(0));
      });
    }
  });

  test('gradients reach query and memory through all layers', async () => {
    const { attention } = create(2);
    const direction = random([B, U], 9);
    const error = await gradientError([query, memory], ([q, m]) =>
      sum(mul(attention.apply({ query: q, memory: m }), direction)),
    );
    expect(error).toBeLessThan(1e-7);
  });

  test('a query of another width than the memory is an error', () => {
    const build = () => initialiseParameters(new StackedAttention(), { query: [-1, 3], memory: [L, -1, U] }, device, 1);
    expect(build).toThrow(ConfigError);
    expect(build).toThrow('a query as wide as the memory, received 3 and 4');
  });
});
