import type { Device } from 'unrolled';
import {
  LanguageModel,
  type LanguageModelConfig,
  type LanguageModelDescription,
  languageModelTraining,
  measureText,
  splitText,
  type TextMeasure,
} from 'unrolled/tasks/language-model';
import {
  BytePairTokenizer,
  createTokenizer,
  huggingFaceTokenizer,
  type Tokenizer,
  tokenizerFor,
} from 'unrolled/tokenizers';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { joinTexts, readTextFiles, type TextFiles } from '../../input/text-files.ts';
import { transformerBlocks } from '../../options/transformer.ts';
import { countCharacters, countOf, formatCount } from '../../output/units.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { checkMemory } from './memory.ts';
import {
  defaults,
  fitToText,
  intervalOf,
  type LanguageModelOptions,
  newDefaults,
  optional,
  options,
  otherDefaults,
  validationTokensOf,
  withModelDefaults,
} from './options.ts';
import { TextUnits } from './text-units.ts';

export const languageModel: Trainable<LanguageModelOptions> = {
  task: 'language-model',
  command: 'train',
  inputs: 'texts',
  description: 'train a language model on text',
  argument: 'text files, folders with text files, or - for the standard input; plain or gzipped',
  missing: 'no text given; name a file or a folder',
  help: `
Examples:
  unrolled train shakespeare.txt
  unrolled train src --cell lstm --hidden 128 --seconds 300
  unrolled train my.txt --cell ./my-cell.ts
  unrolled train my.txt --model transformer --layers 4 --heads 4
  unrolled train --resume runs/shakespeare

The first 90% of the text is used for training, the last 10% for validation. Ctrl-C stops after the current step and
saves a checkpoint.

${otherDefaults}`,
  defaults,
  newDefaults,
  optional,
  fileOptions: [],
  options,
  end: { epochs: 20, steps: 1000 },
  interval: intervalOf,
  read: (paths) => readTextFiles(paths),
  prepare,
};

function prepare(
  { main }: Sources<TextFiles>,
  said: Partial<LanguageModelOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Prepared<LanguageModelOptions> {
  const text = joinTexts(main);
  const tokenizer = checkpoint
    ? tokenizerOf(checkpoint)
    : tokenizerFor(said.tokens ?? defaults.tokens, text, said.vocab);
  if (tokenizer.unknown !== null && tokenizer.size === 1) {
    throw new Failure('train: no word occurs twice in this text, so the vocabulary is empty; use --tokens char');
  }
  if (said.adaptive && (tokenizer.kind !== 'word' || tokenizer.size < 10)) {
    const why = tokenizer.kind === 'word' ? `this text has ${tokenizer.size} different words` : 'add --tokens word';
    throw new Failure(`--adaptive: it needs a large vocabulary of words; ${why}`, 2);
  }
  const tokens = tokenizer.encode(text);
  const wanted = withDefaults(languageModel, withModelDefaults(said, checkpoint !== null));
  const options = fitToText(wanted, said, tokens);
  const { batch, seq, seed, noise } = options;
  const model = modelConfig(options, tokenizer.size, cell);
  const characters = countCharacters(text);
  const { train, validation } = splitText(tokens);
  const stepsPerEpoch = Math.floor((train.length - 1) / batch / seq);
  const validationTokens = validationTokensOf(options, stepsPerEpoch);
  // Scored are all tokens but the first of the part.
  const scored = Math.min(validationTokens ?? validation.length, validation.length);
  const measure = (from: number, to: number): TextMeasure => measureText(tokenizer, text, tokens, from, to);
  const isShort = batch < wanted.batch || seq < wanted.seq;
  const lowered = `The text is short, so --batch is ${batch} and --seq ${seq}. More text gives better models.`;
  return {
    options,
    about: [describeText(main, characters, tokens, tokenizer), ...(isShort ? [lowered] : [])],
    model,
    files: {
      'tokenizer.json': tokenizer instanceof BytePairTokenizer ? huggingFaceTokenizer(tokenizer) : tokenizer.config,
    },
    units: new TextUnits(tokenizer.kind, measure(0, train.length), measure(train.length + 1, train.length + scored)),
    itemsPerStep: batch * seq,
    begin(device) {
      checkMemory(options, tokenizer.size, availableBytes(device));
      return languageModelTraining(new LanguageModel(device, tokenizer, model, seed), tokens, {
        batch,
        steps: seq,
        seed,
        validationTokens,
        noise,
        sampleLength: 300,
      });
    },
    next: (run) => `Generate text: npx unrolled sample ${run}`,
  };
}

function modelConfig(options: LanguageModelOptions, vocabulary: number, own: CellFile | null): LanguageModelConfig {
  const { hidden, layers, embedding, dropout, embeddingDropout, tie, adaptive, recurrentDropout, recompute } = options;
  const shared = {
    ...(embeddingDropout === undefined ? {} : { embeddingDropout }),
    ...(tie ? { tied: true } : {}),
    // The most frequent tenth, the next three tenths, the rest.
    ...(adaptive ? { adaptive: [0.1, 0.4].map((share) => Math.round(share * vocabulary)) } : {}),
  };
  if (options.model === 'transformer') {
    const sequence = { layer: 'transformer', ...transformerBlocks(options), context: options.context ?? options.seq };
    return { sequence, embedding, dropout, ...shared };
  }
  const said = {
    ...shared,
    ...(recurrentDropout ? { recurrentDropout } : {}),
    ...(recompute ? { recompute } : {}),
  };
  return { cell: cellSource(options.cell, hidden, own), hidden, layers, embedding, dropout, ...said };
}

function tokenizerOf(checkpoint: Checkpoint): Tokenizer {
  const description = checkpoint.model as LanguageModelDescription | null;
  if (!description?.tokenizer) throw new Failure('resume: the checkpoint is not a language model');
  return createTokenizer(description.tokenizer);
}

/** `12,345 characters from 2 files, 65 different characters; 1 binary file left out` */
function describeText(
  { files, binary }: TextFiles,
  characters: number,
  tokens: Int32Array,
  tokenizer: Tokenizer,
): string {
  const left = binary === 0 ? '' : `; ${countOf(binary, 'binary file')} left out`;
  return `${countOf(characters, 'character')} from ${countOf(files.length, 'file')}, ${describeTokens(tokens, tokenizer)}${left}`;
}

/** `65 different characters`, `a vocabulary of 120 words; 1.5% of 9,000 words are unknown (131)` */
function describeTokens(tokens: Int32Array, { kind, size, unknown }: Tokenizer): string {
  if (kind === 'char') return countOf(size, 'different character');
  if (kind === 'bpe') return `${countOf(tokens.length, 'token')} with a vocabulary of ${formatCount(size)}`;
  const missing = tokens.reduce((count, id) => count + Number(id === unknown), 0);
  const share = ((100 * missing) / tokens.length).toFixed(1);
  return `a vocabulary of ${countOf(size, 'word')}; ${share}% of ${countOf(tokens.length, 'word')} are unknown (${formatCount(missing)})`;
}

/** Memory for a training step: the device's limit, or what the machine has left. */
function availableBytes(device: Device): number {
  return Math.min(device.memory().limitBytes, process.availableMemory());
}
