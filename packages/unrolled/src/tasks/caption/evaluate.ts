import { DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import {
  type EvaluateCaptionsOptions as EvaluateWrittenOptions,
  meanLoss,
  scoreWritten,
  type WrittenScores,
} from '../caption-evaluation.ts';
import type { Captioner } from './model.ts';
import { type Caption, captionFeatures, type Places } from './predict.ts';

export interface EvaluateCaptionsOptions extends EvaluateWrittenOptions, Places {}

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

export interface CaptionEvaluation extends WrittenScores {
  readonly images: number;
  /** Mean loss per word of the references, ends included, with the right words before it, in nats. */
  readonly loss: number;
}

/**
 * Writes captions about images and compares them with those of people.
 * @returns the scores, and the caption of each image
 * @throws DataError without images, or for one without captions; the signal's reason if it is aborted
 */
export async function evaluateCaptions(
  model: Captioner,
  images: readonly CaptionedFeatures[],
  { known, ...options }: EvaluateCaptionsOptions = {},
): Promise<{ scores: CaptionEvaluation; captions: readonly Caption[] }> {
  if (images.length === 0) throw new DataError('caption: there are no images to evaluate on');
  const bare = images.findIndex(({ captions }) => captions.length === 0);
  if (bare >= 0) throw new DataError(`caption: image ${bare + 1} has no caption`, { image: bare });
  const pairs = images.flatMap(({ features, captions }) =>
    captions.map((one) => ({ source: features, captions: [one] })),
  );
  const loss = await meanLoss(model, pairs, options);
  const written = await captionFeatures(
    model,
    images.map(({ features }) => features),
    options,
  );
  const scores = scoreWritten(
    written.map(({ text }) => text),
    images.map(({ captions }) => captions),
    known,
  );
  return { scores: { images: images.length, ...scores, loss }, captions: written };
}
