import { describe, expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { Random } from '../random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { binaryCrossEntropyLoss, crossEntropyLoss, squaredErrorLoss } from './losses.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));

test('binary cross-entropy is −y log σ(z) − (1 − y) log(1 − σ(z)), also for targets between 0 and 1', () => {
  const [zs, ys] = [
    [0.5, -2, 0.5, 3],
    [1, 0, 0.25, 0.9],
  ];
  const losses = binaryCrossEntropyLoss(device.tensor(zs), device.tensor(ys), { reduction: 'none' }).data();
  zs.forEach((z, i) => {
    const p = 1 / (1 + Math.exp(-z));
    expect(losses[i]).toBeCloseTo(-ys[i] * Math.log(p) - (1 - ys[i]) * Math.log(1 - p), 12);
  });
});

test('losses of known ids read nothing, weighted or not', () => {
  const [logits, targets] = [device.tensor([1, 2, 3, 4, 5, 6], [3, 2]).track(), device.ids([0, 1, -1])];
  const weights = device.tensor([1, 0, 2]);
  const before = device.transfers;
  const losses = [
    crossEntropyLoss(logits, targets),
    crossEntropyLoss(logits, targets, { weights }),
    squaredErrorLoss(logits, device.zeros([3, 2]), { weights: weights.reshape([3, 1]) }),
  ];
  for (const loss of losses) gradients(loss, [logits]);
  expect(device.transfers).toBe(before);
  expect(losses[1].item()).toBeCloseTo(Math.log(1 + Math.E), 12);
});

test('ids that the device computed count as those made from numbers', () => {
  const [logits, weights] = [device.tensor([1, 2, 3, 4, 5, 6, 7, 9], [4, 2]), device.tensor([1, 3, 0, 2])];
  const known = device.ids([0, 1, -1, 1]);
  const computed = device.ids([0, 5, 1, 5, -1, 5, 1, 5], [4, 2]).slice(1, 0, 1).reshape([4]);
  expect(computed.ids).toBeNull();
  for (const options of [{}, { weights }]) {
    const expected = crossEntropyLoss(logits, known, options).item();
    expect(crossEntropyLoss(logits, computed, options).item()).toBeCloseTo(expected, 12);
  }
});

describe('cross-entropy of distributions and with label smoothing', () => {
  const random = new Random(3);
  const numbers = (n: number): number[] => Array.from({ length: n }, () => 4 * random.uniform() - 2);
  const [R, V] = [5, 3];
  const logits = device.tensor(numbers(R * V), [R, V]).track();
  const ids = [0, 2, 1, 2, 0];
  const targets = device.ids(ids);
  /** Each id as a distribution, ε of it spread evenly. */
  const distributions = (epsilon: number) =>
    device.tensor(ids.map((id) => [0, 1, 2].map((v) => (1 - epsilon) * Number(v === id) + epsilon / V)));
  const same = (a: Tensor, b: Tensor): void => {
    const [one, other] = [a, b].map((loss) => [...loss.data(), ...gradients(loss, [logits])[0].data()]);
    for (const [i, value] of one.entries()) expect(value).toBeCloseTo(other[i], 12);
  };

  test('a distribution on one class is its id', () => {
    same(crossEntropyLoss(logits, distributions(0)), crossEntropyLoss(logits, targets));
  });

  test('smoothing is the loss of smoothed distributions, of ids and of distributions', () => {
    for (const given of [targets, distributions(0)]) {
      same(crossEntropyLoss(logits, given, { labelSmoothing: 0.3 }), crossEntropyLoss(logits, distributions(0.3)));
    }
  });

  test('what is ignored adds nothing, even where its logits are NaN', () => {
    const holed = device
      .tensor([...logits.data().slice(0, 2 * V), ...new Array(3 * V).fill(Number.NaN)], [R, V])
      .track();
    const few = device.tensor([...logits.data().slice(0, 2 * V)], [2, V]).track();
    const weights = device.tensor([1, 1, 0, 0, 0]);
    for (const labelSmoothing of [0, 0.2]) {
      const expected = crossEntropyLoss(few, device.ids(ids.slice(0, 2)), { labelSmoothing });
      for (const of of [targets, distributions(0)]) {
        const loss = crossEntropyLoss(holed, of, { labelSmoothing, weights });
        expect(loss.item()).toBeCloseTo(expected.item(), 12);
        expect([
          ...gradients(loss, [holed])[0]
            .data()
            .slice(2 * V),
        ]).toEqual(new Array(3 * V).fill(0));
      }
      const negative = crossEntropyLoss(holed, device.ids([0, 2, -1, -1, -1]), { labelSmoothing });
      expect(negative.item()).toBeCloseTo(expected.item(), 12);
    }
  });

  test('a smoothing of 1, and distributions of another shape, are refused', () => {
    expect(() => crossEntropyLoss(logits, targets, { labelSmoothing: 1 })).toThrow(
      'labelSmoothing must be a number in',
    );
    expect(() => crossEntropyLoss(logits, device.ones([R, 2]))).toThrow('need distributions of their shape');
  });
});
