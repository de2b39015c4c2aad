import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { DataError, FormatError } from '../errors.ts';
import { initialiseParameters } from '../nn/layer.ts';
import { Linear } from '../nn/linear.ts';
import { squaredErrorLoss } from '../nn/losses.ts';
import { createDevice } from '../ops/create-device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainEvent } from './events.ts';
import { type SupervisedModel, type SupervisedOptions, SupervisedTraining } from './supervised.ts';
import { type TrainOptions, train } from './train.ts';

interface Example {
  readonly x: readonly number[];
  readonly y: number;
}

const device = createDevice(referenceBackend({ float: 'float64' }));
const examples: readonly Example[] = Array.from({ length: 23 }, (_, i) => ({ x: [i / 10, (i % 3) - 1], y: i / 5 - 1 }));

function newModel(): SupervisedModel<Example> {
  const layer = new Linear({ units: 1 });
  const parameters = initialiseParameters(layer, [-1, 2], device, 3);
  return {
    parameters,
    loss(batch: readonly Example[]): Tensor {
      const xs = device.tensor(
        batch.flatMap(({ x }) => x),
        [batch.length, 2],
      );
      const ys = device.tensor(
        batch.map(({ y }) => y),
        [batch.length, 1],
      );
      return squaredErrorLoss(layer.apply(xs), ys);
    },
    describe: () => ({ kind: 'line' }),
  };
}

function newTask(more: Partial<SupervisedOptions<Example>> = {}): SupervisedTraining<Example> {
  return new SupervisedTraining(newModel(), {
    examples,
    validation: examples.slice(0, 2),
    lengthOf: ({ x }) => x.length,
    batch: 5,
    seed: 7,
    validate: async () => ({ loss: 1 }),
    ...more,
  });
}

const options: TrainOptions = { optimizer: { method: 'adam' }, learningRate: 0.05, steps: 17, validateEvery: 4 };

async function collect(task: SupervisedTraining<Example>, more: Partial<TrainOptions> = {}): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(task, { ...options, ...more })) events.push(event);
  return events;
}

function lastCheckpoint(events: readonly TrainEvent[]): Checkpoint {
  return events.findLast((event) => event.type === 'checkpoint')!.checkpoint;
}

describe('supervised training', () => {
  test('every epoch takes each example once', () => {
    const seen: Example[] = [];
    const task = newTask();
    const { loss } = task.model;
    task.model.loss = (batch, context) => {
      seen.push(...batch);
      return loss(batch, context);
    };
    for (let epoch = 1; epoch <= 3; epoch++) {
      seen.length = 0;
      for (let step = 0; step < task.stepsPerEpoch; step++) task.nextLoss({ training: false });
      expect(new Set(seen).size).toBe(23);
      expect(seen).toHaveLength(23);
      expect(task.epoch).toBe(epoch);
    }
  });

  test('a resumed run ends with the same bits as an uninterrupted one', async () => {
    const whole = lastCheckpoint(await collect(newTask()));
    const half = lastCheckpoint(await collect(newTask(), { steps: 7 }));
    const resumed = lastCheckpoint(await collect(newTask(), { resume: half }));
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(resumed.task).toEqual(whole.task);
  });

  test('it does not resume with other examples', async () => {
    const checkpoint = lastCheckpoint(await collect(newTask(), { steps: 3 }));
    const other = newTask({ examples: examples.slice(1) });
    await expect(collect(other, { resume: checkpoint })).rejects.toThrow(FormatError);
  });

  test('the best checkpoint has the lowest cost if the task defines one', async () => {
    const found = [
      { loss: 3, cost: 0.5, metrics: { f1: 0.5 } },
      { loss: 4, cost: 0.2, metrics: { f1: 0.8 } },
      { loss: 1, cost: 0.3, metrics: { f1: 0.7 } },
    ];
    const task = newTask({ validate: async () => found.shift()! });
    const events = await collect(task, { steps: 12 });
    const validations = events.filter((event) => event.type === 'validation');
    expect(validations.map(({ best, metrics }) => [best, metrics?.f1])).toEqual([
      [true, 0.5],
      [true, 0.8],
      [false, 0.7],
    ]);
    expect(events.at(-1)).toMatchObject({ bestValidationLoss: 4 });
  });

  test('which validation was best is remembered across an interruption', async () => {
    const costs = [0.2, 0.3];
    const validate = async () => ({ loss: 1, cost: costs.shift()! });
    const checkpoint = lastCheckpoint(await collect(newTask({ validate }), { steps: 4 }));
    const events = await collect(newTask({ validate }), { steps: 8, resume: checkpoint });
    expect(events.find((event) => event.type === 'validation')).toMatchObject({ best: false });
  });

  test('no example is an error, and so is a batch of none', () => {
    expect(() => newTask({ examples: [] })).toThrow(DataError);
    expect(() => newTask({ batch: 0 })).toThrow('batch must be a whole number from 1, received 0');
  });
});
