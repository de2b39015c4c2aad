import { splitExamples } from 'unrolled/data';
import {
  Classifier,
  type ClassifierConfig,
  type ClassifierDescription,
  classifierTraining,
  type LabelledText,
} from 'unrolled/tasks/classify';
import { createTokenizer, type Tokenizer, tokenizerFor } from 'unrolled/tokenizers';
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
import { readExamples } from './examples.ts';
import { type ClassifyOptions, defaults, optional, options } from './options.ts';

export const classify: Trainable<ClassifyOptions> = {
  task: 'classify',
  command: 'classify train',
  description: 'learn to tell labels of texts',
  argument: 'tables (.tsv, .csv), JSON lines, or folders with a folder of texts for each label',
  missing: 'no examples given; name a .tsv, .csv or .jsonl file, or a folder with a folder for each label',
  help: `
Examples:
  unrolled classify train names.tsv
  unrolled classify train sentiment.tsv --tokens word --pooling attention
  unrolled classify train reviews/ --tokens bpe --validation dev.tsv
  unrolled classify train --resume runs/names

A table has a label and a text in each line with a tab between them, or a first line that names its columns. A tenth of the
examples is held back to validate on, unless there is --validation.`,
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
  const all = await readExamples(main, options);
  const { train: examples, heldBack } = named.validation
    ? { train: all, heldBack: await readExamples(named.validation, options) }
    : splitExamples(all, { share: 0.1, seed, keyOf: ({ text }) => text });
  const labels = labelsOf(all);
  if (labels.length < 2) {
    const found = labels.length === 0 ? 'none' : `only '${labels[0]}'`;
    throw new Failure(
      `classify train: at least two labels are needed, the examples have ${found}; ` +
        'in a table a tab or comma parts label and text, otherwise the label is the name of the folder',
    );
  }
  const strange = heldBack.find(({ label }) => !labels.includes(label));
  if (strange) throw new Failure(`classify train: --validation has the label '${strange.label}', the examples do not`);
  const texts = examples.map(({ text }) => text);
  const asked = resolveTokens(options, texts);
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
  const many = labels.length > 8 ? `${labels.slice(0, 8).join(', ')}, …` : labels.join(', ');
  return {
    options: resolved,
    about: [
      `${countOf(examples.length, 'example')}, ${formatCount(heldBack.length)} more to validate on; ` +
        `${labels.length} labels (${many}), ${describeTokens(tokenizer)}`,
      ...(vectors ? [describeVectors(vectors, words.flat())] : []),
    ],
    model: config as unknown as Json,
    files: { 'labels.json': labels },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin(device) {
      const model = new Classifier(device, tokenizer, labels, config, seed);
      if (vectors) model.takeVectors(vectors);
      return classifierTraining(model, { examples, heldBack, batch, seed });
    },
    next: (run) => `Use it: npx unrolled classify predict ${run} "a text"`,
  };
}

const labelsOf = (examples: readonly LabelledText[]): string[] =>
  [...new Set(examples.map(({ label }) => label))].sort();

type Tokens = Tokenizer | WordVocabulary;

function resolveTokens(options: ClassifyOptions, _texts: readonly string[]): ClassifyOptions {
  return { ...options, tokens: 'word', pooling: options.pooling === 'auto' ? 'max' : options.pooling };
}

function tokensOf(
  { tokens, vocab, freezeVectors }: ClassifyOptions,
  texts: readonly string[],
  words: readonly (readonly string[])[],
  vectors: WordVectors | undefined,
): Tokens {
  if (tokens === 'word') return wordVocabulary(words, { vectors, freeze: freezeVectors, size: vocab ?? 20_000 });
  // A space before each, as the model reads them.
  const kind = tokens === 'bpe' ? 'bpe' : 'char';
  return tokenizerFor(kind, texts.map((text) => (kind === 'char' ? text : ` ${text}`)).join('\n'), vocab);
}

function storedTokens({ model }: Checkpoint): Tokens {
  const { tokenizer } = model as unknown as ClassifierDescription;
  return tokenizer.kind === 'words' ? tokenizer : createTokenizer(tokenizer);
}

const describeTokens = (tokens: Tokens): string =>
  'further' in tokens ? countOf(tokens.words.length, 'different word') : countOf(tokens.size, 'token');

function modelConfig(options: ClassifyOptions, own: CellFile | null): ClassifierConfig {
  const { cell, hidden, layers, embedding, dropout, pooling, maxLength, forward } = options;
  return {
    cell: cellSource(cell, hidden, own),
    hidden,
    layers,
    embedding,
    dropout,
    bidirectional: !forward,
    pooling: pooling === 'auto' ? 'last' : pooling,
    maxLength,
  };
}
