import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { ConfigError, FormatError, UnrolledError } from '../errors.ts';
import { decodeSafetensors, encodeSafetensors, type NamedArray } from '../io/safetensors.ts';
import { Dropout } from '../nn/dropout.ts';
import { Linear } from '../nn/linear.ts';
import type { Parameters } from '../nn/parameters.ts';
import { Sequential } from '../nn/sequential.ts';
import { Activation, BatchNorm, Conv2d, GlobalAveragePool } from '../nn/vision/index.ts';
import { tokenizerFor } from '../tokenizers/index.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../train/checkpoint.ts';
import { decodeModel, encodeModel, type ModelFile, type ModelSource, storeModel } from '../train/stored-model.ts';
import { train } from '../train/train.ts';
import { wordVocabulary } from '../words/index.ts';
import { Captioner, captionVocabulary } from './caption/index.ts';
import { Classifier } from './classify/index.ts';
import { ImageClassifier } from './classify-images/index.ts';
import { answerQuestions, DialogueAgent, dialogueKnowledge } from './dialogue/index.ts';
import { DrawModel, drawings } from './draw/index.ts';
import { Forecaster, fitScaling, rowsOf } from './forecast/index.ts';
import { GlimpseModel, readImages } from './glimpse/index.ts';
import { generateText, LanguageModel, languageModelTraining } from './language-model/index.ts';
import { knowledgeOf, Navigator, navigateTask } from './navigate/index.ts';
import { smallMap, smallRoutes } from './navigate/small-map.ts';
import { Tagger, tagVocabulary } from './tag/index.ts';
import { gameVocabulary, selectTargets, TargetSelector } from './target-selection/index.ts';
import { sidesFor, Translator } from './translate/index.ts';
import { FrameLabeller, VideoCaptioner, VideoClassifier, VideoEventCaptioner } from './video/index.ts';
import { Answerer, questionVocabulary } from './vqa/index.ts';

const device = await openDevice('wasm', { threads: 1 });
const text = 'she sells sea shells by the sea shore. '.repeat(5);
const common = { cell: 'lstm', hidden: 4, layers: 1, dropout: 0.2 };
const [char, word, bpe] = (['char', 'word', 'bpe'] as const).map((kind) => tokenizerFor(kind, text));

interface Subject {
  readonly name: string;
  readonly model: { readonly parameters: Parameters; describe(): object };
  /** Opens a file and uses its model. */
  readonly open: (source: ModelSource) => Promise<unknown>;
}

const sentences = [{ words: ['Ada', 'wrote'], tags: ['B-person', 'O'] }];
const pairs = [{ source: 'one two', target: 'eins zwei' }];
const series = { demand: [1, 2, 4, 3, 2, 5, 6, 4], price: [1, 1, 2, 2, 1, 1, 2, 2] };
const classifierConfig = { ...common, embedding: 3, bidirectional: true, pooling: 'last', maxLength: 20 } as const;
const networkOfImages = new Sequential({
  conv: new Conv2d({ channels: 3, kernel: 3, stride: 2, padding: 1, groups: 3 }),
  norm: new BatchNorm({ momentum: 0.1 }),
  relu: new Activation({ kind: 'relu' }),
  pool: new GlobalAveragePool(),
  fc: new Sequential([new Dropout({ rate: 0.1 }), new Linear({ units: 2 })]),
}).config;
const game = {
  dots: [
    { x: 0, y: 0.5, size: 1, colour: -1 },
    { x: 0.3, y: -0.5, size: 0, colour: 1 },
  ],
  utterances: [{ speaker: 'you', text: 'the dark one?' }],
} as const;
const scaling = fitScaling(rowsOf(series), 8, 3);

const languageModels = [char, word, bpe].map((tokenizer): Subject => {
  const model = new LanguageModel(device, tokenizer, { ...common, embedding: 3 });
  const open = async (source: ModelSource) =>
    generateText(LanguageModel.load(device, source), { length: 3, seed: 1, temperature: 0.8 });
  return { name: `a language model of ${tokenizer.kind} tokens`, model, open };
});

