import {
  type CaptionOptions,
  type WordWeights,
  type WrittenCandidate,
  type WrittenCaption,
  writeCaptions,
} from '../caption-writer.ts';
import type { Captioner } from './model.ts';

export type { CaptionOptions, CaptionSearchOptions } from '../caption-writer.ts';

/** What attention looked at for each word: weights `[T][L]`, place after place in rows. */
export interface CaptionAttention extends WordWeights {
  /** Rows and columns of the places. */
  readonly grid: readonly [rows: number, columns: number];
}

/** A possible caption of an image. */
export type CaptionCandidate = WrittenCandidate<CaptionAttention>;
export type Caption = WrittenCaption<CaptionAttention>;

/** @throws ConfigError on an option out of range; the signal's reason if it is aborted */
export const captionFeatures = (
  model: Captioner,
  features: readonly ArrayLike<number>[],
  options: CaptionOptions = {},
): Promise<Caption[]> =>
  writeCaptions(model, features, (weights) => ({ grid: model.backbone.grid, ...weights }), options);
