import { objectOf, optionsOf, type Schema } from '../../schema.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { kindsFor, type LanguageModelDescription } from './config.ts';

/** The description of a language model in a file. */
export const languageModelDescription: Schema<LanguageModelDescription> = objectOf<LanguageModelDescription>({
  config: (value, place) => optionsOf(kindsFor(value))(value, place),
  tokenizer: tokenizerConfig,
});
