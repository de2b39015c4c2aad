import { Option } from 'commander';
import { type HardReading, hardReadings } from 'unrolled/nn';
import { type CaptionConditioning, conditionings } from 'unrolled/tasks/caption';
import { choice, notNegative, option, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { type TransformerFlags, transformerOptions, transformerTypes } from '../../options/transformer.ts';
import { wordsOption } from './audit-words.ts';

export interface CaptionTrainOptions extends TrainOptions, RecurrentOptions, TransformerFlags {
  embedding: number;
  conditioning: CaptionConditioning;
  method: (typeof methods)[number];
  /** A run whose model is trained further. */
  from?: string;
  /** Captions drawn for each image by self-critical training. */
  samples?: number;
  /** Units to which features are mapped, and of attention's hidden layer; by --hidden if missing. */
  units?: number;
  attentionUnits?: number;
  minCount: number;
  doublyStochastic?: number;
  entropy?: number;
  smoothing?: number;
  sampling?: number;
  balancePeople?: boolean;
  neutralWords?: number;
  /** A file of pretrained weights; none for a run that is resumed, whose checkpoint has them. */
  backbone?: string;
  /** Height and width of the network's input. Default: the backbone's. */
  size?: number;
  skipBroken?: boolean;
  validationShare: number;
  /** Files: captions, and lists of the images in each part. */
  captions?: string;
  trainSplit?: string;
  validationSplit?: string;
  testSplit?: string;
  words?: string;
}

const methods = ['likelihood', 'self-critical'] as const;

/** Chosen by validation on Flickr8k; see docs/caption.md. */
export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  ...{ hidden: 256, layers: 1, embedding: 160, dropout: 0.3, conditioning: 'attention', minCount: 5 },
  method: 'likelihood',
  ...{ batch: 64, lr: 2e-3, schedule: 'cosine', clipNorm: 5, validationShare: 0.1 },
} as const satisfies CaptionTrainOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  units: 'number',
  attentionUnits: 'number',
  doublyStochastic: 'number',
  entropy: 'number',
  smoothing: 'number',
  sampling: 'number',
  balancePeople: 'boolean',
  neutralWords: 'number',
  backbone: 'string',
  from: 'string',
  samples: 'number',
  size: 'number',
  skipBroken: 'boolean',
  ...transformerTypes,
};

/** Where self-critical training has others. */
export const selfCriticalDefaults = { batch: 32, lr: 1e-4, warmUp: 0.05 } as const;

/** What differs for a Transformer, and the options that recurrent decoders alone have. */
export const transformerRules = {
  transformer: { layers: 2, lr: 1e-3, warmUp: 0.05 },
  recurrent: ['units', 'attentionUnits', 'doublyStochastic', 'entropy'],
} as const;

/** What a model that is trained further has already. */
export const sizeOptions = [
  ...(['backbone', 'size', 'embedding', 'units', 'attentionUnits', 'minCount', 'cell', 'hidden', 'layers'] as const),
  ...(['model', 'heads', 'groups', 'feedForward', 'activation', 'gated', 'norm', 'positions', 'dropout'] as const),
] as const;

/** What self-critical training has no use for. */
export const likelihoodOptions = [
  'doublyStochastic',
  'entropy',
  'smoothing',
  'sampling',
  'balancePeople',
  'neutralWords',
  'words',
] as const;

export const fileOptions = ['captions', 'trainSplit', 'validationSplit', 'testSplit', 'words'] as const;

export const captionsOption = (): Option =>
  new Option(
    '--captions <file>',
    'captions: CSV or JSON lines of image and caption, or COCO JSON (default: in the folder)',
  );

export const skipBroken = (): Option =>
  new Option('--skip-broken', 'leave out captions without an image and images without a caption');

