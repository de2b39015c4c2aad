import { Option } from 'commander';
import { type Answering, answerings, type Fusion, fusions, type Given, senses } from 'unrolled/tasks/vqa';
import { type NetworkName, networkNames } from 'unrolled/vision';
import { choice, option, positive, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';
import { type VectorOptions, vectorOptions } from '../word-vectors.ts';

export interface VqaTrainOptions extends TrainOptions, RecurrentOptions, VectorOptions {
  embedding: number;
  answering: Answering;
  given: Given;
  /** Layers of attention; by what is given if missing. */
  attention?: number;
  fusion: Fusion;
  units?: number;
  attentionUnits?: number;
  headHidden?: number;
  answers: number;
  /** A file of pretrained weights; else a network that is trained along. */
  backbone?: string;
  network: NetworkName;
  /** Factor of the channels of that network. */
  width: number;
  /** Height and width of the network's input. Default: the backbone's, or by the images. */
  size?: number;
  skipBroken?: boolean;
  singleAnswers?: boolean;
  validationShare: number;
  /** Files: questions, answers of VQA, and lists of the images in each part. */
  questions?: string;
  annotations?: string;
  trainSplit?: string;
  validationSplit?: string;
  testSplit?: string;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  ...{ hidden: 128, layers: 1, embedding: 100, dropout: 0.3, answering: 'softmax', given: 'both', fusion: 'product' },
  ...{ answers: 1000, network: 'vgg-small', width: 0.25, batch: 64, lr: 2e-3, schedule: 'cosine', clipNorm: 5 },
  validationShare: 0.1,
} as const satisfies VqaTrainOptions;

export const optional: Readonly<Record<string, OptionType>> = {
  ...{ attention: 'number', units: 'number', attentionUnits: 'number', headHidden: 'number', size: 'number' },
  ...{ backbone: 'string', vectors: 'string', vectorWords: 'number', skipBroken: 'boolean', singleAnswers: 'boolean' },
};

export const fileOptions = ['questions', 'annotations', 'trainSplit', 'validationSplit', 'testSplit'] as const;

/** Options that `train` and `eval` share. */
export const dataOptions = (): Option[] => [
  new Option(
    '--questions <file>',
    'questions with answers: CSV, JSON lines, easy-VQA, DAQUAR, VQA or Visual7W (default: in the folder)',
  ),
  new Option('--annotations <file>', "VQA's file of answers"),
  new Option('--single-answers', 'leave out questions whose answer is several, with commas'),
  new Option('--skip-broken', 'leave out questions without an image'),
];

export const options = (): Option[] => [
  new Option(
    '--backbone <file>',
    'pretrained weights (.safetensors) of the network that sees the images (default: one is trained along)',
  ),
  choice('--network <name>', `without --backbone: the network (default ${defaults.network})`, networkNames),
  option('--width <factor>', `without --backbone: factor of its channels (default ${defaults.width})`, positive),
  option(
    '--size <pixels>',
    "height and width of the network's input; images are scaled to it (default: the backbone's, or by the images)",
    whole(8, 2048),
  ),
  ...dataOptions(),
  new Option('--train-split <file>', 'list of the images for training, one name a line (default: all that are left)'),
  new Option('--validation-split <file>', 'list of the images for validation (default: a share)'),
  new Option('--test-split <file>', 'list of images that are left out'),
  option(
    '--validation-share <share>',
    `share of the images for validation (default ${defaults.validationShare})`,
    share,
  ),
  choice(
    '--answering <how>',
    `one of the most frequent answers, or yes or no for each choice (default ${defaults.answering})`,
    answerings,
  ),
  option('--answers <n>', `the most answers it can give (default ${defaults.answers})`, whole(2)),
  choice('--given <what>', `what the model may use (default ${defaults.given})`, senses),
  option(
    '--attention <n>',
    'layers of attention over the places of the image; 0: their mean (default 1)',
    whole(0, 100),
  ),
  choice('--fusion <how>', `how question and image are joined (default ${defaults.fusion})`, fusions),
  option(
    '--embedding <n>',
    `dimension of word vectors (default ${defaults.embedding}, or that of --vectors)`,
    whole(1),
  ),
  option('--units <n>', 'units in which question and image meet (default: as --hidden)', whole(1)),
  option('--attention-units <n>', "units of attention's hidden layer (default: half of --units)", whole(1)),
  option('--head-hidden <n>', 'units of a layer before the answers; 0: none (default: as --units)', whole(0)),
  ...vectorOptions(),
  ...recurrentOptions(defaults),
];