const subjects: readonly Subject[] = [
  ...languageModels,
  {
    name: 'a classifier of tokens',
    model: new Classifier(device, char, ['good', 'bad'], { ...classifierConfig, pooling: 'attention' }),
    open: async (source) => Classifier.load(device, source).classify(['she', '']),
  },
  {
    name: 'a classifier of words',
    model: new Classifier(device, wordVocabulary([['good', 'film']]), ['good', 'bad'], classifierConfig),
    open: async (source) => Classifier.load(device, source).classify(['a good film', '']),
  },
  {
    name: 'a classifier of images',
    model: new ImageClassifier(device, {
      config: { network: networkOfImages, frozen: true },
      ...{ labels: ['dark', 'bright'], augmentation: { flip: true } },
      preprocessing: { size: [5, 4], resize: 6, crop: 'centre', mean: [0.5, 0.4, 0.5], std: [0.2, 0.2, 0.2] },
    }),
    open: async (source) =>
      ImageClassifier.load(device, source).predict([{ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 9) }]),
  },
  {
    name: 'a captioner',
    model: new Captioner(device, {
      config: { ...common, embedding: 3, units: 4 },
      backbone: {
        config: networkOfImages,
        preprocessing: { size: [5, 4], crop: 'none', mean: [0.5, 0.4, 0.5], std: [0.2, 0.2, 0.2] },
      },
      vocabulary: captionVocabulary(['a dark field'], { minCount: 1 }),
    }),
    open: async (source: ModelSource) =>
      Captioner.load(device, source).predict([{ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 9) }]),
  },
  ...(['softmax', 'binary'] as const).map((answering) => ({
    name: `a model of questions with ${answering}`,
    model: new Answerer(device, {
      config: { ...common, embedding: 3, units: 4, answering },
      backbone: {
        config: networkOfImages,
        preprocessing: { size: [5, 4], crop: 'none', mean: [0.5, 0.4, 0.5], std: [0.2, 0.2, 0.2] },
      },
      vocabulary: questionVocabulary([
        { question: 'is it dark', answers: ['yes'] },
        { question: 'is it bright', answers: ['no'] },
      ]),
    }),
    open: async (source: ModelSource) =>
      Answerer.load(device, source).predict([
        {
          image: { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 9) },
          question: 'is it dark?',
          choices: ['yes', 'no'],
        },
      ]),
  })),
  {
    name: 'a classifier of videos',
    model: new VideoClassifier(device, {
      config: {
        ...{ ...common, differences: true, reading: 'average' },
        input: {
          kind: 'frames',
          network: networkOfImages,
          preprocessing: { size: [5, 4], crop: 'none', mean: [0.5, 0.4, 0.5], std: [0.2, 0.2, 0.2] },
        },
      },
      labels: ['rises', 'falls'],
    }),
    open: async (source: ModelSource) =>
      VideoClassifier.load(device, source).predict([
        { frames: [{ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 9) }] },
      ]),
  },
  {
    name: 'a labeller of frames',
    model: new FrameLabeller(device, {
      config: { ...common, bidirectional: true, input: { kind: 'features', features: 2 } },
      ...{ labels: ['low', 'high', 'rest'], background: 'rest' },
    }),
    open: async (source: ModelSource) =>
      FrameLabeller.load(device, source).predict([
        {
          features: [
            [1, 2],
            [3, 1],
          ],
        },
      ]),
  },
  {
    name: 'a captioner of videos',
    model: new VideoCaptioner(device, {
      config: {
        ...{ ...common, embedding: 3, attentionUnits: 2, bidirectional: true, conditioning: 'attention' },
        input: { kind: 'features', features: 2 },
      },
      vocabulary: captionVocabulary(['it rises'], { minCount: 1 }),
    }),
    open: async (source: ModelSource) =>
      VideoCaptioner.load(device, source).predict([
        {
          features: [
            [1, 2],
            [3, 1],
          ],
        },
      ]),
  },
  {
    name: 'a captioner of events',
    model: new VideoEventCaptioner(device, {
      config: {
        ...{ ...common, embedding: 3, attentionUnits: 2, bidirectional: true, context: 'past', windows: [1, 2] },
        input: { kind: 'features', features: 2 },
      },
      vocabulary: captionVocabulary(['it rises'], { minCount: 1 }),
    }),
    open: async (source: ModelSource) =>
      VideoEventCaptioner.load(device, source).predict(
        [
          {
            features: [
              [1, 2],
              [3, 1],
            ],
          },
        ],
        { threshold: 0, mostEvents: 3 },
      ),
  },
  {
    name: 'a tagger',
    model: new Tagger(device, tagVocabulary(sentences), { ...common, embedding: 3, characters: 2, crf: true }),
    open: async (source) => Tagger.load(device, source).tag(['Ada wrote to Babbage']),
  },
  ...(['gaussian', 'quantiles'] as const).map((output) => ({
    name: `a forecaster with ${output} output`,
    model: new Forecaster(device, scaling, {
      ...{ ...common, window: 3, horizon: 2, output, quantiles: [0.1, 0.5, 0.9], targets: ['demand'] },
    }),
    open: async (source: ModelSource) => (await Forecaster.load(device, source).forecast(series))[0].interval(0.8),
  })),
  ...(['reinforce', 'convolution'] as const).map((reader) => ({
    name: `a reader of glimpses (${reader})`,
    model: new GlimpseModel(device, {
      config: { height: 11, width: 12, reader, glimpses: 2, patch: 2, scales: 2, hidden: 3, units: 2, channels: 2 },
      ...{ labels: ['dark', 'bright'], scene: { kind: 'pair', size: 12 } },
    }),
    open: async (source: ModelSource) =>
      readImages(GlimpseModel.load(device, source), [{ width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 9) }]),
  })),
  ...([0, 3] as const).map((write) => ({
    name: `a model that draws with ${write} filters`,
    model: new DrawModel(device, { height: 3, width: 4, glimpses: 2, hidden: 3, latent: 2, read: 2, write }),
    open: async (source: ModelSource) => drawings(DrawModel.load(device, source), [{ seed: 1 }]),
  })),
  {
    name: 'a navigator',
    model: new Navigator(device, knowledgeOf([smallMap], smallRoutes), { ...common, embedding: 3, senses: 3 }),
    open: async (source) => navigateTask.predict(Navigator.load(device, source), [{ text: 'go' }], { maxActions: 3 }),
  },
  {
    name: 'a dialogue agent',
    model: new DialogueAgent(device, {
      ...dialogueKnowledge([{ caption: 'a field', turns: [{ question: 'is it dark?', answer: 'yes' }] }]),
      config: { ...common, embedding: 3 },
      backbone: {
        config: networkOfImages,
        preprocessing: { size: [5, 4], crop: 'none', mean: [0.5, 0.4, 0.5], std: [0.2, 0.2, 0.2] },
        trained: true,
      },
    }),
    open: async (source) =>
      answerQuestions(DialogueAgent.load(device, source), [
        { image: { width: 2, height: 1, channels: 1, data: Uint8Array.of(0, 9) }, question: 'is it dark?' },
      ]),
  },
  {
    name: 'a target selector',
    model: new TargetSelector(device, gameVocabulary([game], 1), { ...common, embedding: 3 }),
    open: async (source) => selectTargets(TargetSelector.load(device, source), [game]),
  },
  {
    name: 'a translator',
    model: new Translator(device, sidesFor(pairs), { ...common, embedding: 3 }),
    open: async (source) => Translator.load(device, source).translate(['one'], { beam: 2, maxLength: 8 }),
  },
];

