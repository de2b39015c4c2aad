import { anything, count, flag, type Kinds, oneOf, required, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import type { StackOptions } from '../../nn/transformer/options.ts';
import { stackKinds } from '../../train/description.ts';

export const conditionings = ['attention', 'hard-attention', 'first', 'constant'] as const;

/**
 * How the decoder knows the image, with v the mean of its features:
 *
 * - attention: at every step the mean of all places, weighted by attention (soft attention, Xu 2015).
 * - hard-attention: in training at every step one place, drawn from these weights, for half of the captions, and learned by REINFORCE;
 *   the mean for the others, and afterwards (Xu 2015), unless one asks for the likeliest place.
 * - first: v is the decoder's first input (Vinyals 2015).
 * - constant: v is part of every input: h = tanh(W_xh x + W_hh h + W_ih v), and likewise in other cells (Karpathy & Fei-Fei 2015).
 */
export type CaptionConditioning = (typeof conditionings)[number];

/** Configuration of the decoder of a captioner: plain data. */
export interface CaptionerConfig {
  /** Cell of the decoder: a name, your own definition, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units of each layer. */
  readonly hidden: number;
  readonly layers: number;
  /** E, embedding dimension. */
  readonly embedding: number;
  /** Dropout rate of features and embeddings, between layers and before the output. */
  readonly dropout: number;
  /** Default 'attention'. */
  readonly conditioning?: CaptionConditioning | undefined;
  /** U, to which the features of each place are mapped. Default H. */
  readonly units?: number | undefined;
  /** A, the width of attention's hidden layer. Default: half of H, at least 1. */
  readonly attentionUnits?: number | undefined;
  /** Whether what is attended to is scaled by a gate β (Xu 2015). Default: with attention. */
  readonly gate?: boolean | undefined;
  /**
   * The blocks of a Transformer that writes in place of the cells, with attention to the places in each; `embedding` and `units` are
   * its width, `hidden`. Default: none.
   */
  readonly transformer?: StackOptions | undefined;
}

export const captionerKinds: Kinds<CaptionerConfig> = {
  ...stackKinds,
  embedding: required(count),
  conditioning: oneOf(conditionings),
  units: count,
  attentionUnits: count,
  gate: flag,
  transformer: anything,
};

export const hasAttention = (conditioning: CaptionConditioning): boolean => conditioning.endsWith('attention');

/** A configuration with its defaults. */
export type CompleteCaptionerConfig = {
  readonly [Name in Exclude<keyof CaptionerConfig, 'transformer'>]-?: NonNullable<CaptionerConfig[Name]>;
} & Pick<CaptionerConfig, 'transformer'>;

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size, rate or name */
export function completeConfig(config: CaptionerConfig): CompleteCaptionerConfig {
  requireOptions('caption', config, captionerKinds);
  const { cell, hidden, layers, embedding, dropout, conditioning = 'attention' } = config;
  const { units = hidden, attentionUnits = Math.max(1, hidden >> 1), transformer } = config;
  const { gate = hasAttention(conditioning) && !transformer } = config;
  if (transformer && (conditioning !== 'attention' || embedding !== hidden || units !== hidden || gate)) {
    throw new ConfigError(
      "caption: a Transformer has conditioning 'attention', embedding and units as wide as hidden, and no gate; received " +
        `'${conditioning}', ${embedding}, ${units} and ${hidden}${gate ? ', with a gate' : ''}`,
      { conditioning, embedding, units, hidden, gate },
    );
  }
  if (gate && !hasAttention(conditioning)) {
    throw new ConfigError(
      `caption: a gate needs attention, and conditioning is '${conditioning}'; leave the gate out`,
      {
        conditioning,
      },
    );
  }
  const sizes = { cell, hidden, layers, embedding, dropout, conditioning, units, attentionUnits, gate };
  return transformer ? { ...sizes, transformer } : sizes;
}
