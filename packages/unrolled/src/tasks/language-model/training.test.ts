import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { TokenStreams } from '../../data/token-streams.ts';
import { DataError } from '../../errors.ts';
import { type CellSource, cellNames, defineCell } from '../../nn/cells/index.ts';
import { inference } from '../../nn/layer.ts';
import { createDevice } from '../../ops/create-device.ts';
import { Random } from '../../random.ts';
import { tokenizerFor } from '../../tokenizers/create.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../../train/checkpoint.ts';
import type { TrainEvent } from '../../train/events.ts';
import type { TrainOptions } from '../../train/options.ts';
import { train } from '../../train/train.ts';
import type { LanguageModelDescription } from './config.ts';
import { evaluateLanguageModel } from './evaluate.ts';
import { generateText } from './generate.ts';
import { LanguageModel } from './model.ts';
import { type LanguageModelTraining, languageModelTraining, splitText } from './training.ts';

const text = 'she sells sea shells by the sea shore; '.repeat(12);
const device = createDevice(referenceBackend({ float: 'float32' }));

function newTask(cell: CellSource = 'lstm'): LanguageModelTraining {
  const tokenizer = tokenizerFor('char', text);
  const model = new LanguageModel(device, tokenizer, { cell, hidden: 16, layers: 2, embedding: 8, dropout: 0.1 }, 3);
  return languageModelTraining(model, tokenizer.encode(text), { batch: 3, steps: 12, seed: 5, sampleLength: 20 });
}

const options: TrainOptions = {
  optimizer: { method: 'adam' },
  learningRate: 2e-2,
  schedule: 'hold-linear',
  clipNorm: 1,
  steps: 40,
  progressEvery: 7,
  validateEvery: 10,
  sampleEvery: 20,
};

async function collect(task: LanguageModelTraining, more: Partial<TrainOptions> = {}): Promise<TrainEvent[]> {
  const events: TrainEvent[] = [];
  for await (const event of train(task, { ...options, ...more })) events.push(event);
  return events;
}

function lastCheckpoint(events: TrainEvent[]): Checkpoint {
  return events.findLast((event) => event.type === 'checkpoint')!.checkpoint;
}

