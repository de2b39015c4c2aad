import { expect, test } from 'vitest';
import type { Backend } from '../backend/backend.ts';
import { laterBackend } from '../backend/conformance/later-backend.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { Random } from '../random.ts';
import type { Device } from '../tensor/device.ts';
import { tokenizerFor } from '../tokenizers/create.ts';
import type { TrainEvent } from '../train/events.ts';
import type { TrainOptions } from '../train/options.ts';
import type { TrainingTask } from '../train/task.ts';
import { train } from '../train/train.ts';
import { Classifier } from './classify/model.ts';
import { classifierTraining } from './classify/training.ts';
import { Forecaster } from './forecast/model.ts';
import { fitScaling } from './forecast/scaling.ts';
import { rowsOf, splitSeries } from './forecast/series.ts';
import { forecasterTraining } from './forecast/training.ts';
import { type TaskName, taskNamed } from './index.ts';
import { LanguageModel } from './language-model/model.ts';
import { languageModelTraining } from './language-model/training.ts';
import { evaluateProblem } from './long-memory/evaluate.ts';
import { SequenceModel } from './long-memory/model.ts';
import { createProblem } from './long-memory/tasks.ts';
import { longMemoryTraining } from './long-memory/training.ts';
import { Tagger } from './tag/model.ts';
import { taggerTraining } from './tag/training.ts';
import { tagVocabulary } from './tag/vocabulary.ts';
import type { AnyModel } from './task.ts';
import { Translator } from './translate/model.ts';
import { sidesFor } from './translate/sides.ts';
import { translatorTraining } from './translate/training.ts';

interface Subject {
  readonly model: AnyModel;
  readonly training: TrainingTask;
  readonly inputs: readonly unknown[];
  readonly options?: object;
  readonly data: unknown;
}

const text = 'she sells sea shells by the shore and the shells she sells are sea shells';
const sizes = { cell: 'gru', hidden: 5, layers: 2, embedding: 3, dropout: 0.2 } as const;
const examples = ['she sells', 'sea shells', 'by the shore', 'and the', 'shells'].map((line) => ({
  text: line,
  label: line.includes('sea') ? 'sea' : 'land',
}));
const sentences = [
  { words: ['Ada', 'met', 'Bob'], tags: ['B-PER', 'O', 'B-PER'] },
  { words: ['in', 'Rome'], tags: ['O', 'B-LOC'] },
];
const pairs = ['abc', 'ab', 'cba', 'bbc'].map((source) => ({ source, target: [...source].reverse().join('') }));
const demand = Array.from({ length: 80 }, (_, t) => 20 + 5 * Math.sin(t / 2) + (t % 3));
const batches = { batch: 2, seed: 1 };

function tagger(device: Device, crf: boolean): Subject {
  const model = new Tagger(device, tagVocabulary(sentences, { scheme: 'BIO' }), { ...sizes, characters: 2, crf });
  const training = taggerTraining(model, sentences, { ...batches, validation: sentences });
  return {
    model,
    training,
    inputs: [
      ['in', 'Rome'],
      ['Ada', 'met', 'Bob'],
    ],
    data: sentences,
  };
}

function translator(device: Device, attention: 'additive' | 'none', sampling: number): Subject {
  const model = new Translator(device, sidesFor(pairs), { ...sizes, attention });
  const training = translatorTraining(model, pairs, { ...batches, validation: pairs, sampling });
  return { model, training, inputs: ['abba', 'c'], options: { beam: 3, nBest: 2 }, data: pairs };
}

function forecaster(device: Device, output: 'gaussian' | 'quantiles'): Subject {
  const config = { cell: 'gru', hidden: 5, layers: 1, dropout: 0.2, window: 6, horizon: 2, output } as const;
  const split = splitSeries(demand.length);
  const model = new Forecaster(device, fitScaling(rowsOf({ demand }), split.train, 6), config);
  const training = forecasterTraining(model, { demand }, { ...batches, split });
  return { model, training, inputs: [{ demand }, { demand: demand.slice(5) }], data: { demand } };
}

const subjects: readonly (readonly [task: TaskName, name: string, make: (device: Device) => Subject])[] = [
  [
    'language-model',
    'with dropout and a carried state',
    (device) => {
      const tokenizer = tokenizerFor('char', text);
      const model = new LanguageModel(device, tokenizer, sizes);
      const training = languageModelTraining(model, tokenizer.encode(text.repeat(4)), { ...batches, steps: 5 });
      const options = { length: 6, temperature: 0.7, seed: 4 };
      return { model, training, inputs: ['she', '', 'shells by'], options, data: [{ text }] };
    },
  ],
  ...(['last', 'mean', 'max', 'attention'] as const).map(
    (pooling) =>
      [
        'classify',
        `pooling ${pooling}`,
        (device: Device): Subject => {
          const config = { ...sizes, bidirectional: true, pooling, maxLength: 50 } as const;
          const model = new Classifier(device, tokenizerFor('char', text), ['sea', 'land'], config);
          const training = classifierTraining(model, examples, { ...batches, validation: examples });
          return { model, training, inputs: ['she sells', 'shore'], data: examples };
        },
      ] as const,
  ),
  ['tag', 'with a CRF', (device) => tagger(device, true)],
  ['tag', 'without a CRF', (device) => tagger(device, false)],
  ['translate', 'with attention', (device) => translator(device, 'additive', 0)],
  ['translate', 'without attention, with scheduled sampling', (device) => translator(device, 'none', 0.5)],
  ['forecast', 'Gaussian', (device) => forecaster(device, 'gaussian')],
  ['forecast', 'quantiles', (device) => forecaster(device, 'quantiles')],
];

const reference = (): Backend => referenceBackend({ float: 'float32' });

/** All events of three steps, checkpoints with their numbers included. */
async function trained(task: TrainingTask, more: Partial<TrainOptions> = {}): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  const every = { progressEvery: 1, validateEvery: 3, sampleEvery: 3, checkpointEvery: 2, clock: () => 0 };
  const options = {
    optimizer: { method: 'adam' },
    learningRate: 0.01,
    clipNorm: 1,
    steps: 3,
    ...every,
    ...more,
  } as const;
  for await (const event of train(task, options)) events.push(event);
  return events;
}

test.each(subjects)('%s %s: trains and predicts on a device that answers only later', async (name, _, make) => {
  const task = await taskNamed(name);
  const results = async (backend: Backend): Promise<unknown> => {
    const { model, training, inputs, options, data } = make(createDevice(backend));
    return {
      events: await trained(training),
      predictions: await task.predict(model, inputs, options),
      evaluation: await task.evaluate(model, data),
      explanation: task.explain && (await task.explain.explain(model, inputs[0])),
    };
  };
  expect(await results(laterBackend(reference()))).toEqual(await results(reference()));
});

test.each([
  ['adding', { length: 5 }],
  ['copying', { length: 1 }],
  ['reber', {}],
] as const)('the long-memory problem %s: trains and evaluates there', async (name, size) => {
  const results = async (backend: Backend): Promise<unknown> => {
    const problem = createProblem(name, size);
    const model = new SequenceModel(createDevice(backend), problem, { ...sizes, dropout: 0.1 }, 1);
    const training = longMemoryTraining(model, problem, batches);
    const events = await trained(training, { validateEvery: 0 });
    const [some] = problem.heldOut(new Random(3), 'test');
    return { events, evaluation: await evaluateProblem(model, problem, [some]) };
  };
  expect(await results(laterBackend(reference()))).toEqual(await results(reference()));
});
