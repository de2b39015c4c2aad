import { type Kinds, number, requireOptions, whole } from '../../checks.ts';
import { padSequences } from '../../data/padding.ts';
import { searchSequences } from '../../decode/sequence-search.ts';
import { gatherRows } from '../../decode/tensor-step.ts';
import { CiderD, captionTokens } from '../../metrics/captions.ts';
import { inference } from '../../nn/layer.ts';
import { drawnFrom, policyLoss } from '../../nn/reinforce.ts';
import { tokenLosses } from '../../nn/seq2seq/loss.ts';
import { add, scale } from '../../ops/index.ts';
import type { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { SupervisedTraining } from '../../train/supervised.ts';
import type { CaptionedFeatures } from './evaluate.ts';
import type { Captioner } from './model.ts';
import { type CaptionData, imagesOf, type WatchedOptions, watched, watchedKinds } from './training.ts';

export interface SelfCriticalOptions extends WatchedOptions {
  /** K, captions drawn for each image, at least 2. Default 5. */
  readonly samples?: number | undefined;
  /**
   * τ of the softmax that words are drawn from, and whose log p is raised. Default 0.7: at 1 a model that was trained with label
   * smoothing draws every tenth word at random, and learns to stop early.
   */
  readonly temperature?: number | undefined;
}

const kinds: Kinds<SelfCriticalOptions> = {
  ...watchedKinds,
  samples: whole({ from: 2 }),
  temperature: number({ above: 0 }),
};

/** An image, and what the model wrote about it with the advantage of each caption. */
interface Tried extends CaptionedFeatures {
  readonly written?: readonly { readonly ids: readonly number[]; readonly advantage: number }[];
}

/** Stands for the end of a caption in rewards, so that captions which stop too early or too late score less. */
const END = '⏎';

/**
 * Goes on training a captioner for what it is judged by (self-critical training, Rennie 2017): it writes K captions about each image of
 * a batch by drawing words, and those with more CIDEr-D than the other K − 1 become likelier:
 *
 *     mean over words of −(r_k − mean of r_j over j ≠ k) · log p_τ(word)
 *
 * with p_τ = softmax(logits / τ), and r the CIDEr-D from 0 to 10, over n-grams weighed by the training captions, ends included. This is REINFORCE (Williams 1992), and
 * unbiased, since the other captions of an image do not depend on this one (Kool 2019). Hard attention draws nothing here: it reads
 * the mean of all places. A resumed run ends with the same bits.
 *
 * @throws as `captionTraining`
 *
 * @example
 * const task = selfCriticalTraining(captioner, { features, captions }, { batch: 32, seed: 1 });
 * for await (const event of train(task, { optimizer: { method: 'adam' }, learningRate: 1e-4, clipNorm: 5, epochs: 4 })) …
 */
export function selfCriticalTraining(
  model: Captioner,
  data: CaptionData,
  options: SelfCriticalOptions,
): SupervisedTraining<Tried> {
  requireOptions('selfCriticalTraining', options, kinds);
  const { batch, seed, order, samples = 5, temperature = 0.7 } = options;
  const rewards = new CiderD(data.captions.map((captions) => captions.map(ended)));
  return new SupervisedTraining<Tried>(
    {
      parameters: model.parameters,
      describe: () => model.describe(),
      loss: (images) => selfCriticalLoss(model, images, temperature),
    },
    imagesOf(data),
    {
      ...{ batch, seed, order },
      ...watched(model, data, options),
      act: (images, random) => write(model, images, { samples, temperature }, rewards, random),
    },
  );
}

const ended = (caption: string): string[] => [...captionTokens(caption), END];

/** Draws captions about images, and compares each with the others about the same image. */
async function write(
  model: Captioner,
  images: readonly CaptionedFeatures[],
  { samples, temperature }: { readonly samples: number; readonly temperature: number },
  rewards: CiderD,
  random: Random,
): Promise<Tried[]> {
  const rows = rowsOf(images.length, samples);
  const features = images.map((image) => image.features);
  const given = {
    lengths: Array.from(rows, () => model.backbone.places),
    maxLength: model.longest,
    never: model.words.tokenizer.unknown,
  };
  const found = await searchSequences(model.network, () => gatherRows(model.read(features), rows), given, {
    sampling: { temperature, seed: Math.floor(random.uniform() * 2 ** 31) },
  });
  return images.map((image, i) => {
    const own = found.slice(i * samples, (i + 1) * samples).map(([one]) => one);
    const texts = own.map((one) => {
      const words = captionTokens(model.words.decode(one.tokens));
      return one.ended ? [...words, END] : words;
    });
    const scores = rewards.scores(texts, image.captions.map(ended));
    const total = scores.reduce((sum, score) => sum + score, 0);
    const written = own.map((one, k) => ({
      ids: one.ended ? [...one.tokens, model.words.end] : one.tokens,
      advantage: scores[k] - (total - scores[k]) / (samples - 1),
    }));
    return { ...image, written };
  });
}

/** The row of images that each of K captions is about. */
const rowsOf = (images: number, samples: number): Int32Array =>
  Int32Array.from({ length: images * samples }, (_, row) => Math.floor(row / samples));

function selfCriticalLoss(model: Captioner, images: readonly Tried[], temperature: number): Tensor {
  const written = images.flatMap((image) => image.written ?? []);
  const targets = padSequences(
    written.map(({ ids }) => ids),
    { padding: -1 },
  );
  const features = images.map((image) => image.features);
  // As the captions were written: without dropout, and never an unknown word.
  const reading = gatherRows(model.read(features), rowsOf(images.length, written.length / images.length));
  const { logits, positions } = tokenLosses(model.network, reading, targets, inference);
  const { device } = model;
  const possible = new Float32Array(logits.shape[1]);
  const { unknown } = model.words.tokenizer;
  if (unknown !== null) possible[unknown] = -1e4;
  const ids = device.ids(Int32Array.from(positions, (position) => targets.values[position]));
  const advantage = device.tensor(
    Float32Array.from(positions, (position) => written[position % written.length].advantage),
  );
  const drawn = drawnFrom(scale(add(logits, device.tensor(possible)), 1 / temperature), ids);
  return scale(policyLoss(drawn, advantage, 0), 1 / positions.length);
}
