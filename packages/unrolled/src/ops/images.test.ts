import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { createDevice } from './create-device.ts';
import * as ops from './index.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));

function random(shape: Shape, seed = 1): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Float64Array.from({ length: sizeOf(shape) }, () => source.normal()),
    shape,
  );
}

/** The largest difference of two tensors of one shape. */
function apart(a: Tensor, b: Tensor): number {
  expect(a.shape).toEqual(b.shape);
  return Math.max(...a.data().map((value, i) => Math.abs(value - b.data()[i])));
}

describe('convolution', () => {
  test('with a shifted delta shifts', () => {
    const x = random([1, 4, 5, 1]);
    const delta = device.tensor([0, 0, 0, 0, 0, 1, 0, 0, 0], [1, 1, 3, 3]);
    const y = ops.conv2d(x, delta, null, { padding: 'same' });
    // The tap right of the centre: each output is its right neighbour.
    const shifted = ops.pad(ops.slice(x, 2, 1), [
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 0],
    ]);
    expect(apart(y, shifted)).toBe(0);
  });

  test('of 1×1 is a product with the weights', () => {
    const [x, w] = [random([2, 3, 4, 5]), random([6, 5], 2)];
    expect(apart(ops.conv2d(x, ops.reshape(w, [6, 5, 1, 1])), ops.linear(x, w))).toBeLessThan(1e-12);
  });

  test('in groups is a convolution of each', () => {
    const [x, w] = [random([1, 5, 5, 6]), random([4, 3, 3, 3], 2)];
    const parts = [0, 1].map((g) => ops.conv2d(ops.slice(x, 3, 3 * g, 3 * g + 3), ops.slice(w, 0, 2 * g, 2 * g + 2)));
    expect(apart(ops.conv2d(x, w, null, { groups: 2 }), ops.concat(parts, 3))).toBeLessThan(1e-12);
  });

  test("'same' gives ⌈extent/stride⌉ rows and columns, the odd one of the padding below and right", () => {
    const ones = device.ones([1, 1, 3, 3]);
    expect(ops.conv2d(random([1, 7, 6, 1]), ones, null, { padding: 'same', stride: 2 }).shape).toEqual([1, 4, 3, 1]);
    const y = ops.conv2d(device.ones([1, 6, 6, 1]), ones, null, { padding: 'same', stride: 2 });
    expect([...y.data()]).toEqual([9, 9, 6, 9, 9, 6, 6, 6, 4]);
  });

  test('scale, bias and activation follow it, in this order', () => {
    const [x, w, scale, bias] = [random([1, 4, 4, 2]), random([3, 2, 3, 3], 2), random([3], 3), random([3], 4)];
    const apartFrom = ops.relu(ops.add(ops.mul(ops.conv2d(x, w), scale), bias));
    expect(apart(ops.conv2d(x, w, bias, { scale, activation: 'relu' }), apartFrom)).toBeLessThan(1e-12);
  });

  test('over time sees the steps of its own row only, and no later ones where it is causal', () => {
    const [x, w] = [random([5, 2, 3]), random([4, 3, 2], 2)];
    const y = ops.conv1d(x, w, null, { padding: 'causal', dilation: 2 });
    expect(y.shape).toEqual([5, 2, 4]);
    const changed = ops.mul(x, device.tensor([1, 1, 1, 0, 1, 1, 1, 1, 1, 1], [5, 2, 1]));
    const difference = ops.sum(ops.abs(ops.sub(ops.conv1d(changed, w, null, { padding: 'causal', dilation: 2 }), y)), {
      axes: 2,
    });
    // Step 1 of row 1 is seen at steps 1 and 3.
    expect([...difference.data()].map((d) => d > 0)).toEqual([0, 0, 0, 1, 0, 0, 0, 1, 0, 0].map(Boolean));
  });

  test('transposed is the gradient of the convolution with the same weights', () => {
    const [x, w] = [random([1, 3, 4, 5]), random([5, 2, 3, 3], 2)];
    const y = ops.convTranspose2d(x, w, null, { stride: 2, padding: 1, outputPadding: 1 });
    expect(y.shape).toEqual([1, 6, 8, 2]);
    // ⟨conv(z), x⟩ = ⟨z, convᵀ(x)⟩
    const z = random(y.shape, 3);
    const left = ops.sum(ops.mul(ops.conv2d(z, w, null, { stride: 2, padding: 1 }), x)).item();
    expect(left).toBeCloseTo(ops.sum(ops.mul(z, y)).item(), 10);
  });
});

