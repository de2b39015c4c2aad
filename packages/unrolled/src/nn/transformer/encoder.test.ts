import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ConfigError, ShapeError } from '../../errors.ts';
import { concat, createDevice, slice } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkGradients } from '../check-gradients.ts';
import { inference, initialiseParameters } from '../layer.ts';
import { TransformerEncoder, type TransformerEncoderOptions } from './encoder.ts';

const device = createDevice(referenceBackend());
const E = 8;

function random(shape: readonly number[], seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => source.normal()),
    shape,
  );
}

function built(options: Partial<TransformerEncoderOptions>) {
  const layer = new TransformerEncoder({ layers: 2, heads: 2, ...options });
  const shape = options.vocabularySize ? [-1, -1] : [-1, -1, E];
  return { layer, parameters: initialiseParameters(layer, shape, device, 3) };
}

const variants: Record<string, Partial<TransformerEncoderOptions>> = {
  'rotary positions, pre-norm': {},
  "BERT's": { positions: 'learnt', context: 9, postNorm: true, inputNorm: true, epsilon: 1e-12 },
  "Vaswani's": { positions: 'sinusoidal', postNorm: true, activation: 'relu' },
};

describe.each(Object.entries(variants))('an encoder with %s', (_, options) => {
  const { layer } = built(options);
  const xs = random([6, 3, E], 1);

  test('reads rows of different lengths in a batch as each alone', () => {
    const lengths = [6, 2, 4];
    const together = layer.apply({ xs, lengths }, inference);
    for (const [b, length] of lengths.entries()) {
      const own = layer.apply({ xs: slice(slice(xs, 1, b, b + 1), 0, 0, length) }, inference).data();
      const found = slice(slice(together, 1, b, b + 1), 0, 0, length).data();
      found.forEach((value, i) => {
        expect(value).toBeCloseTo(own[i], 12);
      });
    }
  });

  test('sees what comes after a step, too', () => {
    const other = concat([slice(xs, 0, 0, 5), random([1, 3, E], 2)]);
    const [first, second] = [xs, other].map((one) => slice(layer.apply({ xs: one }, inference), 0, 0, 1).data());
    expect(Math.abs(first[0] - second[0])).toBeGreaterThan(1e-4);
  });

  test('knows where a step is', () => {
    const parts = [0, 1, 2, 3, 4, 5].map((t) => slice(xs, 0, t, t + 1));
    const swapped = concat([0, 2, 1, 3, 4, 5].map((t) => parts[t]));
    const [first, second] = [xs, swapped].map((one) => slice(layer.apply({ xs: one }, inference), 0, 0, 1).data());
    expect(Math.abs(first[0] - second[0])).toBeGreaterThan(1e-4);
  });

  test('has the gradients of central differences', async () => {
    const small = built({ ...options, layers: 1 });
    const weights = random([6, 3, E], 2);
    // What is computed of padding is part of no loss.
    const loss = (): Tensor =>
      slice(small.layer.apply({ xs, lengths: [6, 5, 5] }, inference).mul(weights), 0, 0, 5).sum();
    expect((await checkGradients(small.parameters, loss, { most: 4 })).error).toBeLessThan(1e-6);
  });
});

test('ids have the vectors of its table', () => {
  const { layer, parameters } = built({ vocabularySize: 5, dimension: E, positions: 'none' });
  expect(parameters.names.slice(0, 1)).toEqual(['embedding.weight']);
  const ids = device.ids([3, 0, 4, 1], [2, 2]);
  const { layer: same, parameters: others } = built({ positions: 'none' });
  for (const { name, value } of others) device.backend.copy(parameters.get(name), value);
  const xs = device.tensor(
    Float64Array.from([3, 0, 4, 1].flatMap((id) => [...slice(layer.table, 0, id, id + 1).data()])),
    [2, 2, E],
  );
  expect([...layer.apply({ xs: ids }, inference).data()]).toEqual([...same.apply({ xs }, inference).data()]);
});

test('shows the weights of every head, which see no padding', () => {
  const { layer } = built({});
  const maps: Tensor[] = [];
  layer.run({ xs: random([4, 2, E], 1), lengths: [4, 2] }, inference, { seen: (_, weights) => maps.push(weights) });
  expect(maps.map(({ shape }) => shape)).toEqual([1, 2].map(() => [2, 2, 4, 4]));
  expect([...slice(maps[0], 0, 1, 2).data()].filter((_, i) => i % 4 >= 2)).toEqual(new Array(16).fill(0));
});

test('says what cannot work', () => {
  const { layer } = built({ positions: 'learnt', context: 4 });
  expect(() => layer.apply({ xs: random([5, 1, E], 1) }, inference)).toThrow(ShapeError);
  expect(() => layer.apply({ xs: random([5, 1, E], 1) }, inference)).toThrow('of at most 4 steps, received [5, 1, 8]');
  expect(() => layer.apply({ xs: random([3, 2, E], 1), lengths: [3, 0] }, inference)).toThrow('from 1 to 3');
  expect(() => layer.table).toThrow(ConfigError);
  expect(() => built({ vocabularySize: 4 })).toThrow('belong together');
  expect(() => built({ positions: 'learnt' })).toThrow('learnt positions need to know how many there are');
});
