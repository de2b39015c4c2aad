import { expect, test } from 'vitest';
import { laterBackend } from '../backend/conformance/later-backend.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { openDevice } from '../device.ts';
import { createDevice } from '../ops/create-device.ts';
import type { Device } from '../tensor/device.ts';
import { bidirectional, dense, dropout, embedding, input, lstm, masking, sequential } from './index.ts';

const ids = [
  [0, 0, 1, 2],
  [3, 0, 4, 1],
  [0, 2, 2, 4],
];
const steps = [
  [[1], [-1], [2]],
  [[-1], [3], [4]],
  [[-1], [-1], [5]],
];

/** Losses and outputs of a small training, with masks made from ids and from numbers. */
async function run(device: Device): Promise<readonly number[]> {
  const text = sequential(
    [
      embedding({ inputDim: 5, outputDim: 3, maskZero: true }),
      bidirectional(lstm({ units: 2 })),
      dropout({ rate: 0.2 }),
      dense({ units: 3, activation: 'softmax' }),
    ],
    { device, seed: 1 },
  );
  text.compile({ optimizer: 'rmsprop', loss: 'sparseCategoricalCrossentropy', metrics: ['accuracy'] });
  const { history } = await text.fit(ids, [0, 1, 2], { epochs: 3, batchSize: 2, verbose: 0, validationSplit: 0.34 });
  const series = sequential([input({ shape: [null, 1] }), masking({ maskValue: -1 }), lstm({ units: 2 })], {
    device,
    seed: 1,
  });
  return [...history.loss, ...history.val_loss, ...Array.from((await series.predict(steps)).data)];
}

test('the same model runs on every device, also on one that answers only later', async () => {
  const expected = await run(await openDevice('reference'));
  for (const device of [
    await openDevice('wasm', { threads: 1 }),
    await openDevice('wasm', { threads: 2 }),
    createDevice(laterBackend(referenceBackend())),
  ]) {
    const found = await run(device);
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 4);
    });
  }
});
