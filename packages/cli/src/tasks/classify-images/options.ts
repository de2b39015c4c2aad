import { InvalidArgumentError, Option } from 'commander';
import { type FeatureKind, featureKinds } from 'unrolled/tasks/classify-images';
import { networkNames } from 'unrolled/vision';
import { choice, notNegative, option, positive, share, whole } from '../../options/parse.ts';
import { dropoutOption } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { skipBroken } from '../image-items.ts';
import { augmentOption } from '../images/augmentation.ts';

export interface ImageOptions extends TrainOptions {
  /** A name of `networkNames`, or a JSON file; 'auto' until the images have been looked at. */
  network: string;
  /** Factor of the channels of all layers. */
  width: number;
  /** Height and width of the network's input. Default: by the images, or the backbone's. */
  size?: number;
  /** As `parseAugmentation` reads it; 'auto' as above. */
  augment: string;
  mixUp: number;
  labelSmoothing: number;
  dropout?: number;
  /** A file of pretrained weights. */
  backbone?: string;
  freeze?: boolean;
  /** Factor of the learning rate of a backbone that is not frozen. */
  backboneRate: number;
  /** Varied copies of each image whose features a frozen backbone computes. */
  copies: number;
  /** What the head on a backbone reads. Default: 'stage' with --freeze. */
  features?: FeatureKind;
  /** Units of a hidden layer between features and labels. */
  headHidden?: number;
  /** Whether mirror images are looked at, too: 'yes' or 'no'. */
  mirror: string;
  /** Leave out what cannot be read. */
  skipBroken?: boolean;
  /** A folder for validation, in place of a share of the images. */
  validation?: string;
  validationShare: number;
}

export const defaults = {
  ...trainDefaults,
  ...{ network: 'auto', width: 1, augment: 'auto', mixUp: 0, labelSmoothing: 0.1 },
  ...{ backboneRate: 0.1, mirror: 'no', copies: 0, validationShare: 0.1 },
  ...{ batch: 64, optimizer: 'momentum', nesterov: true, lr: 0.06, schedule: 'cosine', warmUp: 0.1 },
  ...{ weightDecay: 5e-4, decaying: 'matrices', clipNorm: 0, ema: 0 },
} as const satisfies ImageOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  size: 'number',
  dropout: 'number',
  backbone: 'string',
  freeze: 'boolean',
  features: 'string',
  headHidden: 'number',
  skipBroken: 'boolean',
};

export const isNetworkFile = (name: string): boolean => name.endsWith('.json');

function networkKind(text: string): string {
  if (text === 'auto' || isNetworkFile(text) || (networkNames as readonly string[]).includes(text)) return text;
  throw new InvalidArgumentError(
    `Allowed choices are auto, ${networkNames.join(', ')}, or a file such as network.json.`,
  );
}

export const options = (): Option[] => [
  new Option(
    '--network <name>',
    `network: ${networkNames.join(', ')}, or a JSON file, such as search block writes (default auto: by the size and number of the images)`,
  ).argParser(networkKind),
  option('--width <factor>', 'factor of the channels of all layers (default: by the images)', positive),
  option('--size <pixels>', "height and width of the network's input (default: by the images)", whole(8, 1024)),
  augmentOption(
    'how images are varied: none, or flip, shift=4, rotate=10, zoom=0.1, crop=0.5, colour=0.2, cut-out=8 with commas (default auto)',
  ),
  option(
    '--mix-up <alpha>',
    `mix pairs of images in shares of Beta(α, α) (default ${defaults.mixUp}: none)`,
    notNegative,
  ),
  option('--label-smoothing <share>', `label smoothing (default ${defaults.labelSmoothing})`, share),
  new Option('--backbone <file>', 'pretrained weights (.safetensors or .pth) to start from'),
  new Option('--freeze', 'do not train the backbone, only the head on its features'),
  option('--backbone-rate <factor>', `its share of the learning rate (default ${defaults.backboneRate})`, positive),
  option('--copies <n>', `with --freeze: varied copies of each image (default ${defaults.copies})`, whole(0)),
  choice(
    '--features <which>',
    'with --backbone: read its last features, or the whole last stage (default: last, with --freeze stage)',
    featureKinds,
  ),
  option(
    '--head-hidden <n>',
    'with --backbone: units of a hidden layer before the labels (default 512 with --freeze)',
    whole(0),
  ),
  choice('--mirror <which>', 'average over each image and its mirror image (default no, with --freeze yes)', [
    'yes',
    'no',
  ]),
  dropoutOption(' (default 0.2; images with --freeze: 0.5)'),
  skipBroken(),
  new Option('--validation <folder>', 'labelled images for validation (default: a share of the images)'),
  option(
    '--validation-share <share>',
    `share of the images for validation (default ${defaults.validationShare})`,
    share,
  ),
];
