import { Option } from 'commander';
import { attentionMaps } from 'unrolled/charts';
import type { Image } from 'unrolled/images';
import { loadTask, parseInput, type TypesOf } from 'unrolled/tasks';
import type { Dialogue, DialogueAnswer, DialogueInput, EvaluateDialogueOptions, Turn } from 'unrolled/tasks/dialogue';
import { Failure } from '../../failure.ts';
import { readImage } from '../../input/images.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { imageAddress } from '../image-address.ts';
import { PictureFiles, picturePath } from '../picture-files.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { lineBatches, type TextFlags, textItems, textOptions } from '../text-items.ts';
import { dialogueFiles, readDialogue, readDialogueFolder } from './data.ts';
import { dialoguesOption, skipBroken } from './options.ts';
import { describeEvaluation } from './report.ts';
import { dialogue } from './trainable.ts';

type Types = TypesOf<'dialogue'>;

interface SearchFlags {
  beam?: number;
  maxLength?: number;
}

const searchOptions = (): Option[] => [
  option('--beam <n>', 'beam width (default 1: greedy search)', whole(1)),
  option('--max-length <n>', 'maximum words in an answer (default: as the longest in training)', whole(1)),
];

interface PredictFlags extends UseFlags, TextFlags, SearchFlags {
  image?: string;
  caption?: string;
  turns?: string;
  attention?: string;
}

const predict: PredictPart<Types, PredictFlags, Item<DialogueInput>> = {
  description: 'answer questions about an image, one after the other: each may build on those before it',
  argument: {
    name: '[texts...]',
    description: 'the questions (default: the lines of the standard input)',
  },
  instead: ['file'],
  options: () => [
    new Option('--image <file>', 'the image that the questions are about'),
    new Option('--caption <text>', 'what the image shows, as people say it before the first question'),
    new Option('--turns <json>', 'what was asked and answered before: [{"question": …, "answer": …}, …]'),
    new Option('--attention <file>', 'write where it looked: .svg, a picture for each question, or .json').argParser(
      picturePath,
    ),
    ...searchOptions(),
    ...textOptions(),
  ],
  help: `
Examples with images:
  unrolled dialogue predict runs/scenes --image picture.png "is there a red circle?" "what is left of it?"
  unrolled dialogue predict runs/scenes --image picture.png --caption "a picture with a ring"

An answer becomes part of the history of the next question. With --json-input each line stands alone: { "image": { "width",
"height", "channels", "data": bytes or base64 }, "question", "caption", "turns": [{ "question", "answer" }], "candidates" }.`,
  async *items({ task }, given) {
    const { jsonInput, image: path, file, caption, turns } = given.flags;
    if (jsonInput) {
      if (path !== undefined) throw new Failure('dialogue predict: --image goes without --json-input', 2);
      yield* textItems(task, given);
      return;
    }
    if (path === undefined) throw new Failure('dialogue predict: --image is missing; name the image', 2);
    const image = await readImage(path);
    const said = turnsOf(turns);
    for await (const lines of lineBatches(given.texts, file)) {
      yield lines.map((text) => {
        const value = { image, question: text, ...(caption !== undefined && { caption }), turns: said };
        return { text, input: text.trim() === '' ? null : parseInput(task, value, '--turns') };
      });
    }
  },
  begin({ task, model }, { jsonInput, attention, json, beam, maxLength }) {
    const pictures = attention === undefined ? null : new PictureFiles(attention);
    const history: Turn[] = [];
    return {
      async write(items) {
        for (const { text, input } of items) {
          if (input === null) {
            process.stdout.write('\n');
            continue;
          }
          const asked = { ...input, turns: [...(input.turns ?? []), ...history] };
          const [found] = await task.predict(model, [asked], { beam, maxLength });
          if (!jsonInput) history.push({ question: input.question, answer: found.answer });
          pictures?.add({ question: input.question, ...found }, () => lookPicture(input.image, input.question, found));
          const { answer, candidates } = found;
          const shown = jsonInput ? text : input.question;
          const line = json
            ? JSON.stringify({ type: 'answer', question: input.question, answer, candidates })
            : `${printable(answer)}\t${printable(shown)}`;
          process.stdout.write(`${line}\n`);
        }
      },
      end: async () => pictures?.end(),
    };
  },
};

function turnsOf(text: string | undefined): unknown {
  if (text === undefined) return [];
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('--turns: it is not JSON; write [{"question": "…", "answer": "…"}]', 2, { cause });
  }
}

const lookPicture = (image: Image, question: string, { answer, attention }: DialogueAnswer): string =>
  attentionMaps({
    title: `${question} – ${answer}`,
    description: 'Where the model looked to answer a question. Made by: unrolled dialogue predict --attention',
    image: { href: imageAddress(image), width: image.width, height: image.height },
    grid: attention.grid,
    words: attention.weights.map((_, k) => `look ${k + 1}`),
    weights: attention.weights,
  });

interface EvalFlags extends UseFlags, SearchFlags {
  dialogues?: string;
  skipBroken?: boolean;
}

interface Read {
  readonly data: readonly Dialogue[];
  readonly options: EvaluateDialogueOptions;
  readonly about: readonly string[];
}

const evaluate: EvaluatePart<Types, EvalFlags, Read> = {
  description: 'evaluate an agent on dialogues: as it is, and without the history, the image or both',
  argument: { name: '<files...>', description: 'a folder of images with dialogues, in the formats of train' },
  options: () => [dialoguesOption(), ...searchOptions(), skipBroken()],
  help: `
Example with images:
  unrolled dialogue eval runs/train scenes/test

Answers are ranked where the file has answer_options.`,
  async read({ model }, paths, { dialogues: file, skipBroken: skips, beam, maxLength }) {
    const main = readDialogueFolder(paths);
    const named = file === undefined ? undefined : readDialogueFolder([file]);
    const { dialogues, about } = dialogueFiles(main, { dialogues: named, skipBroken: skips });
    const { preprocessing } = model.backbone.description;
    const data: Dialogue[] = [];
    for (const one of dialogues) data.push(await readDialogue(one, preprocessing));
    return { data, about, options: { beam, maxLength } };
  },
  report: (found, { about }) => ({
    json: { ...found, read: about },
    text: `${about.map((line) => `${line}\n`).join('')}${describeEvaluation(found)}`,
  }),
};

export const dialogueCommands = { load: () => loadTask('dialogue'), train: dialogue, predict, evaluate };
