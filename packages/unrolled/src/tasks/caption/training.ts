import { anything, count, type Kinds, requireOptions } from '../../checks.ts';
import type { ExampleSource, Examples } from '../../data/examples.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { checkSequenceLoss, type SequenceLossOptions } from '../../nn/seq2seq/loss.ts';
import { hashText } from '../../random.ts';
import type { StopSignal } from '../../signal.ts';
import {
  type ExampleOptions,
  exampleKinds,
  type SupervisedOptions,
  SupervisedTraining,
} from '../../train/supervised.ts';
import type { Validation } from '../../train/task.ts';
import { writtenLoss } from '../caption-evaluation.ts';
import { viewSource } from '../views.ts';
import { balancedCounts, type NeutralWords, neutralAlternatives, type PeopleLists } from './audit/training.ts';
import { hasAttention } from './config.ts';
import { type CaptionedFeatures, evaluateCaptions } from './evaluate.ts';
import type { Captioner } from './model.ts';
import { captionFeatures } from './predict.ts';

/** Features of images, in memory or read when a batch needs them, and the captions of each image. */
export interface CaptionData {
  readonly features: Examples<ArrayLike<number>>;
  readonly captions: readonly (readonly string[])[];
}

/** What all ways to train a captioner accept. */
export interface WatchedOptions extends Omit<ExampleOptions<never>, 'validation'> {
  /** Held-out images. Default: none. */
  readonly validation?: CaptionData | undefined;
  /** Maximum number of images captioned at a validation, spread evenly over the validation images. Default 1,000. */
  readonly validationImages?: number | undefined;
}

export interface CaptionTrainingOptions
  extends WatchedOptions,
    Pick<SequenceLossOptions, 'smoothing' | 'doublyStochastic' | 'entropy' | 'sampling'> {
  /** Balanced resampling: groups of people have the same number of images in an epoch; see `balancedCounts`. Default: not. */
  readonly balance?: PeopleLists | undefined;
  /** Asks for neutral words where captions name a group; see `neutralAlternatives`. Default: not. */
  readonly neutralWords?: NeutralWords | undefined;
}

export const watchedKinds: Kinds<WatchedOptions> = { ...exampleKinds, validationImages: count };
const kinds: Kinds<CaptionTrainingOptions> = {
  ...watchedKinds,
  // Those of the loss are checked with the model, which decides what they may be.
  ...{ smoothing: anything, doublyStochastic: anything, entropy: anything, sampling: anything },
  ...{ balance: anything, neutralWords: anything },
};

/** What a step learns from: an image and the ids of one of its captions. */
interface Item {
  readonly features: ArrayLike<number>;
  readonly ids: readonly number[];
}

/**
 * Trains a captioner on images and captions: an image with five captions is five examples. The best checkpoint has the highest
 * CIDEr-D of greedy captions.
 *
 * @throws DataError without captions, or if images and captions differ in number; ConfigError on an option out of range
 *
 * @example
 * const vocabulary = captionVocabulary(captions.flat());
 * const captioner = new Captioner(device, { config, backbone: network.describe(), vocabulary });
 * captioner.takeBackbone(await network.parameters.save());
 * const features = await captioner.features(images);
 * await captioner.setStatistics(features);
 * const task = captionTraining(captioner, { features, captions }, { batch: 64, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 1e-3, clipNorm: 5, epochs: 6 })) …
 */
export function captionTraining(
  model: Captioner,
  data: CaptionData,
  options: CaptionTrainingOptions,
): SupervisedTraining<Item> {
  requireOptions('captionTraining', options, kinds);
  const attends = hasAttention(model.config.conditioning);
  const { batch, seed, order } = options;
  const { smoothing, entropy, sampling, doublyStochastic = 0 } = options;
  if (doublyStochastic > 0 && !attends) {
    throw new ConfigError('captionTraining: a doubly stochastic loss needs attention; leave it out', {
      doublyStochastic,
    });
  }
  const alternatives = options.neutralWords && neutralAlternatives(model.words, options.neutralWords);
  const loss = { smoothing, entropy, sampling, doublyStochastic, alternatives };
  checkSequenceLoss(model.network, loss);
  return new SupervisedTraining<Item>(
    {
      parameters: model.parameters,
      describe: () => model.describe(),
      loss: (items, context) =>
        writtenLoss(
          model,
          items.map(({ features }) => features),
          items.map(({ ids }) => ids),
          context,
          loss,
        ).loss,
    },
    itemsOf(model, data, options.balance ? balancedCounts(data.captions, options.balance, seed) : null),
    {
      ...{ batch, seed, order },
      ...watched(model, data, options),
    },
  );
}

