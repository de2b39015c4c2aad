import { describe, expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { openDevice } from '../device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import * as ops from './index.ts';

/* Where central differences say nothing, or would agree with a wrong value: at ties, and of what is forward and back alike. */

const devices = { reference: await openDevice('reference'), wasm: await openDevice('wasm', { threads: 1 }) };

describe.each(Object.entries(devices))('on %s', (_, device) => {
  const weights = device.tensor([1, 10, 100]);
  const gradientsOf = (loss: (inputs: Tensor[]) => Tensor, ...inputs: Tensor[]): unknown[] => {
    const leaves = inputs.map((input) => input.track());
    return gradients(loss(leaves), leaves).map((gradient) => gradient.toArray());
  };

  test.each([
    ['maximum', ops.maximum, [0, 5, 100], [1, 5, 0]],
    ['minimum', ops.minimum, [1, 5, 0], [0, 5, 100]],
  ] as const)('%s gives each of two equals half of the gradient', (_name, operation, da, db) => {
    const [a, b] = [device.tensor([1, 2, 3]), device.tensor([2, 2, 2])];
    const [ga, gb] = gradientsOf(([x, y]) => operation(x, y).mul(weights).sum(), a, b);
    expect([ga, gb]).toEqual([da, db]);
  });

  test.each([
    ['max', ops.max, [0, 2, 2], [10, 0, 0]],
    ['min', ops.min, [4, 0, 0], [0, 5, 5]],
  ] as const)('%s shares the gradient evenly among equals', (_name, operation, first, second) => {
    const x = device.tensor([
      [1, 3, 3],
      [3, 1, 1],
    ]);
    const loss = ([leaf]: Tensor[]) =>
      operation(leaf, { axes: 1 })
        .mul(device.tensor([4, 10]))
        .sum();
    expect(gradientsOf(loss, x)).toEqual([[first, second]]);
  });

  test('unstack gives 0 to a part that is not used, whatever the memory held before', () => {
    device.scope(() => {
      // Memory that is given back full of numbers.
      device.scope(() => Array.from({ length: 8 }, () => device.full([3, 2], 7)).length);
      const x = device.tensor([
        [1, 2],
        [3, 4],
        [5, 6],
      ]);
      expect(gradientsOf(([leaf]) => ops.unstack(leaf)[1].square().sum(), x)).toEqual([
        [
          [0, 0],
          [6, 8],
          [0, 0],
        ],
      ]);
    });
  });

  test('a mean divides by the number of elements it is the mean of, along any axes', () => {
    const x = device.tensor(
      Array.from({ length: 24 }, (_, i) => i),
      [2, 3, 4],
    );
    expect(ops.mean(x).item()).toBe(11.5);
    expect(ops.mean(x, { axes: 0 }).toArray()).toEqual(
      [0, 4, 8].map((row) => [6, 7, 8, 9].map((value) => row + value)),
    );
    expect(ops.mean(x, { axes: -1 }).toArray()).toEqual([
      [1.5, 5.5, 9.5],
      [13.5, 17.5, 21.5],
    ]);
    expect(ops.mean(x, { axes: [0, 2], keepDims: true }).toArray()).toEqual([[[7.5], [11.5], [15.5]]]);
    const [gradient] = gradientsOf(
      ([leaf]) =>
        ops
          .mean(leaf, { axes: [0, 2] })
          .mul(weights)
          .sum(),
      x,
    ) as number[][][][];
    const plane = [1, 10, 100].map((weight) => new Array(4).fill(Math.fround(weight / 8)));
    expect(gradient).toEqual([plane, plane]);
  });
});