describe('training a language model', () => {
  test('with noise, some of the tokens it reads are others of the text, the same ones for the same numbers', () => {
    const tokenizer = tokenizerFor('char', text);
    const model = new LanguageModel(
      device,
      tokenizer,
      { cell: 'gru', hidden: 8, layers: 1, embedding: 4, dropout: 0 },
      3,
    );
    const lossOf = (noise: number, seed: number | null): number => {
      const task = languageModelTraining(model, tokenizer.encode(text), { batch: 3, steps: 40, seed: 5, noise });
      const context = seed === null ? inference : { training: true as const, random: new Random(seed) };
      return device.scope(() => task.loss(task.nextBatch(), context).item());
    };
    const clean = lossOf(0, null);
    expect([lossOf(0, 1), lossOf(0.2, null)]).toEqual([clean, clean]);
    expect(lossOf(0.2, 1)).not.toBe(clean);
    expect(lossOf(0.2, 1)).toBe(lossOf(0.2, 1));
    expect(lossOf(0.2, 2)).not.toBe(lossOf(0.2, 1));
    expect(() => lossOf(1, 1)).toThrow('noise');
  });

  test('the loss falls and the events come in order', async () => {
    const events = await collect(newTask(), { steps: 120 });
    expect(events[0]).toMatchObject({ type: 'start', step: 0, steps: 120 });
    const losses = events.filter((event) => event.type === 'progress').map((event) => event.loss);
    expect(losses.at(-1)).toBeLessThan(0.5 * losses[0]);
    expect(events.filter((event) => event.type === 'validation')).toHaveLength(12);
    expect(events.filter((event) => event.type === 'sample').map(({ step }) => step)).toEqual([
      20, 40, 60, 80, 100, 120,
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'done', reason: 'finished', step: 120 });
  });

  test('the learning rate may be changed during a run', async () => {
    const moving = { ...options, schedule: 'constant' as const, steps: 4, progressEvery: 1 };
    const rates: number[] = [];
    for await (const event of train(newTask(), moving)) {
      if (event.type !== 'progress') continue;
      rates.push(event.learningRate);
      moving.learningRate = event.step / 1000;
    }
    expect(rates).toEqual([2e-2, 1e-3, 2e-3, 3e-3]);
  });

  test('a text no longer than a chunk is read whole in every epoch', async () => {
    const tokenizer = tokenizerFor('char', 'hello');
    const model = new LanguageModel(device, tokenizer, { cell: 'rnn', hidden: 8, layers: 1, embedding: 4, dropout: 0 });
    const task = languageModelTraining(model, tokenizer.encode('hello'), { batch: 1, steps: 4, seed: 1 });
    const items = Array.from({ length: 5 }, () => {
      const batch = task.nextBatch();
      device.scope(() => task.loss(batch, { training: false }));
      return batch.items;
    });
    expect(items).toEqual([4, 4, 4, 4, 4]);
  });

  test('the weights are the same bits with and without a look at gradient flow', async () => {
    const looked = await collect(newTask(), { gradientFlowEvery: 7 });
    expect(lastCheckpoint(looked).parameters).toEqual(lastCheckpoint(await collect(newTask())).parameters);
    const events = looked.filter((event) => event.type === 'gradient-flow');
    expect(events.map(({ step }) => step)).toEqual([7, 14, 21, 28, 35, 40]);
    for (const { layers } of events) {
      expect(layers.map(({ layer, reverse }) => [layer, reverse])).toEqual([
        [0, false],
        [1, false],
      ]);
      for (const { norms, perStep, verdict, kind } of layers) {
        expect(norms).toHaveLength(12);
        expect(perStep).toBeGreaterThan(0);
        expect(verdict).toMatch(kind === 'kept' ? /^stays within a factor of ten: / : new RegExp(`^${kind}: `));
      }
    }
  });

  test('gradient flow of a text shorter than a chunk looks as far back as there is text', async () => {
    const tokenizer = tokenizerFor('char', text);
    const model = new LanguageModel(device, tokenizer, { cell: 'gru', hidden: 4, layers: 1, embedding: 3, dropout: 0 });
    const task = languageModelTraining(model, tokenizer.encode('she sells'), { batch: 1, steps: 50, seed: 1 });
    expect((await task.gradientFlow())[0].norms).toHaveLength(8);
  });

  test('gradient flow is refused where the task cannot measure it', async () => {
    const task = newTask();
    Object.assign(task, { gradientFlow: undefined });
    await expect(collect(task, { gradientFlowEvery: 5 })).rejects.toThrow('cannot measure gradient flow');
  });

  test.each(['lstm', 'gru', 'rnn'])(
    'a %s run interrupted at any step and resumed has the same weights',
    async (cell) => {
      const whole = lastCheckpoint(await collect(newTask(cell)));
      for (const stop of [1, 13, 25]) {
        const controller = new AbortController();
        const first: TrainEvent[] = [];
        for await (const event of train(newTask(cell), { ...options, progressEvery: 1, signal: controller.signal })) {
          first.push(event);
          if (event.type === 'progress' && event.step === stop) controller.abort();
        }
        expect(first.at(-1)).toMatchObject({ type: 'done', reason: 'aborted', step: stop });
        const stored = decodeCheckpoint(encodeCheckpoint(lastCheckpoint(first)));
        const resumed = lastCheckpoint(await collect(newTask(cell), { resume: stored }));
        expect(encodeCheckpoint({ ...resumed, trainer: { ...resumed.trainer, secondsElapsed: 0 } })).toEqual(
          encodeCheckpoint({ ...whole, trainer: { ...whole.trainer, secondsElapsed: 0 } }),
        );
      }
    },
  );

  test.each([20, 40])('a validation that was interrupted after step %i is made when the run goes on', async (stop) => {
    const whole = await collect(newTask());
    const controller = new AbortController();
    const first: TrainEvent[] = [];
    for await (const event of train(newTask(), { ...options, progressEvery: 1, signal: controller.signal })) {
      first.push(event);
      if (event.type === 'progress' && event.step === stop) controller.abort();
    }
    expect(first.at(-1)).toMatchObject({ type: 'done', reason: 'aborted', step: stop });
    const second = await collect(newTask(), { resume: decodeCheckpoint(encodeCheckpoint(lastCheckpoint(first))) });
    const validations = (events: TrainEvent[]): TrainEvent[] => events.filter(({ type }) => type === 'validation');
    expect(validations([...first, ...second])).toEqual(validations(whole));
    expect(second.at(-1)).toMatchObject({ type: 'done', reason: 'finished', step: 40 });
  });

  test('a validation can be limited to the beginning of its part', async () => {
    const { model } = newTask();
    const tokens = model.tokenizer.encode(text);
    const limited = languageModelTraining(model, tokens, { batch: 3, steps: 12, seed: 5, validationTokens: 20 });
    const { validation } = splitText(tokens);
    const expected = await evaluateLanguageModel(model, validation.subarray(0, 20));
    expect(await limited.validate(undefined)).toEqual({ loss: expected!.loss });
  });

  test('a text for validation of its own leaves the whole text for training', async () => {
    const { model } = newTask();
    const held = text.slice(7, 80);
    const own = languageModelTraining(model, text, { batch: 3, steps: 12, seed: 5, validation: held });
    expect(await own.validate(undefined)).toEqual({
      loss: (await evaluateLanguageModel(model, model.tokenizer.encode(held))).loss,
    });
    const streams = new TokenStreams(model.tokenizer.encode(text), { batch: 3, steps: 12, seed: 5 });
    expect(own.stepsPerEpoch).toBe(streams.chunksPerEpoch);
    expect(own.nextBatch()).toMatchObject(streams.next());
  });

  test('a text that is not the one of the run is refused', async () => {
    const checkpoint = lastCheckpoint(await collect(newTask(), { steps: 2 }));
    const { model } = newTask();
    const other = languageModelTraining(model, model.tokenizer.encode(text.slice(1)), {
      batch: 3,
      steps: 12,
      seed: 5,
    });
    await expect(collect(other, { resume: checkpoint })).rejects.toThrow('not the one this run was trained on');
  });

  test('a learning rate that is far too high ends in a named error, with the weights still finite', async () => {
    const task = newTask();
    const run = collect(task, {
      optimizer: { method: 'sgd' },
      learningRate: 1e39,
      schedule: 'constant',
      clipNorm: 0,
    });
    await expect(run).rejects.toThrow(/became .* lower the learning rate/);
  });
});

