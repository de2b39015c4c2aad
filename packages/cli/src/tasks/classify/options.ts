import { Option } from 'commander';
import { type Summary, summaries } from 'unrolled/tasks/classify';
import { type TokenizerConfig, tokenizerKinds } from 'unrolled/tokenizers';
import { type CommonOptions, choice, commonDefaults, option, whole } from '../../options.ts';
import type { OptionType } from '../../trainable.ts';

export interface ClassifyOptions extends CommonOptions {
  tokens: TokenizerConfig['kind'];
  /** The most tokens, of words and byte pairs; what the kind has by default where it is left out. */
  vocab?: number;
  embedding: number;
  pooling: Summary;
  /** Whether it reads in one direction only; in both where it is left out. */
  forward?: boolean;
  longest: number;
  /** A file to validate on, in place of a tenth of the examples. */
  validation?: string;
  labelColumn?: string;
  textColumn?: string;
}

export const defaults = {
  ...commonDefaults,
  hidden: 128,
  layers: 1,
  embedding: 64,
  tokens: 'char',
  pooling: 'last',
  longest: 1000,
  lr: 2e-3,
} as const satisfies ClassifyOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  vocab: 'number',
  forward: 'boolean',
  labelColumn: 'string',
  textColumn: 'string',
};

/** For `eval` as well. */
export const columnOptions = (): Option[] => [
  new Option('--label-column <column>', 'name or number of the column with the labels (default: by its name, or 1)'),
  new Option('--text-column <column>', 'name or number of the column with the texts (default: by its name, or 2)'),
];

export const options = (): Option[] => [
  choice('--tokens <kind>', `what a text is cut into (default ${defaults.tokens})`, tokenizerKinds),
  option('--vocab <n>', 'most tokens of words (default 20,001) or byte pairs (default 2,000)', whole(1)),
  option('--embedding <n>', `length of a token's vector (default ${defaults.embedding})`, whole(1)),
  choice('--pooling <kind>', `what makes one vector of a text (default ${defaults.pooling})`, summaries),
  new Option('--forward', 'read in one direction only (default: both)'),
  option('--longest <n>', `most tokens of a text that are read (default ${defaults.longest})`, whole(1)),
  new Option('--validation <file>', 'labelled texts to validate on (default: a tenth of the examples)'),
  ...columnOptions(),
];
