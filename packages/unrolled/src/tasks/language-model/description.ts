import type { LayerConfig } from '../../nn/layer.ts';
import { listOf, mismatch, objectOf, optional, type Schema, scalar } from '../../schema.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { cellSource, dropoutRate, size, trueOrFalse } from '../../train/description.ts';
import type {
  LanguageModelConfig,
  LanguageModelDescription,
  RecurrentLanguageModelConfig,
  SequenceLanguageModelConfig,
} from './model.ts';

const shared = {
  embedding: size,
  dropout: dropoutRate,
  tied: optional(trueOrFalse),
  adaptive: optional(listOf(size, 1)),
};

const absent: Schema<undefined> = scalar({ must: 'left out', fits: (value) => value === undefined });

const recurrent = objectOf<RecurrentLanguageModelConfig>({
  ...shared,
  cell: cellSource,
  hidden: size,
  layers: size,
  recurrentDropout: optional(dropoutRate),
  recompute: optional(trueOrFalse),
  sequence: absent,
});

/** The options of a layer are checked when it is made. */
const sequence = objectOf<SequenceLanguageModelConfig>({
  ...shared,
  sequence: (value, place) => {
    if (typeof (value as LayerConfig | null)?.layer === 'string') return value as LayerConfig;
    throw mismatch(place, 'the configuration of a layer', value);
  },
  cell: absent,
});

/** The description of a language model in a file. */
export const languageModelDescription: Schema<LanguageModelDescription> = objectOf<LanguageModelDescription>({
  config: (value, place) => ((value as LanguageModelConfig | null)?.sequence ? sequence : recurrent)(value, place),
  tokenizer: tokenizerConfig,
});
