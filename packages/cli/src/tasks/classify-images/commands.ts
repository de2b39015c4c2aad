import type { Image } from 'unrolled/images';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { LabelledImage } from 'unrolled/tasks/classify-images';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { countOf } from '../../output/units.ts';
import { type ImageFlags, imageItems, imagesArgument, skipBroken } from '../image-items.ts';
import { readExamples } from '../images/examples.ts';
import { readImageFiles } from '../images/sources.ts';
import { describeLabel, describeLabelScores, requireLabels } from '../label-report.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { textItems, textOptions } from '../text-items.ts';
import { classifyImages } from './trainable.ts';

type Types = TypesOf<'classify-images'>;

interface PredictFlags extends UseFlags, ImageFlags {
  top?: number;
}

const predict: PredictPart<Types, PredictFlags, Item<Image>> = {
  description: 'predict the labels of images',
  argument: imagesArgument,
  instead: ['file'],
  options: () => [
    option('--top <n>', 'how many labels of each input to print (default 1)', whole(1)),
    skipBroken(),
    ...textOptions(),
  ],
  help: `
Examples with images:
  unrolled classify predict runs/flowers photo.jpg
  unrolled classify predict runs/flowers holiday/ --top 3

With --json-input, inputs are images as JSON: { "width", "height", "channels", "data": bytes or base64 }.`,
  items: ({ task }, given) => (given.flags.jsonInput ? textItems(task, given) : imageItems(given)),
  begin: (_, { top, jsonInput }) => ({
    text({ text }, found) {
      if (found === null) return '\n';
      return `${describeLabel(found, top ?? 1)}\t${jsonInput ? '' : printable(text)}\n`;
    },
    json({ text }, found) {
      const { label = null, probability = null, probabilities = [] } = found ?? {};
      const shown = probabilities.slice(0, top ?? probabilities.length);
      return { type: 'classification', ...(jsonInput ? {} : { file: text }), label, probability, probabilities: shown };
    },
  }),
};

interface EvalFlags extends UseFlags {
  skipBroken?: boolean;
}

const evaluate: EvaluatePart<
  Types,
  EvalFlags,
  { readonly data: readonly LabelledImage[]; readonly about: readonly string[] }
> = {
  description: 'evaluate an image classifier on labelled images',
  argument: { name: '<files...>', description: 'a folder of labelled images, in the forms of train' },
  options: () => [skipBroken()],
  help: `
Example with images:
  unrolled classify eval runs/flowers flowers/

In a folder with 'train' and 'test', the images in 'test' are used.`,
  async read({ model }, paths, flags) {
    const { data } = await readImageFiles(paths);
    const set = data.test ?? data.train;
    const read = await readExamples(set, model.preprocessing, { labels: data.labels, skipBroken: flags.skipBroken });
    requireLabels(read, model.labels);
    return { data: read.examples, about: [`${countOf(set.length, 'image')} in ${set.path}`, ...read.about] };
  },
  report(found, { about }) {
    return {
      json: { ...found, read: about },
      text: `${about.map((line) => `${line}\n`).join('')}${describeLabelScores(found, 'images')}`,
    };
  },
};

export const classifyImagesCommands = {
  load: () => loadTask('classify-images'),
  train: classifyImages,
  predict,
  evaluate,
};
