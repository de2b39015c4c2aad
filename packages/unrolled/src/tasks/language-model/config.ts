import { count, flag, type Kinds, listOfKind, rate, required } from '../../checks.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import type { LayerConfig } from '../../nn/layer.ts';
import type { SequenceLayer } from '../../nn/sequence-layer.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { stackKinds } from '../../train/description.ts';

interface SharedConfig {
  /** E, length of a token's vector. */
  readonly embedding: number;
  /** Rate of dropout between recurrent layers and before the output. */
  readonly dropout: number;
  /**
   * Rate of dropout after the embedding. Without it, the first recurrent layer multiplies its input weights with the
   * embedding of each token once, in place of each step of a batch, if there are few tokens. Default: `dropout`.
   */
  readonly embeddingDropout?: number | undefined;
  /** Whether the output layer uses the embedding's matrix (Press & Wolf 2017). Default false. */
  readonly tied?: boolean | undefined;
  /** Whether the output layer has a bias. Default true. */
  readonly outputBias?: boolean | undefined;
  /**
   * Where the tokens are cut for an adaptive softmax (Grave 2017): rising, below V. Tokens with small ids must be the
   * frequent ones, as those of words are; not together with `tied`. Default: one softmax over all.
   */
  readonly adaptive?: readonly number[] | undefined;
}

/** A language model of stacked recurrent layers: plain data. */
export interface RecurrentLanguageModelConfig extends SharedConfig {
  /** Name of the cell, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units in each layer. */
  readonly hidden: number;
  /** L, recurrent layers. */
  readonly layers: number;
  /** Rate of dropout on the recurrence while training; see `RecurrentLayerOptions`. Default 0. */
  readonly recurrentDropout?: number | undefined;
  /** Whether training computes gates again on the way back, to need less memory. Default false. */
  readonly recompute?: boolean | undefined;
  readonly sequence?: undefined;
}

/** A language model of another layer over sequences. */
export interface SequenceLanguageModelConfig extends SharedConfig {
  /** The layer, or its configuration if it is one of the library's. */
  readonly sequence: SequenceLayer | LayerConfig;
  readonly cell?: undefined;
}

export type LanguageModelConfig = RecurrentLanguageModelConfig | SequenceLanguageModelConfig;

const shared = {
  embedding: required(count),
  dropout: required(rate),
  embeddingDropout: rate,
  tied: flag,
  outputBias: flag,
  adaptive: listOfKind(count),
};
const absent = { must: 'left out', fits: (value: unknown) => value === undefined };

const recurrentKinds: Kinds<RecurrentLanguageModelConfig> = {
  ...stackKinds,
  ...shared,
  recurrentDropout: rate,
  recompute: flag,
  sequence: absent,
};

const sequenceKinds: Kinds<SequenceLanguageModelConfig> = {
  ...shared,
  sequence: required({
    must: 'a layer, or the configuration of one',
    fits: (value) =>
      typeof (value as LayerConfig).layer === 'string' || typeof (value as SequenceLayer).build === 'function',
  }),
  cell: absent,
};

/** The kinds of what this configuration should have: of a sequence layer where it names one, else of recurrent layers. */
export const kindsFor = (config: unknown): Kinds<LanguageModelConfig> =>
  (config as Partial<LanguageModelConfig> | null)?.sequence ? sequenceKinds : recurrentKinds;

/** Everything that makes the model besides its parameters. */
export interface LanguageModelDescription {
  readonly config: LanguageModelConfig;
  readonly tokenizer: TokenizerConfig;
}
