import { describe, expect, test } from 'vitest';
import { gradientError } from '../../autodiff/check.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { openDevice } from '../../device.ts';
import { createDevice } from '../../ops/create-device.ts';
import { Random } from '../../random.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import { train } from '../../train/train.ts';
import { countAnswersRight, countLastRight } from './counts.ts';
import { evaluateProblem } from './evaluate.ts';
import { type ExperimentEvent, type ExperimentResult, type ExperimentSettings, experiment } from './experiment.ts';
import { lossOf } from './loss.ts';
import { SequenceModel } from './model.ts';
import { countAnswers, type Problem, type SequenceBatch } from './problem.ts';
import { musicProblem } from './problems/music.ts';
import { settingsFor, transformerSettingsFor } from './settings.ts';
import { createProblem, longMemoryTaskNames } from './tasks.ts';
import { type LongMemoryTraining, longMemoryTraining } from './training.ts';

const exact = createDevice(referenceBackend({ float: 'float64' }));
const wasm = await openDevice('wasm', { threads: 1 });

const transformer = transformerSettingsFor('parity', { hidden: 8, layers: 2 }, { heads: 2 });

const small: ExperimentSettings = {
  ...settingsFor('adding', 'gru'),
  cell: { cell: 'gru', hidden: 16 },
  batch: 32,
  learningRate: 1e-2,
  steps: 600,
  validateEvery: 50,
};

async function collect(
  problem: Problem,
  settings: ExperimentSettings,
  seed = 1,
  signal?: AbortSignal,
): Promise<ExperimentEvent[]> {
  const events: ExperimentEvent[] = [];
  for await (const event of experiment(wasm, problem, settings, { seed, signal })) events.push(event);
  return events;
}

const resultOf = (events: ExperimentEvent[]): ExperimentResult => events.at(-1) as ExperimentResult;

describe('tiny versions are learnt', () => {
  test.each([
    ['adding', { length: 5 }, { ...small, bar: 0.01 }],
    [
      'copying',
      { length: 1 },
      { ...small, bar: 0.8, cell: { cell: 'gru', hidden: 64 }, learningRate: 5e-3, steps: 1200 },
    ],
    ['reber', {}, { ...small, bar: 0.9 }],
    ['temporal-order-2', { length: 10 }, small],
    ['parity', { length: 6, testLength: 12 }, { ...small, cell: { cell: 'rnn', hidden: 16 }, steps: 1500 }],
    ['brackets', { length: 8, testLength: 10 }, { ...small, bar: 0.97 }],
  ] as const)('%s', async (task, options, settings) => {
    const problem = createProblem(task, options);
    const result = resultOf(await collect(problem, settings));
    expect(result.reason).toBe('solved');
    const { chance, bar } = { ...problem.metric, ...settings };
    expect((result.metric! - chance) / (bar! - chance)).toBeGreaterThan(0.8);
  });
});

