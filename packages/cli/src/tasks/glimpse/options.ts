import { Option } from 'commander';
import { type SceneKind, sceneKinds } from 'unrolled/images';
import { cellNames } from 'unrolled/nn';
import { type Reader, readers } from 'unrolled/tasks/glimpse';
import { choice, option, positive, share, whole } from '../../options/parse.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { skipBroken } from '../image-items.ts';
import { augmentOption } from '../images/augmentation.ts';

export interface GlimpseOptions extends TrainOptions {
  reader: Reader;
  glimpses: number;
  /** Default: 8, or 12 in scenes. */
  patch?: number;
  /** Default: 1, or 3 in scenes. */
  scales?: number;
  cell: string;
  hidden: number;
  units: number;
  deviation: number;
  channels: number;
  scene: SceneKind;
  /** Side of a scene; without one of the images. Default 60, or that of the images. */
  size?: number;
  clutter: number;
  augment: string;
  skipBroken?: boolean;
  validation?: string;
  validationShare: number;
}

export const defaults = {
  ...trainDefaults,
  ...{ reader: 'reinforce', glimpses: 6, cell: 'irnn', hidden: 256, units: 128 },
  ...{ deviation: 0.05, channels: 8 },
  ...{ scene: 'plain', clutter: 4, augment: 'none', validationShare: 0.1 },
  ...{ batch: 128, lr: 2e-3, clipNorm: 5, ema: 0.999 },
} as const satisfies GlimpseOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  size: 'number',
  patch: 'number',
  scales: 'number',
  skipBroken: 'boolean',
};

export const options = (): Option[] => [
  choice(
    '--reader <how>',
    `glimpses that learn where to look by REINFORCE or by the gradient; for comparison at fixed or random places, or the whole image by a convolution or a dense layer (default ${defaults.reader})`,
    readers,
  ),
  option('--glimpses <n>', `glimpses for each label (default ${defaults.glimpses})`, whole(1, 1024)),
  option('--patch <n>', 'a patch is n × n numbers (default 8, in scenes 12)', whole(1, 1024)),
  option('--scales <n>', 'patches of a glimpse, each twice as wide (default 1, in scenes 3)', whole(1, 10)),
  choice('--cell <name>', `recurrent cell that the glimpses feed (default ${defaults.cell})`, cellNames),
  option('--hidden <n>', `hidden units of the cell, or of the dense layer (default ${defaults.hidden})`, whole(1)),
  option('--units <n>', `units of the layers that read a glimpse (default ${defaults.units})`, whole(1)),
  option(
    '--deviation <share>',
    `how far places are drawn from where it looks, of half the image (default ${defaults.deviation})`,
    positive,
  ),
  option('--channels <n>', `channels of the convolution (default ${defaults.channels})`, whole(1)),
  choice(
    '--scene <kind>',
    `the images as they are, anywhere on a black square, there with clutter, or two in one (default ${defaults.scene})`,
    sceneKinds,
  ),
  option('--size <pixels>', 'side of the scene (default 60), or of plain images (default: their own)', whole(4, 1024)),
  option('--clutter <n>', `parts of other images in the scene cluttered (default ${defaults.clutter})`, whole(0, 1000)),
  augmentOption('how images are varied, such as rotate=10,zoom=0.1 (default none)'),
  skipBroken(),
  new Option('--validation <folder>', 'labelled images for validation (default: a share of the images)'),
  option(
    '--validation-share <share>',
    `share of the images for validation (default ${defaults.validationShare})`,
    share,
  ),
];
