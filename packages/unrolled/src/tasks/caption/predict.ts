import { ConfigError } from '../../errors.ts';
import type { HardReading } from '../../nn/attention.ts';
import {
  type CaptionSearchOptions as SearchOptions,
  type WordWeights,
  type CaptionOptions as WritingOptions,
  type WrittenCandidate,
  type WrittenCaption,
  writeCaptions,
} from '../caption-writer.ts';
import type { Captioner } from './model.ts';

/** Of hard attention. */
export interface Places {
  /** What hard attention reads: the likeliest place alone, or the mean of all by their weights. Default 'mean'. */
  readonly places?: HardReading | undefined;
}

/** How captions of images are searched for. */
export interface CaptionSearchOptions extends SearchOptions, Places {}

export interface CaptionOptions extends WritingOptions, Places {}

/** What attention looked at for each word: weights `[T][L]`, place after place in rows. */
export interface CaptionAttention extends WordWeights {
  /** Rows and columns of the places. */
  readonly grid: readonly [rows: number, columns: number];
}

/** A possible caption of an image. */
export type CaptionCandidate = WrittenCandidate<CaptionAttention>;
export type Caption = WrittenCaption<CaptionAttention>;

/** @throws ConfigError on an option out of range, or places without hard attention; the signal's reason if it is aborted */
export async function captionFeatures(
  model: Captioner,
  features: readonly ArrayLike<number>[],
  { places, ...options }: CaptionOptions = {},
): Promise<Caption[]> {
  const { conditioning } = model.config;
  if (places !== undefined && conditioning !== 'hard-attention') {
    throw new ConfigError(
      `caption: places are chosen by hard attention, and conditioning is '${conditioning}'; leave them out`,
      {
        places,
        conditioning,
      },
    );
  }
  return writeCaptions(model, features, (weights) => ({ grid: model.backbone.grid, ...weights }), options, places);
}