describe('an experiment', () => {
  const problem = createProblem('adding', { length: 5 });
  const short = { ...small, steps: 30, validateEvery: 10 };

  test('tells what happens in order, and is a function of its seed', async () => {
    const values = (events: ExperimentEvent[]): unknown[] =>
      events.map((event) => {
        if (event.type === 'progress') return [event.step, event.loss];
        if (event.type === 'validation') return [event.step, event.loss, event.metric, event.best];
        return event.type === 'result' ? [event.reason, event.metric, event.step] : [event.type];
      });
    const events = await collect(problem, short);
    expect(events.map(({ type }) => type)).toEqual([
      'start',
      ...['progress', 'validation', 'progress', 'validation', 'progress', 'validation'],
      'result',
    ]);
    expect(resultOf(events)).toMatchObject({ reason: 'finished', step: 30, solved: null });
    expect(values(await collect(problem, short))).toEqual(values(events));
    expect(values(await collect(problem, short, 2))).not.toEqual(values(events));
  });

  test('counts as solved after three evaluations in a row, from the first of them on', async () => {
    const events = await collect(problem, { ...short, steps: null, bar: 100 });
    expect(resultOf(events)).toMatchObject({ reason: 'solved', step: 30, solved: { step: 10 } });
    expect(events.filter(({ type }) => type === 'validation')).toHaveLength(3);
  });

  test('tests the model with the lowest validation loss', async () => {
    // A rate far too high for what comes after a few steps: the last model is not the best.
    const wild = { ...small, optimizer: 'sgd', learningRate: 2, clipNorm: 0, steps: 40, validateEvery: 1 } as const;
    const events = await collect(problem, wild, 3);
    const validations = events.filter((event) => event.type === 'validation');
    const best = Math.min(...validations.map(({ loss }) => loss));
    expect(validations.at(-1)!.loss).toBeGreaterThan(1.5 * best);
    expect(resultOf(events).loss).toBeLessThan(1.3 * best);
  });

  test('tests the model that solved it, also where an earlier one was luckier in its validation', async () => {
    const wild = { ...small, optimizer: 'sgd', learningRate: 0.6, clipNorm: 0, steps: 3 } as const;
    const last = resultOf(await collect(problem, { ...wild, validateEvery: 3 }, 3));
    const luckiest = resultOf(await collect(problem, { ...wild, validateEvery: 1 }, 3));
    const solved = resultOf(await collect(problem, { ...wild, validateEvery: 1, bar: 1e9 }, 3));
    expect(luckiest.loss).not.toBe(last.loss);
    expect([solved.reason, solved.loss]).toEqual(['solved', last.loss]);
  });

  test('that leaves the finite numbers says so, and tests what was best before', async () => {
    const result = resultOf(await collect(problem, { ...short, optimizer: 'sgd', learningRate: 1e30, clipNorm: 0 }));
    expect(result.reason).toBe('diverged');
    expect(Number.isFinite(result.metric)).toBe(true);
  });

  test('that is aborted has no result to count', async () => {
    const controller = new AbortController();
    controller.abort();
    const result = resultOf(await collect(problem, short, 1, controller.signal));
    expect(result).toMatchObject({ reason: 'aborted', metric: null, solved: null });
  });

  test('interrupted and resumed reads the same sequences', async () => {
    const newTask = (): LongMemoryTraining =>
      longMemoryTraining(new SequenceModel(wasm, problem, small, 1), problem, { batch: 8, seed: 1 });
    const weights = async (steps: number, resume?: Uint8Array): Promise<Uint8Array> => {
      let last = new Uint8Array();
      const options = { optimizer: { method: 'adam' }, learningRate: 1e-2, validateEvery: 3, steps } as const;
      for await (const event of train(newTask(), { ...options, resume: resume && decodeCheckpoint(resume) })) {
        if (event.type !== 'checkpoint') continue;
        const { trainer, ...rest } = event.checkpoint;
        last = encodeCheckpoint({ ...rest, trainer: { ...trainer, secondsElapsed: 0 } });
      }
      return last;
    };
    expect(decodeCheckpoint(await weights(12, await weights(6))).parameters).toEqual(
      decodeCheckpoint(await weights(12)).parameters,
    );
  });
});

test('examples all come once in an epoch, in another order in the next', () => {
  const piece = (note: number): number[][] => [[note], [note]];
  const pieces = Array.from({ length: 7 }, (_, i) => piece(40 + i));
  const problem = musicProblem({ train: pieces, validation: pieces, test: pieces });
  const seen: number[][] = [];
  const { training } = problem;
  if (training.examples === null) throw new Error('music is examples');
  const watched: Problem = {
    ...problem,
    training: {
      examples: 7,
      pick: (indices, random) => {
        seen.push(Array.from(indices));
        return training.pick(indices, random);
      },
    },
  };
  const model = new SequenceModel(exact, watched, small, 1);
  const task = longMemoryTraining(model, watched, { batch: 3, seed: 1 });
  for (let i = 0; i < 6; i++) task.loss(task.nextBatch(), { training: true, random: new Random(1) });
  expect(seen.map(({ length }) => length)).toEqual([3, 3, 1, 3, 3, 1]);
  const [first, second] = [seen.slice(0, 3).flat(), seen.slice(3).flat()];
  expect(first.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6]);
  expect(second.toSorted()).toEqual(first.toSorted());
  expect(second).not.toEqual(first);
  expect(task.epoch).toBe(2);
});

