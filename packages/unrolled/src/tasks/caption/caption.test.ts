import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { inference } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation, Conv2d, GlobalAveragePool } from '../../nn/vision/index.ts';
import { Random } from '../../random.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { train } from '../../train/train.ts';
import { writtenLoss as captionLoss } from '../caption-evaluation.ts';
import {
  type CaptionConditioning,
  Captioner,
  captionBaselines,
  captionFeatures,
  captionLogProbabilities,
  captionRetrieval,
  captionTraining,
  captionVocabulary,
  conditionings,
  evaluateCaptions,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const layers = new Sequential({
  conv: new Conv2d({ channels: 5, kernel: 3, stride: 2, padding: 1 }),
  relu: new Activation({ kind: 'relu' }),
  pool: new GlobalAveragePool(),
  fc: new Linear({ units: 2 }),
});
const backbone = {
  config: layers.config,
  preprocessing: { size: [4, 6], crop: 'none', mean: [0.5], std: [0.5] },
} as const;

const texts = [
  ['A bright field.', 'It is bright'],
  ['A dark field.', 'It is dark'],
  ['A bright field.', 'bright all over'],
];
const grey = (value: number): Image => ({
  ...{ width: 6, height: 4, channels: 1 },
  data: Uint8Array.from({ length: 24 }, (_, i) => value + (i % 7)),
});
const images = [grey(240), grey(3), grey(200)];

/** A Transformer attends in each of its blocks. */
type How = CaptionConditioning | 'transformer';

const configOf = (how: How) =>
  how === 'transformer'
    ? { hidden: 6, embedding: 6, transformer: { layers: 2, heads: 1 } }
    : { hidden: 6, embedding: 4, conditioning: how, units: 5 };

const captioner = (how: How, initial = 3): Captioner =>
  new Captioner(
    device,
    {
      config: { cell: 'lstm', layers: 1, dropout: 0, ...configOf(how) },
      backbone,
      vocabulary: captionVocabulary(texts.flat(), { minCount: 2 }),
    },
    initial,
  );

const randomFeatures = (model: Captioner, seed: number): Float32Array => {
  const random = new Random(seed);
  return Float32Array.from({ length: model.backbone.places * model.backbone.depth }, () => random.uniform());
};

test('words are those seen often enough, in lower case and without punctuation', () => {
  const { words, longest } = captionVocabulary(texts.flat(), { minCount: 2 });
  expect(words.tokenizer.vocabulary).toEqual(['<unk>', ' bright', ' a', ' field', ' dark', ' is', ' it']);
  expect(longest).toBe(4);
  expect(() => captionVocabulary(['a b', 'c'], { minCount: 2 })).toThrow(DataError);
});

test('the map before the pooling is the backbone, whose parameters are buffers', () => {
  const { backbone: found, parameters } = captioner('attention');
  expect([found.grid, found.depth]).toEqual([[2, 3], 5]);
  const names = [...parameters].filter(({ frozen }) => frozen).map(({ name }) => name);
  expect(names).toEqual(['backbone.conv.weight', 'backbone.conv.bias']);
});

test('a decoder without attention sees features less their mean, by their deviation', async () => {
  const [model, plain] = [captioner('first'), captioner('first')];
  const places = model.backbone.places * model.backbone.depth;
  const features = [0, 1, 2].map((image) =>
    Float32Array.from({ length: places }, (_, i) => Math.sin(7 * image + i) + i),
  );
  await model.setStatistics(features);
  const { depth } = model.backbone;
  const ofFeature = (d: number) => features.flatMap((one) => [...one].filter((_, i) => i % depth === d));
  const standard = features.map((one) =>
    one.map((value, i) => {
      const all = ofFeature(i % depth);
      const mean = all.reduce((sum, x) => sum + x, 0) / all.length;
      return (value - mean) / Math.sqrt(all.reduce((sum, x) => sum + (x - mean) ** 2, 0) / all.length);
    }),
  );
  const words = features.map(() => model.encode('a'));
  const [seen, given] = [
    captionLoss(model, features, words, inference),
    captionLoss(plain, standard, words, inference),
  ];
  expect(seen.loss.item()).toBeCloseTo(given.loss.item(), 5);
  await expect(model.setStatistics([])).rejects.toThrow('there are no images');
});

test('a network without a map is refused', () => {
  const flat = new Sequential({ pool: new GlobalAveragePool(), fc: new Linear({ units: 2 }) }).config;
  const options = {
    config: { cell: 'rnn', hidden: 2, layers: 1, embedding: 2, dropout: 0 },
    vocabulary: captionVocabulary(['a'], { minCount: 1 }),
  };
  expect(() => new Captioner(device, { ...options, backbone: { ...backbone, config: flat } })).toThrow(ConfigError);
});

describe.each([...conditionings, 'transformer'] as const)('with the image as %s', (conditioning) => {
  const model = captioner(conditioning);
  const attends = conditioning === 'transformer' || conditioning.endsWith('attention');

  test('a caption does not depend on the other images, to the bit', async () => {
    const options = { beam: 3, nBest: 2, lengthPenalty: 0.7 };
    const all = await model.predict(images, options);
    for (const [i, image] of images.entries()) expect(await model.predict([image], options)).toEqual([all[i]]);
  });

  test('attention looks at all places with weights that sum to 1, one row a word', async () => {
    const [{ attention, text, ended }] = await model.predict(images);
    expect(attention !== null).toBe(attends);
    if (attention === null) return;
    expect(attention.grid).toEqual([2, 3]);
    expect(attention.words).toHaveLength(text.split(' ').filter(Boolean).length + Number(ended));
    expect(attention.weights).toHaveLength(attention.words.length);
    for (const row of attention.weights) expect(row.reduce((sum, one) => sum + one, 0)).toBeCloseTo(1, 5);
  });

  test('without attention only the mean over all places matters', async () => {
    const one = randomFeatures(model, 1);
    const { places, depth } = model.backbone;
    const mean = Float32Array.from(one, (_, i) => {
      let sum = 0;
      for (let l = 0; l < places; l++) sum += one[l * depth + (i % depth)];
      return sum / places;
    });
    const [a, b] = await captionFeatures(model, [one, mean], { maxLength: 6 });
    if (attends) expect(b.logProbability).not.toBeCloseTo(a.logProbability, 6);
    else expect(b.logProbability).toBeCloseTo(a.logProbability, 4);
  });

  test('a caption that begins as it does anyway goes on as it does', async () => {
    const features = [randomFeatures(model, 2)];
    const [free] = await captionFeatures(model, features, { maxLength: 8 });
    const begin = free.text.split(' ').slice(0, 2).join(' ');
    const [again] = await captionFeatures(model, features, { maxLength: 8, begin });
    expect(again.text).toBe(free.text);
    const [other] = await captionFeatures(model, features, { maxLength: 8, begin: 'It is', beam: 2 });
    expect(other.text).toMatch(/^it is/);
  });

  test('learns two captions', async () => {
    const trained = captioner(conditioning, 5);
    const before = Array.from(trained.parameters.get('backbone.conv.weight').data());
    const features = await trained.features(images);
    const captions = [['a bright field'], ['it is'], ['a bright field']];
    const task = captionTraining(trained, { features, captions }, { batch: 3, seed: 1, entropy: 0 });
    for await (const _ of train(task, { optimizer: { method: 'adam' }, learningRate: 0.02, clipNorm: 5, steps: 140 }));
    const found = await captionFeatures(trained, features);
    expect(found.map(({ text }) => text)).toEqual(captions.flat());
    expect(Array.from(trained.parameters.get('backbone.conv.weight').data())).toEqual(before);
  });
});

test('samples are drawn by the seed, each image from its own numbers', async () => {
  const model = captioner('attention');
  const draw = (seed: number) => model.predict([images[0], images[0]], { temperature: 1.5, seed });
  const texts = (await draw(4)).map(({ text }) => text);
  expect((await draw(4)).map(({ text }) => text)).toEqual(texts);
  expect((await draw(5))[0].text).toBe(texts[1]);
  await expect(model.predict(images, { temperature: 1, beam: 2 })).rejects.toThrow(ConfigError);
});

test('places are chosen by hard attention alone', async () => {
  const [hard, soft] = [captioner('hard-attention'), captioner('attention')];
  const features = [randomFeatures(hard, 4), randomFeatures(hard, 5)];
  const [mean, again] = [
    await captionFeatures(hard, features),
    await captionFeatures(hard, features, { places: 'mean' }),
  ];
  expect(again).toEqual(mean);
  const one = await captionFeatures(hard, features, { places: 'likeliest' });
  expect(one.map(({ logProbability }) => logProbability)).not.toEqual(mean.map(({ logProbability }) => logProbability));
  await expect(captionFeatures(soft, features, { places: 'mean' })).rejects.toThrow("conditioning is 'attention'");
});

test('the file of a model opens alone', async () => {
  const model = captioner('first');
  const opened = Captioner.load(device, encodeModel(await storeModel(model)));
  expect(await opened.predict(images)).toEqual(await model.predict(images));
});

test('evaluation scores captions, and counts new ones and words', async () => {
  const model = captioner('constant');
  const features = await model.features(images);
  const data = features.map((one, i) => ({ features: one, captions: texts[i] }));
  const { scores, captions } = await evaluateCaptions(model, data, {
    known: [captionsText(await model.predict(images))[0]],
  });
  const words = captions.flatMap(({ text }) => text.split(' ').filter(Boolean));
  expect(scores).toMatchObject({ images: 3, vocabulary: new Set(words).size, meanLength: words.length / 3 });
  expect(scores.novel).toBe(captions.filter(({ text }) => text !== captions[0].text).length / 3);
  const untrained = Math.log(model.words.size);
  expect(Math.abs(scores.loss - untrained)).toBeLessThan(0.7);
  await expect(evaluateCaptions(model, [{ features: features[0], captions: [] }])).rejects.toThrow(DataError);
  await expect(evaluateCaptions(model, [])).rejects.toThrow(DataError);
});

const captionsText = (found: readonly { readonly text: string }[]): string[] => found.map(({ text }) => text);

test('features of the wrong number and captions without images are named', async () => {
  const model = captioner('attention');
  expect(() => model.read([new Float32Array(7)])).toThrow(/6 · 5 features, received 7/);
  expect(() => captionTraining(model, { features: [], captions: [['a']] }, { batch: 1, seed: 1 })).toThrow(DataError);
  expect(() =>
    captionTraining(
      captioner('first'),
      { features: [new Float32Array(30)], captions: [['a']] },
      { batch: 1, seed: 1, doublyStochastic: 1 },
    ),
  ).toThrow(ConfigError);
});

test('baselines: the caption of the nearest image, and the most frequent one', () => {
  const known = [
    { features: [1, 0, 0.1], captions: ['A dog runs.', 'a cat'] },
    { features: [0, 2, 0], captions: ['a man', 'A cat!'] },
  ];
  const images = [
    { features: [0.1, 0.2, 0], captions: ['a man'] },
    { features: [5, 0, 0], captions: ['a dog runs'] },
  ];
  const { nearest, frequent } = captionBaselines(known, images);
  expect(nearest.bleu[1]).toBeCloseTo(100, 5);
  expect(frequent.caption).toBe('a cat');
  expect(frequent.bleu[0]).toBeLessThan(50);
  expect(() => captionBaselines([], images)).toThrow(DataError);
});

test('likelihoods of sentences are those of the model, whatever their batch', async () => {
  for (const conditioning of ['attention', 'first'] as const) {
    const model = captioner(conditioning);
    const features = randomFeatures(model, 4);
    const sentences = ['a bright field', 'it is', 'it', 'a dark field is bright'];
    const found = await captionLogProbabilities(model, features, sentences);
    expect(await captionLogProbabilities(model, features, sentences, { batch: 2 })).toEqual(found);
    // Word after word, as captions are written.
    for (const [i, sentence] of sentences.entries()) {
      const ids = model.encode(sentence);
      const steps = await model.device.read(() => {
        let { memory, state } = model.read([features]);
        return ids.map((_, t) => {
          const step = model.network.write(device.ids([t === 0 ? model.words.start : ids[t - 1]]), { memory, state });
          state = step.state;
          return step.logits.logSoftmax();
        });
      });
      const total = steps.reduce((sum, row, t) => sum + row[ids[t]], 0);
      expect(found[i]).toBeCloseTo(total, 4);
    }
  }
});

test('retrieval finds what a trained model tells apart', async () => {
  const model = captioner('constant', 5);
  const features = [images[0], images[1], grey(120)].map(async (image) => (await model.features([image]))[0]);
  const read = await Promise.all(features);
  const sentences = ['a bright field', 'it is', 'a dark field'];
  const before = await captionRetrieval(model, read, sentences);
  const task = captionTraining(
    model,
    { features: read, captions: sentences.map((one) => [one]) },
    { batch: 3, seed: 1 },
  );
  for await (const _ of train(task, { optimizer: { method: 'adam' }, learningRate: 0.03, clipNorm: 5, steps: 150 }));
  const after = await captionRetrieval(model, read, sentences, { batch: 2 });
  expect(after.imagesOf.recall[1]).toBe(1);
  expect(after.normalised).toMatchObject({ mrr: 1, medianRank: 1, meanRank: 1 });
  expect(before.imagesOf.recall[1]).toBeLessThan(1);
  await expect(captionRetrieval(model, read, ['a'])).rejects.toThrow('3 images and 1 sentences');
});
