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
import { createTokenizer, type Tokenizer, type TokenizerConfig, tokenizerFor } from 'unrolled/tokenizers';
import type { Checkpoint, Json } from 'unrolled/train';
import { splitWords, type WordVectors, type WordVocabulary, wordVocabulary } from 'unrolled/words';
import type { CellFile } from '../../cell-file.ts';
import { cellSource } from '../../cell-source.ts';
import { Failure } from '../../failure.ts';
import { exampleUnits } from '../../run-events.ts';
import { withDefaults } from '../../run-options.ts';
import type { Prepared, Sources, Trainable } from '../../trainable.ts';
import { countOf, formatCount } from '../../units.ts';
import { describeVectors, readVectors } from '../../word-vectors.ts';
import { listLabels, readExamples, requireLabels } from './examples.ts';
import { type ClassifyOptions, defaults, optional, options } from './options.ts';

export const classify: Trainable<ClassifyOptions> = {
  task: 'classify',
  command: 'classify train',
  description: 'train a text classifier',
  argument: 'tables (.tsv, .csv), JSON lines, fastText files, or folders with a folder of texts for each label',
  missing: 'no examples given; name a .tsv, .csv or .jsonl file, or a folder with a folder of texts for each label',
  help: `
Examples:
  unrolled classify train names.tsv
  unrolled classify train sentiment.tsv --vectors glove.6B.100d.txt
  unrolled classify train reviews/ --tokens bpe --validation dev.tsv
  unrolled classify train --resume runs/names

A table has a label and a text in each line, or a header that names its columns. How a file was read is printed; the options
for columns change it. A tenth of the examples is used for validation, unless there is --validation.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 20, steps: 500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  prepare,
};

async function prepare(
  { main, named }: Sources,
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
  const validation = named.validation && (await readExamples(named.validation, options, { labels, usual }));
  if (validation) requireLabels(validation, labels, 'the training data');
  const { train: examples, heldBack } = validation
    ? { train: all, heldBack: validation.examples }
    : splitExamples(all, { share: 0.1, seed, keyOf: ({ text }) => text });
  const texts = examples.map(({ text }) => text);
  const reading = chooseReading(texts);
  const asked = chosen(options, reading);
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
      `${countOf(examples.length, 'example')}, ${formatCount(heldBack.length)} more to validate on; ` +
        `${labels.length} labels (${listLabels(labels)}), ${describeTokens(tokenizer)}`,
      ...read.about,
      ...(validation?.about ?? []),
      ...describeChoice(options, asked, reading),
      ...(vectors ? [describeVectors(vectors, words.flat())] : []),
    ],
    model: config as unknown as Json,
    files: { 'labels.json': labels },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin(device) {
      const model = new Classifier(device, tokenizer, labels, config, seed);
      if (vectors) model.takeVectors(vectors);
      model.columns = usual;
      return classifierTraining(model, { examples, heldBack, batch, seed });
    },
    next: (run) => `Use it: npx unrolled classify predict ${run} "a text"`,
  };
}

const labelsOf = (examples: readonly LabelledText[]): string[] =>
  [...new Set(examples.map(({ label }) => label))].sort();

type Tokens = Tokenizer | WordVocabulary;

/** The options with tokens and pooling chosen. @throws Failure if vectors are given for tokens that are no words */
function chosen(options: ClassifyOptions, reading: Reading): Chosen {
  const { vectors } = options;
  const tokens = options.tokens !== 'auto' ? options.tokens : vectors === undefined ? reading.tokens : 'word';
  if (vectors !== undefined && tokens !== 'word') {
    throw new Failure(`classify train: --vectors are vectors of words, with --tokens ${tokens} there are none`, 2);
  }
  const pooling = options.pooling === 'auto' ? poolingFor(tokens, reading) : options.pooling;
  return { ...options, tokens, pooling };
}

type Chosen = ClassifyOptions & { tokens: TokenizerConfig['kind']; pooling: Summary };

const poolingFor = (tokens: TokenizerConfig['kind'], reading: Reading): Summary =>
  tokens === reading.tokens ? reading.pooling : tokens === 'char' ? 'last' : 'max';

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
  const { tokenizer } = model as unknown as ClassifierDescription;
  return tokenizer.kind === 'words' ? tokenizer : createTokenizer(tokenizer);
}

const describeTokens = (tokens: Tokens): string =>
  'further' in tokens ? countOf(tokens.words.length, 'different word') : countOf(tokens.size, 'token');

/** What was chosen for the user, and why; nothing for a run that goes on. */
function describeChoice(said: ClassifyOptions, { tokens, pooling }: Chosen, { why }: Reading): string[] {
  if (said.tokens !== 'auto' && said.pooling !== 'auto') return [];
  const reason = said.tokens === 'auto' && said.vectors === undefined ? `: ${why}` : '';
  return [`Chosen: --tokens ${tokens} --pooling ${pooling}${reason}`];
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
  };
}
