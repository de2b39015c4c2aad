import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError, FormatError } from '../../errors.ts';
import { type Image, orientImage } from '../../images/index.ts';
import type { LabelledImage } from '../../images/labelled-images.ts';
import { inference } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { Sequential } from '../../nn/sequential.ts';
import { Activation, BatchNorm, Conv2d, GlobalAveragePool, type LayerMeans } from '../../nn/vision/index.ts';
import { Random } from '../../random.ts';
import type { Checkpoint } from '../../train/checkpoint.ts';
import { type TrainOptions, train } from '../../train/index.ts';
import { encodeModel, storeModel } from '../../train/stored-model.ts';
import { type NetworkName, type NetworkOptions, networkConfig } from '../../vision/index.ts';
import { evaluateImageClassifier, ImageClassifier, imageClassifierTraining, imageInput, withHead } from './index.ts';
import type { ImageTrainingOptions } from './training.ts';

const device = await openDevice('wasm', { threads: 1 });
afterAll(() => device.close());

const size = 8;
const labels = ['across', 'down'];

/** Grey noise with bright stripes that go across or down. */
function striped(label: string, random: Random): Image {
  const data = new Uint8Array(size * size);
  const phase = random.below(2);
  for (let i = 0; i < data.length; i++) {
    const place = label === 'across' ? Math.floor(i / size) : i % size;
    data[i] = 60 * random.uniform() + ((place + phase) % 2 === 0 ? 150 : 0);
  }
  return { width: size, height: size, channels: 1, data };
}

const random = new Random(5);
const imagesOf = (count: number): LabelledImage[] =>
  Array.from({ length: count }, (_, i) => ({ label: labels[i % 2], image: striped(labels[i % 2], random) }));
const [examples, validation] = [imagesOf(24), imagesOf(10)];

const network = new Sequential({
  conv: new Conv2d({ channels: 4, kernel: 3, padding: 'same', bias: false }),
  norm: new BatchNorm(),
  relu: new Activation({ kind: 'relu' }),
  pool: new GlobalAveragePool(),
  fc: new Linear({ units: 2 }),
}).config;
const preprocessing = { size, mean: [0.5], std: [0.25] };
const newModel = (config: object = {}, seed = 1): ImageClassifier =>
  new ImageClassifier(device, { config: { network, ...config }, labels, preprocessing }, seed);

const usual: TrainOptions = { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 8, validateEvery: 4 };

async function trained(
  model: ImageClassifier,
  more: Partial<ImageTrainingOptions> = {},
  options: Partial<TrainOptions> = {},
): Promise<Checkpoint> {
  const training = await imageClassifierTraining(model, examples, { validation, batch: 8, seed: 3, ...more });
  let last: Checkpoint | null = null;
  for await (const event of train(training, { ...usual, ...options })) {
    if (event.type === 'checkpoint') last = event.checkpoint;
  }
  return last!;
}

const images = examples.map(({ image }) => image);

