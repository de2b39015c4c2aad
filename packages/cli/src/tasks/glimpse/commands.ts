import { Option } from 'commander';
import { Random } from 'unrolled';
import { type Image, type LabelledImage, scenes } from 'unrolled/images';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import { type GlimpseEvaluation, glimpsePictures, type ImageReading } from 'unrolled/tasks/glimpse';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { animationPath, numberedPath, writeAnimation } from '../animation-file.ts';
import { type ImageFlags, imageItems, imagesArgument, skipBroken } from '../image-items.ts';
import { readExamples } from '../images/examples.ts';
import { readImageFiles } from '../images/sources.ts';
import { requireLabels } from '../label-report.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { textItems, textOptions } from '../text-items.ts';
import { glimpse } from './trainable.ts';

type Types = TypesOf<'glimpse'>;

interface PredictFlags extends UseFlags, ImageFlags {
  scene?: boolean;
  seed?: number;
  picture?: string;
}

const predict: PredictPart<Types, PredictFlags, Item<Image>> = {
  description: 'read images by glimpses',
  argument: imagesArgument,
  instead: ['file'],
  options: () => [
    new Option('--scene', 'put each image into a scene first, as in training'),
    option('--seed <n>', 'random seed of --scene (default 1)', whole(0)),
    new Option(
      '--picture <file>',
      'draw the path of glimpses on each image: .gif, one after the other; .png, all in one; or .json',
    ).argParser(animationPath),
    skipBroken(),
    ...textOptions(),
  ],
  help: `
Examples:
  unrolled glimpse predict runs/digits seven.png --picture path.gif
  unrolled glimpse predict runs/cluttered some-digits/ --scene --picture path.png

With --json-input, inputs are images as JSON: { "width", "height", "channels", "data": bytes or base64 }.`,
  async *items({ task, model }, given) {
    const { scene, seed = 1, jsonInput } = given.flags;
    const random = new Random(seed);
    for await (const items of jsonInput ? textItems(task, given) : imageItems(given)) {
      const others = items.flatMap(({ text, input }) => (input ? [{ image: input, label: text }] : []));
      yield scene
        ? items.map(({ text, input }) => {
            if (input === null) return { text, input };
            const [made] = scenes([{ image: input, label: text }], model.scene, others, random);
            return { text: made.labels.join(' and '), input: made.image };
          })
        : items;
    }
  },
  begin(_, { picture, jsonInput }) {
    let count = 0;
    const draw = ({ text, input }: Item<Image>, found: ImageReading | null): void => {
      if (picture === undefined || input === null || found === null) return;
      const pictures = (): readonly Image[] => glimpsePictures(input, found);
      writeAnimation(numberedPath(picture, ++count), {
        frames: pictures,
        sheet: () => pictures().at(-1)!,
        data: { of: text, ...found },
      });
    };
    return {
      text(item, found) {
        draw(item, found);
        if (found === null) return '\n';
        const places = found.path.map(({ y, x }) => `(${x.toFixed(1)}, ${y.toFixed(1)})`).join(' ');
        const parts = [found.labels.map(printable).join(' '), places, jsonInput ? '' : printable(item.text)];
        return `${parts.filter((part) => part !== '').join('\t')}\n`;
      },
      json(item, found) {
        draw(item, found);
        const { labels = [], classifications = [], path = [] } = found ?? {};
        return { type: 'reading', ...(jsonInput ? {} : { file: item.text }), labels, classifications, path };
      },
    };
  },
};

interface EvalFlags extends UseFlags {
  seed?: number;
  skipBroken?: boolean;
}

interface Read {
  readonly data: readonly LabelledImage[];
  readonly options: { readonly seed?: number | undefined };
  readonly about: readonly string[];
}

const evaluate: EvaluatePart<Types, EvalFlags, Read> = {
  description: 'evaluate a model that reads by glimpses on labelled images, in scenes as in training',
  argument: { name: '<files...>', description: 'a folder of labelled images, in the forms of train' },
  options: () => [option('--seed <n>', 'random seed of the scenes (default 1)', whole(0)), skipBroken()],
  help: `
Example:
  unrolled glimpse eval runs/digits digits/

In a folder with 'train' and 'test', the images in 'test' are used.`,
  async read({ model }, paths, { seed, skipBroken }) {
    const { data } = await readImageFiles(paths);
    const set = data.test ?? data.train;
    // In scenes, images keep their size.
    const preprocessing = model.scene.kind === 'plain' ? model.preprocessing : null;
    const read = await readExamples(set, preprocessing, { labels: data.labels, skipBroken });
    requireLabels(read, model.labels);
    return {
      data: read.examples,
      options: { seed },
      about: [`${countOf(set.length, 'image')} in ${set.path}`, ...read.about],
    };
  },
  report: (found, { about }) => ({
    json: { ...found, read: about },
    text: `${about.map((line) => `${line}\n`).join('')}${describe(found)}`,
  }),
};

const percent = (share: number): string => `${(100 * share).toFixed(2)}%`;

function describe({ accuracy, labelAccuracy, loss, byGlimpses, multiplyAdds, examples }: GlimpseEvaluation): string {
  const each = labelAccuracy === accuracy ? '' : `, ${percent(labelAccuracy)} of the labels`;
  const lines = [
    `accuracy ${percent(accuracy)} of ${formatCount(examples)}${each}`,
    `loss ${loss.toFixed(4)} nats an image`,
    ...(byGlimpses.length === 0 ? [] : [`after each glimpse: ${byGlimpses.map(percent).join(' ')}`]),
    `${formatCount(multiplyAdds)} multiply-adds an image`,
  ];
  return `${lines.join('\n')}\n`;
}

export const glimpseCommands = { load: () => loadTask('glimpse'), train: glimpse, predict, evaluate };