describe('pooling', () => {
  test('knows PyTorch’s ceil_mode: the last window begins within the image', () => {
    const x = device.tensor([1, 2, 3, 4, 5, 6, 7], [1, 7, 1, 1]);
    const pool = (kernel: number, stride: number): number[] => [
      ...ops.maxPool2d(x, { kernel: [kernel, 1], stride: [stride, 1], ceil: true }).data(),
    ];
    expect(pool(3, 2)).toEqual([3, 5, 7]);
    expect(pool(2, 2)).toEqual([2, 4, 6, 7]);
    expect(pool(2, 4)).toEqual([2, 6]);
  });

  test('of averages leaves padding out unless it counts', () => {
    const x = device.ones([1, 2, 2, 1]);
    const options = { kernel: 2, stride: 1, padding: 1 } as const;
    expect([...ops.averagePool2d(x, options).data()]).toEqual(new Array(9).fill(1));
    const counted = ops.averagePool2d(x, { ...options, countPadding: true });
    expect([...counted.data()]).toEqual([0.25, 0.5, 0.25, 0.5, 1, 0.5, 0.25, 0.5, 0.25]);
  });

  test('over all places is a mean and a maximum of each channel', () => {
    const x = device.tensor([1, 10, 3, 30, 5, 20], [1, 3, 1, 2]);
    expect(ops.globalAveragePool(x).toArray()).toEqual([[3, 20]]);
    expect(ops.globalMaxPool(x).toArray()).toEqual([[5, 30]]);
  });
});

describe('batchNorm', () => {
  test('gives every channel mean 0 and variance 1, and its statistics', () => {
    const x = ops.add(ops.mul(random([3, 4, 5, 2]), device.tensor([2, 5])), device.tensor([1, -3]));
    const { y, mean, variance } = ops.batchNorm(x, null, null, { epsilon: 0 });
    const moments = (t: Tensor): Tensor => ops.mean(t, { axes: [0, 1, 2] });
    expect(apart(moments(x), mean)).toBeLessThan(1e-12);
    expect(apart(moments(y), device.zeros([2]))).toBeLessThan(1e-12);
    expect(apart(moments(ops.square(y)), device.ones([2]))).toBeLessThan(1e-12);
    expect(apart(moments(ops.square(ops.sub(x, mean))), variance)).toBeLessThan(1e-12);
  });

  test('running statistics follow those of the batch, with the unbiased variance', () => {
    const [mean, variance] = [device.tensor([1, -1]), device.tensor([4, 9])];
    ops.batchNorm(device.tensor([0, 2, 2, 6], [2, 2]), null, null, { running: { mean, variance, momentum: 0.25 } });
    expect([...mean.data()]).toEqual([1, 0.25]);
    expect([...variance.data()]).toEqual([3.5, 8.75]);
  });

  test('as an affine function of given statistics is the norm of a batch that has them', () => {
    const x = random([6, 3]);
    const [gain, bias] = [random([3], 2), random([3], 3)];
    const { y, mean, variance } = ops.batchNorm(x, gain, bias);
    const { scale, shift } = ops.batchNormAffine(gain, bias, mean, variance, 1e-5);
    expect(apart(ops.add(ops.mul(x, scale), shift), y)).toBeLessThan(1e-12);
  });
});