/** The file of this description and these parameters, with the checksum it should have. */
function fileOf(model: unknown, parameters: Readonly<Record<string, NamedArray>>, step: unknown = '1'): Uint8Array {
  const metadata = {
    format: 'unrolled model 1',
    step,
    model: typeof model === 'string' ? model : JSON.stringify(model),
  };
  return encodeSafetensors({ tensors: parameters, metadata: metadata as Record<string, string> });
}

type Path = readonly (string | number)[];

/** Every node of plain data; of long lists some items. */
function* pathsOf(value: unknown, path: Path = []): Generator<Path> {
  yield path;
  if (typeof value !== 'object' || value === null) return;
  const keys = Array.isArray(value)
    ? [...value.keys()].filter((i) => i < 2 || i === value.length - 1)
    : Object.keys(value);
  for (const key of keys) yield* pathsOf((value as Record<string | number, unknown>)[key], [...path, key]);
}

/** The same data with another value at a node, or without it. */
function altered(value: unknown, path: Path, change: (before: unknown) => unknown): unknown {
  if (path.length === 0) return change(value);
  const [key, ...rest] = path;
  const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string | number, unknown>;
  const next = altered(copy[key], rest, change);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return copy;
}

const nested = (depth: number): unknown => (depth === 0 ? [] : [nested(depth - 1)]);
const changes: readonly [string, (before: unknown) => unknown][] = [
  ['deleted', () => undefined],
  ...[null, true, 'text', '', '\u{1f600}', 7, 0, -1, 0.5, 1e15, 2 ** 31, 5000].map((value): [string, () => unknown] => [
    JSON.stringify(value),
    () => value,
  ]),
  ['[]', () => []],
  ['{}', () => ({})],
  ['nested', () => nested(500)],
  ['itself twice', (before) => (Array.isArray(before) ? [...before, ...before] : [before, before])],
  ['another field', (before) => (typeof before === 'object' && before !== null ? { ...before, extra: 1 } : { before })],
];

