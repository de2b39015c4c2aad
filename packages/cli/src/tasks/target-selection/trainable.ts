import { statSync } from 'node:fs';
import { splitExamples } from 'unrolled/data';
import {
  type Game,
  gameVocabulary,
  parseOneCommon,
  showSituation,
  TargetSelector,
  type TargetSelectorConfig,
  type TargetSelectorDescription,
  targetTraining,
} from 'unrolled/tasks/target-selection';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { readTextFiles, type TextFiles } from '../../input/text-files.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { defaults, optional, options, type TargetSelectionOptions } from './options.ts';

export const targetSelection: Trainable<TargetSelectionOptions> = {
  task: 'target-selection',
  command: 'dialogue train',
  inputs: 'games',
  description: 'train a model that chooses the dot that two players talk about',
  argument: "text files of games in OneCommon's layout",
  missing: 'no files given; name files of games',
  help: `
Examples with games:
  unrolled dialogue train train_uncorrelated.txt --validation valid_uncorrelated.txt
  unrolled dialogue train train_uncorrelated.txt --reads dots --out runs/dots`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 12, steps: 300 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  recognises: (paths) => paths.every((path) => statSync(path, { throwIfNoEntry: false })?.isFile()),
  read: (paths) => readTextFiles(paths),
  prepare,
};

/** The games in files. @throws DataError naming the file and the line that is wrong */
export const readGames = ({ files, texts }: TextFiles): Game[] =>
  files.flatMap(({ path }, i) => parseOneCommon(texts[i], path));

function prepare(
  { main, named }: Sources<TextFiles>,
  said: Partial<TargetSelectionOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Prepared<TargetSelectionOptions> {
  const chosen = withDefaults(targetSelection, said);
  const { batch, seed, mirror, minCount } = chosen;
  const all = readGames(main);
  const { train, validation } = named.validation
    ? { train: all, validation: readGames(named.validation) }
    : splitExamples(all, { share: 0.1, seed, keyOf: (game) => JSON.stringify(game) });
  if (train.length === 0) {
    throw new Failure(
      `dialogue train: ${countOf(all.length, 'game')} cannot be split for validation; give more, or --validation`,
    );
  }
  const vocabulary = checkpoint
    ? (checkpoint.model as TargetSelectorDescription).vocabulary
    : gameVocabulary(train, minCount);
  const config = modelConfig(chosen, cell);
  return {
    options: chosen,
    about: [
      `${countOf(train.length, 'game')}, ${formatCount(validation.length)} more for validation; ` +
        `${countOf(vocabulary.words.length, 'different word')}`,
    ],
    model: config,
    examples: exampleGames(validation.length > 0 ? validation : train),
    files: {},
    units: exampleUnits,
    itemsPerStep: batch * 60,
    begin: (device) =>
      targetTraining(new TargetSelector(device, vocabulary, config, seed), train, {
        ...{ validation, batch, seed, mirror: mirror === 'on' },
      }),
    next: (run) => `Use it: npx unrolled dialogue predict ${run} --file games.txt --picture scene.svg`,
  };
}

/** Games to try the model on. */
const exampleGames = (games: readonly Game[]): string[] =>
  games
    .filter(({ utterances }) => utterances.length < 8)
    .slice(0, 8)
    .map(showSituation);

function modelConfig(chosen: TargetSelectionOptions, own: CellFile | null): TargetSelectorConfig {
  const { cell, hidden, layers, embedding, dropout, units, reads, languageWeight } = chosen;
  return {
    ...{ cell: cellSource(cell, hidden, own), hidden, layers, embedding, dropout, languageWeight },
    ...{ dialogue: reads === 'dialogue', ...(units !== undefined && { units }) },
  };
}
