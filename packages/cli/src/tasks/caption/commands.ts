import { Option } from 'commander';
import type { Image } from 'unrolled/images';
import type { CaptionScores, RankingScores } from 'unrolled/metrics';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import {
  type Caption,
  type CaptionBaselines,
  type CaptionEvaluation,
  type CaptionedFeatures,
  type Captioner,
  type CaptionRetrieval,
  captionBaselines,
  captionRetrieval,
  type EvaluateCaptionsOptions,
} from 'unrolled/tasks/caption';
import { Failure } from '../../failure.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { progressShare } from '../../output/progress-share.ts';
import { table } from '../../output/table.ts';
import { printable } from '../../output/text.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { toStandardError } from '../../run/open-device.ts';
import { captionJson, captionLines, writtenLines } from '../caption-report.ts';
import { FeatureFiles } from '../feature-files.ts';
import { type ImageFlags, imageItems, imagesArgument, skipBroken as skipUnreadable } from '../image-items.ts';
import { pixelPicturePath } from '../picture-files.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { textItems, textOptions } from '../text-items.ts';
import { AttentionFiles } from './attention-files.ts';
import { audit } from './audit.ts';
import type { CaptionedFile } from './data.ts';
import { type EvaluatedFlags, evaluatedImages, evaluatedOptions } from './evaluated.ts';
import {
  type PlacesFlag,
  placesOption,
  type SearchFlags,
  searchOf,
  searchOptions,
  type WritingFlags,
  writingOf,
  writingOptions,
} from './options.ts';
import { caption } from './trainable.ts';

type Types = TypesOf<'caption'>;

interface PredictFlags extends UseFlags, ImageFlags, WritingFlags, PlacesFlag {
  attention?: string;
}

const predict: PredictPart<Types, PredictFlags, Item<Image>> = {
  description: 'describe images in a sentence',
  argument: imagesArgument,
  instead: ['file'],
  options: () => [
    ...writingOptions('image'),
    placesOption(),
    new Option(
      '--attention <file>',
      'write what attention looked at: .svg or .png, a picture for each image, or .json',
    ).argParser(pixelPicturePath),
    skipUnreadable(),
    ...textOptions(),
  ],
  help: `
Examples:
  unrolled caption predict runs/Flickr8k photo.jpg --beam 3 --attention attention.svg
  unrolled caption predict runs/Flickr8k holiday/ --temperature 0.7

With --json-input, inputs are images as JSON: { "width", "height", "channels", "data": bytes or base64 }.`,
  items: ({ task }, given) => (given.flags.jsonInput ? textItems(task, given) : imageItems(given)),
  begin({ model }, { attention, jsonInput, ...flags }) {
    const pictures = attention === undefined ? null : new AttentionFiles(model, attention);
    const nameOf = (text: string): string => (jsonInput ? 'the image' : text);
    const note = ({ text, input }: Item<Image>, found: Caption | null): void => {
      if (found && input) pictures?.add(nameOf(text), input, found);
    };
    return {
      options: { ...writingOf(flags), places: flags.places },
      text(item, found) {
        note(item, found);
        return found === null ? '\n' : captionLines(found, flags.nBest, jsonInput ? '' : `\t${printable(item.text)}`);
      },
      json(item, found) {
        note(item, found);
        return { type: 'caption', ...(jsonInput ? {} : { file: item.text }), ...captionJson(found) };
      },
      end: () => pictures?.end(),
    };
  },
};

interface EvalFlags extends UseFlags, SearchFlags, EvaluatedFlags, PlacesFlag {
  baselines?: boolean;
  /** Images among which captions are found; true: all. */
  retrieval?: number | true;
}

interface Read {
  readonly data: readonly CaptionedFeatures[];
  readonly options: EvaluateCaptionsOptions;
  readonly about: readonly string[];
  /** The images it is evaluated on, and the others. */
  readonly parts: readonly (readonly CaptionedFile[])[];
}

