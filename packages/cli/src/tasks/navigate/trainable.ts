import { splitExamples } from 'unrolled/data';
import {
  knowledgeOf,
  Navigator,
  type NavigatorConfig,
  type NavigatorDescription,
  navigatorDescription,
  navigatorPractice,
  navigatorTraining,
  type Route,
} from 'unrolled/tasks/navigate';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import { readTextFiles, type TextFiles } from '../../input/text-files.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { exampleInputs } from '../../run/example-inputs.ts';
import { readModel } from '../../run/load.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { readNavigation, requireRoutes } from './files.ts';
import { defaults, type NavigateOptions, optional, options } from './options.ts';

export const navigate: Trainable<NavigateOptions> = {
  task: 'navigate',
  command: 'navigate train',
  inputs: 'instructions',
  description: 'train a navigator: instructions to moves',
  argument: 'JSON files in the layout of SAIL: maps, and instructions with their paths',
  missing: 'no files given; name maps and instructions',
  help: `
Examples:
  unrolled navigate train map-grid.json map-jelly.json SingleSentence.grid.json SingleSentence.jelly.json
  unrolled navigate train rooms.json --view image
  unrolled navigate train rooms.json --from runs/rooms --method reinforce --out runs/reinforced
  unrolled navigate train --resume runs/map-grid

Maps and instructions are told apart by their content. A tenth of the routes is used for validation, unless --validation
names a file; sentences of one paragraph stay together.`,
  defaults,
  optional,
  fileOptions: ['validation'],
  options,
  end: { epochs: 8, steps: 500 },
  interval: (stepsPerEpoch) => Math.min(1000, Math.max(50, stepsPerEpoch)),
  read: (paths) => readTextFiles(paths),
  prepare,
};

/** The sentences of a paragraph have its id and a number: 74-1, 74-2. */
const paragraphOf = ({ map, id }: Route): string => `${map} ${id.replace(/-\d+$/, '')}`;

function prepare(
  { main, named }: Sources<TextFiles>,
  said: Partial<NavigateOptions>,
  checkpoint: Checkpoint | null,
  cell: CellFile | null,
): Prepared<NavigateOptions> {
  const options = withDefaults(navigate, said);
  const { batch, seed, mirror, method, from } = options;
  if (method !== 'imitation' && from === undefined) {
    throw new Failure(
      `navigate train: --method ${method} starts from a model that has learned the paths; give --from`,
      2,
    );
  }
  const { maps, routes: all } = readNavigation(main);
  const held = named.validation ? readNavigation(named.validation) : null;
  const every = [...maps, ...(held?.maps ?? [])];
  requireRoutes({ maps: every, routes: all }, 'navigate train');
  const { train: routes, validation } = held
    ? { train: all, validation: [...held.routes] }
    : splitExamples(all, { share: 0.1, seed, keyOf: paragraphOf });
  if (routes.length === 0) {
    throw new Failure(
      `navigate train: ${countOf(all.length, 'route')} cannot be split for validation; give more, or --validation`,
    );
  }
  if (held) requireRoutes({ maps: every, routes: validation }, 'navigate train --validation');
  // A checkpoint holds what it began with.
  const before = checkpoint || from === undefined ? null : readModel(from, undefined);
  const known: NavigatorDescription =
    checkpoint || before
      ? navigatorDescription((checkpoint ?? before)!.model, from ?? 'checkpoint')
      : { task: 'navigate', config: modelConfig(options, cell), ...knowledgeOf(maps, routes) };
  const data = { maps: every, routes };
  return {
    options,
    about: [
      `${countOf(routes.length, 'route')} on ${countOf(maps.length, 'map')}, ${formatCount(validation.length)} more for ` +
        `validation; ${countOf(known.vocabulary.words.length, 'different word')}`,
    ],
    model: known.config,
    examples: exampleInputs((validation.length > 0 ? validation : routes).map(({ text }) => text)),
    files: {},
    units: exampleUnits,
    itemsPerStep: batch * 12,
    begin(device) {
      const model = Navigator.from(device, known, cell?.cell, before?.parameters ?? seed);
      const shared = { validation, batch, seed };
      return method === 'imitation'
        ? navigatorTraining(model, data, { ...shared, mirror: mirror === 'on' })
        : navigatorPractice(model, data, { ...shared, method });
    },
    next: (run) => `Use it: npx unrolled navigate predict ${run} "turn left and walk to the end of the hall"`,
  };
}

function modelConfig(options: NavigateOptions, own: CellFile | null): NavigatorConfig {
  const { cell, hidden, layers, embedding, senses, dropout, feeding, aligner, wordDropout, view } = options;
  return {
    ...{ cell: cellSource(cell, hidden, own), hidden, layers, embedding, senses, dropout },
    ...{ feeding, multiLevel: aligner === 'multi-level', wordDropout, view },
  };
}