test.each(cellNames)('a %s model trains, and writes', async (cell) => {
  // With scale 1 an IRNN adds up all it reads, and the state is carried through the whole text.
  const task = newTask(cell === 'irnn' ? { cell, hidden: 16, scale: 0.5 } : cell);
  const events = await collect(task, {
    steps: 24,
    learningRate: 3e-3,
    progressEvery: 4,
    validateEvery: 0,
    sampleEvery: 0,
  });
  const losses = events.filter((event) => event.type === 'progress').map((event) => event.loss);
  expect(losses.at(-1)).toBeLessThan(losses[0]);
  expect(await generateText(task.model, { length: 5 })).toHaveLength(5);
});

describe('a cell of your own', () => {
  const leaky = (name: string) =>
    defineCell({
      name,
      initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
      step(x, { h }, { linear }) {
        const next = h.mul(0.9).add(linear('in', [x, h]).tanh());
        return { output: next, state: { h: next } };
      },
    });

  test('trains, and its checkpoint loads into the cell that is given again, and into no other', async () => {
    const own = leaky('leaky');
    const task = newTask(own);
    const events = await collect(task);
    const losses = events.filter((event) => event.type === 'progress').map((event) => event.loss);
    expect(losses.at(-1)).toBeLessThan(0.9 * losses[0]);
    const { model, parameters } = decodeCheckpoint(encodeCheckpoint(lastCheckpoint(events)));
    const description = model as unknown as LanguageModelDescription;
    expect(description.config.cell).toBe('leaky');
    const again = LanguageModel.from(device, description, own);
    again.parameters.load(parameters);
    const write = (from: LanguageModel) => generateText(from, { length: 30, seed: 2 });
    expect(await write(again)).toBe(await write(task.model));
    expect(() => LanguageModel.from(device, description)).toThrow("the model's cell 'leaky' is not built in; give it");
    expect(() => LanguageModel.from(device, description, leaky('other'))).toThrow(
      "the model's cell is 'leaky', the one given is 'other'",
    );
  });

  test('that leaves the finite numbers is named, with layer, step and part', async () => {
    const growing = defineCell({
      name: 'growing',
      initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
      step(x, { h }, { linear }) {
        const next = h.mul(1e5).add(linear('in', [x, h]).exp());
        return { output: next.tanh(), state: { h: next } };
      },
    });
    await expect(collect(newTask(growing))).rejects.toThrow(
      /loss became NaN at step 1 \(cell 'growing', layer 0, step \d: state part 'h' is (Infinity|NaN)\)/,
    );
  });
});

