import { splitExamples } from 'unrolled/data';
import {
  Classifier,
  type ClassifierConfig,
  type ClassifierDescription,
  classifierTraining,
  type LabelledText,
} from 'unrolled/tasks/classify';
import { createTokenizer, type TokenizerConfig, tokenizerFor } from 'unrolled/tokenizers';
import type { Checkpoint, Json } from 'unrolled/train';
import type { CellFile } from '../../cell-file.ts';
import { cellSource } from '../../cell-source.ts';
import { Failure } from '../../failure.ts';
import { exampleUnits } from '../../run-events.ts';
import { withDefaults } from '../../run-options.ts';
import type { Prepared, Sources, Trainable } from '../../trainable.ts';
import { countOf, formatCount } from '../../units.ts';
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
  const tokenizer = checkpoint ? storedTokenizer(checkpoint) : tokenizerOf(options, examples);
  const config = modelConfig(options, cell);
  const many = labels.length > 8 ? `${labels.slice(0, 8).join(', ')}, …` : labels.join(', ');
  return {
    options,
    about: [
      `${countOf(examples.length, 'example')}, ${formatCount(heldBack.length)} more to validate on; ` +
        `${labels.length} labels (${many}), ${countOf(tokenizer.size, 'token')}`,
    ],
    model: config as unknown as Json,
    files: { 'labels.json': labels },
    units: exampleUnits,
    itemsPerStep: batch * 50,
    begin: (device) =>
      classifierTraining(new Classifier(device, tokenizer, labels, config, seed), { examples, heldBack, batch, seed }),
    next: (run) => `Use it: npx unrolled classify predict ${run} "a text"`,
  };
}

const labelsOf = (examples: readonly LabelledText[]): string[] =>
  [...new Set(examples.map(({ label }) => label))].sort();

function tokenizerOf({ tokens, vocab }: ClassifyOptions, examples: readonly LabelledText[]) {
  // A space before each, as the model reads them.
  return tokenizerFor(tokens, examples.map(({ text }) => (tokens === 'char' ? text : ` ${text}`)).join('\n'), vocab);
}

const storedTokenizer = ({ model }: Checkpoint) =>
  createTokenizer((model as unknown as ClassifierDescription).tokenizer as TokenizerConfig);

function modelConfig(options: ClassifyOptions, own: CellFile | null): ClassifierConfig {
  const { cell, hidden, layers, embedding, dropout, pooling, longest, forward } = options;
  return {
    cell: cellSource(cell, hidden, own),
    hidden,
    layers,
    embedding,
    dropout,
    bidirectional: !forward,
    pooling,
    longest,
  };
}
