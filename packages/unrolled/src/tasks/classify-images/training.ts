import { anything, callback, type Kinds, number, rate, requireOptions, whole } from '../../checks.ts';
import type { ExampleSource, Examples } from '../../data/examples.ts';
import { ConfigError } from '../../errors.ts';
import {
  type AugmentationConfig,
  augment,
  type Image,
  imageBatch,
  mixImages,
  prepareImage,
} from '../../images/index.ts';
import { imageSource, type LabelledImage } from '../../images/labelled-images.ts';
import { fitTemperature } from '../../metrics/calibration.ts';
import { classificationOf, evaluateLogits } from '../../metrics/label-predictions.ts';
import type { Context } from '../../nn/layer.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import { Random } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import { type ExampleOptions, exampleKinds, SupervisedTraining } from '../../train/supervised.ts';
import type { Validation } from '../../train/task.ts';
import { type ImageClassifier, meanRows, mirrorImage } from './model.ts';

export interface ImageTrainingOptions extends ExampleOptions<LabelledImage> {
  /** How images are varied each time they are used. Default: the model's, or not at all. */
  readonly augmentation?: AugmentationConfig | undefined;
  /**
   * α of mix-up (Zhang 2018): every image and its label are mixed with another of the batch, in a share drawn from
   * Beta(α, α). Default 0: not.
   */
  readonly mixUp?: number | undefined;
  /** ε of label smoothing; see `crossEntropyLoss`. Default 0. */
  readonly labelSmoothing?: number | undefined;
  /**
   * For a frozen backbone: how many varied copies of each image its features are computed of, beside the image itself. Default 0.
   */
  readonly copies?: number | undefined;
  /** For a frozen backbone: called while its features are computed. */
  readonly onProgress?: ((done: number, all: number) => void) | undefined;
  /** Ends the computation of features. */
  readonly signal?: StopSignal | undefined;
}

const kinds: Kinds<ImageTrainingOptions> = {
  ...(exampleKinds as Kinds<ExampleOptions<LabelledImage>>),
  augmentation: anything,
  mixUp: number({ from: 0 }),
  labelSmoothing: rate,
  copies: whole(),
  onProgress: callback,
  signal: anything,
};

/** What a step learns from: an image or its features, and the right label as its index or as a distribution. */
interface Item {
  readonly input: Image | Float32Array;
  /** The features of the mirror image, for validation. */
  readonly mirrored?: Float32Array | undefined;
  readonly target: number | readonly number[];
}

/**
 * Trains a classifier of images; each validation also fits the temperature that calibrates its probabilities. With a frozen
 * backbone, the features of every image are computed here, once, and only the head is trained, on them.
 * @param examples  in memory, or a source that reads each when a batch needs it
 * @throws DataError if there is no example; ConfigError on an option that is unknown or out of range; the signal's reason if it
 *   is aborted
 *
 * @example
 * const training = await imageClassifierTraining(model, examples, { validation, batch: 64, seed: 1 });
 * for await (const event of train(training, { optimizer: { method: 'adam' }, learningRate: 1e-3, epochs: 20 })) …
 */
export async function imageClassifierTraining(
  model: ImageClassifier,
  examples: Examples<LabelledImage>,
  options: ImageTrainingOptions,
): Promise<SupervisedTraining<Item>> {
  requireOptions('imageClassifierTraining', options, kinds);
  const { validation = [], batch, seed, order, mixUp = 0, labelSmoothing = 0 } = options;
  const { augmentation = model.augmentation, copies = 0 } = options;
  const { frozen = false, mirror = false } = model.config;
  if (frozen && mixUp > 0)
    throw new ConfigError('imageClassifierTraining: a frozen backbone has no mix-up; leave it out');
  if (!frozen && copies > 0)
    throw new ConfigError('imageClassifierTraining: copies are for a frozen backbone; leave them out');
  const source = imageSource(examples);
  const items = frozen ? await featureItems(model, source, { ...options, augmentation }) : imageItems(model, source);
  const held = validation.map(({ image }) => image);
  const features = (images: readonly Image[]) => model.features(images, { signal: options.signal });
  const [own, mirrored] = frozen
    ? [await features(held), mirror ? await features(held.map(mirrorImage)) : null]
    : [null, null];
  const shown = validation.length > 0 ? validation : await firstOf(source, 3);
  const K = model.labels.length;
  const trained = {
    parameters: model.parameters,
    describe: () => model.describe(),
    loss: (some: readonly Item[], context: Context) => lossOf(model, some, context, labelSmoothing),
  };
  return new SupervisedTraining<Item>(trained, items, {
    ...{ batch, seed, order, chanceLoss: Math.log(K) },
    validation: validation.map(({ image, label }, i) => ({
      input: own?.[i] ?? image,
      mirrored: mirrored?.[i],
      target: model.labelId(label),
    })),
    vary: frozen
      ? undefined
      : (some, random) => varied(model, some as readonly ImageItem[], random, { augmentation, mixUp }),
    validate: (some, signal) => validate(model, some, signal),
    sample: (step) => describeExamples(model, shown, step),
  });
}

type ImageItem = Item & { readonly input: Image };

