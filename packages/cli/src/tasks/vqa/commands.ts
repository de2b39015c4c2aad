import { Option } from 'commander';
import { prepareImage } from 'unrolled/images';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { Answer, AnswerEvaluation, AnsweredImageQuestion, ImageQuestion } from 'unrolled/tasks/vqa';
import { Failure } from '../../failure.ts';
import { readImage } from '../../input/images.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { picturePath } from '../picture-files.ts';
import type { EvaluatePart, Given, Item, PredictPart } from '../task-commands.ts';
import { lineBatches, type TextFlags, textItems, textOptions } from '../text-items.ts';
import { AttentionFiles } from './attention-files.ts';
import { askedFiles, evaluated, readQuestionFiles } from './data.ts';
import { dataOptions } from './options.ts';
import { describeAnswers } from './report.ts';
import { vqa } from './trainable.ts';

type Types = TypesOf<'vqa'>;

interface PredictFlags extends UseFlags, TextFlags {
  choices?: string;
  nBest?: number;
  attention?: string;
}

const predict: PredictPart<Types, PredictFlags, Item<ImageQuestion>> = {
  description: 'answer questions about images',
  argument: {
    name: '[inputs...]',
    description:
      'an image file, and questions about it (default: the lines of the standard input are the questions; without an image, each has image, tab and question)',
  },
  options: () => [
    new Option('--choices <list>', 'what may be answered, with | between: "red|green|blue"'),
    option('--n-best <n>', 'print the n likeliest answers, with their probabilities', whole(1)),
    new Option(
      '--attention <file>',
      'write where attention looked: .svg, a picture for each question, or .json',
    ).argParser(picturePath),
    ...textOptions(),
  ],
  help: `
Examples:
  unrolled vqa predict runs/train photo.jpg "what color is the circle?" --attention attention.svg
  unrolled vqa predict runs/daquar photo.jpg "what is on the table?" --choices "lamp|book|cup"

With --json-input, each line is { "image": { "width", "height", "channels", "data": bytes or base64 }, "question", "choices" }.`,
  items({ task }, given) {
    return given.flags.jsonInput ? jsonItems(task, given) : questionItems(given);
  },
  begin({ model }, { attention, nBest }) {
    const pictures = attention === undefined ? null : new AttentionFiles(model, attention);
    const note = ({ input }: Item<ImageQuestion>, found: Answer | null): void => {
      if (found && input) pictures?.add(input, found);
    };
    return {
      options: { nBest },
      text(item, found) {
        note(item, found);
        if (found === null) return '\n';
        const lines = nBest === undefined ? [found] : found.candidates;
        return lines.map(({ answer, probability }) => `${printable(answer)}\t${probability.toFixed(3)}\n`).join('');
      },
      json(item, found) {
        note(item, found);
        const { answer = '', probability = 0, candidates = [] } = found ?? {};
        return { type: 'answer', question: item.input?.question ?? '', answer, probability, candidates };
      },
      end: () => pictures?.end(),
    };
  },
};

/** Inputs as JSON; a text is a mistake. */
const jsonItems = (task: Parameters<typeof textItems<Types>>[0], given: Given<PredictFlags>) =>
  textItems(task, given) as AsyncGenerator<readonly Item<ImageQuestion>[]>;

/** An image with questions as arguments or in lines; or lines with both. */
async function* questionItems({
  texts: [path, ...questions],
  flags,
}: Given<PredictFlags>): AsyncGenerator<readonly Item<ImageQuestion>[]> {
  const choices = flags.choices === undefined ? undefined : choicesIn(flags.choices);
  const shared = path === undefined ? null : await readImage(path);
  let count = 0;
  for await (const lines of lineBatches(questions, flags.file)) {
    const items: Item<ImageQuestion>[] = [];
    for (const line of lines) {
      count++;
      if (line.trim() === '') {
        items.push({ text: line, input: null });
        continue;
      }
      const [first, ...rest] = line.split('\t');
      if (!shared && rest.length === 0) {
        throw new Failure(
          `line ${count}: it must have an image file, a tab and a question; or name the image before the questions`,
        );
      }
      const image = shared ?? (await readImage(first));
      const question = shared ? line : rest.join(' ');
      items.push({ text: line, input: { image, question, ...(choices && { choices }) } });
    }
    yield items;
  }
}

function choicesIn(list: string): readonly string[] {
  const choices = list.split('|').map((one) => one.trim());
  if (choices.length > 1 && choices.every((one) => one !== '')) return choices;
  throw new Failure(`--choices '${list.slice(0, 60)}': it must have two answers or more with | between them`, 2);
}

interface EvalFlags extends UseFlags {
  questions?: string;
  annotations?: string;
  split?: string;
  skipBroken?: boolean;
  singleAnswers?: boolean;
}

interface Read {
  readonly data: readonly AnsweredImageQuestion[];
  readonly about: readonly string[];
}

const evaluate: EvaluatePart<Types, EvalFlags, Read> = {
  description: 'evaluate a model that answers questions, and how much the image is worth to it',
  argument: { name: '<files...>', description: 'a folder of images and questions about them, in the formats of train' },
  options: () => [
    ...dataOptions(),
    new Option('--split <file>', 'list of the images to evaluate on, one name a line (default: all)'),
  ],
  help: `
Examples:
  unrolled vqa eval runs/train easy-vqa/test
  unrolled vqa eval runs/daquar daquar/ --split test_images_list.txt`,
  async read({ model }, paths, { questions, annotations, split, skipBroken, singleAnswers }) {
    const read = (file: string | undefined) => (file === undefined ? undefined : readQuestionFiles([file]));
    const main = readQuestionFiles(paths);
    const { images, about } = await askedFiles({
      ...{ main, questions: read(questions), annotations: read(annotations), skipBroken, singleAnswers },
    });
    const chosen = evaluated(main, images, read(split) ?? null);
    const data: AnsweredImageQuestion[] = [];
    for (const { file, questions: asked } of chosen) {
      // No larger than the network takes it.
      const image = prepareImage(await readImage(file.path), model.backbone.description.preprocessing);
      data.push(...asked.map((one) => ({ image, ...one })));
    }
    return { data, about };
  },
  report: (scores: AnswerEvaluation, { about }, { model }) => ({
    json: { ...scores, read: about },
    text: `${about.map((line) => `${line}\n`).join('')}${describeAnswers(scores, model.config)}`,
  }),
};

export const vqaCommands = { load: () => loadTask('vqa'), train: vqa, predict, evaluate };