describe('a classifier of images', () => {
  test('learns stripes, and the file of the model predicts as the model does', async () => {
    const model = newModel();
    const before = (await evaluateImageClassifier(model, validation)).loss;
    await trained(model, { augmentation: { flip: true, shift: 1 } }, { steps: 60 });
    const found = await evaluateImageClassifier(model, validation);
    expect(found).toMatchObject({ examples: 10, labels, accuracy: 1 });
    expect(found.loss).toBeLessThan(before / 2);
    const opened = ImageClassifier.load(device, encodeModel(await storeModel(model)));
    expect(await opened.predict(images)).toEqual(await model.predict(images));
    expect(opened.describe()).toEqual(model.describe());
  });

  test('answers do not depend on how images are batched, and are those of the network', async () => {
    const model = newModel();
    const together = await model.logits(images);
    for (const batch of [1, 5, 24]) expect(await model.logits(images, { batch })).toEqual(together);
    const features = await model.features(images);
    expect(features[0]).toHaveLength(4);
    expect(await model.logitsOfFeatures(features)).toEqual(together);
  });

  test('training with augmentation, mix-up and batch norm resumes to the same bits', async () => {
    const more = { augmentation: { flip: true, shift: 1 }, mixUp: 0.4, labelSmoothing: 0.1 };
    const options = { emaDecay: 0.9 };
    const all = await trained(newModel(), more, options);
    const some = await trained(newModel(), more, { ...options, steps: 3 });
    const rest = await trained(newModel(), more, { ...options, resume: some });
    expect(all.parameters['norm.running_mean'].data).not.toEqual(new Float32Array(4));
    expect(rest.parameters).toEqual(all.parameters);
    expect(rest.optimizer).toEqual(all.optimizer);
    expect(rest.task).toEqual(all.task);
  });

  test('mix-up gives each image a distribution over its label and that of another', async () => {
    const training = await imageClassifierTraining(newModel(), examples, { batch: 12, seed: 3, mixUp: 1 });
    const { examples: items } = await training.nextBatch();
    for (const { target } of items) {
      expect((target as number[]).reduce((sum, share) => sum + share)).toBeCloseTo(1, 12);
      expect(Math.min(...(target as number[]))).toBeGreaterThanOrEqual(0);
    }
    const mixed = items.filter(({ target }) => Math.max(...(target as number[])) < 1);
    expect(mixed.length).toBeGreaterThan(2);
    const plain = await imageClassifierTraining(newModel(), examples, { batch: 12, seed: 3 });
    expect((await plain.nextBatch()).examples.every(({ target }) => target === 0 || target === 1)).toBe(true);
  });

  test('a number, a list or base64 are bytes of an image in JSON', () => {
    const image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3, 4, 5, 255) } as const;
    const { data, ...rest } = image;
    expect(imageInput({ ...rest, data: [...data] }, 'x')).toEqual(image);
    expect(imageInput({ width: 2, height: 1, data: btoa(String.fromCharCode(...data)) }, 'x')).toEqual(image);
    expect(imageInput(image, 'x')).toEqual(image);
    expect(imageInput({ width: 2, height: 1, data: [0, 9] }, 'x').channels).toBe(1);
    expect(() => imageInput({ ...rest, data: [1, 2, 3] }, 'image 1')).toThrow(
      'image 1.data must be 2 · 1 · 3 = 6 bytes',
    );
    expect(() => imageInput({ ...rest, data: [1, 2, 256, 4, 5, 6] }, 'x')).toThrow('x.data[2] must be a byte');
  });

  test('what cannot be is refused by name', async () => {
    const labelsOf3 = () =>
      new ImageClassifier(device, { config: { network }, labels: ['a', 'b', 'c'], preprocessing });
    expect(labelsOf3).toThrow(ConfigError);
    expect(labelsOf3).toThrow('with 3 labels it must give [-1, 3]');
    expect(() => newModel({ frosen: true })).toThrow("did you mean 'frozen'?");
    await expect(evaluateImageClassifier(newModel(), [])).rejects.toThrow(DataError);
    await expect(trained(newModel(), { copies: 2 })).rejects.toThrow('copies are for a frozen backbone');
    await expect(trained(newModel({ frozen: true }), { mixUp: 1 })).rejects.toThrow('has no mix-up');
    const { parameters, model } = await storeModel(newModel());
    const { 'fc.bias': _, ...fewer } = parameters;
    expect(() => ImageClassifier.load(device, { parameters: fewer, model })).toThrow(FormatError);
  });
});

