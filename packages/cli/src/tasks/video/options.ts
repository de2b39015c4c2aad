import { InvalidArgumentError, Option } from 'commander';
import {
  type ClipConditioning,
  clipConditionings,
  type EventContext,
  eventContexts,
  type Reading,
  readings,
} from 'unrolled/tasks/video';
import { choice, notNegative, number, option, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';

/** How the frames of videos are read, in training and later. */
export interface FrameFlags {
  every?: number;
  strip?: number;
}

/** Options of all models of videos. */
export interface ClipOptions extends TrainOptions, RecurrentOptions, FrameFlags {
  bidirectional?: boolean;
  differences?: boolean;
  /** Height and width of the frames that the network takes. */
  size?: number;
  /** Of the network that is trained along: features of a frame, channels of the first convolution. */
  features: number;
  channels: number;
  /** A file of pretrained weights. */
  backbone?: string;
  crop: number;
  speed: number;
  noise: number;
  scale: number;
  flip?: boolean;
  shift: number;
  /** As `parsePairs` reads it. */
  mirrorJoints?: string;
  validation?: string;
  validationShare: number;
}

/** Of models that give labels to clips or frames. */
export interface VideoOptions extends ClipOptions {
  reading: Reading;
  /** Label of frames in which nothing happens. */
  background: string;
}

/** Of models that write captions. */
export interface VideoCaptionOptions extends ClipOptions {
  conditioning: ClipConditioning;
  embedding: number;
  attentionUnits?: number;
  minCount: number;
  smoothing?: number;
  doublyStochastic?: number;
  sampling?: number;
}

/** Of models that find events. */
export interface VideoEventOptions extends Omit<VideoCaptionOptions, 'conditioning'> {
  context: EventContext;
}

const clipDefaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  ...{ hidden: 128, layers: 1, dropout: 0.3, features: 64, channels: 16 },
  ...{ crop: 1, speed: 1, noise: 0, scale: 0, shift: 0, validationShare: 0.1 },
  ...{ batch: 16, lr: 2e-3, schedule: 'cosine' },
} as const satisfies ClipOptions;

export const defaults = { ...clipDefaults, reading: 'average', background: 'none' } as const satisfies VideoOptions;

export const captionDefaults = {
  ...clipDefaults,
  ...{ conditioning: 'attention', embedding: 64, minCount: 1, clipNorm: 5 },
} as const satisfies VideoCaptionOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  every: 'number',
  strip: 'number',
  bidirectional: 'boolean',
  differences: 'boolean',
  size: 'number',
  backbone: 'string',
  flip: 'boolean',
  mirrorJoints: 'string',
};

export const eventDefaults = {
  ...clipDefaults,
  ...{ context: 'both', embedding: 64, minCount: 1, clipNorm: 5 },
} as const satisfies VideoEventOptions;

export const captionOptional: Readonly<Record<string, OptionType>> = {
  ...optional,
  attentionUnits: 'number',
  smoothing: 'number',
  doublyStochastic: 'number',
  sampling: 'number',
};

/** `3-4,5-6`, counted from 1, as pairs from 0. @throws InvalidArgumentError */
export function parsePairs(text: string): (readonly [number, number])[] {
  return text.split(',').map((pair) => {
    const [, a, b] = /^(\d{1,4})-(\d{1,4})$/.exec(pair.trim()) ?? [];
    if (a === undefined || Number(a) === 0 || Number(b) === 0) {
      throw new InvalidArgumentError('It must be pairs of joints, counted from 1, such as 4-5,6-7.');
    }
    return [Number(a) - 1, Number(b) - 1];
  });
}

/** @param byDefault  what the default is: in use, as in training */
export const frameOptions = (byDefault = '1: all'): Option[] => [
  option('--every <n>', `take every n-th frame (default ${byDefault})`, whole(1, 10_000)),
  option(
    '--strip <pixels>',
    'images hold frames of this height below each other (default: an image is one frame)',
    whole(1, 100_000),
  ),
];

export const options = (): Option[] => [
  choice(
    '--reading <how>',
    `how frames become a label: average (recurrent, predictions averaged), last, or without recurrence mean or single (default ${defaults.reading})`,
    readings,
  ),
  new Option('--background <label>', `label of frames in which nothing happens (default ${defaults.background})`),
  ...clipOptions(),
];

export const captionTrainOptions = (): Option[] => [
  choice(
    '--conditioning <how>',
    `how the decoder knows the clip: attention over frames, sequence (the final state), or mean, without recurrence (default ${captionDefaults.conditioning})`,
    clipConditionings,
  ),
  ...writingOptions(),
  ...clipOptions(),
];

export const eventTrainOptions = (): Option[] => [
  choice(
    '--context <events>',
    `which other events the caption of one knows: both (before and after it), past, or none (default ${eventDefaults.context})`,
    eventContexts,
  ),
  ...writingOptions(),
  ...clipOptions(),
];

/** Options of decoders of captions. */
const writingOptions = (): Option[] => [
  option('--embedding <n>', `embedding dimension of words (default ${captionDefaults.embedding})`, whole(1)),
  option('--attention-units <n>', "units of attention's hidden layer (default: half of --hidden)", whole(1)),
  option('--min-count <n>', `words seen less often are unknown (default ${captionDefaults.minCount})`, whole(1)),
  option(
    '--doubly-stochastic <weight>',
    'weight of the loss that asks attention to look at every frame once (default 0)',
    notNegative,
  ),
  option('--smoothing <share>', 'label smoothing (default 0)', share),
  option('--sampling <share>', 'share of words of its own that the decoder reads in training (default 0)', share),
];

const clipOptions = (): Option[] => [
  new Option('--bidirectional', 'read clips from both ends; such a model reads no stream'),
  new Option('--differences', 'differences of successive frames as a second stream'),
  ...frameOptions(),
  option('--size <pixels>', "height and width of the network's input (default 32, or the backbone's)", whole(8, 1024)),
  option(
    '--features <n>',
    `features of a frame, of the network trained along (default ${defaults.features})`,
    whole(1),
  ),
  option('--channels <n>', `channels of its first convolution (default ${defaults.channels})`, whole(1)),
  new Option('--backbone <file>', 'pretrained weights (.safetensors) of a network that is not trained'),
  option(
    '--crop <share>',
    'train on random parts of clips, at least this share of them (default 1: whole clips)',
    number((v) => v > 0 && v <= 1, 'above 0, at most 1'),
  ),
  option(
    '--speed <factor>',
    'play training clips up to this much faster or slower (default 1)',
    number((v) => v >= 1 && v <= 10, 'from 1 to 10'),
  ),
  new Option('--flip', 'mirror half of the training clips of frames'),
  option('--shift <pixels>', 'shift training clips of frames by up to so many pixels (default 0)', whole(0, 1000)),
  option('--noise <deviation>', 'add noise to features in training (default 0)', notNegative),
  option('--scale <share>', 'scale features of a training clip by up to this share (default 0)', share),
  new Option(
    '--mirror-joints <pairs>',
    'mirror half of the training poses: x and y of joints, with left and right as 4-5,6-7',
  ).argParser((text: string) => {
    parsePairs(text);
    return text;
  }),
  new Option('--validation <path>', 'videos for validation, in the same form (default: a share)'),
  option(
    '--validation-share <share>',
    `share of the clips for validation (default ${defaults.validationShare})`,
    share,
  ),
  ...recurrentOptions(clipDefaults),
];
