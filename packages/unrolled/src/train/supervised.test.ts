import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { type BatchStrategy, byLength, inOrder, shuffled } from '../data/batches.ts';
import type { ExampleSource, Examples } from '../data/examples.ts';
import { DataError, FormatError } from '../errors.ts';
import { initialiseParameters } from '../nn/layer.ts';
import { Linear } from '../nn/linear.ts';
import { squaredErrorLoss } from '../nn/losses.ts';
import { createDevice } from '../ops/create-device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { TrainEvent } from './events.ts';
import type { TrainOptions } from './options.ts';
import { type SupervisedModel, type SupervisedOptions, SupervisedTraining } from './supervised.ts';
import { train } from './train.ts';

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

function newTask(
  more: Partial<SupervisedOptions<Example>> = {},
  given: Examples<Example> = examples,
): SupervisedTraining<Example> {
  return new SupervisedTraining(newModel(), given, {
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
  test('every epoch takes each example once', async () => {
    const seen: Example[] = [];
    const task = newTask();
    const { loss } = task.model;
    task.model.loss = (batch, context) => {
      seen.push(...batch);
      return loss(batch, context);
    };
    for (let epoch = 1; epoch <= 3; epoch++) {
      seen.length = 0;
      for (let step = 0; step < task.stepsPerEpoch; step++) task.loss(await task.nextBatch(), { training: false });
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

  test('examples are varied by seed and place, and a resumed run varies them alike', async () => {
    const vary: SupervisedOptions<Example>['vary'] = (batch, random) =>
      batch.map(({ x, y }) => ({ x: x.map((value) => value + random.uniform()), y }));
    const [first, again] = [newTask({ vary }), newTask({ vary })];
    const batches = [await first.nextBatch()];
    for (let i = 0; i < 6; i++) batches.push(await first.nextBatch(batches.at(-1)));
    expect(await again.nextBatch(batches[4])).toEqual(batches[5]);
    expect(new Set(batches.flatMap(({ examples: all }) => all.map(({ x }) => x[0] % 0.1))).size).toBeGreaterThan(25);
    const whole = lastCheckpoint(await collect(newTask({ vary })));
    const half = lastCheckpoint(await collect(newTask({ vary }), { steps: 7 }));
    const resumed = lastCheckpoint(await collect(newTask({ vary }), { resume: half }));
    expect(resumed.parameters).toEqual(whole.parameters);
    expect(whole.parameters).not.toEqual(lastCheckpoint(await collect(newTask())).parameters);
  });

  test('it does not resume with other examples', async () => {
    const checkpoint = lastCheckpoint(await collect(newTask(), { steps: 3 }));
    const other = newTask({}, examples.slice(1));
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

  describe('with examples of a source, which are read when they are needed', () => {
    /** Answers later, in another order than it was asked in. */
    function newSource(
      fingerprint: number | string = 'hash of the files',
    ): ExampleSource<Example> & { reads: number[] } {
      const reads: number[] = [];
      return {
        length: examples.length,
        lengthOf: (index) => examples[index].x.length,
        fingerprint,
        reads,
        async read(index) {
          reads.push(index);
          for (let turn = index % 3; turn > 0; turn--) await new Promise(setImmediate);
          return examples[index];
        },
      };
    }

    test('it trains and resumes at any step to the same bits as with examples in memory', async () => {
      const whole = lastCheckpoint(await collect(newTask()));
      for (let steps = 0; steps <= 17; steps++) {
        const part = lastCheckpoint(await collect(newTask({}, newSource()), { steps }));
        const resumed = lastCheckpoint(await collect(newTask({}, newSource()), { resume: part }));
        expect(resumed.parameters).toEqual(whole.parameters);
        expect(resumed.task).toEqual({ ...(whole.task as object), examples: 'hash of the files' });
      }
    });

    test('the batch after the one in training is being read, and none after the last', async () => {
      const source = newSource();
      const task = newTask({ order: inOrder }, source);
      const { loss } = task.model;
      const readBefore: number[] = [];
      task.model.loss = (batch, context) => {
        readBefore.push(source.reads.length);
        return loss(batch, context);
      };
      await collect(task, { steps: 4 });
      expect(readBefore).toEqual([10, 15, 20, 20]);
    });

    test('a second run of the same task continues after the last batch used, not after the last one read', async () => {
      const whole = lastCheckpoint(await collect(newTask()));
      const task = newTask({}, newSource());
      for await (const event of train(task, { ...options, progressEvery: 1 })) {
        if (event.type === 'progress' && event.step === 7) break;
      }
      expect(task.epoch).toBe(7 / 5);
      const checkpoint = { ...lastCheckpoint(await collect(newTask(), { steps: 7 })), task: task.save().state };
      const resumed = await collect(newTask({}, newSource()), { resume: checkpoint });
      expect(lastCheckpoint(resumed).parameters).toEqual(whole.parameters);
    });

    test('it does not resume with a source of another fingerprint', async () => {
      const checkpoint = lastCheckpoint(await collect(newTask({}, newSource()), { steps: 3 }));
      await expect(collect(newTask({}, newSource('other')), { resume: checkpoint })).rejects.toThrow(FormatError);
    });

    test('an example that cannot be read ends the run with its error, at the step that needs it', async () => {
      const source = newSource();
      const { read } = source;
      const order: BatchStrategy = inOrder;
      source.read = async (index) => {
        if (index === 12) throw new DataError('photo-12.png: cut off');
        return read(index);
      };
      const steps: number[] = [];
      const run = async (): Promise<void> => {
        for await (const event of train(newTask({ order }, source), { ...options, progressEvery: 1 })) {
          if (event.type === 'progress') steps.push(event.step);
        }
      };
      await expect(run()).rejects.toThrow('photo-12.png: cut off');
      expect(steps).toEqual([1, 2]);
    });

    test('batches are of similar length only where lengths are known', async () => {
      const { lengthOf: _, ...unknown } = newSource();
      const [first] = [await newTask({}, unknown).nextBatch()];
      const [indices] = shuffled(unknown, { batch: 5, seed: 7 }).batches(0);
      expect(first.examples).toEqual(Array.from(indices, (index) => examples[index]));
      expect(() => newTask({ order: byLength }, unknown)).toThrow('lengths of the examples are unknown');
    });
  });

  test('no example is an error, and so is a batch of none', () => {
    expect(() => newTask({}, [])).toThrow(DataError);
    expect(() => newTask({ batch: 0 })).toThrow('batch must be a whole number from 1, received 0');
  });
});
