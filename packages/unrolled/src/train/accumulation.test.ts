import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { inOrder } from '../data/batches.ts';
import { openDevice } from '../device.ts';
import { Dropout } from '../nn/dropout.ts';
import { type Context, initialiseParameters } from '../nn/layer.ts';
import { Linear } from '../nn/linear.ts';
import { squaredErrorLoss } from '../nn/losses.ts';
import type { Parameters } from '../nn/parameters.ts';
import { createDevice } from '../ops/create-device.ts';
import type { Device } from '../tensor/device.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainEvent } from './events.ts';
import type { TrainOptions } from './options.ts';
import { SupervisedTraining } from './supervised.ts';
import { train } from './train.ts';

interface Example {
  readonly x: readonly number[];
  readonly y: number;
}

const examples: readonly Example[] = Array.from({ length: 24 }, (_, i) => ({ x: [i / 10, (i % 3) - 1], y: i / 5 - 1 }));
const exact = createDevice(referenceBackend({ float: 'float64' }));
const wasm = await openDevice('wasm', { threads: 1 });

function newTask(device: Device, batch: number, dropped = 0): SupervisedTraining<Example> {
  const [layer, dropout] = [new Linear({ units: 1 }), new Dropout({ rate: dropped })];
  const model = {
    parameters: initialiseParameters(layer, [-1, 2], device, 3),
    loss(some: readonly Example[], context: Context) {
      const inputs = device.tensor(some.map(({ x }) => x));
      const answers = device.tensor(some.map(({ y }) => [y]));
      return squaredErrorLoss(layer.apply(dropout.apply(inputs, context)), answers);
    },
    describe: () => ({}),
  };
  return new SupervisedTraining(model, examples, {
    batch,
    seed: 1,
    order: inOrder,
    validate: async () => ({ loss: 1 }),
  });
}

const common: TrainOptions = { optimizer: { method: 'adam' }, learningRate: 0.05, clipNorm: 1, progressEvery: 1 };

async function eventsOf(task: SupervisedTraining<Example>, options: Partial<TrainOptions>): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(task, { ...common, ...options })) events.push(event);
  return events;
}

const lastCheckpoint = (events: readonly TrainEvent[]): Checkpoint =>
  events.findLast((event) => event.type === 'checkpoint')!.checkpoint;
const progressOf = (events: readonly TrainEvent[]) => events.filter((event) => event.type === 'progress');

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(actual.length).toBe(expected.length);
  for (let i = 0; i < actual.length; i++) expect(actual[i]).toBeCloseTo(expected[i], 12);
}

describe('gradient accumulation', () => {
  test('n batches of B are one batch of n·B up to rounding', async () => {
    const whole = await eventsOf(newTask(exact, 12), { steps: 8 });
    for (const accumulate of [2, 3, 4, 6]) {
      const parts = await eventsOf(newTask(exact, 12 / accumulate), { steps: 8, accumulate });
      progressOf(whole).forEach(({ loss, gradientNorm, epoch, step }, i) => {
        const part = progressOf(parts)[i];
        expect(part).toMatchObject({ epoch, step });
        expect(part.loss).toBeCloseTo(loss, 12);
        expect(part.gradientNorm).toBeCloseTo(gradientNorm, 12);
      });
      const expected = lastCheckpoint(whole).parameters;
      for (const [name, { data }] of Object.entries(lastCheckpoint(parts).parameters)) {
        expectClose(data, expected[name].data);
      }
    }
  });

  test('a batch each is training as ever, to the bit', async () => {
    const [one, none] = [{ steps: 9, accumulate: 1 }, { steps: 9 }];
    const [with1, without] = [await eventsOf(newTask(wasm, 5, 0.3), one), await eventsOf(newTask(wasm, 5, 0.3), none)];
    expect(lastCheckpoint(with1).parameters).toEqual(lastCheckpoint(without).parameters);
  });

  test('a run interrupted at any update resumes to the same bits, dropout included', async () => {
    const whole = lastCheckpoint(await eventsOf(newTask(wasm, 5, 0.3), { steps: 7, accumulate: 3 }));
    for (let steps = 0; steps < 7; steps++) {
      const part = lastCheckpoint(await eventsOf(newTask(wasm, 5, 0.3), { steps, accumulate: 3 }));
      const resumed = await eventsOf(newTask(wasm, 5, 0.3), { steps: 7, accumulate: 3, resume: part });
      expect(lastCheckpoint(resumed).parameters).toEqual(whole.parameters);
      expect(lastCheckpoint(resumed).task).toEqual(whole.task);
    }
  });

  test('an epoch has fewer updates', async () => {
    const events = await eventsOf(newTask(exact, 4), { epochs: 2, accumulate: 4 });
    expect(events[0]).toMatchObject({ type: 'start', steps: 3 });
    expect(progressOf(events).at(-1)).toMatchObject({ step: 3, epoch: 2 });
  });

  test.each([0, 1.5])('%s batches are refused', async (accumulate) => {
    await expect(eventsOf(newTask(exact, 4), { accumulate })).rejects.toThrow(
      `accumulate must be a whole number from 1, received ${accumulate}`,
    );
  });
});

describe('the hook between backward and update', () => {
  test('sees the gradients of every update before clipping, and may change them', async () => {
    const seen: number[] = [];
    const norms: number[] = [];
    const onGradients = ({ gradients }: Parameters, step: number): void => {
      seen.push(step);
      norms.push(Math.hypot(...(gradients.data() as Float64Array)));
    };
    const events = await eventsOf(newTask(exact, 6), { steps: 3, accumulate: 2, onGradients });
    expect(seen).toEqual([1, 2, 3]);
    expectClose(
      norms,
      progressOf(events).map(({ gradientNorm }) => gradientNorm),
    );

    const task = newTask(exact, 6);
    const before = await task.parameters.save();
    const still = await eventsOf(task, {
      steps: 3,
      async onGradients({ device, gradients }) {
        await Promise.resolve();
        device.backend.fill(gradients, 0);
      },
    });
    expect(lastCheckpoint(still).parameters).toEqual(before);
  });

  test('gradients averaged over two halves of a batch train as the whole batch does', async () => {
    const whole = lastCheckpoint(await eventsOf(newTask(exact, 12), { steps: 6 }));
    // As two machines would: each has every other part of the data, and takes the mean of both gradients.
    const halves = [0, 1].map((half) => {
      const task = newTask(exact, 6);
      const own = examples.filter((_, i) => Math.floor(i / 6) % 2 === half);
      return new SupervisedTraining(task.model, own, {
        ...{ batch: 6, seed: 1, order: inOrder },
      });
    });
    const waiting: ((sums: number[]) => void)[] = [];
    let sums: number[] = [];
    const allReduce = (gradients: readonly number[]): Promise<number[]> => {
      sums = waiting.length === 0 ? [...gradients] : sums.map((sum, i) => sum + gradients[i]);
      return new Promise((resolve) => {
        waiting.push(resolve);
        if (waiting.length === 2) for (const done of waiting.splice(0)) done(sums);
      });
    };
    const onGradients = async ({ device, gradients }: Parameters): Promise<void> => {
      const total = await allReduce(Array.from(gradients.data()));
      device.backend.write(
        gradients,
        total.map((sum) => sum / 2),
      );
    };
    const runs = await Promise.all(halves.map((task) => eventsOf(task, { steps: 6, onGradients })));
    for (const events of runs) {
      for (const [name, { data }] of Object.entries(lastCheckpoint(events).parameters)) {
        expectClose(data, whole.parameters[name].data);
      }
    }
  });
});
