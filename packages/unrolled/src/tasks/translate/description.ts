import { number, whole } from '../../checks.ts';
import { objectOf, optional, optionsOf, type Schema, scalar } from '../../schema.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { taskName } from '../../train/description.ts';
import { translatorKinds } from './config.ts';
import type { TranslatorDescription } from './model.ts';

/** The description of a translator in a file. */
export const translatorDescription: Schema<TranslatorDescription> = objectOf<TranslatorDescription>({
  task: taskName('translate'),
  config: optionsOf(translatorKinds),
  source: tokenizerConfig,
  target: tokenizerConfig,
  // A translation may be twice as long, so this bounds the time a file can cost.
  longest: scalar<number>(whole({ from: 1, to: 100_000 })),
  lengthRatio: optional(scalar<number>(number({ above: 0, to: 100_000 }))),
});
