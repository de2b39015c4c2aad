import { expect, test } from 'vitest';
import { Embedding } from '../../nn/embedding.ts';
import { crossEntropyLoss, inference, initialiseParameters, Linear, Recurrent, Sequential } from '../../nn/index.ts';
import { createDevice } from '../../ops/create-device.ts';
import { Optimizer } from '../../optim/optimizer.ts';
import { Random } from '../../random.ts';
import type { PartialBackend } from '../backend.ts';
import { coreBackend } from '../conformance/core-backend.ts';
import { referenceBackend } from '../reference/reference-backend.ts';

/** Losses of an LSTM that learns to repeat what it saw two steps before, and what it then predicts. */
async function trained(backend: PartialBackend): Promise<{ losses: number[]; predicted: number[] }> {
  const device = createDevice(backend);
  const [T, B, V] = [7, 3, 5];
  const model = new Sequential([
    new Embedding({ vocabularySize: V, dimension: 4 }),
    new Recurrent({ cell: { cell: 'lstm', hidden: 8 }, layers: 2, dropout: 0.1 }),
    new Linear({ units: V }),
  ]);
  const parameters = initialiseParameters(model, [-1, -1], device, 1);
  const optimizer = new Optimizer(parameters, { method: 'adam' });
  const random = new Random(2);
  const losses: number[] = [];
  let predicted: number[] = [];
  for (let step = 0; step < 8; step++) {
    const inputs = Int32Array.from({ length: T * B }, () => random.below(V));
    const targets = inputs.map((_, i) => (i < 2 * B ? -1 : inputs[i - 2 * B]));
    const { loss } = await device.read(() => {
      const logits = model.apply(device.ids(inputs, [T, B]), { training: true, random });
      const loss = crossEntropyLoss(logits, device.ids(targets, [T, B]));
      parameters.backward(loss);
      optimizer.update({ learningRate: 0.05, clipNorm: 1, loss });
      return { loss };
    });
    losses.push(loss[0]);
    predicted = Array.from(await device.read(() => model.apply(device.ids(inputs, [T, B]), inference).argmax()));
  }
  device.close();
  return { losses, predicted };
}

test('an LSTM trains on a backend that has only the core, and gets the numbers of the reference', async () => {
  const [core, reference] = [await trained(coreBackend()), await trained(referenceBackend({ float: 'float32' }))];
  core.losses.forEach((loss, i) => {
    expect(loss).toBeCloseTo(reference.losses[i], 4);
  });
  expect(core.losses.at(-1)).toBeLessThan(core.losses[0]);
  expect(core.predicted).toEqual(reference.predicted);
});
