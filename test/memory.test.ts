import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import {
  inference,
  initialiseParameters,
  Linear,
  Recurrent,
  Sequential,
  type StackState,
  squaredErrorLoss,
} from 'unrolled/nn';
import { Optimizer } from 'unrolled/optim';
import { describe, expect, test } from 'vitest';
import { subjects } from './devices.ts';

setFlagsFromString('--expose-gc');
const collectGarbage: () => void = runInNewContext('gc');

function heapUsed(): number {
  collectGarbage();
  return process.memoryUsage().heapUsed;
}

/** float32 and float64 of the reference share their memory. */
const devices = subjects.filter(({ name }) => name !== 'reference float32');

describe.each(devices)('$name', ({ open }) => {
  test('100,000 training steps need no more memory than a thousand', async () => {
    const device = await open();
    const layer = new Linear({ units: 1 });
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    const optimizer = new Optimizer(parameters, { method: 'adam' });
    const x = device.tensor([
      [0, 1],
      [1, 0],
      [1, 1],
    ]);
    const y = device.tensor([[1], [2], [3]]);
    const train = (steps: number): void => {
      for (let i = 0; i < steps; i++) {
        device.scope(() => {
          parameters.backward(squaredErrorLoss(layer.apply(x), y));
          optimizer.update({ learningRate: 0.01 });
        });
      }
    };
    train(1000);
    const [early, heap] = [device.memory(), heapUsed()];
    train(99_000);
    expect(device.memory()).toEqual(early);
    expect(heapUsed() - heap).toBeLessThan(1e6);
    expect(layer.apply(device.tensor([[2, 2]])).item()).toBeCloseTo(6, 1);
    device.close();
  });

  test('nor does a recurrent model need more from step to step, with evaluation between', async () => {
    const device = await open();
    const model = new Sequential([
      new Recurrent({ cell: { cell: 'lstm', hidden: 4 }, layers: 2, bidirectional: true }),
      new Linear({ units: 1 }),
    ]);
    const parameters = initialiseParameters(model, [-1, -1, 2], device, 1);
    const optimizer = new Optimizer(parameters, { method: 'rmsprop' });
    const xs = device.ones([5, 3, 2]);
    const train = (steps: number): void => {
      for (let i = 0; i < steps; i++) {
        device.scope(() => {
          parameters.backward(squaredErrorLoss(model.apply(xs, inference), device.ones([5, 3, 1])));
          optimizer.update({ learningRate: 0.01, clipNorm: 1 });
        });
        device.scope(() => device.withoutGradients(() => model.apply(xs, inference).sum().item()));
      }
    };
    train(100);
    const early = device.memory();
    train(1000);
    expect(device.memory()).toEqual(early);
    device.close();
  });

  test('nor does one that carries its state along without ever pausing', async () => {
    const device = await open();
    const layer = new Recurrent({ cell: { cell: 'lstm', hidden: 8 } });
    const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
    const optimizer = new Optimizer(parameters, { method: 'sgd' });
    const xs = device.ones([5, 3, 2]);
    let state: StackState | null = null;
    const train = (steps: number): void => {
      for (let i = 0; i < steps; i++) {
        state = device.carry(state, (carried) => {
          const run = layer.run(xs, inference, { state: carried });
          parameters.backward(run.outputs.mean());
          optimizer.update({ learningRate: 0.01 });
          return run.state.map(({ h, c }) => ({ h: h.detach(), c: c.detach() }));
        });
      }
    };
    train(10);
    const early = device.memory();
    train(2000);
    expect(device.memory()).toEqual(early);
    device.close();
  });
});
