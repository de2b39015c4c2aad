import { Option } from 'commander';
import { attentionNames, type Feeding, feedings, type TranslatorConfig } from 'unrolled/tasks/translate';
import { type TokenKind, tokenizerKinds } from 'unrolled/tokenizers';
import { choice, notNegative, number, option, positive, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { type TransformerFlags, transformerOptions, transformerTypes } from '../../options/transformer.ts';

/** What each side is cut into; 'auto' is decided by the pairs, and never stored. */
type Tokens = TokenKind | 'auto';

export interface TranslateTrainOptions extends TrainOptions, RecurrentOptions, TransformerFlags {
  sourceTokens: Tokens;
  targetTokens: Tokens;
  /** Vocabulary sizes of words and byte pairs; the tokenizer's default if missing. */
  sourceVocab?: number;
  targetVocab?: number;
  embedding: number;
  attention: Required<TranslatorConfig>['attention'];
  feeding: Feeding;
  coverage?: boolean;
  coverageLoss?: number;
  /** Whether the encoder is unidirectional. */
  forward?: boolean;
  smoothing?: number;
  sampling?: number;
  samplingEpochs?: number;
  /** Files: translations; validation pairs instead of a tenth of the pairs; their translations. */
  target?: string;
  validation?: string;
  validationTarget?: string;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  hidden: 128,
  layers: 1,
  embedding: 64,
  dropout: 0.1,
  batch: 64,
  lr: 2e-3,
  sourceTokens: 'auto',
  targetTokens: 'auto',
  attention: 'additive',
  feeding: 'none',
} as const satisfies TranslateTrainOptions;

/** Defaults for sentences: both sides in words or byte pairs. Chosen by validation on Multi30k; see docs/translate.md. */
export const sentenceDefaults = {
  hidden: 256,
  embedding: 128,
  dropout: 0.2,
  attention: 'scaled-general',
  feeding: 'output',
  smoothing: 0.1,
} as const satisfies Partial<TranslateTrainOptions>;

/** Where a Transformer has others. */
export const transformerDefaults = {
  hidden: 128,
  layers: 2,
  smoothing: 0.1,
  lr: 1e-3,
  warmUp: 0.05,
} as const satisfies Partial<TranslateTrainOptions>;

/** Options that recurrent translators alone have. */
export const recurrentOnly = ['attention', 'feeding', 'coverage', 'coverageLoss', 'forward'] as const;

/** Byte pairs of each side of sentences. */
export const sentenceVocabulary = 4000;

/** Epochs over sentences, where no end is given. */
export const sentenceEpochs = 8;

export const optional: Readonly<Record<string, OptionType>> = {
  sourceVocab: 'number',
  targetVocab: 'number',
  coverage: 'boolean',
  coverageLoss: 'number',
  forward: 'boolean',
  smoothing: 'number',
  sampling: 'number',
  samplingEpochs: 'number',
  ...transformerTypes,
};

export const fileOptions = ['target', 'validation', 'validationTarget'] as const;

export const targetOption = (): Option =>
  new Option('--target <file>', 'translations, one a line (default: the second column of the pairs)');

const both = (sentences: number | string, characters: number | string): string =>
  `(default ${characters}; sentences: ${sentences})`;

export const options = (): Option[] => [
  targetOption(),
  new Option('--validation <file>', 'validation pairs (default: a tenth of the pairs)'),
  new Option('--validation-target <file>', 'translations of the validation sources, one a line'),
  choice('--source-tokens <kind>', 'tokens of the source (default auto: by the pairs)', ['auto', ...tokenizerKinds]),
  choice('--target-tokens <kind>', 'tokens of the translation (default auto: by the pairs)', [
    'auto',
    ...tokenizerKinds,
  ]),
  option('--source-vocab <n>', 'vocabulary size of words (default 20,001) or byte pairs (default 2,000)', whole(1)),
  option('--target-vocab <n>', 'the same for the translations', whole(1)),
  option('--embedding <n>', `embedding dimension ${both(sentenceDefaults.embedding, defaults.embedding)}`, whole(1)),
  choice(
    '--attention <score>',
    `attention score ${both(sentenceDefaults.attention, defaults.attention)}; dot and scaled-dot need --forward`,
    attentionNames,
  ),
  choice(
    '--feeding <what>',
    `attention fed into the next step ${both(sentenceDefaults.feeding, defaults.feeding)}`,
    feedings,
  ),
  new Option('--coverage', 'let attention see what it has attended to so far'),
  option('--coverage-loss <weight>', 'weight of the coverage loss (default 0)', notNegative),
  new Option('--forward', 'use a unidirectional encoder (default: bidirectional)'),
  option('--smoothing <share>', `label smoothing ${both(sentenceDefaults.smoothing, 0)}`, share),
  option(
    '--sampling <share>',
    'scheduled sampling: final share of input tokens the model generates itself (default 0)',
    number((value) => value >= 0 && value <= 1, 'from 0 to 1'),
  ),
  option('--sampling-epochs <n>', 'epochs over which scheduled sampling grows (default 10)', positive),
  ...recurrentOptions(defaults),
  ...transformerOptions(['rotary', 'sinusoidal', 'none']),
];

/** Search options of the commands that translate. */
export interface SearchFlags {
  beam?: number;
  nBest?: number;
  lengthPenalty?: number;
  coveragePenalty?: number;
  blockNgrams?: number;
  maxLength?: number;
}

export const searchOptions = (): Option[] => [
  option('--beam <n>', 'beam width (default 1: greedy search)', whole(1)),
  option('--length-penalty <alpha>', 'length penalty; above 0 favours longer translations (default 0)', notNegative),
  option('--coverage-penalty <beta>', 'coverage penalty; above 0 favours covering the source (default 0)', notNegative),
  option('--block-ngrams <n>', 'forbid repeated n-grams of this length (default 0: allowed)', whole(0)),
  option('--max-length <n>', "maximum tokens in a translation (default: by the source's length)", whole(1)),
];

export function searchOf({ beam, nBest, lengthPenalty, coveragePenalty, blockNgrams, maxLength }: SearchFlags) {
  // The n best need a beam at least as wide.
  const width = beam ?? nBest;
  return { beam: width, nBest, lengthPenalty, coveragePenalty, blockNgrams, maxLength };
}
