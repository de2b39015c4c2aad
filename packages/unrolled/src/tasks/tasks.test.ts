import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { ConfigError, DataError, FormatError } from '../errors.ts';
import { Linear } from '../nn/linear.ts';
import { Sequential } from '../nn/sequential.ts';
import { BatchNorm, Conv2d, GlobalAveragePool } from '../nn/vision/index.ts';
import { tokenizerFor } from '../tokenizers/create.ts';
import { decodeModel, encodeModel, storeModel, taskOf } from '../train/stored-model.ts';
import { Captioner, captionVocabulary } from './caption/index.ts';
import { Classifier } from './classify/model.ts';
import { ImageClassifier } from './classify-images/model.ts';
import { DialogueAgent, dialogueKnowledge } from './dialogue/index.ts';
import { DrawModel } from './draw/model.ts';
import { Forecaster } from './forecast/model.ts';
import { fitScaling } from './forecast/scaling.ts';
import { rowsOf } from './forecast/series.ts';
import { GlimpseModel } from './glimpse/model.ts';
import { loadTask, openModel, type TaskName, taskNamed, tasks } from './index.ts';
import { generate } from './language-model/generate.ts';
import { LanguageModel } from './language-model/model.ts';
import { knowledgeOf, Navigator } from './navigate/model.ts';
import { smallMap, smallRoutes } from './navigate/small-map.ts';
import { Tagger } from './tag/model.ts';
import { tagVocabulary } from './tag/vocabulary.ts';
import { gameVocabulary, TargetSelector } from './target-selection/index.ts';
import { Translator } from './translate/model.ts';
import { sidesFor } from './translate/sides.ts';
import { FrameLabeller, VideoCaptioner, VideoClassifier, VideoEventCaptioner } from './video/index.ts';
import { Answerer, questionVocabulary } from './vqa/index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const text = 'she sells sea shells by the shore and the shells she sells are sea shells';
const sizes = { cell: 'gru', hidden: 5, layers: 1, embedding: 3, dropout: 0 } as const;
const demand = Array.from({ length: 60 }, (_, t) => 20 + 5 * Math.sin(t / 2) + (t % 3));
const sentences = [
  { words: ['Ada', 'met', 'Bob'], tags: ['B-PER', 'O', 'B-PER'] },
  { words: ['in', 'Rome'], tags: ['O', 'B-LOC'] },
];

interface Subject {
  /** A file with an untrained model. */
  readonly file: Uint8Array;
  readonly inputs: readonly unknown[];
  readonly options?: object;
  /** Something that is no input, and what the error says of it. */
  readonly wrong: readonly [unknown, RegExp];
  readonly data: unknown;
}

const stored = async (model: Parameters<typeof storeModel>[0]): Promise<Uint8Array> =>
  encodeModel(await storeModel(model, 7));
