import { InvalidArgumentError, Option } from 'commander';
import { type NavigatorConfig, type Pose, practices, turned, type View, views } from 'unrolled/tasks/navigate';
import { choice, option, share, whole } from '../../options/parse.ts';
import { type RecurrentOptions, recurrentDefaults, recurrentOptions } from '../../options/recurrent.ts';
import { type OptionType, type TrainOptions, trainDefaults } from '../../options/train.ts';

export interface NavigateOptions extends TrainOptions, RecurrentOptions {
  embedding: number;
  senses: number;
  feeding: Required<NavigatorConfig>['feeding'];
  aligner: 'multi-level' | 'high-level';
  wordDropout: number;
  mirror: 'on' | 'off';
  view: View;
  method: 'imitation' | (typeof practices)[number];
  /** A run or file whose model goes on learning. Default: a new one. */
  from?: string;
  /** A file of validation routes. Default: a tenth of the routes. */
  validation?: string;
}

export const defaults = {
  ...trainDefaults,
  ...recurrentDefaults,
  hidden: 100,
  layers: 1,
  embedding: 100,
  senses: 64,
  dropout: 0.5,
  feeding: 'none',
  aligner: 'multi-level',
  wordDropout: 0,
  mirror: 'on',
  view: 'features',
  method: 'imitation',
  batch: 64,
  optimizer: 'adamw',
  weightDecay: 0.01,
  schedule: 'linear',
  clipNorm: 5,
  ema: 0.99,
} as const satisfies NavigateOptions;

export const optional: Readonly<Record<string, OptionType>> = { from: 'string' };

export const options = (): Option[] => [
  new Option('--validation <file>', 'validation routes (default: a tenth of the routes)'),
  option('--embedding <n>', `dimension of word vectors (default ${defaults.embedding})`, whole(1)),
  option('--senses <n>', `units that what is seen is mapped to (default ${defaults.senses})`, whole(1)),
  choice('--feeding <what>', `attention fed into the next step (default ${defaults.feeding})`, [
    'none',
    'output',
    'context',
  ]),
  choice('--aligner <kind>', `attention to states and words, or states alone (default ${defaults.aligner})`, [
    'multi-level',
    'high-level',
  ]),
  option('--word-dropout <share>', `words that training hides (default ${defaults.wordDropout})`, share),
  choice('--view <what>', `what is seen: names in every direction, or an image (default ${defaults.view})`, views),
  choice('--method <name>', `learn the paths, or by walking, with --from (default ${defaults.method})`, [
    'imitation',
    ...practices,
  ]),
  new Option('--from <run>', 'continue with the model of a run; its sizes and words stay'),
  choice('--mirror <which>', `learn routes in the mirror, too: on or off (default ${defaults.mirror})`, ['on', 'off']),
  ...recurrentOptions(defaults),
];

/** `3,5,180` */
export function poseOf(text: string): Pose {
  const [x, y, angle, ...more] = text.split(',').map(Number);
  if (more.length > 0 || ![x, y, angle].every(Number.isInteger) || angle % 90 !== 0) {
    throw new InvalidArgumentError('It must be x,y,angle, such as 3,5,180: 0 north, 90 east, 180 south, 270 west.');
  }
  return { x, y, angle: turned(0, angle) };
}
