import { Option } from 'commander';
import { option, share, whole } from '../../options/parse.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { skipBroken } from '../image-items.ts';
import { augmentOption } from '../images/augmentation.ts';

export interface DrawOptions extends TrainOptions {
  /** Height and width of what is drawn. Default: that of the images, at most 64. */
  size?: number;
  glimpses: number;
  hidden: number;
  latent: number;
  /** Filters along each axis; 0: without attention. */
  read: number;
  write: number;
  /** As `parseAugmentation` reads it. */
  augment: string;
  skipBroken?: boolean;
  validation?: string;
  validationShare: number;
}

export const defaults = {
  ...trainDefaults,
  ...{ glimpses: 10, hidden: 128, latent: 50, read: 5, write: 5, augment: 'none', validationShare: 0.1 },
  ...{ batch: 100, lr: 2e-3, clipNorm: 10, ema: 0.999 },
} as const satisfies DrawOptions;

export const optional: Readonly<Record<string, OptionType>> = { size: 'number', skipBroken: 'boolean' };

export const options = (): Option[] => [
  option('--glimpses <n>', `steps in which an image is drawn (default ${defaults.glimpses})`, whole(1, 1024)),
  option('--hidden <n>', `hidden units of the encoder, and of the decoder (default ${defaults.hidden})`, whole(1)),
  option('--latent <n>', `latent numbers of each step (default ${defaults.latent})`, whole(1)),
  option(
    '--read <n>',
    `read n × n Gaussian filters, 0: the whole image, without attention (default ${defaults.read})`,
    whole(0, 1024),
  ),
  option(
    '--write <n>',
    `write n × n Gaussian filters, 0: the whole canvas, without attention (default ${defaults.write})`,
    whole(0, 1024),
  ),
  option('--size <pixels>', 'height and width of what is drawn (default: of the images, at most 64)', whole(4, 1024)),
  augmentOption('how images are varied, such as rotate=10,zoom=0.1 (default none)'),
  skipBroken(),
  new Option('--validation <folder>', 'images for validation (default: a share of the images)'),
  option(
    '--validation-share <share>',
    `share of the images for validation (default ${defaults.validationShare})`,
    share,
  ),
];
