import { InvalidArgumentError, Option } from 'commander';
import { type SpanScheme, spanSchemes } from 'unrolled/tasks/tag';
import { choice, option, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { type TransformerFlags, transformerOptions, transformerTypes } from '../../options/transformer.ts';
import { type VectorOptions, vectorOptions } from '../word-vectors.ts';

export interface TagOptions extends TrainOptions, RecurrentOptions, TransformerFlags, VectorOptions {
  embedding: number;
  charHidden: number;
  crf: 'on' | 'off';
  scheme: SpanScheme;
  /** A file of validation sentences. Default: a tenth of the sentences. */
  validation?: string;
  wordColumn?: number;
  tagColumn?: number;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  hidden: 128,
  layers: 1,
  embedding: 100,
  charHidden: 32,
  dropout: 0.5,
  batch: 16,
  lr: 4e-3,
  schedule: 'linear',
  crf: 'on',
  scheme: 'BIO',
} as const satisfies TagOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  vectors: 'string',
  vectorWords: 'number',
  wordColumn: 'number',
  tagColumn: 'number',
  ...transformerTypes,
};

/** Where a Transformer has others. */
export const transformerDefaults = {
  lr: 1e-3,
  warmUp: 0.05,
  layers: 2,
  dropout: 0.3,
} as const satisfies Partial<TagOptions>;

const column = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value === 0) {
    throw new InvalidArgumentError('It must be a whole number: from 1, or from the last as -1.');
  }
  return value;
};

/** For `eval` and `predict`, too: their default is what the model was trained with. */
export const wordColumnOption = (byDefault = "the model's"): Option =>
  option('--word-column <n>', `column of the words: from 1, or from the last as -1 (default: ${byDefault})`, column);
export const tagColumnOption = (byDefault = "the model's"): Option =>
  option('--tag-column <n>', `column of the tags (default: ${byDefault})`, column);

export const options = (): Option[] => [
  new Option('--validation <file>', 'validation sentences (default: a tenth of the sentences)'),
  ...vectorOptions(),
  choice('--crf <which>', `CRF over the tags of a sentence: on or off (default ${defaults.crf})`, ['on', 'off']),
  choice('--scheme <scheme>', `scheme of the model's tags (default ${defaults.scheme})`, spanSchemes),
  option(
    '--embedding <n>',
    `dimension of word vectors (default ${defaults.embedding}, or that of --vectors)`,
    whole(1),
  ),
  option(
    '--char-hidden <n>',
    `hidden units of the character LSTMs, 0: none (default ${defaults.charHidden})`,
    whole(0),
  ),
  wordColumnOption('found in the file, usually 1'),
  tagColumnOption('found in the file, usually -1'),
  ...recurrentOptions(defaults),
  ...transformerOptions(['rotary', 'sinusoidal', 'none']),
];