describe('resize', () => {
  test('bilinear keeps a plane where it does not reach over the border', () => {
    const x = device.tensor([0, 1, 2, 3], [1, 1, 4, 1]);
    expect([...ops.resize(x, [2, 8]).data()].slice(0, 8)).toEqual([0, 0.25, 0.75, 1.25, 1.75, 2.25, 2.75, 3]);
  });
  test('nearest repeats pixels, and picks the first of each group', () => {
    const x = device.tensor([1, 2, 3, 4], [1, 2, 2, 1]);
    const twice = ops.resize(x, [4, 4], { method: 'nearest' });
    expect([...twice.data()]).toEqual([1, 1, 2, 2, 1, 1, 2, 2, 3, 3, 4, 4, 3, 3, 4, 4]);
    expect([...ops.resize(twice, [2, 2], { method: 'nearest' }).data()]).toEqual([1, 2, 3, 4]);
  });
});

test('dropoutChannels drops whole channels of an image', () => {
  const y = ops.dropoutChannels(device.ones([20, 3, 4, 5]), 0.5, new Random(1));
  const sums = [...ops.sum(y, { axes: [1, 2] }).data()];
  expect(sums.every((sum) => sum === 0 || sum === 24)).toBe(true);
  expect(new Set(sums).size).toBe(2);
  // Each image has channels of its own.
  expect(new Set(Array.from({ length: 20 }, (_, b) => sums.slice(5 * b, 5 * b + 5).join())).size).toBeGreaterThan(5);
});

describe('mistakes are named', () => {
  const x = random([1, 4, 4, 3]);
  const mistakes: [string, () => unknown, typeof ShapeError | typeof ConfigError, RegExp][] = [
    [
      'channels first',
      () => ops.conv2d(random([3, 4, 4]), random([2, 3, 3, 3])),
      ShapeError,
      /channels last, received \[3, 4, 4\]/,
    ],
    [
      'wrong channels',
      () => ops.conv2d(x, random([2, 4, 3, 3])),
      ShapeError,
      /weight \[2, 4, 3, 3\] does not fit images \[1, 4, 4, 3\]/,
    ],
    ['groups', () => ops.conv2d(x, random([2, 1, 3, 3]), null, { groups: 3 }), ShapeError, /multiples of groups/],
    [
      'kernel too large',
      () => ops.conv2d(x, random([2, 3, 5, 5])),
      ShapeError,
      /a window of 5×5 does not fit into an image of 4×4/,
    ],
    [
      'stride 0',
      () => ops.conv2d(x, random([2, 3, 3, 3]), null, { stride: 0 }),
      ConfigError,
      /stride must be a whole number from 1/,
    ],
    [
      'padding',
      () => ops.conv2d(x, random([2, 3, 3, 3]), null, { padding: 'full' as 'same' }),
      ConfigError,
      /received 'full'/,
    ],
    ['padding below 0', () => ops.maxPool2d(x, { kernel: 2, padding: -1 }), ConfigError, /padding must be/],
    ['bias', () => ops.conv2d(x, random([2, 3, 3, 3]), random([3])), ShapeError, /bias must be \[2\]/],
    [
      'activation',
      () => ops.conv2d(x, random([2, 3, 3, 3]), null, { activation: 'tanh' as 'relu' }),
      ConfigError,
      /'relu'/,
    ],
    ['transposed', () => ops.convTranspose2d(x, random([2, 3, 3, 3])), ShapeError, /it must be \[3, outputs/],
    ['pad', () => ops.pad(x, [[1, 1]]), ShapeError, /for each axis/],
    ['resize', () => ops.resize(x, [0, 4]), ConfigError, /size must be a whole number from 1/],
    ['batch norm', () => ops.batchNorm(device.zeros([0, 3])), ShapeError, /no numbers/],
  ];
  test.each(mistakes)('%s', (_, call, kind, message) => {
    expect(call).toThrow(kind);
    expect(call).toThrow(message);
  });
});
