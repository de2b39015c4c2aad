import { count, flag, type Kinds as OptionKinds, oneOf, rate, required, requireOptions } from '../../checks.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { type Feeding, feedings } from '../../nn/seq2seq/decoder.ts';
import { stackKinds } from '../../train/description.ts';

export const views = ['features', 'image'] as const;
export type View = (typeof views)[number];

/** Configuration of a navigator, as plain data. */
export interface NavigatorConfig {
  /** Cell of the encoder and the decoder. */
  readonly cell: CellSource;
  /** H, hidden units of each layer, and of each direction of the encoder. */
  readonly hidden: number;
  readonly layers: number;
  /** E, dimension of word vectors. */
  readonly embedding: number;
  /** W, numbers that what is seen is mapped to. */
  readonly senses: number;
  /** Dropout rate after the embeddings, of what is seen, between layers and before the output. */
  readonly dropout: number;
  /** What attention feeds into the next step; 'context' as Mei 2016. Default 'none'. */
  readonly feeding?: Feeding;
  /** Whether attention sees the embeddings of words beside the states of the encoder. Default true. */
  readonly multiLevel?: boolean;
  /**
   * What is seen at each step: 'features', a bag of names in every direction; or 'image', the view ahead as an image, which a
   * small convolutional network reads. Default 'features'.
   */
  readonly view?: View;
  /** Whether the decoder reads its last action, too. Default true. */
  readonly lastAction?: boolean;
  /** Share of the words that training replaces by the unknown word. Default 0. */
  readonly wordDropout?: number;
}

export const navigatorKinds: OptionKinds<NavigatorConfig> = {
  ...stackKinds,
  embedding: required(count),
  senses: required(count),
  feeding: oneOf(feedings),
  multiLevel: flag,
  view: oneOf(views),
  lastAction: flag,
  wordDropout: rate,
};

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size, rate or name */
export function completeConfig(config: NavigatorConfig): Required<NavigatorConfig> {
  requireOptions('navigate', config, navigatorKinds);
  return { feeding: 'none', multiLevel: true, view: 'features', lastAction: true, wordDropout: 0, ...config };
}
