import { Option } from 'commander';
import { type Summary, summaries } from 'unrolled/tasks/classify';
import { type TokenKind, tokenizerKinds } from 'unrolled/tokenizers';
import { choice, option, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { type TransformerFlags, transformerOptions, transformerTypes } from '../../options/transformer.ts';
import { type VectorOptions, vectorOptions } from '../word-vectors.ts';
import type { TableFlags } from './examples.ts';

export interface ClassifyOptions extends TrainOptions, RecurrentOptions, TransformerFlags, VectorOptions, TableFlags {
  /** 'auto' until the examples have been read. */
  tokens: TokenKind | 'auto';
  /** Vocabulary size of words and byte pairs. Default: that of the kind. */
  vocab?: number;
  embedding: number;
  pooling: Summary | 'auto';
  /** Whether it reads in one direction only. Default: both. */
  forward?: boolean;
  maxLength: number;
  /** Whether given word vectors are not trained. */
  freezeVectors?: boolean;
  /** A file for validation, in place of a tenth of the examples. */
  validation?: string;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  hidden: 128,
  layers: 1,
  embedding: 64,
  tokens: 'auto',
  pooling: 'auto',
  maxLength: 1000,
  lr: 2e-3,
} as const satisfies ClassifyOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  vocab: 'number',
  forward: 'boolean',
  vectors: 'string',
  vectorWords: 'number',
  freezeVectors: 'boolean',
  labelColumn: 'string',
  textColumn: 'string',
  header: 'string',
  delimiter: 'string',
  ...transformerTypes,
};

/** Where a Transformer has others. */
export const transformerDefaults = { lr: 1e-3, warmUp: 0.05, layers: 2 } as const satisfies Partial<ClassifyOptions>;

/** For `eval` as well. */
export const tableOptions = (): Option[] => [
  new Option('--label-column <column>', 'column of the labels, by name or number (default: by its name or values)'),
  new Option(
    '--text-column <column>',
    'column of the texts; several with commas are joined (default: by names or values)',
  ),
  choice('--header <which>', 'whether the first line of a table names its columns (default: found from the file)', [
    'yes',
    'no',
  ]),
  choice('--delimiter <which>', 'column separator (default: found from the file)', [',', ';', 'tab']),
];

export const options = (): Option[] => [
  choice('--tokens <kind>', 'how texts are tokenised (default auto: words if texts have several)', [
    'auto',
    ...tokenizerKinds,
  ]),
  option('--vocab <n>', 'vocabulary size: of words (default 20,000) or byte pairs (default 2,000)', whole(1)),
  ...vectorOptions(),
  new Option('--freeze-vectors', 'do not train the given word vectors'),
  option('--embedding <n>', `dimension of a token's vector (default ${defaults.embedding}, or the vectors')`, whole(1)),
  choice(
    '--pooling <kind>',
    'how the states of a text become one vector (default auto: attention for words, last for single words)',
    ['auto', ...summaries],
  ),
  new Option('--forward', 'read in one direction only (default: bidirectional)'),
  option('--max-length <n>', `most tokens of a text that are read (default ${defaults.maxLength})`, whole(1)),
  new Option('--validation <file>', 'labelled texts for validation (default: a tenth of the examples)'),
  ...tableOptions(),
  ...recurrentOptions(defaults),
  ...transformerOptions(['rotary', 'sinusoidal', 'none']),
];
