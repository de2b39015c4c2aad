import { expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
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
