import { Option } from 'commander';
import { splitText } from 'unrolled/tasks/language-model';
import { type TokenKind, tokenizerKinds } from 'unrolled/tokenizers';
import { Failure } from '../../failure.ts';
import { choice, flagOf, option, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { forModel, type TransformerFlags, transformerOptions, transformerTypes } from '../../options/transformer.ts';

export interface LanguageModelOptions extends TrainOptions, RecurrentOptions, TransformerFlags {
  embedding: number;
  tokens: TokenKind;
  /** The largest vocabulary of words or byte pairs. Default: that of the kind. */
  vocab?: number;
  /** Whether the output layer shares the embedding's matrix. Default false. */
  tie?: boolean;
  /** Whether the output layer is an adaptive softmax. Default false. */
  adaptive?: boolean;
  /** Default: 0 where recurrent layers read characters, otherwise `dropout`. */
  embeddingDropout?: number;
  recurrentDropout?: number;
  /** Default 0. */
  noise?: number;
  recompute?: boolean;
  seq: number;
  /** The most tokens a Transformer looks back. Default: --seq. */
  context?: number;
}

/** The best that was found for recurrent layers and characters: docs/performance.md, Learning. */
export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  cell: 'gru',
  hidden: 304,
  dropout: 0.1,
  optimizer: 'adamw',
  weightDecay: 0.3,
  embedding: 256,
  tokens: 'char',
  seq: 64,
} as const satisfies LanguageModelOptions;

export const newDefaults = { decaying: 'matrices' } as const satisfies Partial<LanguageModelOptions>;

/** Where recurrent layers that read words or byte pairs have others. */
const tokenDefaults = { dropout: 0.2, weightDecay: 0 } as const satisfies Partial<LanguageModelOptions>;

/** Where a Transformer that reads characters has others: docs/comparing.md, Recipes. Its embeddings are as wide as its blocks. */
const transformerDefaults = {
  hidden: 128,
  layers: 4,
  dropout: 0,
  batch: 8,
  seq: 64,
  weightDecay: 0.1,
  warmUp: 0.05,
} as const satisfies Partial<LanguageModelOptions>;

/** And where one that reads words or byte pairs has. */
const transformerTokenDefaults = {
  ...transformerDefaults,
  hidden: 256,
  dropout: 0.1,
  batch: 32,
  seq: 128,
  lr: 1e-3,
} as const satisfies Partial<LanguageModelOptions>;

const asTyped = (values: Partial<LanguageModelOptions>): string =>
  Object.entries(values)
    .map(([name, value]) => `${flagOf(name)} ${value}`)
    .join(' ');

/** For the help. */
export const otherDefaults = `Other defaults, with --tokens char:
  --model transformer   ${asTyped(transformerDefaults)}
with other tokens:
  recurrent layers      ${asTyped(tokenDefaults)}
  --model transformer   ${asTyped(transformerTokenDefaults)}`;

/**
 * The options that were given, with what differs for a Transformer, for other tokens than characters, and for other optimizers than
 * AdamW, which have no weight decay by default.
 * @param resumed  whether they are all the options of a run
 * @throws Failure if they are for another kind of model
 */
export function withModelDefaults(
  said: Partial<LanguageModelOptions>,
  resumed: boolean,
): Partial<LanguageModelOptions> {
  if (resumed) return said;
  if (said.context !== undefined && said.model !== 'transformer') {
    throw new Failure('--context is for Transformers; add --model transformer', 2);
  }
  const recurrent = ['recurrentDropout', 'recompute', 'gradientFlowEvery'] as const;
  const readsCharacters = (said.tokens ?? defaults.tokens) === 'char';
  const transformer = readsCharacters ? transformerDefaults : transformerTokenDefaults;
  const forKind = forModel(said, { defaults, transformer, recurrent });
  const others = said.model === 'transformer' ? {} : readsCharacters ? { embeddingDropout: 0 } : tokenDefaults;
  const decays = said.weightDecay !== undefined || (said.optimizer ?? 'adamw') === 'adamw';
  return { ...newDefaults, ...others, ...forKind, ...(decays ? {} : { weightDecay: 0 }) };
}

export const optional: Readonly<Record<string, OptionType>> = {
  vocab: 'number',
  tie: 'boolean',
  adaptive: 'boolean',
  embeddingDropout: 'number',
  recurrentDropout: 'number',
  noise: 'number',
  recompute: 'boolean',
  context: 'number',
  ...transformerTypes,
};

export function options(): Option[] {
  return [
    option('--embedding <n>', `embedding dimension (default ${defaults.embedding})`, whole(1)),
    choice(
      '--tokens <kind>',
      `unit of text: characters, words or byte pairs (default ${defaults.tokens})`,
      tokenizerKinds,
    ),
    option('--vocab <n>', 'vocabulary size, of words (default 20,001) or byte pairs (default 2,000)', whole(1)),
    new Option('--tie', 'tie the output weights to the embedding'),
    new Option('--adaptive', 'adaptive softmax: faster with many words; needs --tokens word').conflicts('tie'),
    option(
      '--embedding-dropout <rate>',
      'dropout rate after the embedding (default 0 for characters and recurrent layers, otherwise --dropout)',
      share,
    ),
    option(
      '--recurrent-dropout <rate>',
      'dropout rate of the recurrent state, one mask for all steps (default 0)',
      share,
    ),
    option('--noise <share>', 'share of the tokens it reads that are replaced by random ones (default 0)', share),
    new Option('--recompute', 'recompute gates in the backward pass: less memory, slower'),
    option('--seq <n>', `steps of truncated backpropagation through time (default ${defaults.seq})`, whole(1)),
    option('--gradient-flow-every <n>', 'steps between measurements of gradient flow, 0: none (default 0)', whole(0)),
    ...recurrentOptions(defaults),
    ...transformerOptions(),
    option('--context <n>', 'the most tokens it looks back (default: --seq)', whole(2)).helpGroup('Transformer:'),
  ];
}

/**
 * A text too short for the default batch gets a smaller one.
 * @param said  the options given on the command line
 */
export function fitToText(
  options: LanguageModelOptions,
  said: Partial<LanguageModelOptions>,
  tokens: Int32Array,
): LanguageModelOptions {
  const { length } = splitText(tokens).train;
  const longest = Math.floor((length - 1) / (said.batch ?? 1));
  if (said.seq !== undefined && said.seq > longest) {
    throw new Failure(
      `--seq ${said.seq}: the text has ${length} tokens to train on, so ${said.batch ? `rows of --batch ${said.batch} have` : 'a row has'} ` +
        `at most ${Math.max(0, longest)} steps; lower it, or give more text`,
    );
  }
  // Four chunks in each row are the least that make carrying a state worth anything.
  const batch = said.batch ?? Math.max(1, Math.min(options.batch, Math.floor(length / (4 * options.seq))));
  const seq = said.seq ?? Math.max(1, Math.min(options.seq, Math.floor((length - 1) / batch)));
  return { ...options, batch, seq };
}

/** Steps between validations, samples and checkpoints by default: half an epoch, within bounds. */
export function intervalOf(stepsPerEpoch: number): number {
  return Math.min(1000, Math.max(100, Math.round(stepsPerEpoch / 2)));
}

/**
 * How many tokens to validate on, so that it takes about a tenth of the time: predicting a token costs a third of
 * learning from it. With --validate-every, the whole part.
 */
export function validationTokensOf({ validateEvery, batch, seq }: LanguageModelOptions, stepsPerEpoch: number) {
  return validateEvery === undefined ? Math.round(0.3 * intervalOf(stepsPerEpoch) * batch * seq) : undefined;
}
