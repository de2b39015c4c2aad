import { padSequences } from '../../data/padding.ts';
import { DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { type CaptionScores, captionScores, captionTokens } from '../../metrics/captions.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { type SequenceLossOptions, sequenceLoss } from '../../nn/seq2seq/loss.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { breathe } from '../../train/breathe.ts';
import type { Captioner } from './model.ts';
import { type Caption, type CaptionOptions, captionFeatures } from './predict.ts';
import { captionWords } from './words.ts';

/** An image and what people said of it. */
export interface CaptionedImage {
  readonly image: Image;
  readonly captions: readonly string[];
}

/** The features of an image, as `Captioner.features` computes them, and what people said of it. */
export interface CaptionedFeatures {
  readonly features: ArrayLike<number>;
  readonly captions: readonly string[];
}

export interface CaptionEvaluation extends CaptionScores {
  readonly images: number;
  /** Mean loss per word of the references, ends included, with the right words before it, in nats. */
  readonly loss: number;
  /** Share of captions that are none of `known`; null without them. */
  readonly novel: number | null;
  /** How many different words the captions use. */
  readonly vocabulary: number;
  /** Mean number of words in a caption. */
  readonly meanLength: number;
}

export interface EvaluateCaptionsOptions extends CaptionOptions {
  /** Captions of the training data, to count those that are new. Default: none. */
  readonly known?: readonly string[] | undefined;
}

/** The recorded mean loss per word of captions, one for each row of features, as `sequenceLoss` has it, and the number of words. */
export function captionLoss(
  model: Captioner,
  features: readonly ArrayLike<number>[],
  captions: readonly (readonly number[])[],
  context: Context,
  options: SequenceLossOptions = {},
): { loss: Tensor; words: number } {
  const targets = padSequences(captions, { padding: -1 });
  const loss = sequenceLoss(model.network, model.read(features, context), targets, context, options);
  return { loss, words: targets.lengths.reduce((sum, length) => sum + length, 0) };
}

/**
 * Writes captions about images and compares them with those of people.
 * @returns the scores, and the caption of each image
 * @throws DataError without images, or for one without captions; the signal's reason if it is aborted
 */
export async function evaluateCaptions(
  model: Captioner,
  images: readonly CaptionedFeatures[],
  { known, signal, batch = 50, ...options }: EvaluateCaptionsOptions = {},
): Promise<{ scores: CaptionEvaluation; captions: readonly Caption[] }> {
  if (images.length === 0) throw new DataError('caption: there are no images to evaluate on');
  const bare = images.findIndex(({ captions }) => captions.length === 0);
  if (bare >= 0) throw new DataError(`caption: image ${bare + 1} has no caption`, { image: bare });
  const written: Caption[] = [];
  let [loss, words] = [0, 0];
  for (let from = 0; from < images.length; from += batch) {
    const part = images.slice(from, from + batch);
    const pairs = part.flatMap(({ features, captions }) =>
      captions.map((one) => ({ features, ids: model.encode(one) })),
    );
    for (let start = 0; start < pairs.length; start += batch) {
      await breathe(signal);
      const some = pairs.slice(start, start + batch);
      const mean = await model.device.read(() =>
        model.device.withoutGradients(() =>
          captionLoss(
            model,
            some.map(({ features }) => features),
            some.map(({ ids }) => ids),
            inference,
          ),
        ),
      );
      words += mean.words;
      loss += mean.loss[0] * mean.words;
    }
    const read = part.map(({ features }) => features);
    written.push(...(await captionFeatures(model, read, { ...options, batch, signal })));
  }
  const texts = written.map(({ text }) => text);
  const tokens = texts.map(captionTokens);
  const seen = known && new Set(known.map(captionWords));
  return {
    scores: {
      images: images.length,
      ...captionScores(
        texts,
        images.map(({ captions }) => captions),
      ),
      loss: loss / words,
      novel: seen ? texts.filter((text) => !seen.has(captionWords(text))).length / texts.length : null,
      vocabulary: new Set(tokens.flat()).size,
      meanLength: tokens.flat().length / texts.length,
    },
    captions: written,
  };
}
