import { Option } from 'commander';
import { choice, notNegative, option, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';

export interface TargetSelectionOptions extends TrainOptions, RecurrentOptions {
  embedding: number;
  /** Default: half of --hidden. */
  units?: number;
  reads: 'dialogue' | 'dots';
  languageWeight: number;
  mirror: 'on' | 'off';
  minCount: number;
  /** A file of validation games. Default: a tenth of the games. */
  validation?: string;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  ...{ cell: 'gru', hidden: 96, layers: 1, dropout: 0.3, embedding: 64, reads: 'dialogue', languageWeight: 0.5 },
  ...{ mirror: 'on', minCount: 10, batch: 32, lr: 2e-3, schedule: 'linear', optimizer: 'adamw', weightDecay: 0.01 },
} as const satisfies TargetSelectionOptions;

export const optional: Readonly<Record<string, OptionType>> = { units: 'number' };

export const options = (): Option[] => [
  new Option('--validation <file>', 'validation games (default: a tenth of the games)'),
  option('--embedding <n>', `dimension of word vectors (default ${defaults.embedding})`, whole(1)),
  option('--units <n>', 'numbers for a dot, and for its relations (default: half of --hidden)', whole(1)),
  choice('--reads <what>', `choose by the dialogue, or by the dots alone (default ${defaults.reads})`, [
    'dialogue',
    'dots',
  ]),
  option(
    '--language-weight <weight>',
    `weight of the loss of the language model (default ${defaults.languageWeight})`,
    notNegative,
  ),
  choice('--mirror <which>', `learn games in the mirror, too: on or off (default ${defaults.mirror})`, ['on', 'off']),
  option('--min-count <n>', `words seen less often are unknown (default ${defaults.minCount})`, whole(1)),
  ...recurrentOptions(defaults),
];