const tokenizer = tokenizerFor('char', text);
const classified = { ...sizes, bidirectional: true, pooling: 'mean', maxLength: 50 } as const;
const pairs = [
  { source: 'abc', target: 'cba' },
  { source: 'ab', target: 'ba' },
];
const networkOfImages = new Sequential({
  conv: new Conv2d({ channels: 3, kernel: 3, padding: 1 }),
  norm: new BatchNorm(),
  pool: new GlobalAveragePool(),
  fc: new Linear({ units: 2 }),
}).config;
const image = (width: number, height: number, byte: number) => ({
  ...{ width, height, channels: 1, data: new Array<number>(width * height).fill(byte) },
});
const dark = { width: 1, height: 1, channels: 1, data: Uint8Array.of(3) };
const bright = { width: 1, height: 1, channels: 1, data: Uint8Array.of(250) };
const greyImage = { width: 4, height: 5, channels: 1, data: Array.from({ length: 20 }, (_, i) => 12 * i) };
const single = { features: [[1, 2]] };
const falling = { features: [[5, 2]] };
const rising = {
  features: [
    [1, 2],
    [2, 2],
  ],
};
const varied = {
  features: [
    [0.5, -3],
    [2, 1],
    [4, 4],
  ],
};
const turns = [
  { question: 'is it dark?', answer: 'yes' },
  { question: 'and now?', answer: 'it is bright', candidates: ['no', 'it is bright'] },
];
const game = {
  dots: [
    { x: 0, y: 0.5, size: 1, colour: -1 },
    { x: 0.3, y: -0.5, size: 0, colour: 1 },
  ],
  utterances: [
    { speaker: 'you', text: 'the dark one?' },
    { speaker: 'them', text: 'ok' },
  ],
} as const;
const subjects: Readonly<Record<TaskName, Subject>> = {
  'language-model': {
    file: await stored(new LanguageModel(device, tokenizer, sizes)),
    inputs: ['she', '', 'shells by'],
    options: { length: 9, temperature: 0.7, seed: 4 },
    wrong: [5, /^inputs\[1\] must be text, received 5$/],
    data: [{ text }, { text: 'sea shells' }],
  },
  translate: {
    file: await stored(new Translator(device, sidesFor(pairs), sizes)),
    inputs: ['abba', 'c'],
    options: { beam: 3, nBest: 2, alignment: true },
    wrong: [null, /^inputs\[1\] must be text, received null$/],
    data: pairs,
  },
  classify: {
    file: await stored(new Classifier(device, tokenizer, ['sea', 'land'], classified)),
    inputs: ['she sells', 'shore'],
    wrong: [['she'], /^inputs\[1\] must be text/],
    data: [
      { text: 'shells', label: 'sea' },
      { text: 'the', label: 'land' },
    ],
  },
  caption: {
    file: await stored(
      new Captioner(device, {
        config: { ...sizes, units: 4 },
        backbone: { config: networkOfImages, preprocessing: { size: 6, mean: [0.5], std: [0.5] } },
        vocabulary: captionVocabulary(['a dark field', 'a bright field'], { minCount: 1 }),
      }),
    ),
    inputs: [
      { width: 2, height: 2, channels: 1, data: [0, 9, 30, 200] },
      { width: 5, height: 4, channels: 3, data: btoa('a'.repeat(60)) },
    ],
    options: { beam: 2, begin: 'A' },
    wrong: ['a.jpg', /^inputs\[1\] must be an image/],
    data: [
      { image: { width: 1, height: 1, channels: 1, data: Uint8Array.of(3) }, captions: ['a dark field', 'dark'] },
      { image: { width: 1, height: 2, channels: 1, data: Uint8Array.of(250, 240) }, captions: ['Bright.'] },
    ],
  },
  video: {
    file: await stored(
      new VideoClassifier(device, {
        config: {
          ...{ cell: 'gru', hidden: 5, layers: 1, dropout: 0, differences: true },
          input: { kind: 'frames', network: networkOfImages, preprocessing: { size: 4, mean: [0.5], std: [0.5] } },
        },
        labels: ['rises', 'falls'],
      }),
    ),
    inputs: [
      { frames: [image(2, 2, 9), image(2, 2, 40), image(2, 2, 200)] },
      { frames: [{ width: 5, height: 4, channels: 3, data: btoa('a'.repeat(60)) }] },
    ],
    wrong: [{ frames: [] }, /^inputs\[1\]\.frames must be a list of 1 to 10000 frames/],
    data: [
      { clip: { frames: [dark, bright] }, label: 'rises' },
      { clip: { frames: [bright, dark, dark] }, label: 'falls' },
    ],
  },
  'video-frames': {
    file: await stored(
      new FrameLabeller(device, {
        config: {
          ...{ cell: 'lstm', hidden: 4, layers: 1, dropout: 0, bidirectional: true, differences: true },
          input: { kind: 'features', features: 2 },
        },
        ...{ labels: ['low', 'high', 'rest'], background: 'rest' },
      }),
    ),
    inputs: [single, varied],
    options: { smooth: 3, minLength: 1 },
    wrong: [
      {
        features: [
          [1, 2],
          [3, 'x'],
        ],
      },
      /^inputs\[1\]\.features\[1\]\[1\] must be a finite number, received 'x'$/,
    ],
    data: [
      {
        clip: rising,
        labels: ['low', 'rest'],
      },
      { clip: falling, labels: ['high'] },
    ],
  },
  'video-caption': {
    file: await stored(
      new VideoCaptioner(device, {
        config: {
          ...{ cell: 'lstm', hidden: 4, layers: 1, dropout: 0, embedding: 3, bidirectional: true },
          input: { kind: 'features', features: 2 },
        },
        vocabulary: captionVocabulary(['it rises slowly', 'it falls'], { minCount: 1 }),
      }),
    ),
    inputs: [single, varied],
    options: { beam: 2, begin: 'It' },
    wrong: [{ features: [] }, /^inputs\[1\]\.features must be a list of 1 to 10000 frames/],
    data: [
      {
        clip: rising,
        captions: ['It rises.', 'slowly'],
      },
      { clip: falling, captions: ['it falls'] },
    ],
  },
  'video-events': {
    file: await stored(
      new VideoEventCaptioner(device, {
        config: {
          ...{ cell: 'lstm', hidden: 4, layers: 1, dropout: 0, embedding: 3, windows: [1, 2] },
          input: { kind: 'features', features: 2 },
        },
        vocabulary: captionVocabulary(['it rises slowly', 'it falls'], { minCount: 1 }),
      }),
    ),
    inputs: [single, varied],
    options: { threshold: 0, overlap: 0.4, beam: 2 },
    wrong: [{ features: [] }, /^inputs\[1\]\.features must be a list of 1 to 10000 frames/],
    data: [
      {
        clip: rising,
        events: [
          { start: 0, end: 1, caption: 'It rises.' },
          { start: 0, end: 2, caption: 'it falls slowly' },
        ],
      },
      { clip: falling, events: [] },
    ],
  },
  vqa: {
    file: await stored(
      new Answerer(device, {
        config: { ...sizes, units: 4, attention: 2 },
        backbone: { config: networkOfImages, preprocessing: { size: 6, mean: [0.5], std: [0.5] }, trained: true },
        vocabulary: questionVocabulary([
          { question: 'Is it dark?', answers: ['yes'] },
          { question: 'is it bright', answers: ['no'] },
        ]),
      }),
    ),
    inputs: [
      { image: { width: 2, height: 2, channels: 1, data: [0, 9, 30, 200] }, question: 'is it dark?' },
      { image: { width: 1, height: 1, channels: 1, data: [3] }, question: '', choices: ['No', 'perhaps'] },
    ],
    options: { nBest: 2 },
    wrong: ['is it dark?', /^inputs\[1\] must be an image with a question/],
    data: [
      {
        image: { width: 1, height: 1, channels: 1, data: Uint8Array.of(3) },
        question: 'is it dark',
        answers: ['Yes.'],
      },
      {
        image: { width: 1, height: 2, channels: 1, data: Uint8Array.of(250, 240) },
        question: 'Who?',
        answers: ['Ada'],
      },
    ],
  },
  'classify-images': {
    file: await stored(
      new ImageClassifier(device, {
        config: { network: networkOfImages },
        ...{ labels: ['dark', 'bright'], preprocessing: { size: 4, mean: [0.5], std: [0.5] } },
      }),
    ),
    inputs: [
      { width: 2, height: 2, channels: 1, data: [0, 9, 30, 200] },
      { width: 5, height: 4, channels: 3, data: btoa('a'.repeat(60)) },
    ],
    wrong: [{ width: 2, height: 2, data: [1] }, /^inputs\[1\]\.data must be 2 · 2 · 3 = 12 bytes, received '1 bytes'$/],
    data: [
      { image: { width: 1, height: 1, channels: 1, data: Uint8Array.of(3) }, label: 'dark' },
      { image: { width: 1, height: 2, channels: 1, data: Uint8Array.of(250, 240) }, label: 'bright' },
    ],
  },
  tag: {
    file: await stored(
      new Tagger(device, tagVocabulary(sentences, { scheme: 'BIO' }), { ...sizes, characters: 2, crf: true }),
    ),
    inputs: ['Ada met Rome.', ['in', 'Rome'], 'Bob'],
    wrong: [['in', 5], /^inputs\[1\]\[1\] must be text, received 5$/],
    data: sentences,
  },
  forecast: {
    file: await stored(
      new Forecaster(device, fitScaling(rowsOf({ demand }), 40, 6), {
        ...{ cell: 'gru', hidden: 5, layers: 1, dropout: 0, window: 6, horizon: 2 },
      }),
    ),
    inputs: [{ demand }, { demand: demand.slice(5) }],
    options: { level: 0.9 },
    wrong: [{ demand: [1, 'two'] }, /^inputs\[1\]\.demand\[1\] must be a finite number, received 'two'$/],
    data: { demand },
  },
  draw: {
    file: await stored(
      new DrawModel(device, { height: 5, width: 4, glimpses: 3, hidden: 6, latent: 2, read: 2, write: 3 }, 3),
    ),
    inputs: [{ seed: 1 }, greyImage, { from: greyImage, to: greyImage, share: 0.3 }, { seed: 2 }],
    wrong: [{ seed: 'one' }, /^inputs\[1\]\.seed must be a whole number, received 'one'$/],
    data: [{ ...greyImage, data: Uint8Array.from(greyImage.data) }],
  },
  glimpse: {
    file: await stored(
      new GlimpseModel(device, {
        config: { height: 5, width: 4, reader: 'reinforce', glimpses: 3, patch: 2, scales: 2, hidden: 6, units: 4 },
        labels: ['dark', 'bright'],
      }),
    ),
    inputs: [greyImage, { ...greyImage, data: greyImage.data.map((byte) => 255 - byte) }],
    wrong: [{ ...greyImage, data: [0] }, /^inputs\[1\]\.data must be 4 · 5 · 3 = 60 bytes|bytes/],
    data: [{ image: { ...greyImage, data: Uint8Array.from(greyImage.data) }, label: 'dark' }],
  },
  navigate: {
    file: await stored(new Navigator(device, knowledgeOf([smallMap], smallRoutes), { ...sizes, senses: 4 })),
    inputs: [
      'go to the lamp',
      { text: 'turn. go.', map: 'small', start: { x: 1, y: 1, angle: 0 } },
      { text: 'x', map: smallMap },
    ],
    options: { beam: 2, maxActions: 6 },
    wrong: [{ text: 'go', start: { x: 0, y: 0, angle: 45 } }, /^inputs\[1\]\.start\.angle must be an angle/],
    data: { maps: [smallMap], routes: smallRoutes },
  },
  dialogue: {
    file: await stored(
      new DialogueAgent(device, { ...dialogueKnowledge([{ caption: 'a field', turns }]), config: sizes }),
    ),
    inputs: [
      { image: { width: 2, height: 2, channels: 1, data: [0, 9, 30, 200] }, question: 'is it dark?' },
      { image: { width: 1, height: 1, channels: 1, data: [4] }, question: 'and now?', caption: 'a field', turns },
      { image: { width: 1, height: 1, channels: 1, data: [4] }, question: '', candidates: ['yes', 'no'] },
    ],
    options: { beam: 2, nBest: 2 },
    wrong: [{ image: { width: 1, height: 1, data: [1] } }, /^inputs\[1\]\.question must be text/],
    data: [
      { image: { width: 1, height: 1, channels: 1, data: Uint8Array.of(3) }, caption: 'a field', turns },
      { image: { width: 1, height: 2, channels: 1, data: Uint8Array.of(250, 240) }, caption: '', turns },
    ],
  },
  'target-selection': {
    file: await stored(new TargetSelector(device, gameVocabulary([game], 1), sizes)),
    inputs: [game, { dots: [...game.dots, game.dots[0]], utterances: [] }],
    wrong: [{ dots: [game.dots[0]], utterances: [] }, /^inputs\[1\]\.dots must be/],
    data: [
      { ...game, target: 1 },
      { ...game, target: 0 },
    ],
  },
};

