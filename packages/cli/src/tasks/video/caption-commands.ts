import { Option } from 'commander';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import type { CaptionedClip, Clip, ClipCaption, EvaluateCaptionsOptions } from 'unrolled/tasks/video';
import { printable } from '../../output/text.ts';
import { countOf } from '../../output/units.ts';
import {
  type SearchFlags,
  searchOf,
  searchOptions,
  type WritingFlags,
  writingOf,
  writingOptions,
} from '../caption/options.ts';
import { captionJson, captionLines, writtenLines } from '../caption-report.ts';
import { picturePath } from '../picture-files.ts';
import type { EvaluatePart, Item, PredictPart } from '../task-commands.ts';
import { textItems, textOptions } from '../text-items.ts';
import { ClipAttentionFiles } from './attention-files.ts';
import { videoCaption, withCaptions } from './captions.ts';
import {
  type EvalFlags,
  evaluated,
  type PredictFlags,
  type Read,
  readingOf,
  videoItems,
  videosArgument,
} from './commands.ts';
import { frameOptions } from './options.ts';

type Types = TypesOf<'video-caption'>;

interface WriteFlags extends PredictFlags, WritingFlags {
  attention?: string;
}

export const attentionOption = (): Option =>
  new Option(
    '--attention <file>',
    'write at which frames attention looked for each word: .svg, a picture for each caption, or .json',
  ).argParser(picturePath);

const predict: PredictPart<Types, WriteFlags, Item<Clip>> = {
  description: 'describe videos in a sentence',
  argument: videosArgument,
  instead: ['file'],
  options: () => [...writingOptions('video'), attentionOption(), ...frameOptions("the run's"), ...textOptions()],
  help: '',
  items: (used, given) =>
    given.flags.jsonInput ? textItems(used.task, given) : videoItems(given, readingOf(used, given.flags, videoCaption)),
  begin({ model }, { attention, jsonInput, ...flags }) {
    const pictures = attention === undefined ? null : new ClipAttentionFiles(model.config.conditioning, attention);
    const note = ({ text, input }: Item<Clip>, found: ClipCaption | null): void => {
      if (found && input) pictures?.add(jsonInput ? 'the clip' : text, input, found);
    };
    return {
      options: writingOf(flags),
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

const evaluate: EvaluatePart<
  Types,
  EvalFlags & SearchFlags,
  Read<CaptionedClip> & { options: EvaluateCaptionsOptions }
> = {
  description: 'evaluate a captioner on videos with captions',
  argument: { name: '<files...>', description: 'videos with captions, in the forms of train' },
  options: () => [...searchOptions(), ...frameOptions("the run's")],
  help: '',
  async read(used, paths, flags) {
    const { stored: _, ...reading } = readingOf(used, flags, videoCaption);
    const { found, clips, about } = await evaluated(paths, reading);
    return { data: withCaptions(found, clips), about, options: searchOf(flags) };
  },
  report(scores, { about }) {
    const { clips, loss, wordErrorRate, exact } = scores;
    const lines = [
      ...about,
      countOf(clips, 'clip'),
      ...writtenLines(scores),
      `word error rate ${(100 * wordErrorRate).toFixed(1)}%, ${(100 * exact).toFixed(1)}% right word for word`,
      `loss ${loss.toFixed(4)} nats per word`,
    ];
    return { json: { ...scores, read: about }, text: `${lines.join('\n')}\n` };
  },
};

export const videoCaptionCommands = {
  load: () => loadTask('video-caption'),
  train: videoCaption,
  predict,
  evaluate,
};
