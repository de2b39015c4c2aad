import { type Kinds, oneOf, required, text } from '../../checks.ts';
import { feedForwardActivations, type TransformerEncoderOptions } from '../../nn/transformer/index.ts';
import { objectOf, optionsOf, type Schema } from '../../schema.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { taskName } from '../../train/description.ts';

/** A masked language model: plain data. */
export interface MaskedLanguageModelConfig {
  /** Without the size of the vocabulary, which the tokenizer says. */
  readonly encoder: Omit<TransformerEncoderOptions, 'vocabularySize'> & { readonly dimension: number };
  /** Of the layer between the encoder and the output. Default 'gelu'. */
  readonly activation?: (typeof feedForwardActivations)[number] | undefined;
  /** The token that stands for what is hidden. Default '[MASK]'. */
  readonly mask?: string | undefined;
}

export const maskedLanguageModelKinds: Kinds<MaskedLanguageModelConfig> = {
  // What is in it is checked when the encoder is made.
  encoder: required({
    must: 'options of an encoder with a dimension',
    fits: (value) => typeof (value as { readonly dimension?: unknown } | null)?.dimension === 'number',
  }),
  activation: oneOf(feedForwardActivations),
  mask: text,
};

/** Everything that makes the model besides its parameters. */
export interface MaskedLanguageModelDescription {
  readonly task: 'masked-language-model';
  readonly config: MaskedLanguageModelConfig;
  readonly tokenizer: TokenizerConfig;
}

/** The description of a masked language model in a file. */
export const maskedLanguageModelDescription: Schema<MaskedLanguageModelDescription> =
  objectOf<MaskedLanguageModelDescription>({
    task: taskName('masked-language-model'),
    config: optionsOf(maskedLanguageModelKinds),
    tokenizer: tokenizerConfig,
  });
