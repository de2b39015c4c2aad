import { anything, count, flag, type Kinds, oneOf, required, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { type AttentionScore, attentionScores } from '../../nn/attention.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { type Feeding, feedings } from '../../nn/seq2seq/decoder.ts';
import type { StackOptions } from '../../nn/transformer/options.ts';
import { stackKinds } from '../../train/description.ts';

/** Configuration of an encoder and its decoder, as plain data. */
export interface TranslatorConfig {
  /** Cell of the encoder and the decoder: a name, your own definition, or a full configuration. Not used by Transformers. */
  readonly cell: CellSource;
  /** H, hidden units of each layer, and of each direction of the encoder. */
  readonly hidden: number;
  /** L, layers of the encoder and of the decoder. */
  readonly layers: number;
  /** E, embedding dimension. */
  readonly embedding: number;
  /** Dropout rate after the embeddings, between layers and before the output. */
  readonly dropout: number;
  /** Whether the encoder is bidirectional. Default true. */
  readonly bidirectional?: boolean;
  /**
   * Attention score; 'dot' and 'scaled-dot' need `bidirectional: false`. 'none': the decoder only gets the final state
   * (Sutskever 2014). Default 'additive'.
   */
  readonly attention?: AttentionScore | 'none';
  /** What attention feeds into the next step. Default 'none'. */
  readonly feeding?: Feeding;
  /** Whether attention sees its past weights (See 2017). Default false. */
  readonly coverage?: boolean;
  /**
   * The blocks of a Transformer (Vaswani 2017) in place of cells and attention, in the encoder and in the decoder; as wide as the
   * embeddings, `embedding` = `hidden`. Default: none.
   */
  readonly transformer?: StackOptions | null;
}

/** Attention scores by name. */
export const attentionNames = ['none', ...attentionScores] as const;

export const translatorKinds: Kinds<TranslatorConfig> = {
  ...stackKinds,
  embedding: required(count),
  bidirectional: flag,
  attention: oneOf(attentionNames),
  feeding: oneOf(feedings),
  coverage: flag,
  transformer: anything,
};

/** The configuration with its defaults filled in. @throws ConfigError on an invalid size, rate or name */
export function completeConfig(config: TranslatorConfig): Required<TranslatorConfig> {
  const complete = {
    bidirectional: true,
    attention: 'additive',
    feeding: 'none',
    coverage: false,
    transformer: null,
    ...config,
  } as const satisfies TranslatorConfig;
  requireOptions('translate', config, translatorKinds);
  const { attention, feeding, coverage, transformer, embedding, hidden } = complete;
  if (transformer && embedding !== hidden) {
    throw new ConfigError(
      `translate: a Transformer's embeddings are as wide as it is; embedding ${embedding} is not ${hidden}`,
      {
        embedding,
        hidden,
      },
    );
  }
  if (attention === 'none' && (feeding !== 'none' || coverage)) {
    throw new ConfigError('translate: feeding and coverage need attention; choose an attention, or leave them out', {
      feeding,
      coverage,
    });
  }
  return complete;
}