describe('a trained model', () => {
  test('evaluation does not depend on how many steps are taken at a time', async () => {
    const { model } = newTask();
    const tokens = model.tokenizer.encode(text);
    const results = await Promise.all(
      [1, 7, 500].map(async (steps) => (await evaluateLanguageModel(model, tokens, { batch: 2, steps })).loss),
    );
    expect(results[1]).toBeCloseTo(results[0], 6);
    expect(results[2]).toBeCloseTo(results[0], 6);
  });

  test('the same seed writes the same text, a prompt is read, a stop ends', async () => {
    const { model } = newTask();
    const write = (seed: number, more = {}) => generateText(model, { prompt: 'she ', length: 30, seed, ...more });
    const written = await write(1);
    expect(await write(1)).toBe(written);
    expect(await write(2)).not.toBe(written);
    expect((await write(1, { stop: written.slice(5, 7) })).length).toBeLessThanOrEqual(7);
    await expect(write(1, { prompt: 'Ω' })).rejects.toThrow("'Ω' (U+03A9) is not in the model's vocabulary");
    await expect(write(1, { topP: 0 })).rejects.toThrow('topP must be a finite number above 0, at most 1');
  });
});

describe('tokens in a plain array', () => {
  const tokenizer = tokenizerFor('char', text);
  const ids = tokenizer.encode(text);
  const taskOf = (tokens: ArrayLike<number>): LanguageModelTraining => {
    const model = new LanguageModel(
      device,
      tokenizer,
      { cell: 'gru', hidden: 4, layers: 1, embedding: 3, dropout: 0 },
      3,
    );
    return languageModelTraining(model, tokens, { batch: 2, steps: 5, seed: 1 });
  };

  test('train and are scored like those in an Int32Array', async () => {
    const [typed, plain] = [ids, [...ids]].map(taskOf);
    const lossOf = (task: LanguageModelTraining) => task.loss(task.nextBatch(), { training: false }).item();
    expect(lossOf(plain)).toBe(lossOf(typed));
    expect(await evaluateLanguageModel(plain.model, [...ids])).toEqual(await evaluateLanguageModel(typed.model, ids));
  });

  test.each([1.5, Number.NaN, -1, 2 ** 31])('are refused with %s among them', (odd) => {
    expect(() => taskOf([...ids, odd])).toThrow(DataError);
  });
});
