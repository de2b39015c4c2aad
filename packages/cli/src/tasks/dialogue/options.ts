import { Option } from 'commander';
import { choice, option, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';

export interface DialogueTrainOptions extends TrainOptions, RecurrentOptions {
  embedding: number;
  looks: number;
  image: 'on' | 'off';
  history: 'on' | 'off';
  /** Height and width of the images that the network sees. */
  size: number;
  minCount: number;
  validationShare: number;
  skipBroken?: boolean;
  /** A file of dialogues. Default: in the folder of images. */
  dialogues?: string;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  ...{ cell: 'gru', hidden: 64, layers: 1, dropout: 0, embedding: 32, looks: 2, image: 'on', history: 'on', size: 48 },
  ...{ minCount: 1, validationShare: 0.1, batch: 64, schedule: 'cosine', warmUp: 0.1 },
} as const satisfies DialogueTrainOptions;

export const optional: Readonly<Record<string, OptionType>> = { skipBroken: 'boolean' };

export const fileOptions = ['dialogues'] as const;

export const dialoguesOption = (): Option =>
  new Option('--dialogues <file>', "dialogues as VisDial's JSON (default: in the folder of images)");

export const skipBroken = (): Option => new Option('--skip-broken', 'leave out dialogues whose image is missing');

export const options = (): Option[] => [
  dialoguesOption(),
  option(
    '--validation-share <share>',
    `share of the dialogues for validation (default ${defaults.validationShare})`,
    share,
  ),
  skipBroken(),
  option('--size <pixels>', `height and width that images are scaled to (default ${defaults.size})`, whole(32, 320)),
  option('--embedding <n>', `dimension of word vectors (default ${defaults.embedding})`, whole(1)),
  option('--looks <n>', `looks at the image for each question (default ${defaults.looks})`, whole(1, 16)),
  option('--min-count <n>', `words seen less often are unknown (default ${defaults.minCount})`, whole(1)),
  choice('--image <which>', `see the image: on, or off to measure what it is worth (default ${defaults.image})`, [
    'on',
    'off',
  ]),
  choice('--history <which>', `know what was said before: on, or off (default ${defaults.history})`, ['on', 'off']),
  ...recurrentOptions(defaults),
];