export const options = (): Option[] => [
  new Option(
    '--backbone <file>',
    'pretrained weights (.safetensors or .pth) of the network that sees the images; required without --from',
  ),
  new Option('--from <run>', 'train the model of a run further; its network, sizes and words stay'),
  choice(
    '--method <name>',
    `learn the captions, or with --from to score more CIDEr-D (default ${defaults.method})`,
    methods,
  ),
  option('--samples <n>', 'captions drawn for each image by --method self-critical (default 5)', whole(2)),
  option(
    '--size <pixels>',
    "height and width of the network's input; images are scaled to it (default: the backbone's)",
    whole(8, 2048),
  ),
  captionsOption(),
  new Option('--train-split <file>', 'list of the images for training, one name a line (default: all that are left)'),
  new Option('--validation-split <file>', 'list of the images for validation (default: a share)'),
  new Option('--test-split <file>', 'list of images that are left out'),
  option(
    '--validation-share <share>',
    `share of the images for validation (default ${defaults.validationShare})`,
    share,
  ),
  skipBroken(),
  choice('--conditioning <how>', `how the image enters the decoder (default ${defaults.conditioning})`, conditionings),
  option('--embedding <n>', `embedding dimension (default ${defaults.embedding})`, whole(1)),
  option('--units <n>', 'units to which the features are mapped (default: as --hidden)', whole(1)),
  option('--attention-units <n>', "units of attention's hidden layer (default: half of --hidden)", whole(1)),
  option('--min-count <n>', `words seen less often are unknown (default ${defaults.minCount})`, whole(1)),
  option(
    '--doubly-stochastic <weight>',
    'weight of the loss that asks attention to look everywhere once (default 0)',
    notNegative,
  ),
  option('--entropy <weight>', "weight of the entropy of hard attention's choices (default 0.01)", notNegative),
  option('--smoothing <share>', 'label smoothing (default 0)', share),
  option('--sampling <share>', 'share of input words the model draws itself (default 0)', share),
  new Option(
    '--balance-people',
    'take images of people so often that each group of --words has the same number of them in an epoch',
  ),
  option(
    '--neutral-words <weight>',
    'weight of the loss that asks for a neutral word where captions name a group (default 0)',
    notNegative,
  ),
  wordsOption(),
  ...recurrentOptions(defaults),
  ...transformerOptions(['rotary', 'sinusoidal', 'none']),
];

/** Search options of the commands that write captions. */
export interface SearchFlags {
  beam?: number;
  nBest?: number;
  lengthPenalty?: number;
  blockNgrams?: number;
  maxLength?: number;
}

export const searchOptions = (): Option[] => [
  option('--beam <n>', 'beam width (default 1: greedy search)', whole(1)),
  option('--length-penalty <alpha>', 'length penalty; above 0 favours longer captions (default 0)', notNegative),
  option('--block-ngrams <n>', 'forbid repeated n-grams of this length (default 0: allowed)', whole(0)),
  option('--max-length <n>', 'maximum words in a caption (default: as the longest in training)', whole(1)),
];

export function searchOf({ beam, nBest, lengthPenalty, blockNgrams, maxLength }: SearchFlags) {
  // The n best need a beam at least as wide.
  return { beam: beam ?? nBest, nBest, lengthPenalty, blockNgrams, maxLength };
}

/** Of captions of images. */
export interface PlacesFlag {
  places?: HardReading;
}

export const placesOption = (): Option =>
  choice(
    '--places <which>',
    'what hard attention reads: all places by their weights, or one (default mean)',
    hardReadings,
  );

/** Flags of `predict` for captions. */
export interface WritingFlags extends SearchFlags {
  temperature?: number;
  seed?: number;
  begin?: string;
}

/** Options of `predict` for captions. @param what  they are about */
export const writingOptions = (what: 'image' | 'video'): Option[] => [
  option('--n-best <n>', `print the n best captions of each ${what}, with their scores`, whole(1)),
  ...searchOptions(),
  option(
    '--temperature <t>',
    'draw words at random instead of searching: below 1 bolder, above 1 more varied',
    notNegative,
  ),
  option('--seed <n>', 'random seed of --temperature (default 1)', whole(0)),
  new Option('--begin <words>', 'words that every caption begins with'),
];

export function writingOf({ temperature, seed, begin, ...flags }: WritingFlags) {
  return { ...searchOf(flags), temperature, seed, begin };
}