function imageItems(model: ImageClassifier, source: ExampleSource<LabelledImage>): ExampleSource<Item> {
  const itemOf = ({ image, label }: LabelledImage): Item => ({ input: image, target: model.labelId(label) });
  return {
    length: source.length,
    get fingerprint() {
      return source.fingerprint;
    },
    read(index) {
      const example = source.read(index);
      return example instanceof Promise ? example.then(itemOf) : itemOf(example);
    },
  };
}

/** The features of all images, and of varied copies of them. */
async function featureItems(
  model: ImageClassifier,
  source: ExampleSource<LabelledImage>,
  { augmentation, copies = 0, seed, onProgress, signal }: ImageTrainingOptions,
): Promise<ExampleSource<Item>> {
  const items: Item[] = [];
  const random = new Random(seed).fork('copies');
  const views: readonly ((images: readonly Image[]) => readonly Image[])[] = [
    (images) => images,
    ...(model.config.mirror ? [(images: readonly Image[]) => images.map(mirrorImage)] : []),
    ...new Array(copies).fill((images: readonly Image[]) => augment(images, augmentation ?? {}, random)),
  ];
  const all = source.length * views.length;
  // So many at once that images of a source need not all be in memory.
  const together = 32;
  for (const view of views) {
    for (let start = 0; start < source.length; start += together) {
      const indices = Array.from({ length: Math.min(together, source.length - start) }, (_, i) => start + i);
      const read = await Promise.all(indices.map((index) => source.read(index)));
      const features = await model.features(view(read.map(({ image }) => image)), { signal });
      items.push(...features.map((input, i) => ({ input, target: model.labelId(read[i].label) })));
      onProgress?.(items.length, all);
    }
  }
  return {
    length: items.length,
    get fingerprint() {
      return `${source.fingerprint} in ${views.length} views`;
    },
    read: (index) => items[index],
  };
}

function varied(
  { labels, preprocessing }: ImageClassifier,
  items: readonly ImageItem[],
  random: Random,
  { augmentation, mixUp = 0 }: Pick<ImageTrainingOptions, 'augmentation' | 'mixUp'>,
): readonly Item[] {
  const plain = items.map(({ input }) => input);
  const images = augmentation ? augment(plain, augmentation, random) : plain;
  const changed = items.map(({ target }, i) => ({ input: images[i], target }));
  if (mixUp === 0) return changed;
  // Images of one size mix.
  const sameSize = images.map((image) => prepareImage(image, preprocessing));
  const { images: mixed, partners, shares } = mixImages(sameSize, mixUp, random);
  return changed.map(({ target }, i) => ({
    input: mixed[i],
    target: mixedTarget(target as number, changed[partners[i]].target as number, shares[i], labels.length),
  }));
}

/** A distribution with `share` on one label and the rest on another. */
function mixedTarget(one: number, other: number, share: number, K: number): number[] {
  const target = new Array<number>(K).fill(0);
  target[one] += share;
  target[other] += 1 - share;
  return target;
}

function lossOf(model: ImageClassifier, items: readonly Item[], context: Context, labelSmoothing: number) {
  const { device, preprocessing } = model;
  const inputs = items.map(({ input }) => input);
  const logits = model.config.frozen
    ? model.applyHead(inputs as Float32Array[], context)
    : model.apply(imageBatch(inputs as Image[], preprocessing, device), context);
  const targets = items.map(({ target }) => target);
  const given = targets.every((target) => typeof target === 'number')
    ? device.ids(targets)
    : device.tensor((targets as number[][]).flat(), logits.shape);
  return crossEntropyLoss(logits, given, { labelSmoothing });
}

async function validate(
  model: ImageClassifier,
  items: readonly Item[],
  signal: StopSignal | undefined,
): Promise<Validation> {
  const inputs = items.map(({ input }) => input);
  const logits = model.config.frozen
    ? await featureLogits(model, items, signal)
    : await model.logits(inputs as Image[], { signal });
  const actual = items.map(({ target }) => target as number);
  model.temperature = fitTemperature(logits, actual);
  const { loss, accuracy, macroF1 } = evaluateLogits(logits, actual, model);
  return { loss, metrics: { accuracy, macroF1 } };
}

async function featureLogits(
  model: ImageClassifier,
  items: readonly Item[],
  signal: StopSignal | undefined,
): Promise<Float64Array[]> {
  const of = (features: readonly unknown[]) => model.logitsOfFeatures(features as Float32Array[], { signal });
  const own = await of(items.map(({ input }) => input));
  return model.config.mirror ? meanRows(own, await of(items.map(({ mirrored }) => mirrored))) : own;
}

const firstOf = (source: ExampleSource<LabelledImage>, count: number): Promise<readonly LabelledImage[]> =>
  Promise.all(Array.from({ length: Math.min(count, source.length) }, (_, i) => source.read(i)));

/** Three images, others at every step, with the predicted labels. */
async function describeExamples(
  model: ImageClassifier,
  shown: readonly LabelledImage[],
  step: number,
): Promise<string> {
  const places = [0, 1, 2].map((i) => (step * 3 + i) % shown.length);
  const logits = await model.logits(places.map((place) => shown[place].image));
  return places
    .map((place, i) => {
      const { label } = shown[place];
      const found = classificationOf(logits[i], model.labels, model.temperature);
      const verdict = found.label === label ? label : `${found.label} (true label ${label})`;
      return `image ${place + 1} → ${verdict} (${Math.round(100 * found.probability)}%)`;
    })
    .join('\n');
}
