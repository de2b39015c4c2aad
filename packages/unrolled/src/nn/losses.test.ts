import { expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { binaryCrossEntropyLoss } from './losses.ts';

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
