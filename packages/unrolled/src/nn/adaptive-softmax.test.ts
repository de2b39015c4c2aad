import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { AdaptiveSoftmax } from './adaptive-softmax.ts';
import { checkGradients } from './check-gradients.ts';
import { initialiseParameters } from './layer.ts';

const device = createDevice(referenceBackend());

function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => 4 * source.uniform() - 2),
    shape,
  );
}

describe.each([
  [
    [3],
    [
      [0, 2, 3],
      [9, -1, 5],
    ],
  ],
  [
    [2, 5, 8],
    [
      [0, 1, 2],
      [4, 9, 8],
    ],
  ],
  [
    [4, 6],
    [
      [0, 3, 1],
      [2, -1, 0],
    ],
  ],
])('adaptive softmax, cut at %j', (cutoffs, targets) => {
  const layer = new AdaptiveSoftmax({ classes: 10, cutoffs, divisor: 2 });
  const parameters = initialiseParameters(layer, [-1, -1, 6], device, 1);
  const x = random([2, 3, 6], 2);

  test('has the parameters of PyTorch, smaller for rarer classes', () => {
    const shapes = Object.fromEntries(Array.from(parameters, ({ name, shape }) => [name, shape]));
    expect(shapes['head.weight']).toEqual([cutoffs[0] + cutoffs.length, 6]);
    cutoffs.forEach((start, i) => {
      const width = [3, 1, 1][i];
      expect(shapes[`tail.${i}.0.weight`]).toEqual([width, 6]);
      expect(shapes[`tail.${i}.1.weight`]).toEqual([(cutoffs[i + 1] ?? 10) - start, width]);
    });
  });

  test('probabilities of all classes have the sum 1, and losses are theirs', () => {
    const logs = layer.apply(x).toArray() as number[][][];
    const losses = layer.losses(x, device.ids(targets)).toArray() as number[][];
    targets.forEach((row, t) => {
      row.forEach((target, b) => {
        expect(logs[t][b]).toHaveLength(10);
        expect(logs[t][b].reduce((total, log) => total + Math.exp(log), 0)).toBeCloseTo(1, 12);
        expect(losses[t][b]).toBeCloseTo(target < 0 ? 0 : -logs[t][b][target], 12);
      });
    });
  });

  test('gradients are those of central differences', async () => {
    const loss = (input: Tensor): Tensor => sum(mul(layer.losses(input, device.ids(targets)), random([2, 3], 5)));
    expect(await gradientError([x], ([input]) => loss(input))).toBeLessThan(1e-6);
    expect((await checkGradients(parameters, () => loss(x))).error).toBeLessThan(1e-6);
  });
});

test('what cannot be is refused', () => {
  for (const cutoffs of [[], [0], [5, 5], [10], [2.5]]) {
    expect(() => new AdaptiveSoftmax({ classes: 10, cutoffs })).toThrow(ConfigError);
  }
  const layer = new AdaptiveSoftmax({ classes: 10, cutoffs: [3] });
  initialiseParameters(layer, [-1, 4], device, 1);
  expect(() => layer.losses(random([2, 4], 1), device.ids([1, 10]))).toThrow(ShapeError);
  expect(() => layer.losses(random([2, 4], 1), device.ids([1]))).toThrow('one target below 10 for each row');
});

test('the initial spread of its logits does not shrink with the number of classes', () => {
  const spread = (classes: number): number => {
    const layer = new AdaptiveSoftmax({ classes, cutoffs: [classes / 2], divisor: 1 });
    initialiseParameters(layer, [-1, 16], device, 1);
    const logs = Array.from(layer.apply(device.full([1, 16], 1)).data()).slice(0, classes / 2);
    const mean = logs.reduce((total, log) => total + log, 0) / logs.length;
    return Math.sqrt(logs.reduce((total, log) => total + (log - mean) ** 2, 0) / logs.length);
  };
  expect(spread(8000)).toBeGreaterThan(0.9 * spread(1000));
});
