import { splitExamples } from 'unrolled/data';
import {
  type Side,
  type Sides,
  sidesFor,
  sidesFrom,
  type TranslationPair,
  Translator,
  type TranslatorConfig,
  type TranslatorDescription,
  translatorTraining,
} from 'unrolled/tasks/translate';
import { BytePairTokenizer, huggingFaceTokenizer, type TokenKind } from 'unrolled/tokenizers';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { readTextFiles, type TextFiles } from '../../input/text-files.ts';
import { forModel, transformerBlocks } from '../../options/transformer.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { exampleInputs } from '../../run/example-inputs.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import {
  defaults,
  fileOptions,
  optional,
  options,
  recurrentOnly,
  sentenceDefaults,
  sentenceEpochs,
  sentenceVocabulary,
  type TranslateTrainOptions,
  transformerDefaults,
} from './options.ts';
import { readPairs } from './pairs.ts';

export const translate: Trainable<TranslateTrainOptions> = {
  task: 'translate',
  command: 'translate train',
  inputs: 'pairs of texts',
  description: 'train a sequence-to-sequence model: languages, letters to phonemes, date formats',
  argument: 'tables with source, tab and translation in each line; or one file of sources, with --target',
  missing: 'no pairs given; name a .tsv file, or a file of sources and --target',
  help: `
Examples:
  unrolled translate train dates.tsv
  unrolled translate train letters.tsv --target-tokens word
  unrolled translate train dates.tsv --model transformer
  unrolled translate train german.txt --target english.txt
  unrolled translate train --resume runs/dates

Sentences are read as byte pairs, single words and codes as characters; --source-tokens and --target-tokens change it, and
the model's defaults follow. A tenth of the pairs is used for validation, unless there is --validation.`,
  defaults,
  optional,
  fileOptions,
  options,
  end: { epochs: 20, steps: 1000 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(100, stepsPerEpoch)),
  read: (paths) => readTextFiles(paths),
  prepare,
};