describe('loss and metric', () => {
  /** Two rows of 3 and 2 steps. */
  const batch: SequenceBatch = {
    steps: 3,
    batch: 2,
    inputs: new Float32Array(6),
    lengths: [3, 2],
    answered: 3,
    targets: Float32Array.of(1, 0, 0, 1, 1, 9),
  };

  test('numbers and bits count at the steps a row has', () => {
    const z = [0.5, -1, 2, 0.1, -0.3, 7];
    const outputs = exact.tensor(z, [3, 2, 1]);
    const there = [0, 1, 2, 3, 4];
    const mean = (of: (i: number) => number): number => there.reduce((sum, i) => sum + of(i), 0) / 5;
    expect(countAnswers(batch)).toBe(5);
    expect(lossOf('number', outputs, batch).item()).toBeCloseTo(
      mean((i) => (z[i] - batch.targets[i]) ** 2),
      12,
    );
    const p = z.map((one) => 1 / (1 + Math.exp(-one)));
    expect(lossOf('bits', outputs, batch).item()).toBeCloseTo(
      mean((i) => -Math.log(batch.targets[i] === 1 ? p[i] : 1 - p[i])),
      6,
    );
  });

  test.each(['number', 'bits', 'class'] as const)('the gradient of %s answers is exact', async (answers) => {
    const targets = answers === 'class' ? Int32Array.of(1, 0, -1, 1, 0, -1) : batch.targets;
    const width = answers === 'class' ? 2 : 1;
    const outputs = exact.tensor(
      Float64Array.from({ length: 6 * width }, (_, i) => Math.sin(i + 1)),
      [3, 2, width],
    );
    const error = await gradientError([outputs], ([x]) => lossOf(answers, x, { ...batch, targets }));
    expect(error).toBeLessThan(1e-6);
  });

  test('right answers are counted where answers are wanted', () => {
    // [S, B] of classes 0 and 1; likeliest: 1 0 / 0 1 / 1 1
    const outputs = [0, 1, 1, 0, 1, 0, 0, 1, 0, 1, 0, 1];
    const targets = Int32Array.of(1, 1, 0, 1, 0, -1);
    expect(countAnswersRight({ ...batch, targets }, outputs)).toEqual({ right: 3, of: 5 });
    expect(countLastRight({ ...batch, targets }, outputs)).toEqual({ right: 1, of: 2 });
  });

  test.each([
    ['cells', small],
    ['a Transformer', transformer],
  ])('an evaluation of %s does not depend on how the sequences are batched', async (_, settings) => {
    const problem = createProblem('parity', { length: 9, testLength: 12 });
    const model = new SequenceModel(exact, problem, settings, 4);
    const { training } = problem;
    if (training.examples !== null) throw new Error('parity never ends');
    const draw = (size: number, count: number): SequenceBatch[] => {
      const random = new Random(5);
      return Array.from({ length: count }, () => training.draw(random, size));
    };
    const [whole, parts] = [
      await evaluateProblem(model, problem, draw(12, 1)),
      await evaluateProblem(model, problem, draw(1, 12)),
    ];
    expect(parts!.metric).toBe(whole!.metric);
    expect(parts!.loss).toBeCloseTo(whole!.loss, 10);
  });
});

describe('a Transformer', () => {
  const problem = createProblem('brackets', { length: 6, testLength: 6 });
  const model = new SequenceModel(exact, problem, transformer, 2);

  test('answers from a step and those before it', async () => {
    const { training } = problem;
    if (training.examples !== null) throw new Error('brackets never end');
    const random = new Random(3);
    const batch = { ...training.draw(random, 1), lengths: null };
    const width = problem.features;
    const changed = { ...batch, inputs: batch.inputs.map((x, i) => (Math.floor(i / width) === 2 ? 1 - x : x)) };
    const [before, after] = [await model.predict(batch), await model.predict(changed)];
    const differs = Array.from({ length: batch.steps }, (_, t) =>
      Array.from({ length: problem.outputs }, (_, o) => t * problem.outputs + o).some((i) => before[i] !== after[i]),
    );
    expect(differs).toEqual(differs.map((_, t) => t >= 2));
  });

  test('takes the place of cells, with positions for any length', () => {
    const make = (settings: Partial<ExperimentSettings>) => () =>
      new SequenceModel(exact, problem, { ...transformer, ...settings }, 1);
    expect(make({ cell: 'gru' })).toThrow('a cell or a transformer, received both');
    expect(make({ transformer: undefined })).toThrow('received neither');
    expect(make({ transformer: { layers: 1, heads: 1, positions: 'learnt' } })).toThrow('learnt positions end');
  });
});

test.each(longMemoryTaskNames)('%s has settings that make a model for every cell', (task) => {
  const settings = settingsFor(task, 'lstm', { hidden: 7 });
  expect(settings.cell).toMatchObject({ cell: 'lstm', hidden: 7 });
  expect(settings.steps).toBeGreaterThan(0);
  expect(transformerSettingsFor(task, { layers: 3 }).transformer).toMatchObject({ layers: 3, heads: 4 });
});