/** What JSON makes of a value. */
const asJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value));

describe.each(tasks)('the task $name', ({ name }) => {
  const { file, inputs, options = {}, wrong, data } = subjects[name];
  const open = async () => openModel(await taskNamed(name), device, file);

  test('opens a model of its own, by the name in the file', async () => {
    const model = await open();
    expect(model.task).toBe(name);
    expect(taskOf(decodeModel(file))).toBe(name);
    expect(asJson(model.about)).toEqual(model.about);
    const other = tasks.find((one) => one.name !== name)!;
    const { open: openOther } = await taskNamed(other.name);
    expect(() => openOther(device, file)).toThrow(FormatError);
  });

  test('answers each input as it would alone, in plain data', async () => {
    const model = await open();
    const answers = await model.predict(inputs, options);
    expect(answers).toHaveLength(inputs.length);
    expect(asJson(answers)).toEqual(answers);
    for (const [i, input] of inputs.entries()) {
      const alone = name === 'language-model' ? { ...options, seed: 4 + i } : options;
      expect(await model.predict([input], alone)).toEqual([answers[i]]);
    }
    expect(await model.predict([], options)).toEqual([]);
  });

  test('says what is wrong with inputs and options, and blames no file for it', async () => {
    const model = await open();
    await expect(model.predict([inputs[0], wrong[0]])).rejects.toThrow(DataError);
    await expect(model.predict([inputs[0], wrong[0]])).rejects.toThrow(wrong[1]);
    await expect(model.predict(inputs[0])).rejects.toThrow(/^inputs must be a list/);
    await expect(model.predict(inputs, { lenght: 3 })).rejects.toThrow(ConfigError);
  });

  test('evaluates, in plain data', async () => {
    const task = await taskNamed(name);
    const found = await task.evaluate(task.open(device, file), data);
    expect(asJson(found)).toEqual(found);
    expect(JSON.stringify(found)).toMatch(/"(loss|mae|bound)":\d/);
  });

  test('explains what it can, in plain data', async () => {
    const model = await open();
    const explanation = await model.explain(inputs[0]);
    expect(asJson(explanation)).toEqual(explanation);
    expect(explanation !== null).toBe(name === 'classify');
  });
});

