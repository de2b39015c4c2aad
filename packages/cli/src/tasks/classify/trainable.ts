import { splitExamples } from 'unrolled/data';
import {
  Classifier,
  type ClassifierConfig,
  type ClassifierDescription,
  chooseReading,
  classifierTraining,
  type LabelledText,
  type Reading,
  type Summary,
} from 'unrolled/tasks/classify';
import { createTokenizer, type Tokenizer, type TokenKind, tokenizerFor } from 'unrolled/tokenizers';
import type { Checkpoint } from 'unrolled/train';
import { splitWords, type WordVectors, type WordVocabulary, wordVocabulary } from 'unrolled/words';
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
import { listLabels, requireLabels } from '../label-report.ts';
import { describeVectors, readVectors } from '../word-vectors.ts';
import { readExamples } from './examples.ts';
import { type ClassifyOptions, defaults, optional, options, transformerDefaults } from './options.ts';

export const classify: Trainable<ClassifyOptions> = {
  task: 'classify',
  command: 'classify train',
  inputs: 'texts',
  description: 'train a text classifier',
  argument: 'tables (.tsv, .csv), JSON lines, fastText files, or folders with a folder of texts for each label',
  missing: 'no examples given; name a .tsv, .csv or .jsonl file, or a folder with a folder of texts for each label',
  help: `
Examples:
  unrolled classify train names.tsv
  unrolled classify train sentiment.tsv --vectors glove.6B.100d.txt
  unrolled classify train reviews/ --tokens bpe --validation dev.tsv
  unrolled classify train --resume runs/names

A table has a label and a text per line, or a header that names its columns. Training prints how it read each file; the
column options override that. Texts of several words are read as words, with attention pooling, dropout 0.5 and 4 epochs (at least 500
steps) unless options say otherwise. A tenth of the examples is used for validation, unless there is --validation.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 20, steps: 500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: (paths) => readTextFiles(paths),
  prepare,
};

async function prepare(
  { main, named }: Sources<TextFiles>,
  said: Partial<ClassifyOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<ClassifyOptions>> {
  const options = withDefaults(classify, said);
  const { batch, seed } = options;
  const read = await readExamples(main, options);
  const all = read.examples;
  const labels = labelsOf(all);
  if (labels.length < 2) {
    const found = labels.length === 0 ? 'none' : `only '${labels[0]}'`;
    throw new Failure(
      `classify train: at least two labels are needed, the examples have ${found}; they were read as ` +
        `${read.about.join('; ') || 'nothing'}; a table has a label, a tab and a text in each line`,
    );
  }
  const usual = read.columns ?? undefined;
  const given = named.validation && (await readExamples(named.validation, options, { labels, usual }));
  if (given) requireLabels(given, labels, 'the training data');
  const { train: examples, validation } = given
    ? { train: all, validation: given.examples }
    : splitExamples(all, { share: 0.1, seed, keyOf: ({ text }) => text });
  const texts = examples.map(({ text }) => text);
  const reading = chooseReading(texts);
  const asked = checkpoint ? stored(options) : chosen(said, reading, examples.length);
  // What vectors gave the model is in its checkpoint.
  const words = asked.tokens === 'word' ? texts.map((text) => splitWords(text).map((word) => word.text)) : [];
  const vectors =
    asked.vectors && !checkpoint ? await readVectors(asked.vectors, words.flat(), asked.vectorWords) : undefined;
  const embedding = vectors?.size ?? asked.embedding;
  if (said.embedding !== undefined && said.embedding !== embedding) {
    throw new Failure(
      `classify train: --embedding ${said.embedding}: the vectors of --vectors have ${embedding} numbers`,
      2,
    );
  }
  const resolved = { ...asked, embedding };
  const tokenizer = checkpoint ? storedTokens(checkpoint) : tokensOf(resolved, texts, words, vectors);
  const config = modelConfig(resolved, cell);
  return {
    options: resolved,
    about: [
      `${countOf(examples.length, 'example')}, ${formatCount(validation.length)} more for validation; ` +
        `${labels.length} labels (${listLabels(labels)}), ${describeTokens(tokenizer)}`,
      ...read.about,
      ...(given?.about ?? []),
      ...(checkpoint ? [] : describeChoice(said, asked, reading)),
      ...(vectors ? [describeVectors(vectors, asRead(words.flat(), tokenizer))] : []),
    ],
    model: config,
    examples: exampleInputs((validation.length > 0 ? validation : examples).map(({ text }) => text)),
    files: { 'labels.json': labels },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin(device) {
      const model = new Classifier(device, tokenizer, labels, config, seed);
      if (vectors) model.takeVectors(vectors);
      model.columns = usual;
      return classifierTraining(model, examples, { validation, batch, seed });
    },
    next: (run) => `Use it: npx unrolled classify predict ${run} "a text"`,
  };
}

const labelsOf = (examples: readonly LabelledText[]): string[] =>
  [...new Set(examples.map(({ label }) => label))].sort();

type Tokens = Tokenizer | WordVocabulary;

/**
 * The options with what was left to us chosen: tokens, pooling, and for words dropout and epochs, since such models overfit
 * after a few epochs. The values are those that were best on validation data; see docs/classify.md.
 * @throws Failure if vectors are given for tokens that are no words, or options for vectors without any
 */
function chosen(given: Partial<ClassifyOptions>, reading: Reading, examples: number): Chosen {
  const recurrent = ['forward'] as const;
  const said = forModel(given, { defaults, transformer: transformerDefaults, recurrent, mapsEmbeddings: true });
  const options = withDefaults(classify, said);
  if (options.model === 'transformer' && options.pooling === 'last') {
    throw new Failure('--pooling last is the summary of recurrent layers; use attention, mean or max', 2);
  }
  const { vectors, batch, freezeVectors, vectorWords } = options;
  if (vectors === undefined && (freezeVectors || vectorWords !== undefined)) {
    throw new Failure(
      `classify train: ${freezeVectors ? '--freeze-vectors' : '--vector-words'} needs word vectors; name a file with --vectors`,
      2,
    );
  }
  const tokens = options.tokens !== 'auto' ? options.tokens : vectors === undefined ? reading.tokens : 'word';
  if (vectors !== undefined && tokens !== 'word') {
    throw new Failure(`classify train: --vectors are vectors of words, with --tokens ${tokens} there are none`, 2);
  }
  const usual = options.model === 'transformer' ? 'attention' : poolingFor(tokens, reading);
  const pooling = options.pooling === 'auto' ? usual : options.pooling;
  if (tokens !== 'word') return { ...options, tokens, pooling };
  const dropout = said.dropout ?? 0.5;
  const ends = said.epochs !== undefined || said.steps !== undefined || said.seconds !== undefined;
  const epochs = Math.max(4, Math.ceil(classify.end.steps / Math.max(1, Math.ceil(examples / batch))));
  return { ...options, tokens, pooling, dropout, ...(!ends && { epochs }) };
}

type Chosen = ClassifyOptions & { tokens: TokenKind; pooling: Summary };

const poolingFor = (tokens: TokenKind, reading: Reading): Summary =>
  tokens === reading.tokens ? reading.pooling : tokens === 'char' ? 'last' : 'attention';

function tokensOf(
  { tokens, vocab, freezeVectors }: Chosen,
  texts: readonly string[],
  words: readonly (readonly string[])[],
  vectors: WordVectors | undefined,
): Tokens {
  if (tokens === 'word') return wordVocabulary(words, { vectors, freeze: freezeVectors, size: vocab ?? 20_000 });
  // A space before each, as the model reads them.
  return tokenizerFor(tokens, texts.map((text) => (tokens === 'char' ? text : ` ${text}`)).join('\n'), vocab);
}

function storedTokens({ model }: Checkpoint): Tokens {
  const { tokenizer } = model as ClassifierDescription;
  return tokenizer.kind === 'words' ? tokenizer : createTokenizer(tokenizer);
}

/** Words as the vocabulary has them. */
const asRead = (words: readonly string[], tokens: Tokens): readonly string[] =>
  'further' in tokens && tokens.lowercase ? words.map((word) => word.toLowerCase()) : words;

const describeTokens = (tokens: Tokens): string =>
  'further' in tokens ? countOf(tokens.words.length, 'different word') : countOf(tokens.size, 'token');

/** The options of a resumed run, all of them decided. */
const stored = (options: ClassifyOptions): Chosen => ({
  ...options,
  tokens: options.tokens === 'auto' ? 'char' : options.tokens,
  pooling: options.pooling === 'auto' ? 'last' : options.pooling,
});

/** What was chosen for the user, and why. */
function describeChoice(said: Partial<ClassifyOptions>, asked: Chosen, { why }: Reading): string[] {
  const names = (['tokens', 'pooling', 'dropout', 'epochs'] as const).filter(
    (name) => (said[name] ?? 'auto') === 'auto' && asked[name] !== undefined,
  );
  const flags = names
    .filter((name) => name !== 'dropout' || asked.tokens === 'word')
    .map((name) => `--${name} ${asked[name]}`);
  if (flags.length === 0) return [];
  const reason = names.includes('tokens') && said.vectors === undefined ? `: ${why}` : '';
  return [`Chosen: ${flags.join(' ')}${reason}`];
}

function modelConfig(options: Chosen, own: CellFile | null): ClassifierConfig {
  const { cell, hidden, layers, embedding, dropout, pooling, maxLength, forward } = options;
  return {
    cell: cellSource(cell, hidden, own),
    hidden,
    layers,
    embedding,
    dropout,
    bidirectional: !forward,
    pooling,
    maxLength,
    ...(options.model === 'transformer' && { transformer: transformerBlocks(options) }),
  };
}
