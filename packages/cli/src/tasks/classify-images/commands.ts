import { statSync } from 'node:fs';
import type { Image } from 'unrolled/images';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { LabelledImage } from 'unrolled/tasks/classify-images';
import { Failure, naming } from '../../failure.ts';
import { filesBelow } from '../../input/files-below.ts';
import { isImageFile } from '../../input/image-data.ts';
import { readImage } from '../../input/images.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { countOf } from '../../output/units.ts';
import { describeLabel, describeLabelScores, requireLabels } from '../label-report.ts';
import type { EvaluatePart, Given, Item, PredictPart } from '../task-commands.ts';
import { lineBatches, type TextFlags, textItems, textOptions } from '../text-items.ts';
import { readExamples } from './examples.ts';
import { skipBroken } from './options.ts';
import { readImageFiles } from './sources.ts';
import { classifyImages } from './trainable.ts';

type Types = TypesOf<'classify-images'>;

interface PredictFlags extends UseFlags, TextFlags {
  top?: number;
  skipBroken?: boolean;
}

const predict: PredictPart<Types, PredictFlags, Item<Image>> = {
  description: 'predict the labels of images',
  argument: {
    name: '[inputs...]',
    description: 'image files, or folders of them (default: those named by the lines of the standard input)',
  },
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

/** Images that are decoded and predicted together. */
const together = 16;

/** The images of files and folders, in batches. */
async function* imageItems({ texts, flags }: Given<PredictFlags>): AsyncGenerator<readonly Item<Image>[]> {
  let batch: Item<Image>[] = [];
  let leftOut = 0;
  for await (const lines of lineBatches(texts, flags.file)) {
    for (const path of lines.flatMap(imagesOf)) {
      try {
        batch.push({ text: path, input: path.trim() === '' ? null : await readImage(path) });
      } catch (error) {
        if (!flags.skipBroken || !(error instanceof Failure)) throw error;
        leftOut++;
        process.stderr.write(`unrolled: left out ${error.message}\n`);
      }
      if (batch.length < together) continue;
      yield batch;
      batch = [];
    }
    // A person who types waits for the answer.
    if (batch.length > 0) yield batch;
    batch = [];
  }
  if (leftOut > 1) process.stderr.write(`unrolled: ${leftOut} files were left out\n`);
}

/** The image files in a folder; a file itself. */
function imagesOf(path: string): readonly string[] {
  if (path.trim() === '' || !naming(path, () => statSync(path)).isDirectory()) return [path];
  const { files, problems } = filesBelow(path);
  if (problems.length > 0) throw new Failure(`${problems[0].path}: ${problems[0].reason}`);
  const images = files.filter(isImageFile);
  if (images.length === 0) throw new Failure(`${path}: no images found`);
  return images;
}

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
    const { data } = readImageFiles(paths);
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