test('an unknown task is an error that names those there are', async () => {
  await expect(taskNamed('paint')).rejects.toThrow(/'paint'; there are language models, .* and target selectors$/);
});

test('tokens explain a label in their order, words by their weight', async () => {
  const task = await loadTask('classify');
  const model = task.open(device, subjects.classify.file);
  const tokens = await task.explain!.explain(model, 'she sells', { by: 'tokens', label: 'land' });
  expect(tokens.label).toBe('land');
  expect(tokens.contributions.map(({ token }) => token).join('')).toBe('she sells');
  const { contributions } = await task.explain!.explain(model, 'she sells', { label: 'land' });
  expect(contributions.map(({ token }) => token).sort()).toEqual(['sells', 'she']);
  expect(Math.abs(contributions[0].weight)).toBeGreaterThanOrEqual(Math.abs(contributions[1].weight));
  const sum = (all: readonly { readonly weight: number }[]) => all.reduce((total, { weight }) => total + weight, 0);
  expect(sum(contributions)).toBeCloseTo(sum(tokens.contributions.filter(({ token }) => token !== ' ')), 5);
});

test('continues a text as generate does', async () => {
  const task = await loadTask('language-model');
  const model = task.open(device, subjects['language-model'].file);
  const [{ text: written }] = await task.predict(model, ['she'], { length: 20, seed: 3 });
  let generated = '';
  for await (const piece of generate(model, { prompt: 'she', length: 20, seed: 3 })) generated += piece;
  expect(written).toBe(generated);
});

test('an alignment names unknown words as they were typed', async () => {
  const task = await loadTask('translate');
  const sides = sidesFor([{ source: 'the cat sees the cat', target: 'abc' }], { source: { tokens: 'word' } });
  const model = new Translator(device, sides, sizes);
  const [{ candidates }] = await task.predict(model, ['the walrus sees'], { alignment: true });
  expect(candidates[0].alignment!.source).toEqual(['the', 'walrus', 'sees', '⏎']);
  const [without] = await task.predict(model, ['the walrus sees']);
  expect([without.alignment, without.candidates[0].alignment]).toEqual([null, null]);
});