/** Opens a file that may be anything: it works, or ends in a named error; soon in both cases. */
async function outcome(name: string, open: () => Promise<unknown>): Promise<'works' | 'refused'> {
  const began = performance.now();
  let result: 'works' | 'refused' = 'works';
  try {
    await open();
  } catch (error) {
    if (!(error instanceof UnrolledError)) throw new Error(`${name}: ${error}`, { cause: error });
    if (error.message.length > 600) throw new Error(`${name}: a message of ${error.message.length} characters`);
    result = 'refused';
  }
  const ms = performance.now() - began;
  if (ms > 5000) throw new Error(`${name}: took ${ms} ms`);
  return result;
}

const storedSubjects = await Promise.all(
  subjects.map(async (subject) => ({ ...subject, stored: await storeModel(subject.model) })),
);

describe.each(storedSubjects)('$name', ({ stored, open }) => {
  const description = JSON.parse(JSON.stringify(stored.model));

  test('opens from its own file', async () => {
    expect(await outcome('unchanged', () => open(fileOf(description, stored.parameters)))).toBe('works');
    expect(await outcome('unchanged', () => open(encodeModel(stored)))).toBe('works');
    expect(await outcome('unchanged', () => open(stored))).toBe('works');
  });

  test('with any node of its description altered works, or is refused by name', async () => {
    const refused = { works: 0, refused: 0 };
    for (const path of pathsOf(description)) {
      for (const [change, make] of changes) {
        const file = fileOf(altered(description, path, make) ?? null, stored.parameters);
        refused[await outcome(`${path.join('.')} ${change}`, () => open(file))]++;
      }
    }
    expect(refused.refused).toBeGreaterThan(refused.works);
  });

  test('with a number in memory that is none works, or is refused by name', async () => {
    for (const path of pathsOf(description)) {
      for (const value of [Number.NaN, Infinity, undefined, 10n, () => 1, Symbol('x'), new Date(0)]) {
        const model = altered(description, path, () => value) as ModelFile['model'];
        await outcome(`${path.join('.')} ${String(value)}`, () => open({ ...stored, model }));
      }
    }
  });

  test('with any character of its description altered works, or is refused by name', async () => {
    const json = JSON.stringify(description);
    const start = json.includes('"vocabulary":["') && json.length > 5000 ? 400 : json.length;
    await fc.assert(
      fc.asyncProperty(fc.nat(start - 1), fc.constantFrom(...'09-"[]{},:.eE\\u\u0000é'), async (place, character) => {
        const file = fileOf(json.slice(0, place) + character + json.slice(place + 1), stored.parameters);
        await outcome(`${place} ${character}`, () => open(file));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('without one of its tensors, with one too many, or one of another shape is refused', async () => {
    for (const [name, array] of Object.entries(stored.parameters)) {
      const { [name]: _, ...others } = stored.parameters;
      const reshaped = { ...stored.parameters, [name]: { ...array, shape: [1, ...array.shape] } };
      const renamed = { ...others, [`${name}x`]: array };
      for (const parameters of [others, reshaped, renamed, { ...stored.parameters, more: array }]) {
        await expect(open(fileOf(description, parameters))).rejects.toThrow(FormatError);
      }
    }
    await expect(open(fileOf(description, {}))).rejects.toThrow(FormatError);
  });
});

describe('sizes that the file does not hold are refused before anything is made of them', async () => {
  const [{ model, open }] = languageModels;
  const stored = await storeModel(model);
  const { tokenizer, config } = stored.model as { tokenizer: unknown; config: object };
  const memory = (): number => process.memoryUsage().rss;

  test.each<[string, object]>([
    ['hidden units', { hidden: 10_000 }],
    ['hidden units', { hidden: 2 ** 31 }],
    ['hidden units of a cell', { cell: { cell: 'gru', hidden: 10_000 } }],
    ['layers', { layers: 5000 }],
    ['layers', { layers: 1e15 }],
    ['layers of a highway cell', { cell: { cell: 'rhn', hidden: 4, depth: 3000 } }],
    ['layers of a highway cell', { cell: { cell: 'rhn', hidden: 4, depth: 1e15 } }],
    ['a dimension', { embedding: 2 ** 40 }],
    ['units of a unitary cell', { cell: { cell: 'unitary', hidden: 2 ** 30 } }],
    ['units of a NAS cell', { cell: { cell: 'nas', hidden: 2 ** 30 } }],
    ['a projection', { cell: { cell: 'lstm', hidden: 2 ** 30, projection: 2 ** 29 } }],
    ['cutoffs', { adaptive: [1, 2, 3, 4] }],
  ])('%s: %o', async (_, change) => {
    const before = memory();
    const began = performance.now();
    const file = fileOf({ tokenizer, config: { ...config, ...change } }, stored.parameters);
    await expect(open(file)).rejects.toThrow(FormatError);
    expect(performance.now() - began).toBeLessThan(5000);
    expect(memory() - before).toBeLessThan(100e6);
  });

  test('tags of a CRF, whose constraints are K × K', async () => {
    const tagger = subjects.find(({ name }) => name === 'a tagger')!;
    const { model, parameters } = await storeModel(tagger.model);
    const { vocabulary, ...rest } = model as { vocabulary: object };
    const tags = ['O', ...Array.from({ length: 20_000 }, (_, i) => `B-${i}`)];
    const began = performance.now();
    await expect(tagger.open(fileOf({ ...rest, vocabulary: { ...vocabulary, tags } }, parameters))).rejects.toThrow(
      FormatError,
    );
    expect(performance.now() - began).toBeLessThan(5000);
  });
});

test('opening a model of n layers takes time in proportion to n', async () => {
  const time = async (layers: number): Promise<number> => {
    const config = { cell: 'rnn', hidden: 1, layers, embedding: 1, dropout: 0 };
    const file = encodeModel(await storeModel(new LanguageModel(device, char, config)));
    const began = performance.now();
    LanguageModel.load(device, file);
    return performance.now() - began;
  };
  await time(50);
  expect(await time(1500)).toBeLessThan(40 * Math.max(10, await time(150)));
});

test('the smallest file with metadata of null holds no model', () => {
  const header = new TextEncoder().encode('{"__metadata__":null}   ');
  const file = new Uint8Array(8 + header.length);
  new DataView(file.buffer).setBigUint64(0, BigInt(header.length), true);
  file.set(header, 8);
  expect(decodeSafetensors(file).tensors).toEqual({});
  expect(() => decodeModel(file)).toThrow('the file holds tensors, but no training state');
});

test.each(['x', '-1', '0.5', 'NaN', ''])('a model trained for %j steps is refused', (step) => {
  const { model, parameters } = storedSubjects[0].stored;
  const load = () => decodeModel(fileOf(model, parameters, step === '' ? 'null' : step));
  expect(load).toThrow(FormatError);
});

describe('what is loaded must be bytes or a stored model', () => {
  const file = encodeModel(storedSubjects[0].stored);
  test.each<[string, unknown]>([
    ["received the text 'my.safetensors'; for a path pass readFileSync(path)", 'my.safetensors'],
    ['received a promise; await it', Promise.resolve(file)],
    ['received a Blob; pass await value.arrayBuffer()', new Blob([file])],
    ['received null', null],
    ['received undefined', undefined],
    ['received {  }', {}],
    ['the parameters of a stored model must be', { model: {}, parameters: 5 }],
    ['the parameters of a stored model must be', { model: {}, parameters: { a: [1, 2] } }],
  ])('%s', async (message, source) => {
    for (const { open } of subjects) {
      await expect(open(source as ModelSource)).rejects.toThrow(ConfigError);
      await expect(open(source as ModelSource)).rejects.toThrow(message);
    }
  });
});

describe('a checkpoint', async () => {
  const tokens = char.encode(text);
  const newTask = () => {
    const model = new LanguageModel(device, char, { ...common, embedding: 3 });
    return languageModelTraining(model, tokens, { batch: 2, steps: 4, seed: 1 });
  };
  const options = { optimizer: { method: 'adam' }, learningRate: 0.01, sampleEvery: 0 } as const;
  const run = async (steps: number, resume?: Checkpoint): Promise<Checkpoint> => {
    let last: Checkpoint | null = null;
    for await (const event of train(newTask(), { ...options, steps, resume })) {
      if (event.type === 'checkpoint') last = event.checkpoint;
    }
    return last!;
  };
  const checkpoint = await run(3);
  const { trainer, task } = JSON.parse(JSON.stringify({ trainer: checkpoint.trainer, task: checkpoint.task }));

  test.each([
    ['trainer', trainer],
    ['task', task],
  ])('with any node of its %s state altered resumes, or is refused by name', async (part, state) => {
    for (const path of pathsOf(state)) {
      for (const [change, make] of changes) {
        const file = encodeCheckpoint({ ...checkpoint, [part]: altered(state, path, make) ?? null });
        const name = `${part}.${path.join('.')} ${change}`;
        const resumed = Promise.resolve().then(() => run(4, decodeCheckpoint(file)));
        await resumed.catch((error) => {
          if (!(error instanceof UnrolledError)) throw new Error(`${name}: ${error}`, { cause: error });
        });
      }
    }
  });

  test('with tensors that are not those of the run is refused', async () => {
    const array = { shape: [3], data: new Float32Array(3) };
    for (const part of ['parameters', 'optimizer', 'carried'] as const) {
      const [name] = Object.keys(checkpoint[part]);
      for (const arrays of [{ ...checkpoint[part], [name]: array }, { [`x${name}`]: array }]) {
        const file = encodeCheckpoint({ ...checkpoint, [part]: arrays });
        await expect(run(4, decodeCheckpoint(file))).rejects.toThrow(FormatError);
      }
    }
  });
});
