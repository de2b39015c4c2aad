// For the cells that are known only then.
import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { dropout } from '../ops/index.ts';
import { Random } from '../random.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { CellSource } from './cells/index.ts';
import { type Context, inference, initialiseParameters } from './layer.ts';
import { Recurrent } from './recurrent.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));
const [T, F, H, rate] = [5, 3, 6, 0.4];

function random(shape: readonly number[], seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => source.normal()),
    shape,
  );
}

const training = (seed: number): Context => ({ training: true, random: new Random(seed) });

function layerOf(cell: CellSource, recurrentDropout: number, layers = 1) {
  const layer = new Recurrent({ cell, hidden: H, layers, recurrentDropout });
  return { layer, parameters: initialiseParameters(layer, [-1, -1, F], device, 2) };
}

describe('dropout on the recurrence', () => {
  test.each<[string, CellSource, string]>([
    ['rnn', 'rnn', 'hh'],
    ['lstm', 'lstm', 'hh'],
    ['gru', 'gru', 'hh'],
    ['gru, reset before', { cell: 'gru', hidden: H, reset: 'before' }, 'hh'],
    ['nas', 'nas', 'h'],
  ])('of %s leaves out the same columns of W_hh at every step of a row', (_, cell, weight) => {
    const dropped = layerOf(cell, rate);
    const whole = layerOf(cell, 0);
    const xs = random([T, 1, F], 1);
    const mask = dropout(device.ones([1, H]), rate, new Random(5)).data();
    expect(mask).toContain(0);
    const values = whole.parameters.get(`weight_${weight}_l0`);
    device.backend.write(
      values,
      values.data().map((value, k) => value * mask[k % H]),
    );
    const expected = whole.layer.apply(xs, inference).data();
    const received = dropped.layer.apply(xs, training(5)).data();
    for (const [k, value] of received.entries()) expect(value).toBeCloseTo(expected[k], 12);
  });

  test('is another one for every row and layer, and none outside of training', () => {
    const { layer } = layerOf('lstm', rate, 2);
    const row = random([T, 1, F], 1);
    const xs = row.broadcastTo([T, 2, F]);
    const same = (context: Context): boolean => {
      const [a, b] = layer.apply(xs, context).transpose([1, 0, 2]).toArray() as number[][][];
      return JSON.stringify(a) === JSON.stringify(b);
    };
    expect(same(training(3))).toBe(false);
    expect(same(inference)).toBe(true);
    expect([...layer.apply(xs, inference).data()]).toEqual([
      ...layerOf('lstm', 0, 2).layer.apply(xs, inference).data(),
    ]);
  });

  test.each(['lstm', 'mut1'])('has the right gradient: %s', async (cell) => {
    const { layer, parameters } = layerOf(cell, rate);
    const all = [...parameters];
    const inputs = [random([T, 2, F], 1), ...all.map(({ value }) => value.detach())];
    const error = await gradientError(inputs, ([x, ...values]) => {
      all.forEach((parameter, k) => {
        parameter.value = values[k];
      });
      return layer
        .run(x, training(5), { lengths: [5, 2] })
        .outputs.square()
        .sum();
    });
    expect(error).toBeLessThan(1e-6);
  });

  test('is refused where nothing can be dropped, and out of range', () => {
    for (const cell of ['mingru', 'minlstm', 'unitary']) {
      const { layer } = layerOf(cell, rate);
      expect(() => layer.apply(random([T, 1, F], 1), training(1))).toThrow(
        `cell '${cell}', step 0: recurrentDropout: this cell has no product of weights with its state`,
      );
    }
    expect(() => layerOf('lstm', 1)).toThrow('recurrentDropout must be a number in [0, 1), received 1');
  });
});
