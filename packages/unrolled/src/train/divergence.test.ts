import { expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { ConfigError } from '../errors.ts';
import { Embedding, initialiseParameters } from '../nn/index.ts';
import { mean } from '../ops/index.ts';
import { LanguageModel, languageModelTraining } from '../tasks/language-model/index.ts';
import { tokenizerFor } from '../tokenizers/index.ts';
import type { TrainEvent, ValidationEvent } from './events.ts';
import type { TrainOptions } from './options.ts';
import type { TrainingTask, Validation } from './task.ts';
import { train } from './train.ts';

const device = await openDevice('reference');

/** A task with these validation results, one a step. */
function taskWith(validations: readonly Validation[], chanceLoss?: number): TrainingTask {
  const layer = new Embedding({ vocabularySize: 2, dimension: 1, weight: { kind: 'constant', value: 0.5 } });
  let next = 0;
  return {
    parameters: initialiseParameters(layer, [-1], device, 1),
    stepsPerEpoch: 10,
    epoch: 0,
    chanceLoss,
    nextBatch: () => ({ items: 1 }),
    loss: () => mean(layer.apply(device.ids([0, 1]))),
    validate: async () => validations[next++],
    sample: () => null,
    describe: () => ({}),
    save: () => ({ carried: {}, state: null }),
    restore: () => {},
  };
}

async function eventsOf(task: TrainingTask, options: Partial<TrainOptions> = {}): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  const common = { optimizer: { method: 'sgd' }, learningRate: 0.01, validateEvery: 1, checkpointEvery: 0 } as const;
  for await (const event of train(task, { ...common, ...options })) events.push(event);
  return events;
}

const validationsOf = (events: readonly TrainEvent[]): ValidationEvent[] =>
  events.filter((event) => event.type === 'validation');

test.each([
  ['not a number', Number.NaN],
  ['infinite', Infinity],
  ['far above chance', 43_097_313_069],
])('a validation loss that is %s is marked as diverged, and is not the best', async (_, loss) => {
  const events = await eventsOf(taskWith([{ loss }, { loss: 2 }, { loss }], Math.log(50)), { steps: 3 });
  expect(validationsOf(events).map(({ best, diverged }) => [best, diverged])).toEqual([
    [false, true],
    [true, false],
    [false, true],
  ]);
  expect(events.filter((event) => event.type === 'checkpoint').map(({ step, best }) => [step, best])).toEqual([
    [2, true],
    [3, false],
  ]);
  expect(events.at(-1)).toMatchObject({ type: 'done', diverged: true, bestValidationLoss: 2 });
});

test.each([
  [0, 0],
  [1e-3, 1],
  [1e3, 0],
])('progress reports the share of steps whose gradient was clipped: at most %d', async (clipNorm, clipped) => {
  const events = await eventsOf(taskWith([]), { steps: 2, clipNorm, progressEvery: 2, validateEvery: 0 });
  expect(events.filter((event) => event.type === 'progress')).toMatchObject([{ clipped }]);
});

test('a measure that is not a number is never the best', async () => {
  const events = await eventsOf(taskWith([{ loss: 1, cost: Number.NaN }], 1), { steps: 1 });
  expect(validationsOf(events)).toMatchObject([{ best: false, diverged: true }]);
});

test('a loss above chance that overfitting explains is not divergence', async () => {
  const events = await eventsOf(taskWith([{ loss: 3 }, { loss: 5.9 }, { loss: 6.1 }], Math.log(2)), { steps: 3 });
  expect(validationsOf(events).map(({ diverged }) => diverged)).toEqual([false, false, true]);
});

test('without a chance level the loss is compared with the first training loss, in resumed runs too', async () => {
  const first = await eventsOf(taskWith([{ loss: 900 }]), { steps: 1 });
  expect(validationsOf(first)).toMatchObject([{ diverged: false, best: true }]);
  const last = first.findLast((event) => event.type === 'checkpoint')!;
  expect(last.checkpoint.trainer.firstLoss).toBe(0.5);
  const resumed = await eventsOf(taskWith([{ loss: 1001 }]), { steps: 2, resume: last.checkpoint });
  expect(validationsOf(resumed)).toMatchObject([{ diverged: true, best: false }]);
});

test('a language model that is trained with far too high a rate has diverged', async () => {
  const text = 'she sells sea shells by the sea shore. '.repeat(30);
  const tokenizer = tokenizerFor('char', text);
  const model = new LanguageModel(device, tokenizer, { cell: 'rnn', hidden: 8, layers: 1, embedding: 4, dropout: 0 });
  const task = languageModelTraining(model, tokenizer.encode(text), { batch: 4, steps: 8, seed: 1 });
  const events = await eventsOf(task, { learningRate: 1e4, steps: 3, sampleEvery: 0 });
  const validations = validationsOf(events);
  expect(validations).toHaveLength(3);
  for (const { loss, best, diverged } of validations) {
    expect(loss).toBeGreaterThan(100);
    expect([best, diverged]).toEqual([false, true]);
  }
});

test.each<[string, object]>([
  ['learningRate must be a finite number from 0, received undefined', { learningRate: undefined }],
  ['learningRate must be a finite number from 0, received -0.1', { learningRate: -0.1 }],
  ['learningRate must be a finite number from 0, received NaN', { learningRate: Number.NaN }],
  ['optimizer must be', { optimizer: undefined }],
  ['optimizer', { optimizer: 'adam' }],
  ['clipNorm must be a number from 0, received -1', { clipNorm: -1 }],
  ['clipValue must be a number from 0, received -1', { clipValue: -1 }],
  ['steps must be a whole number from 0, received -5', { steps: -5 }],
  ['steps must be a whole number from 0, received 2.5', { steps: 2.5 }],
  ['validateEvery must be a whole number from 0, received -1', { validateEvery: -1 }],
  ['seed must be a whole number, received 0.5', { seed: 0.5 }],
  ["did you mean 'learningRate'", { learningrate: 1 }],
  ["schedule must be 'constant'", { schedule: 'cosin' }],
])('train refuses wrong options: %s', async (message, options) => {
  const running = eventsOf(taskWith([{ loss: 1 }]), { steps: 1, ...options });
  await expect(running).rejects.toThrow(ConfigError);
  await expect(running).rejects.toThrow(message);
});
