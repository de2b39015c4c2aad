import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { openDevice } from '../device.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { initialiseParameters } from './layer.ts';
import { AttentionPooling, type Pooling, pool, poolings } from './pooling.ts';

const exact = createDevice(referenceBackend({ float: 'float64' }));

function random(shape: Shape, seed: number, device = exact): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => 4 * source.uniform() - 2),
    shape,
  );
}

const [T, B, F] = [5, 3, 2];
const lengths = [5, 1, 3];
const xs = random([T, B, F], 1);

/** The numbers of one feature of one row, up to its length. */
const column = (b: number, f: number, length: number): number[] =>
  (xs.toArray() as number[][][]).slice(0, length).map((rows) => rows[b][f]);
const byHand: Record<Pooling, (values: number[]) => number> = {
  last: (values) => values.at(-1)!,
  mean: (values) => values.reduce((a, b) => a + b) / values.length,
  max: (values) => Math.max(...values),
};

describe.each(poolings)('%s', (kind) => {
  test.each([[lengths], [null]])('over the steps that count, lengths %j', (given) => {
    const pooled = pool(kind, xs, given);
    expect(pooled.shape).toEqual([B, F]);
    pooled.data().forEach((value, i) => {
      const [b, f] = [Math.floor(i / F), i % F];
      expect(value).toBeCloseTo(byHand[kind](column(b, f, given?.[b] ?? T)), 14);
    });
  });

  test('has the gradient of central differences, which is 0 beyond the end', async () => {
    const loss = ([x]: readonly Tensor[]): Tensor => sum(mul(pool(kind, x, lengths), random([B, F], 9)));
    expect(await gradientError([xs], loss)).toBeLessThan(1e-6);
  });
});

test('attention pooling is a weighted mean, with the gradient of central differences', async () => {
  const layer = new AttentionPooling({ units: 4 });
  const parameters = initialiseParameters(layer, [-1, -1, F], exact, 1);
  expect(parameters.names).toEqual(['key.weight', 'key.bias', 'score.weight']);
  const { pooled, weights } = layer.run(xs, lengths);
  const shares = weights.toArray() as number[][];
  const rows = xs.toArray() as number[][][];
  for (let b = 0; b < B; b++) {
    expect(shares[b].reduce((a, x) => a + x)).toBeCloseTo(1, 12);
    expect(shares[b].slice(lengths[b]).every((x) => x === 0)).toBe(true);
    for (let f = 0; f < F; f++) {
      const expected = shares[b].reduce((total, share, t) => total + share * rows[t][b][f], 0);
      expect((pooled.toArray() as number[][])[b][f]).toBeCloseTo(expected, 12);
    }
  }
  const key = parameters.get('key.weight').toArray() as number[][];
  const score = (parameters.get('score.weight').toArray() as number[][])[0];
  const e = [0, 1, 2].map((t) =>
    Math.exp(
      score.reduce((total, v, a) => total + v * Math.tanh(key[a][0] * rows[t][2][0] + key[a][1] * rows[t][2][1]), 0),
    ),
  );
  expect(shares[2][1]).toBeCloseTo(e[1] / (e[0] + e[1] + e[2]), 12);
  const inputs = [xs, ...parameters].map((x) => ('value' in x ? x.value.detach() : x));
  const error = await gradientError(inputs, ([x, ...values]) => {
    [...parameters].forEach((parameter, i) => {
      parameter.value = values[i];
    });
    return sum(mul(layer.run(x, lengths).pooled, random([B, F], 9)));
  });
  expect(error).toBeLessThan(1e-6);
});

describe('on the wasm backend', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice('wasm', { threads: 1 });
  });
  afterAll(() => device.close());

  test.each([...poolings, 'attention'] as const)('%s: a row is the same to the bit alone and padded', (kind) => {
    const layers = [1, 5].map((features) => {
      const layer = new AttentionPooling();
      initialiseParameters(layer, [-1, -1, features], device, 1);
      return layer;
    });
    const apply = (x: Tensor, lengths?: number[]): Tensor =>
      kind === 'attention' ? layers[x.shape[2] === 1 ? 0 : 1].run(x, lengths).pooled : pool(kind, x, lengths);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 600 }), { minLength: 1, maxLength: 4 }),
        fc.constantFrom(1, 5),
        fc.integer(),
        (lengths, features, seed) => {
          device.scope(() => {
            const x = random([Math.max(...lengths) + 3, lengths.length, features], seed, device);
            const whole = apply(x, lengths);
            lengths.forEach((length, b) => {
              const alone = apply(x.slice(0, 0, length).slice(1, b, b + 1));
              expect(whole.at(b).data()).toEqual(alone.at(0).data());
            });
          });
        },
      ),
      { numRuns: 20 },
    );
  });
});

test('what does not fit is refused', () => {
  expect(() => pool('sum' as 'mean', xs)).toThrow(ConfigError);
  expect(() => pool('mean', xs, [5, 1, 0])).toThrow(ShapeError);
  expect(() => pool('max', exact.zeros([0, 2, 3]))).toThrow('at least one step');
});
