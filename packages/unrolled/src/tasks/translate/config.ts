import { ConfigError } from '../../errors.ts';
import { type AttentionScore, attentionScores } from '../../nn/attention.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import { type Feeding, feedings } from './decoder.ts';

/** Sizes and kind of an encoder and its decoder: plain data. */
export interface TranslatorConfig {
  /** Name of the cell of both, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units in each layer, and in each direction of the encoder. */
  readonly hidden: number;
  /** L, layers of the encoder and of the decoder. */
  readonly layers: number;
  /** E, length of a token's vector. */
  readonly embedding: number;
  /** Rate of dropout after the embeddings, between layers and before the output. */
  readonly dropout: number;
  /** Whether the encoder also reads from the end. Default true. */
  readonly bidirectional?: boolean;
  /**
   * How well a state of the decoder fits one of the encoder; 'none': all goes through one vector (Sutskever 2014).
   * Default 'additive'.
   */
  readonly attention?: AttentionScore | 'none';
  /** What attention hands to the next step. Default 'none'. */
  readonly feeding?: Feeding;
  /** Whether attention sees what it has attended to before (See 2017). Default false. */
  readonly coverage?: boolean;
}

/** Kinds of attention by name. */
export const attentionNames = ['none', ...attentionScores] as const;

/** With a value for each option. @throws ConfigError on a size, a rate or a name that cannot work */
export function completeConfig(config: TranslatorConfig): Required<TranslatorConfig> {
  const complete = {
    bidirectional: true,
    attention: 'additive',
    feeding: 'none',
    coverage: false,
    ...config,
  } as const satisfies TranslatorConfig;
  const { dropout, attention, feeding, coverage } = complete;
  for (const name of ['hidden', 'layers', 'embedding'] as const) {
    if (!Number.isInteger(config[name]) || config[name] < 1) {
      throw new ConfigError(`translate: ${name} must be a whole number from 1, received ${config[name]}`);
    }
  }
  if (!(dropout >= 0 && dropout < 1)) {
    throw new ConfigError(`translate: dropout must be in [0, 1), received ${dropout}`, { dropout });
  }
  if (!attentionNames.includes(attention)) {
    throw new ConfigError(`translate: there is no attention '${attention}'; use ${attentionNames.join(', ')}`, {
      attention,
    });
  }
  if (!feedings.includes(feeding)) {
    throw new ConfigError(`translate: there is no feeding '${feeding}'; use ${feedings.join(', ')}`, { feeding });
  }
  if (attention === 'none' && (feeding !== 'none' || coverage)) {
    throw new ConfigError("translate: feeding and coverage are attention's; choose an attention, or leave them out", {
      feeding,
      coverage,
    });
  }
  return complete;
}
