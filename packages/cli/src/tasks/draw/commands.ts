import { Option } from 'commander';
import type { Image } from 'unrolled/images';
import { inText } from 'unrolled/images';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import {
  type DrawEvaluation,
  type DrawInput,
  type Drawing,
  drawingFrames,
  drawingSheet,
  drawnImage,
  type EvaluateDrawOptions,
} from 'unrolled/tasks/draw';
import { Failure } from '../../failure.ts';
import { readImage } from '../../input/images.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { countOf } from '../../output/units.ts';
import { animationPath, writeAnimation } from '../animation-file.ts';
import { readExamples } from '../images/examples.ts';
import { readImageFiles } from '../images/sources.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { draw } from './trainable.ts';

type Types = TypesOf<'draw'>;

interface SampleFlags extends UseFlags {
  count?: number;
  seed?: number;
  between?: boolean;
  picture?: string;
}

const sample: PredictPart<Types, SampleFlags, Item<DrawInput>> = {
  name: 'sample',
  description: 'draw new images, or given ones once more',
  argument: { name: '[images...]', description: 'image files to draw once more (default: new drawings)' },
  instead: ['seed'],
  options: () => [
    option('--count <n>', 'drawings (default 8), or steps with --between', whole(1, 10_000)),
    option('--seed <n>', 'random seed of the first drawing (default 1)', whole(0)),
    new Option('--between', 'draw what lies between two images'),
    new Option(
      '--picture <file>',
      'write the drawings: .gif, step by step; .png, a row for each drawing and a column for each step; or .json',
    ).argParser(animationPath),
  ],
  help: `
Examples:
  unrolled draw sample runs/digits --count 16 --picture drawings.gif
  unrolled draw sample runs/digits three.png eight.png --between --count 9 --picture between.png`,
  async *items(_, { texts, flags: { count, seed = 1, between } }) {
    if (between) {
      if (texts.length !== 2) {
        throw new Failure(`draw sample: --between goes with two images, received ${texts.length}`, 2);
      }
      const [from, to] = [await readImage(texts[0]), await readImage(texts[1])];
      const n = Math.max(2, count ?? 8);
      const share = (i: number): number => i / (n - 1);
      yield Array.from({ length: n }, (_, i) => ({
        text: `${texts[0]} to ${texts[1]}, ${Math.round(100 * share(i))}%`,
        input: { from, to, share: share(i) },
      }));
    } else if (texts.length === 0) {
      yield Array.from({ length: count ?? 8 }, (_, i) => ({ text: `seed ${seed + i}`, input: { seed: seed + i } }));
    } else if (count !== undefined) {
      throw new Failure('draw sample: --count goes without images, or with --between', 2);
    } else {
      for (const text of texts) yield [{ text, input: { image: await readImage(text) } }];
    }
  },
  begin(_, { picture }) {
    const kept: { readonly of: string; readonly drawing: Drawing }[] = [];
    const keep = (of: string, drawing: Drawing): void => {
      if (picture !== undefined) kept.push({ of, drawing });
    };
    return {
      text({ text }, found) {
        keep(text, found!);
        return picture === undefined ? `${text}\n${inText([drawnImage(found!)])}\n` : '';
      },
      json({ text }, found) {
        keep(text, found!);
        return { type: 'drawing', of: text, ...found! };
      },
      end() {
        const all = kept.map(({ drawing }) => drawing);
        if (picture === undefined) return;
        writeAnimation(picture, {
          frames: () => drawingFrames(all),
          sheet: () => drawingSheet(all),
          data: kept.map(({ of, drawing }) => ({ of, ...drawing })),
        });
      },
    };
  },
};

interface EvalFlags extends UseFlags {
  logLikelihood?: number;
  seed?: number;
  skipBroken?: boolean;
}

interface Read {
  readonly data: readonly Image[];
  readonly options: EvaluateDrawOptions;
  readonly about: readonly string[];
}

const evaluate: EvaluatePart<Types, EvalFlags, Read> = {
  description: 'the variational bound of images, in nats',
  argument: { name: '<files...>', description: 'a folder of images, in the forms of train' },
  options: () => [
    option(
      '--log-likelihood <samples>',
      'also estimate the log-likelihood, by so many importance samples of each image',
      whole(1),
    ),
    option('--seed <n>', 'random seed of the black and white pixels and of the samples (default 1)', whole(0)),
  ],
  help: `
Example:
  unrolled draw eval runs/digits digits/ --log-likelihood 20

In a folder with 'train' and 'test', the images in 'test' are used.`,
  async read({ model }, paths, { logLikelihood, seed, skipBroken }) {
    const { data } = await readImageFiles(paths, { labelled: false });
    const set = data.test ?? data.train;
    const read = await readExamples(set, model.preprocessing, { labels: data.labels, skipBroken });
    return {
      data: read.examples.map(({ image }) => image),
      options: { seed, samples: logLikelihood },
      about: [`${countOf(set.length, 'image')} in ${set.path}`, ...read.about],
    };
  },
  report: (found, { about }) => ({
    json: { ...found, read: about },
    text: `${about.map((line) => `${line}\n`).join('')}${describe(found)}`,
  }),
};

function describe({ bound, reconstruction, divergence, bySteps, negativeLogLikelihood }: DrawEvaluation): string {
  const lines = [
    `bound ${bound.toFixed(2)} nats an image: reconstruction ${reconstruction.toFixed(2)}, divergence ${divergence.toFixed(2)}`,
    `divergence by step: ${bySteps.map((one) => one.toFixed(2)).join(' ')}`,
    ...(negativeLogLikelihood === null
      ? []
      : [
          `negative log-likelihood ${negativeLogLikelihood.toFixed(2)} nats an image, estimated by importance sampling`,
        ]),
  ];
  return `${lines.join('\n')}\n`;
}

export const drawCommands = { load: () => loadTask('draw'), train: draw, predict: sample, evaluate };
