import { Option } from 'commander';
import { attentionNames, type Feeding, feedings, type TranslatorConfig } from 'unrolled/tasks/translate';
import { type TokenizerConfig, tokenizerKinds } from 'unrolled/tokenizers';
import {
  type CommonOptions,
  choice,
  commonDefaults,
  notNegative,
  number,
  option,
  positive,
  whole,
} from '../../options.ts';
import type { OptionType } from '../../trainable.ts';

export interface TranslateTrainOptions extends CommonOptions {
  sourceTokens: TokenizerConfig['kind'];
  targetTokens: TokenizerConfig['kind'];
  /** The most tokens, of words and byte pairs; what the kind has by default where it is left out. */
  sourceVocab?: number;
  targetVocab?: number;
  embedding: number;
  attention: Required<TranslatorConfig>['attention'];
  feeding: Feeding;
  coverage?: boolean;
  coverageLoss?: number;
  /** Whether the encoder reads in one direction only; in both where it is left out. */
  forward?: boolean;
  smoothing?: number;
  sampling?: number;
  samplingEpochs?: number;
  /** Files: of targets; to validate on, in place of a tenth of the pairs; of their targets. */
  target?: string;
  validation?: string;
  validationTarget?: string;
}

export const defaults = {
  ...commonDefaults,
  hidden: 128,
  layers: 1,
  embedding: 64,
  dropout: 0.1,
  batch: 64,
  lr: 2e-3,
  sourceTokens: 'char',
  targetTokens: 'char',
  attention: 'additive',
  feeding: 'none',
} as const satisfies TranslateTrainOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  sourceVocab: 'number',
  targetVocab: 'number',
  coverage: 'boolean',
  coverageLoss: 'number',
  forward: 'boolean',
  smoothing: 'number',
  sampling: 'number',
  samplingEpochs: 'number',
};

export const fileOptions = ['target', 'validation', 'validationTarget'] as const;

export const targetOption = (): Option =>
  new Option('--target <file>', 'the file of translations, line for line (default: after a tab in each line)');

const share = number((value) => value >= 0 && value < 1, 'from 0, below 1');

export const options = (): Option[] => [
  targetOption(),
  new Option('--validation <file>', 'pairs to validate on (default: a tenth of them)'),
  new Option('--validation-target <file>', 'the translations of those, line for line'),
  choice('--source-tokens <kind>', `what a source is cut into (default ${defaults.sourceTokens})`, tokenizerKinds),
  choice('--target-tokens <kind>', `what a translation is cut into (default ${defaults.targetTokens})`, tokenizerKinds),
  option('--source-vocab <n>', 'most tokens of words (default 20,001) or byte pairs (default 2,000)', whole(1)),
  option('--target-vocab <n>', 'the same of translations', whole(1)),
  option('--embedding <n>', `length of a token's vector (default ${defaults.embedding})`, whole(1)),
  choice('--attention <score>', `how a place in the source is scored (default ${defaults.attention})`, attentionNames),
  choice('--feeding <what>', `what attention hands to the next step (default ${defaults.feeding})`, feedings),
  new Option('--coverage', 'let attention see what it has attended to before'),
  option('--coverage-loss <weight>', 'weight of the loss for attending twice (default 0)', notNegative),
  new Option('--forward', 'let the encoder read in one direction only (default: both)'),
  option('--smoothing <share>', 'label smoothing (default 0)', share),
  option(
    '--sampling <share>',
    'scheduled sampling: how often it learns from its own tokens in the end (default 0)',
    number((value) => value >= 0 && value <= 1, 'from 0 to 1'),
  ),
  option('--sampling-epochs <n>', 'epochs in which scheduled sampling grows to that (default 10)', positive),
];

/** What was said about how to search, to commands that translate. */
export interface SearchFlags {
  beam?: number;
  nBest?: number;
  lengthPenalty?: number;
  coveragePenalty?: number;
  blockNgrams?: number;
  maxLength?: number;
}

export const searchOptions = (): Option[] => [
  option('--beam <n>', 'sequences that are gone on with; 1: the likeliest token at each step (default 1)', whole(1)),
  option('--length-penalty <alpha>', 'above 0 favours longer translations (default 0)', notNegative),
  option('--coverage-penalty <beta>', 'above 0 wants all of the source looked at (default 0)', notNegative),
  option('--block-ngrams <n>', 'no run of so many tokens comes twice, 0: may be (default 0)', whole(0)),
  option('--max-length <n>', 'most tokens in a translation (default: twice the longest learnt from)', whole(1)),
];

export function searchOf({ beam, nBest, lengthPenalty, coveragePenalty, blockNgrams, maxLength }: SearchFlags) {
  // Whoever wants the n best has to search as wide.
  const width = beam ?? nBest;
  return { beam: width, nBest, lengthPenalty, coveragePenalty, blockNgrams, maxLength };
}
