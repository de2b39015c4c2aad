import { ConfigError } from '../../errors.ts';
import type { Problem } from './problem.ts';
import { addingProblem } from './problems/adding.ts';
import { bracketsProblem } from './problems/brackets.ts';
import { copyingProblem } from './problems/copying.ts';
import { type DigitSet, digitsProblem } from './problems/digits.ts';
import { type MusicPieces, musicProblem } from './problems/music.ts';
import { parityProblem } from './problems/parity.ts';
import { reberProblem } from './problems/reber.ts';
import { temporalOrderProblem } from './problems/temporal-order.ts';

/** What makes a problem: plain data. Each takes some of it. */
export interface ProblemOptions {
  readonly length?: number;
  readonly testLength?: number;
  readonly answers?: 'each' | 'end';
  readonly rows?: boolean;
  readonly permutationSeed?: number;
  readonly shift?: number;
}

/** Data from outside, for the problems that need it. */
export interface ProblemData {
  readonly digits?: { readonly train: DigitSet; readonly test: DigitSet };
  readonly music?: MusicPieces;
}

export interface TaskDescription {
  readonly summary: string;
  /** The chance level, in words. */
  readonly chance: string;
  readonly options: readonly (keyof ProblemOptions)[];
  readonly data: keyof ProblemData | null;
}

export const longMemoryTasks = {
  adding: {
    summary: 'add the two marked numbers of T',
    chance: 'mean squared error 1/6',
    options: ['length'],
    data: null,
  },
  copying: {
    summary: 'reproduce ten symbols (alphabet of 8) after T blanks',
    chance: '10 ln 8/(T + 20) nats per step',
    options: ['length'],
    data: null,
  },
  reber: {
    summary: 'strings of the embedded Reber grammar: all legal next symbols, the deciding last but one among them',
    chance: '50% of strings right, with the deciding symbol guessed',
    options: ['length'],
    data: null,
  },
  'temporal-order-2': {
    summary: 'the order of X and Y at two places in noise, 4 classes',
    chance: '25% of sequences right',
    options: ['length'],
    data: null,
  },
  'temporal-order-3': {
    summary: 'the same at three places, 8 classes',
    chance: '12.5% of sequences right',
    options: ['length'],
    data: null,
  },
  parity: {
    summary: 'whether the number of ones is odd, tested on longer sequences than trained on',
    chance: '50% of sequences right',
    options: ['length', 'testLength', 'answers'],
    data: null,
  },
  brackets: {
    summary: 'the nesting depth of brackets at each step, tested on longer sequences than trained on',
    chance: 'the commonest depth, 15% of steps right',
    options: ['length', 'testLength'],
    data: null,
  },
  digits: {
    summary: 'handwritten digits, read pixel by pixel',
    chance: '10% of digits right',
    options: ['rows', 'shift'],
    data: 'digits',
  },
  'permuted-digits': {
    summary: 'the same with the pixels in a permuted order',
    chance: '10% of digits right',
    options: ['rows', 'permutationSeed', 'shift'],
    data: 'digits',
  },
  music: {
    summary: 'which of 88 keys sound in the next step of a chorale',
    chance: "each key's share of the training steps, 11.09 nats per step for the JSB chorales",
    options: [],
    data: 'music',
  },
} as const satisfies Record<string, TaskDescription>;

export type LongMemoryTask = keyof typeof longMemoryTasks;

export const longMemoryTaskNames = Object.keys(longMemoryTasks) as readonly LongMemoryTask[];

/**
 * The problem of a name.
 * @throws ConfigError on an unknown name, an option that cannot work, or where its data is missing
 */
export function createProblem(task: LongMemoryTask, options: ProblemOptions = {}, data: ProblemData = {}): Problem {
  switch (task) {
    case 'adding':
      return addingProblem(options);
    case 'copying':
      return copyingProblem(options);
    case 'reber':
      return reberProblem(options);
    case 'temporal-order-2':
      return temporalOrderProblem(2, options);
    case 'temporal-order-3':
      return temporalOrderProblem(3, options);
    case 'parity':
      return parityProblem(options);
    case 'brackets':
      return bracketsProblem(options);
    case 'digits':
    case 'permuted-digits': {
      const { train, test } = required(task, 'digits', data);
      return digitsProblem(train, test, { ...options, permuted: task === 'permuted-digits' });
    }
    case 'music':
      return musicProblem(required(task, 'music', data));
    default:
      throw new ConfigError(`lab: unknown task '${task}'; use ${longMemoryTaskNames.join(', ')}`, { task });
  }
}

function required<Name extends keyof ProblemData>(
  task: string,
  name: Name,
  data: ProblemData,
): NonNullable<ProblemData[Name]> {
  const given = data[name];
  if (given === undefined) throw new ConfigError(`${task}: needs data; give ${name}`, { task });
  return given;
}