describe('a frozen backbone', () => {
  test('stays as it is while the head learns; its features are computed once', async () => {
    const model = newModel({ frozen: true });
    const before = await model.parameters.save();
    let [done, all] = [0, 0];
    const onProgress = (one: number, of: number): void => {
      [done, all] = [one, of];
    };
    await trained(model, { onProgress, augmentation: { flip: true }, copies: 2 }, { steps: 200, learningRate: 0.1 });
    const after = await model.parameters.save();
    expect([done, all]).toEqual([72, 72]);
    for (const [name, { data }] of Object.entries(after)) {
      if (name.startsWith('fc')) expect(data).not.toEqual(before[name].data);
      else expect(data).toEqual(before[name].data);
    }
    expect(model.parameters.size).toBe(10);
    expect((await evaluateImageClassifier(model, validation)).accuracy).toBeGreaterThan(0.9);
  });

  test('sees mirror images where the model does, and the model answers them alike', async () => {
    const model = newModel({ frozen: true, mirror: true });
    let all = 0;
    const onProgress = (_: number, of: number): void => {
      all = of;
    };
    await trained(model, { onProgress }, { steps: 20 });
    expect(all).toBe(48);
    const mirrored = images.map((image) => orientImage(image, 2));
    const [own, others] = [await model.logits(images), await model.logits(mirrored)];
    expect(own).toEqual(others);
    const plain = newModel({ frozen: true });
    plain.parameters.load(await model.parameters.save());
    const [one, other] = [await plain.logits(images), await plain.logits(mirrored)];
    expect(own[3][1]).toBeCloseTo((one[3][1] + other[3][1]) / 2, 12);
  });

  test('training a head resumes to the same bits', async () => {
    const more = { augmentation: { shift: 1 }, copies: 1 };
    const fresh = () => newModel({ frozen: true });
    const [all, some] = [await trained(fresh(), more), await trained(fresh(), more, { steps: 5 })];
    const rest = await trained(fresh(), more, { resume: some });
    expect(rest.parameters).toEqual(all.parameters);
  });

  test('another head keeps the backbone, by the names of its parameters', () => {
    const frozen = newModel();
    const changed = withHead(network, [-1, size, size, 1], { classes: 3, hidden: 5, dropout: 0.2 });
    const model = new ImageClassifier(device, { config: { network: changed }, labels: ['a', 'b', 'c'], preprocessing });
    const backbone = (names: readonly string[]) => names.filter((name) => !name.startsWith('fc'));
    expect(backbone(model.parameters.names)).toEqual(backbone(frozen.parameters.names));
    expect(model.parameters.get('fc.4.weight').shape).toEqual([3, 5]);
    const x = device.ones([2, size, size, 1]);
    expect(model.apply(x, inference).shape).toEqual([2, 3]);
  });

  test('a head reads the whole last stage, by the names of its blocks and without what is averaged anyway', () => {
    const taken = (name: NetworkName, options: Partial<NetworkOptions>, side: number): object => {
      const config = networkConfig(name, { classes: 4, ...options });
      const head = withHead(config, [-1, side, side, 3], { classes: 2, features: 'stage' });
      const [first] = Object.values((head as Sequential['config']).layers);
      return (first as LayerMeans['config']).layers;
    };
    expect(taken('resnet20', { width: 0.5 }, 32)).toEqual({ 'layer3.0': 32, 'layer3.1': 32 });
    expect(taken('mobilenet-v2', { width: 0.35, size: 96 }, 96)).toEqual({
      'features.14.conv.1': 192,
      'features.15.conv.1': 336,
      'features.16.conv.1': 336,
      'features.17.conv.1': 336,
    });
    expect(taken('squeezenet-1.1', {}, 64)).toEqual({
      'features.8': 256,
      'features.9': 384,
      'features.10': 384,
      'features.11': 512,
    });
  });

  test('a head on the last stage is trained, saved and opened', async () => {
    const plain = networkConfig('resnet20', { classes: 4, width: 0.25, size });
    const config = { network: withHead(plain, [-1, size, size, 3], { classes: 2, features: 'stage' }), frozen: true };
    const three = { ...preprocessing, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };
    const model = new ImageClassifier(device, { config, labels, preprocessing: three });
    const training = await imageClassifierTraining(model, examples, { validation, batch: 8, seed: 1 });
    const options = { optimizer: { method: 'adam' }, learningRate: 0.02, steps: 60, seed: 1 } as const;
    for await (const event of train(training, options)) if (event.type === 'done') expect(event.step).toBe(60);
    const { accuracy } = await evaluateImageClassifier(model, validation);
    expect(accuracy).toBeGreaterThan(0.8);
    const again = ImageClassifier.load(device, encodeModel(await storeModel(model)));
    const images = validation.map(({ image }) => image);
    expect(await again.predict(images)).toEqual(await model.predict(images));
  });
});