function prepare(
  { main, named }: Sources<TextFiles>,
  said: Partial<TranslateTrainOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Prepared<TranslateTrainOptions> {
  const all = readPairs(main, named.target);
  const { options, choice } = complete(said, all);
  const { batch, seed, smoothing, coverageLoss, sampling, samplingEpochs } = options;
  if (named.validationTarget && !named.validation) {
    throw new Failure('translate train: --validation-target goes with --validation, the file of its sources', 2);
  }
  const { train: pairs, validation } = named.validation
    ? { train: all, validation: readPairs(named.validation, named.validationTarget) }
    : splitExamples(all, { share: 0.1, seed, keyOf: ({ source }) => source });
  if (pairs.length === 0) throw new Failure('translate train: there are no pairs to train on');
  const sides = checkpoint ? storedSides(checkpoint) : sidesOf(options, pairs);
  const config = modelConfig(options, cell);
  const { source, target } = sides;
  return {
    options,
    about: [
      `${countOf(pairs.length, 'training pair')}, ${formatCount(validation.length)} for validation; ` +
        `vocabularies of ${formatCount(source.size)} and ${countOf(target.size, 'token')}`,
      ...choice,
    ],
    model: config,
    examples: exampleInputs((validation.length > 0 ? validation : pairs).map(({ source }) => source)),
    files: { 'source-tokenizer.json': tokenizerFile(source), 'target-tokenizer.json': tokenizerFile(target) },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin: (device) =>
      translatorTraining(new Translator(device, sides, config, seed), pairs, {
        ...{ validation, batch, seed, smoothing, coverageLoss, sampling, samplingEpochs },
      }),
    next: (run) => `Use it: npx unrolled translate predict ${run} "a text"`,
  };
}

/** The options of a run: as stored, or with tokens chosen by the pairs and the defaults that go with them. */
function complete(
  said: Partial<TranslateTrainOptions>,
  pairs: readonly TranslationPair[],
): { options: Chosen; choice: string[] } {
  const isStored = Object.keys(defaults).every((name) => said[name as keyof TranslateTrainOptions] !== undefined);
  if (isStored) return { options: withDefaults(translate, said) as Chosen, choice: [] };
  const { sourceTokens = 'auto', targetTokens = 'auto' } = said;
  const { kind, why } = tokensFor(pairs);
  const tokens = {
    sourceTokens: sourceTokens === 'auto' ? kind : sourceTokens,
    targetTokens: targetTokens === 'auto' ? kind : targetTokens,
  };
  const areSentences = tokens.sourceTokens !== 'char' && tokens.targetTokens !== 'char';
  const endless = said.steps === undefined && said.epochs === undefined && said.seconds === undefined;
  const least = Math.ceil((1000 * (said.batch ?? defaults.batch)) / Math.max(1, pairs.length));
  const isTransformer = said.model === 'transformer';
  const usual: TranslateTrainOptions = {
    ...defaults,
    ...(areSentences && {
      ...(isTransformer ? { hidden: sentenceDefaults.hidden, dropout: sentenceDefaults.dropout } : sentenceDefaults),
      ...(tokens.sourceTokens === 'bpe' && { sourceVocab: sentenceVocabulary }),
      ...(tokens.targetTokens === 'bpe' && { targetVocab: sentenceVocabulary }),
      ...(endless && { epochs: Math.max(sentenceEpochs, least) }),
    }),
  };
  const given = forModel(said, {
    defaults: usual,
    transformer: isTransformer ? transformerFor(areSentences) : {},
    recurrent: recurrentOnly,
  });
  const options = withDefaults({ ...translate, defaults: usual }, { ...given, ...tokens }) as Chosen;
  const isChosen = sourceTokens === 'auto' || targetTokens === 'auto';
  const { attention, feeding } = options;
  const settings =
    `Chosen: --source-tokens ${tokens.sourceTokens} --target-tokens ${tokens.targetTokens}` +
    `${isTransformer ? '' : ` --attention ${attention} --feeding ${feeding}`}: ${why}`;
  return { options, choice: isChosen ? [settings] : [] };
}

/** Sentences need a wider Transformer than names and dates. */
const transformerFor = (sentences: boolean): Partial<TranslateTrainOptions> =>
  sentences ? { ...transformerDefaults, hidden: sentenceDefaults.hidden, layers: 3 } : transformerDefaults;

type Chosen = TranslateTrainOptions & {
  sourceTokens: TokenKind;
  targetTokens: TokenKind;
};

/** Byte pairs where both sides are sentences, else characters: names, dates and codes. */
function tokensFor(pairs: readonly TranslationPair[]): { kind: 'bpe' | 'char'; why: string } {
  const sources = medianWords(pairs.map(({ source }) => source));
  const targets = medianWords(pairs.map(({ target }) => target));
  return Math.min(sources, targets) >= 3
    ? { kind: 'bpe', why: `sentences (median ${sources} and ${targets} words) are read as byte pairs` }
    : { kind: 'char', why: `texts of few words (median ${sources} and ${targets}) are read as characters` };
}

function medianWords(texts: readonly string[]): number {
  const counts = texts.slice(0, 5000).map((text) => text.match(/\S+/g)?.length ?? 0);
  return counts.sort((a, b) => a - b)[counts.length >> 1] ?? 0;
}

const sidesOf = (options: Chosen, pairs: readonly TranslationPair[]): Sides =>
  sidesFor(pairs, {
    source: { tokens: options.sourceTokens, vocabulary: options.sourceVocab },
    target: { tokens: options.targetTokens, vocabulary: options.targetVocab },
  });

const tokenizerFile = ({ tokenizer }: Side): unknown =>
  tokenizer instanceof BytePairTokenizer ? huggingFaceTokenizer(tokenizer) : tokenizer.config;

const storedSides = ({ model }: Checkpoint): Sides => sidesFrom(model as TranslatorDescription);

function modelConfig(options: TranslateTrainOptions, own: CellFile | null): TranslatorConfig {
  const { cell, hidden, layers, embedding, dropout, attention, feeding, coverage = false, forward = false } = options;
  if (options.model === 'transformer') {
    return { cell: defaults.cell, hidden, layers, embedding, dropout, transformer: transformerBlocks(options) };
  }
  return {
    ...{ cell: cellSource(cell, hidden, own), hidden, layers, embedding, dropout },
    ...{ bidirectional: !forward, attention, feeding, coverage },
  };
}
