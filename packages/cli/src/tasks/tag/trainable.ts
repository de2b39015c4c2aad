import { splitExamples } from 'unrolled/data';
import {
  parseConll,
  type TaggedSentence,
  Tagger,
  type TaggerConfig,
  type TaggerDescription,
  type TagVocabulary,
  taggerTraining,
  tagVocabulary,
} from 'unrolled/tasks/tag';
import type { Checkpoint, Json } from 'unrolled/train';
import type { WordVectors } from 'unrolled/words';
import type { CellFile } from '../../cell-file.ts';
import { cellSource } from '../../cell-source.ts';
import { Failure } from '../../failure.ts';
import { exampleUnits } from '../../run-events.ts';
import { withDefaults } from '../../run-options.ts';
import type { TextFiles } from '../../text-files.ts';
import type { Prepared, Sources, Trainable } from '../../trainable.ts';
import { countOf, formatCount } from '../../units.ts';
import { readVectors } from '../../word-vectors.ts';
import { defaults, optional, options, type TagOptions } from './options.ts';

export const tag: Trainable<TagOptions> = {
  task: 'tag',
  command: 'tag train',
  description: 'learn to tag words: names, parts of speech',
  argument: 'CoNLL files: a word and its tag in each line, a blank line after each sentence',
  missing: 'no sentences given; name a CoNLL file',
  help: `
Examples:
  unrolled tag train names.conll --validation dev.conll
  unrolled tag train names.conll --vectors glove.6B.100d.txt
  unrolled tag train english.conllu --word-column 2 --tag-column 4
  unrolled tag train --resume runs/names

Tags that are O or begin with B-, I-, E- or S- mark spans, in any scheme; others stand for themselves. A tenth of the sentences
is held back to validate on, unless there is --validation.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 10, steps: 300 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  prepare,
};

/** The sentences of all files. @throws DataError naming the file and the line that is wrong */
export function readSentences(
  { files, texts }: TextFiles,
  { wordColumn, tagColumn }: Pick<TagOptions, 'wordColumn' | 'tagColumn'>,
): TaggedSentence[] {
  return files.flatMap(({ path }, i) => parseConll(texts[i], { word: wordColumn, tag: tagColumn, name: path }));
}

async function prepare(
  { main, named }: Sources,
  said: Partial<TagOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Promise<Prepared<TagOptions>> {
  const asked = withDefaults(tag, said);
  const { batch, seed, scheme } = asked;
  const all = readSentences(main, asked);
  const { train: examples, heldBack } = named.validation
    ? { train: all, heldBack: readSentences(named.validation, asked) }
    : splitExamples(all, { share: 0.1, seed, keyOf: ({ words }) => words.join(' ') });
  if (examples.length === 0) {
    throw new Failure(`tag train: ${countOf(all.length, 'sentence')} are too few to hold some back; give --validation`);
  }
  // What vectors gave the model is in its checkpoint.
  const words = examples.flatMap((sentence) => sentence.words);
  const vectors = asked.vectors && !checkpoint ? await readVectors(asked.vectors, words, asked.vectorWords) : undefined;
  const embedding = vectors?.size ?? asked.embedding;
  if (said.embedding !== undefined && said.embedding !== embedding) {
    throw new Failure(
      `tag train: --embedding ${said.embedding}: the vectors of --vectors have ${embedding} numbers`,
      2,
    );
  }
  const options = { ...asked, embedding };
  const vocabulary = checkpoint
    ? (checkpoint.model as unknown as TaggerDescription).vocabulary
    : tagVocabulary(examples, { scheme, vectors });
  const config = modelConfig(options, cell);
  return {
    options,
    about: [
      `${countOf(examples.length, 'sentence')}, ${formatCount(heldBack.length)} more to validate on; ` +
        `${countOf(vocabulary.words.length, 'different word')}, ${describeTags(vocabulary)}`,
      ...(vectors ? [describeVectors(vectors, vocabulary)] : []),
    ],
    model: config as unknown as Json,
    files: { 'tags.json': vocabulary.tags },
    units: exampleUnits,
    itemsPerStep: batch * 20,
    begin(device) {
      const model = new Tagger(device, vocabulary, config, seed);
      if (vectors) model.takeVectors(vectors);
      return taggerTraining(model, { examples, heldBack, batch, seed });
    },
    next: (run) => `Use it: npx unrolled tag predict ${run} "a sentence"`,
  };
}

function modelConfig(options: TagOptions, own: CellFile | null): TaggerConfig {
  const { cell, hidden, layers, embedding, characters, dropout, crf } = options;
  return { cell: cellSource(cell, hidden, own), hidden, layers, embedding, characters, dropout, crf: crf === 'on' };
}

/** `spans of location, person`, or `12 tags` */
function describeTags({ tags, scheme }: TagVocabulary): string {
  if (scheme === null) return countOf(tags.length, 'tag');
  const types = new Set(tags.filter((name) => name !== 'O').map((name) => name.slice(2)));
  return types.size === 0 || types.has('') ? 'spans' : `spans of ${[...types].join(', ')}`;
}

function describeVectors({ words, size }: WordVectors, vocabulary: TagVocabulary): string {
  const given = new Set(words);
  const found = vocabulary.words.filter((word) => given.has(word) || given.has(word.toLowerCase())).length;
  const share = ((100 * found) / vocabulary.words.length).toFixed(1);
  return (
    `${countOf(words.length, 'vector')} of ${size} numbers; ${share}% of the words have one, ` +
    `${formatCount(vocabulary.further.length)} are of other words`
  );
}
