import { InvalidArgumentError, Option } from 'commander';
import { type SpanScheme, spanSchemes } from 'unrolled/tasks/tag';
import { type CommonOptions, choice, commonDefaults, option, whole } from '../../options.ts';
import type { OptionType } from '../../trainable.ts';
import { type VectorOptions, vectorOptions } from '../../word-vectors.ts';

export interface TagOptions extends CommonOptions, VectorOptions {
  embedding: number;
  characters: number;
  crf: 'on' | 'off';
  scheme: SpanScheme;
  /** A file to validate on, in place of a tenth of the sentences. */
  validation?: string;
  wordColumn?: number;
  tagColumn?: number;
}

export const defaults = {
  ...commonDefaults,
  hidden: 128,
  layers: 1,
  embedding: 100,
  characters: 32,
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
};

const column = (text: string): number => {
  const value = Number(text);
  if (text.trim() === '' || !Number.isInteger(value) || value === 0) {
    throw new InvalidArgumentError('It must be a whole number: from 1, or from the last as -1.');
  }
  return value;
};

/** For files of sentences; `eval` and `predict` have them, too. */
export const wordColumnOption = (): Option =>
  option('--word-column <n>', 'which column has the word; -1 is the last (default 1)', column);
export const tagColumnOption = (): Option =>
  option('--tag-column <n>', 'which column has the tag (default -1, the last)', column);

export const options = (): Option[] => [
  new Option('--validation <file>', 'sentences to validate on (default: a tenth of the others)'),
  ...vectorOptions(),
  choice('--crf <which>', `choose the tags of a sentence together: on or off (default ${defaults.crf})`, ['on', 'off']),
  choice('--scheme <scheme>', `how the model writes spans (default ${defaults.scheme})`, spanSchemes),
  option('--embedding <n>', `length of a word's vector (default ${defaults.embedding}, or the vectors')`, whole(1)),
  option(
    '--characters <n>',
    `hidden units over a word's characters, 0: words alone (default ${defaults.characters})`,
    whole(0),
  ),
  wordColumnOption(),
  tagColumnOption(),
];
