import { splitExamples } from 'unrolled/data';
import {
  type ConllColumns,
  type ConllLayout,
  conllLayout,
  labelScheme,
  parseConll,
  type TaggedSentence,
  Tagger,
  type TaggerConfig,
  type TaggerDescription,
  type TagVocabulary,
  taggerTraining,
  tagVocabulary,
} from 'unrolled/tasks/tag';
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
import { describeVectors, readVectors } from '../word-vectors.ts';
import { defaults, optional, options, type TagOptions, transformerDefaults } from './options.ts';

export const tag: Trainable<TagOptions> = {
  task: 'tag',
  command: 'tag train',
  inputs: 'sentences',
  description: 'train a tagger: named entities, parts of speech',
  argument: 'CoNLL files: a word and its tag per line, a blank line after each sentence',
  missing: 'no sentences given; name a CoNLL file',
  help: `
Examples:
  unrolled tag train names.conll --validation dev.conll
  unrolled tag train names.conll --vectors glove.6B.100d.txt
  unrolled tag train english.conllu --tag-column 5
  unrolled tag train --resume runs/names

Tags that are all O, B-…, I-… and so on mark spans (IO, BIO, BIOES, BILOU, BMES); others stand for themselves. A tenth of the
sentences is used for validation, unless --validation names a file. The columns are kept with the model.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 10, steps: 300 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: (paths) => readTextFiles(paths),
  prepare,
};

/** The sentences of all files. @throws DataError naming the file and the line that is wrong */
export function readSentences({ files, texts }: TextFiles, { word, tag }: Partial<ConllColumns>): TaggedSentence[] {
  return files.flatMap(({ path }, i) => parseConll(texts[i], { word, tag, name: path }));
}

async function prepare(
  { main, named }: Sources<TextFiles>,
  said: Partial<TagOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<TagOptions>> {
  const rules = { defaults, transformer: transformerDefaults, recurrent: [], mapsEmbeddings: true };
  const asked = withDefaults(tag, forModel(said, rules));
  const { batch, seed, scheme } = asked;
  const layout = conllLayout(main.texts[0], {
    ...{ word: asked.wordColumn, tag: asked.tagColumn, name: main.files[0].path },
  });
  const all = readSentences(main, layout);
  const { train: examples, validation } = named.validation
    ? { train: all, validation: readSentences(named.validation, layout) }
    : splitExamples(all, { share: 0.1, seed, keyOf: ({ words }) => words.join(' ') });
  if (examples.length === 0) {
    throw new Failure(
      `tag train: ${countOf(all.length, 'sentence')} cannot be split for validation; give more, or --validation`,
    );
  }
  // A checkpoint holds the vectors already.
  const words = examples.flatMap((sentence) => sentence.words);
  const vectors = asked.vectors && !checkpoint ? await readVectors(asked.vectors, words, asked.vectorWords) : undefined;
  const embedding = vectors?.size ?? asked.embedding;
  if (said.embedding !== undefined && said.embedding !== embedding) {
    throw new Failure(
      `tag train: --embedding ${said.embedding}: the vectors of --vectors have dimension ${embedding}`,
      2,
    );
  }
  const options = { ...asked, embedding };
  const vocabulary = checkpoint
    ? (checkpoint.model as TaggerDescription).vocabulary
    : // Tags that only validation sentences have must be scored, too, where both are of the same files.
      tagVocabulary(examples, { scheme, vectors, tags: named.validation ? [] : all.flatMap(({ tags }) => tags) });
  const config = modelConfig(options, layout, cell);
  return {
    options,
    about: [
      `${countOf(examples.length, 'sentence')}, ${formatCount(validation.length)} more for validation; ` +
        `${countOf(vocabulary.words.length, 'different word')}, ${describeTags(vocabulary)}`,
      ...describeLayout(layout),
      ...describeScheme(all, vocabulary),
      ...(vectors ? [describeVectors(vectors, vocabulary.words)] : []),
    ],
    model: config,
    examples: exampleInputs((validation.length > 0 ? validation : examples).map(({ words }) => words.join(' '))),
    files: { 'tags.json': vocabulary.tags },
    units: exampleUnits,
    itemsPerStep: batch * 20,
    begin(device) {
      const model = new Tagger(device, vocabulary, config, seed);
      if (vectors) model.takeVectors(vectors);
      return taggerTraining(model, examples, { validation, batch, seed });
    },
    next: (run) => `Use it: npx unrolled tag predict ${run} "a sentence"`,
  };
}

function modelConfig(options: TagOptions, { word, tag }: ConllColumns, own: CellFile | null): TaggerConfig {
  const { cell, hidden, layers, embedding, charHidden: characters, dropout, crf } = options;
  const sizes = { hidden, layers, embedding, characters, dropout };
  const transformer = options.model === 'transformer' ? { transformer: transformerBlocks(options) } : {};
  return { cell: cellSource(cell, hidden, own), ...sizes, crf: crf === 'on', columns: { word, tag }, ...transformer };
}

/** What a file's own columns decided, where that is not word first and tag last. */
function describeLayout({ kind, word, tag }: ConllLayout): string[] {
  if (kind === 'default' || kind === 'given') return [];
  const why = { 'CoNLL-U': 'CoNLL-U', numbered: 'Column 1 numbers the words', 'tags first': 'The tags come first' }[
    kind
  ];
  return [`${why}: words in column ${word}, tags in column ${tag} (--word-column, --tag-column)`];
}

/** Says where tags are converted. */
function describeScheme(sentences: readonly TaggedSentence[], { scheme }: TagVocabulary): string[] {
  if (scheme === null) return [];
  const found = labelScheme(new Set(sentences.flatMap(({ tags }) => tags)));
  return found === 'BILOU' || found === 'BMES' ? [`Tags are ${found}; the model writes ${scheme}`] : [];
}

/** `spans of location, person`, or `12 tags` */
function describeTags({ tags, scheme }: TagVocabulary): string {
  if (scheme === null) return countOf(tags.length, 'tag');
  const types = new Set(tags.filter((name) => name !== 'O').map((name) => name.slice(2)));
  return types.size === 0 || types.has('') ? 'spans' : `spans of ${[...types].join(', ')}`;
}
