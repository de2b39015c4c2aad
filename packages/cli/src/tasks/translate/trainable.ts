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
import { BytePairTokenizer, huggingFaceTokenizer } from 'unrolled/tokenizers';
import type { Checkpoint, Json } from 'unrolled/train';
import type { CellFile } from '../../cell-file.ts';
import { cellSource } from '../../cell-source.ts';
import { exampleInputs } from '../../example-inputs.ts';
import { Failure } from '../../failure.ts';
import { exampleUnits } from '../../run-events.ts';
import { withDefaults } from '../../run-options.ts';
import type { Prepared, Sources, Trainable } from '../../trainable.ts';
import { countOf, formatCount } from '../../units.ts';
import { defaults, fileOptions, optional, options, type TranslateTrainOptions } from './options.ts';
import { readPairs } from './pairs.ts';

export const translate: Trainable<TranslateTrainOptions> = {
  task: 'translate',
  command: 'translate train',
  description: 'learn to turn one sequence into another: languages, letters into sounds, forms of dates',
  argument: 'tables: source, tab, translation in each line; or one file of sources, with --target',
  missing: 'no pairs given; name a .tsv file, or a file of sources and --target',
  help: `
Examples:
  unrolled translate train dates.tsv
  unrolled translate train letters.tsv --target-tokens word
  unrolled translate train german.txt --target english.txt --source-tokens bpe --target-tokens bpe
  unrolled translate train --resume runs/dates

A tenth of the pairs is held back to validate on, unless there is --validation.`,
  defaults,
  optional,
  fileOptions,
  options,
  end: { epochs: 20, steps: 1000 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(100, stepsPerEpoch)),
  prepare,
};

function prepare(
  { main, named }: Sources,
  said: Partial<TranslateTrainOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Prepared<TranslateTrainOptions> {
  const options = withDefaults(translate, said);
  const { batch, seed, smoothing, coverageLoss, sampling, samplingEpochs } = options;
  if (named.validationTarget && !named.validation) {
    throw new Failure('translate train: --validation-target goes with --validation, the file of its sources', 2);
  }
  const all = readPairs(main, named.target);
  const { train: pairs, heldBack } = named.validation
    ? { train: all, heldBack: readPairs(named.validation, named.validationTarget) }
    : splitExamples(all, { share: 0.1, seed, keyOf: ({ source }) => source });
  if (pairs.length === 0) throw new Failure('translate train: there is no pair to learn from');
  const sides = checkpoint ? storedSides(checkpoint) : sidesOf(options, pairs);
  const config = modelConfig(options, cell);
  const { source, target } = sides;
  return {
    options,
    about: [
      `${countOf(pairs.length, 'pair')}, ${formatCount(heldBack.length)} more to validate on; ` +
        `${countOf(source.size, 'token')} of sources, ${formatCount(target.size)} of translations`,
    ],
    model: config as unknown as Json,
    examples: exampleInputs((heldBack.length > 0 ? heldBack : pairs).map(({ source }) => source)),
    files: { 'source-tokenizer.json': tokenizerFile(source), 'target-tokenizer.json': tokenizerFile(target) },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin: (device) =>
      translatorTraining(new Translator(device, sides, config, seed), pairs, {
        ...{ heldBack, batch, seed, smoothing, coverageLoss, sampling, samplingEpochs },
      }),
    next: (run) => `Use it: npx unrolled translate predict ${run} "a text"`,
  };
}

const sidesOf = (options: TranslateTrainOptions, pairs: readonly TranslationPair[]): Sides =>
  sidesFor(pairs, {
    source: { tokens: options.sourceTokens, vocabulary: options.sourceVocab },
    target: { tokens: options.targetTokens, vocabulary: options.targetVocab },
  });

const tokenizerFile = ({ tokenizer }: Side): unknown =>
  tokenizer instanceof BytePairTokenizer ? huggingFaceTokenizer(tokenizer) : tokenizer.config;

const storedSides = ({ model }: Checkpoint): Sides => sidesFrom(model as unknown as TranslatorDescription);

function modelConfig(options: TranslateTrainOptions, own: CellFile | null): TranslatorConfig {
  const { cell, hidden, layers, embedding, dropout, attention, feeding, coverage = false, forward = false } = options;
  return {
    ...{ cell: cellSource(cell, hidden, own), hidden, layers, embedding, dropout },
    ...{ bidirectional: !forward, attention, feeding, coverage },
  };
}