const evaluate: EvaluatePart<Types, EvalFlags, Read> = {
  description: 'evaluate a captioner on images with captions of people',
  argument: { name: '<files...>', description: 'a folder of images with captions, in the formats of train' },
  options: () => [
    ...evaluatedOptions(),
    new Option(
      '--baselines',
      'with --split: also score captions of the nearest other image, and the most frequent one',
    ),
    option(
      '--retrieval [n]',
      'also find the caption of an image and the image of a caption by likelihood, among n images (default: all)',
      whole(2),
    ),
    ...searchOptions(),
    placesOption(),
  ],
  help: `
Example:
  unrolled caption eval runs/Flickr8k Flickr8k/ --split Flickr_8k.testImages.txt --beam 3

With --split, captions that are none of the other images' are counted as new.`,
  async read({ model, run }, paths, { baselines, ...flags }) {
    const { chosen, others, about } = await evaluatedImages('eval', paths, flags);
    if (baselines && others.length === 0) {
      throw new Failure('caption eval: --baselines goes with --split, which leaves other images to compare with', 2);
    }
    const known = others.flatMap((image) => image.captions);
    const files = await featureFiles(model, run, chosen);
    return {
      data: chosen.map(({ file, captions }) => ({ features: files.read(file), captions })),
      about,
      parts: [chosen, others],
      options: { ...searchOf(flags), places: flags.places, ...(known.length > 0 && { known }) },
    };
  },
  async report(scores, { about, parts }, { model, run }, flags) {
    const baselines = flags.baselines ? await scoreBaselines(model, run, parts) : null;
    const retrieval = flags.retrieval === undefined ? null : await retrieve(model, run, parts[0], flags.retrieval);
    const below = (baselines ? describeBaselines(baselines) : '') + (retrieval ? describeRetrieval(retrieval) : '');
    return {
      json: { ...scores, ...(baselines && { baselines }), ...(retrieval && { retrieval }), read: about },
      text: `${about.map((line) => `${line}\n`).join('')}${describeScores(scores)}${below}`,
    };
  },
};

/** The features of images, which are computed where they are not there. */
async function featureFiles(model: Captioner, run: string, images: readonly CaptionedFile[]): Promise<FeatureFiles> {
  const files = await FeatureFiles.of(run, model);
  await files.complete(
    model,
    images.map(({ file }) => file),
    toStandardError,
  );
  return files;
}

async function scoreBaselines(model: Captioner, run: string, parts: Read['parts']): Promise<CaptionBaselines> {
  const files = await featureFiles(model, run, parts.flat());
  const [images, known] = parts.map((part) =>
    part.map(({ file, captions }) => ({ features: model.meanOf(files.read(file)), captions })),
  );
  return captionBaselines(known, images);
}

/** Retrieval among n images, spread evenly, each with its first caption. */
async function retrieve(model: Captioner, run: string, images: readonly CaptionedFile[], n: number | true) {
  const count = n === true ? images.length : Math.min(n, images.length);
  const chosen = Array.from({ length: count }, (_, i) => images[Math.floor((i * images.length) / count)]);
  const files = await featureFiles(model, run, chosen);
  const first = chosen.map(({ captions }) => captions[0]);
  return captionRetrieval(model, files.source(chosen.map(({ file }) => file)), first, {
    onProgress: progressShare('Retrieval'),
  });
}

function describeRetrieval({ images, sentences, normalised, imagesOf }: CaptionRetrieval): string {
  const row = (name: string, { recall, medianRank }: RankingScores): string[] => [
    name,
    ...([1, 5, 10] as const).map((k) => `${(100 * recall[k]).toFixed(1)}%`),
    medianRank.toFixed(1),
  ];
  const rows = [
    row('caption of an image, by likelihood', sentences),
    row('caption of an image, by likelihood over its mean', normalised),
    row('image of a caption, by likelihood', imagesOf),
  ];
  return `retrieval among ${formatCount(images)} images with one caption each\n${table(['', 'R@1', 'R@5', 'R@10', 'median rank'], rows).join('\n')}\n`;
}

function describeBaselines({ nearest, frequent }: CaptionBaselines): string {
  const line = (name: string, { bleu, ciderD }: CaptionScores): string =>
    `${name}: BLEU-1 to 4  ${bleu.map((one) => one.toFixed(1)).join(' / ')}, CIDEr-D ${ciderD.toFixed(1)}\n`;
  return line('nearest other image', nearest) + line(`always '${printable(frequent.caption)}'`, frequent);
}

function describeScores(scores: CaptionEvaluation): string {
  const { images, loss } = scores;
  const lines = [countOf(images, 'image'), ...writtenLines(scores), `loss ${loss.toFixed(4)} nats per word`];
  return `${lines.join('\n')}\n`;
}

export const captionCommands = { load: () => loadTask('caption'), train: caption, predict, evaluate, audit };