/** How a training is watched: scores of held-out images, and captions to look at. */
export function watched<Example>(
  model: Captioner,
  data: CaptionData,
  { validation, validationImages = 1000 }: WatchedOptions,
): Pick<SupervisedOptions<Example>, 'chanceLoss' | 'validation' | 'validate' | 'sample'> {
  const held = validation ? imagesOf(validation) : null;
  const every = held ? Math.max(1, Math.ceil(held.length / validationImages)) : 1;
  const chosen = held ? Array.from({ length: Math.ceil(held.length / every) }, (_, i) => i * every) : [];
  const shown = held && held.length > 0 ? held : imagesOf(data);
  return {
    chanceLoss: Math.log(model.words.size),
    // Their features are read when they are needed.
    validation: chosen as unknown as readonly Example[],
    validate: (_, signal) => validate(model, held!, chosen, signal),
    sample: (step) => sample(model, shown, step),
  };
}

type ImageSource = ExampleSource<CaptionedFeatures>;

/** Images with their captions. @throws DataError if they differ in number */
export function imagesOf({ features, captions }: CaptionData): ImageSource {
  const source = viewSource(features);
  if (source.length !== captions.length) {
    throw new DataError(
      `captionTraining: ${source.length} images and captions of ${captions.length}; give one list for each`,
      {
        images: source.length,
        captions: captions.length,
      },
    );
  }
  const of = (index: number) => (read: ArrayLike<number>) => ({ features: read, captions: captions[index] });
  return {
    length: source.length,
    get fingerprint() {
      return `${source.fingerprint} ${captions.flat().reduce((hash, text) => hashText(text, hash), 0)}`;
    },
    read(index) {
      const features = source.read(index);
      return features instanceof Promise ? features.then(of(index)) : of(index)(features);
    },
  };
}

/** Each caption of each image. @param counts  how often each image is taken. Default: once */
function itemsOf(model: Captioner, data: CaptionData, counts: readonly number[] | null): ExampleSource<Item> {
  const images = imagesOf(data);
  const pairs = data.captions.flatMap((captions, image) => {
    const own = captions.map((one) => ({ image, ids: model.encode(one) }));
    return Array.from({ length: counts?.[image] ?? 1 }, () => own).flat();
  });
  return {
    length: pairs.length,
    get fingerprint() {
      return counts ? `${images.fingerprint} ${hashText(counts.join(), 0)}` : images.fingerprint;
    },
    lengthOf: (index) => pairs[index].ids.length,
    read(index) {
      const { image, ids } = pairs[index];
      const read = images.read(image);
      return read instanceof Promise
        ? read.then(({ features }) => ({ features, ids }))
        : { features: read.features, ids };
    },
  };
}

async function validate(
  model: Captioner,
  images: ImageSource,
  chosen: readonly number[],
  signal: StopSignal | undefined,
): Promise<Validation> {
  const read = await Promise.all(chosen.map((index) => images.read(index)));
  const { scores } = await evaluateCaptions(model, read, { signal });
  const { loss, bleu, rougeL, ciderD, vocabulary, meanLength } = scores;
  return { loss, metrics: { bleu4: bleu[3], rougeL, ciderD, vocabulary, meanLength }, cost: -ciderD };
}

/** Captions of three images, others at every step, with one of each image's own. */
async function sample(model: Captioner, images: ImageSource, step: number): Promise<string> {
  const places = [0, 1, 2].map((i) => (step * 3 + i) % images.length);
  const read = await Promise.all([...new Set(places)].map((place) => images.read(place)));
  const written = await captionFeatures(
    model,
    read.map(({ features }) => features),
  );
  return written.map(({ text }, i) => `${text}   (reference: ${read[i].captions[0] ?? 'none'})`).join('\n');
}
