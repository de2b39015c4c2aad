import { listOf, objectOf, optional, type Schema } from '../../schema.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { cellSource, dropoutRate, size, trueOrFalse } from '../../train/description.ts';
import type { LanguageModelConfig, LanguageModelDescription } from './model.ts';

/** The description of a language model in a file. */
export const languageModelDescription: Schema<LanguageModelDescription> = objectOf<LanguageModelDescription>({
  config: objectOf<LanguageModelConfig>({
    cell: cellSource,
    hidden: size,
    layers: size,
    embedding: size,
    dropout: dropoutRate,
    tied: optional(trueOrFalse),
    adaptive: optional(listOf(size, 1)),
    recurrentDropout: optional(dropoutRate),
    recompute: optional(trueOrFalse),
  }),
  tokenizer: tokenizerConfig,
});
