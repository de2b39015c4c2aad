import { anything, count, flag, type Kinds, oneOf, required } from '../../checks.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import type { Pooling } from '../../nn/pooling.ts';
import type { StackOptions } from '../../nn/transformer/options.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { stackKinds } from '../../train/description.ts';
import type { WordVocabulary } from '../../words/index.ts';
import type { Columns } from './layout.ts';

/** How a text's states become one vector: a pooling, or a mean with trainable weights. */
export const summaries = ['last', 'mean', 'max', 'attention'] as const;
export type Summary = Pooling | 'attention';

/** Sizes and kind of a classifier: plain data. */
export interface ClassifierConfig {
  /** Name of the cell, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units in each layer and direction. */
  readonly hidden: number;
  /** L, recurrent layers. */
  readonly layers: number;
  /** E, the dimension of a token's vector; that of given word vectors, where there are. */
  readonly embedding: number;
  /** Rate of dropout after the embedding, between the layers and before the output. */
  readonly dropout: number;
  /** Whether a second recurrent layer reads from the end. */
  readonly bidirectional: boolean;
  /** 'last' takes the state after the last token, of each direction. */
  readonly pooling: Summary;
  /** The most tokens of a text that are read; the rest is ignored. */
  readonly maxLength: number;
  /** The blocks of a Transformer in place of recurrent layers, `hidden` wide; not with pooling 'last'. Default: none. */
  readonly transformer?: StackOptions | undefined;
}

export const classifierKinds: Kinds<ClassifierConfig> = {
  ...stackKinds,
  embedding: required(count),
  bidirectional: required(flag),
  pooling: required(oneOf(summaries)),
  maxLength: required(count),
  transformer: anything,
};

/** Everything that makes the model besides its parameters: plain data. */
export interface ClassifierDescription {
  readonly task: 'classify';
  readonly config: ClassifierConfig;
  readonly tokenizer: TokenizerConfig | ({ readonly kind: 'words' } & WordVocabulary);
  readonly labels: readonly string[];
  /** Where the training data had labels and texts: evaluation reads tables the same way. */
  readonly columns?: Columns | undefined;
  /** T of softmax(logits / T), fitted on validation texts so that probabilities are calibrated (Guo 2017). */
  readonly temperature: number;
}
