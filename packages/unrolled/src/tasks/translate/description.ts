import { number, oneOf, whole } from '../../checks.ts';
import { type Feeding, feedings } from '../../nn/seq2seq/decoder.ts';
import { objectOf, optional, type Schema, scalar } from '../../schema.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { cellSource, dropoutRate, size, taskName, trueOrFalse } from '../../train/description.ts';
import { attentionNames, type TranslatorConfig } from './config.ts';
import type { TranslatorDescription } from './model.ts';

/** The description of a translator in a file. */
export const translatorDescription: Schema<TranslatorDescription> = objectOf<TranslatorDescription>({
  task: taskName('translate'),
  config: objectOf<TranslatorConfig>({
    cell: cellSource,
    hidden: size,
    layers: size,
    embedding: size,
    dropout: dropoutRate,
    bidirectional: optional(trueOrFalse),
    attention: optional(scalar<NonNullable<TranslatorConfig['attention']>>(oneOf(attentionNames))),
    feeding: optional(scalar<Feeding>(oneOf(feedings))),
    coverage: optional(trueOrFalse),
  }),
  source: tokenizerConfig,
  target: tokenizerConfig,
  // A translation may be twice as long, so this bounds the time a file can cost.
  longest: scalar<number>(whole({ from: 1, to: 100_000 })),
  lengthRatio: optional(scalar<number>(number({ above: 0, to: 100_000 }))),
});
