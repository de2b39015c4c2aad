import { statSync } from 'node:fs';
import { dirname } from 'node:path';
import type { ClassifierEvaluation } from 'unrolled/metrics';
import { loadTask, type TypesOf } from 'unrolled/tasks';
import type {
  Clip,
  ClipWithFrameLabels,
  LabelledClip,
  SegmentOptions,
  VideoClassifierConfig,
} from 'unrolled/tasks/video';
import { Failure, naming } from '../../failure.ts';
import { clipData, type FoundClip, isClip } from '../../input/clip-data.ts';
import { isFeatureFile, readFeatureClips } from '../../input/feature-clips.ts';
import { filesBelow } from '../../input/files-below.ts';
import { option, whole } from '../../options/parse.ts';
import type { UseFlags } from '../../options/use.ts';
import { printable } from '../../output/text.ts';
import { countOf } from '../../output/units.ts';
import { readConfig } from '../../run/config.ts';
import { folderOf } from '../../run/load.ts';
import type { Trainable } from '../../run/trainable.ts';
import { describeLabel, describeLabelScores, requireLabels } from '../label-report.ts';
import type { EvaluatePart, Given, Item, PredictPart } from '../task-commands.ts';
import { lineBatches, type TextFlags, textItems, textOptions } from '../text-items.ts';
import { shrinkTo } from './model-config.ts';
import { type ClipOptions, defaults, type FrameFlags, frameOptions } from './options.ts';
import { describeFrameScores, describeSegments } from './report.ts';
import { type ReadClipsOptions, readClip, readClips, type VideoFiles } from './sources.ts';
import { video, videoFrames, withFrameLabels, withLabels } from './trainable.ts';

type Types = TypesOf<'video'>;
type FrameTypes = TypesOf<'video-frames'>;
type Trained = { readonly config: Pick<VideoClassifierConfig, 'input'> };

export interface PredictFlags extends UseFlags, TextFlags, FrameFlags {
  top?: number;
}

export const videosArgument = {
  name: '[inputs...]',
  description:
    'videos, folders of frames, or files of features (default: those named by the lines of the standard input)',
} as const;

/** How frames were read in training, unless it is said otherwise. */
export function readingOf<Options extends ClipOptions>(
  { run, model }: { readonly run: string; readonly model: Trained },
  flags: FrameFlags,
  trainable: Trainable<Options, VideoFiles>,
): ReadClipsOptions & { readonly stored: Options | null } {
  const folder = folderOf(run);
  const stored = folder ? readConfig(folder, trainable).options : null;
  const { input } = model.config;
  return {
    stored,
    every: flags.every ?? stored?.every,
    strip: flags.strip ?? stored?.strip,
    ...(input.kind === 'frames' && { prepare: shrinkTo(input.preprocessing) }),
  };
}

/** The videos of files and folders, one by one: long ones fill the memory. */
export async function* videoItems(
  given: Given<PredictFlags>,
  reading: ReadClipsOptions,
): AsyncGenerator<readonly Item<Clip>[]> {
  for await (const lines of lineBatches(given.texts, given.flags.file)) {
    for (const path of lines) {
      if (path.trim() === '') {
        yield [{ text: path, input: null }];
        continue;
      }
      for (const one of await clipsOf(path, reading.strip))
        yield [{ text: one.name, input: await readClip(one, reading) }];
    }
  }
}

/** The clips of a file or folder. */
async function clipsOf(path: string, strip: number | undefined): Promise<readonly FoundClip[]> {
  const about = naming(path, () => statSync(path));
  if (!about.isDirectory() && isFeatureFile(path)) {
    const clips = await readFeatureClips(path);
    return clips.map(({ name, place, features }) => ({
      name: clips.length > 1 ? `${path}#${name}` : path,
      place,
      source: { features },
      labels: null,
    }));
  }
  const one = (file: string): FoundClip => ({ name: file, place: file, source: { path: file }, labels: null });
  // With strips an image is a video, and a folder of images are many.
  const isFrames = (folder: string): boolean => strip === undefined && isClip(folder);
  if (!about.isDirectory() || isFrames(path)) return [one(path)];
  const inside = filesBelow(path).files.filter(isClip);
  const names = new Set(inside.map((file) => (isFrames(dirname(file)) ? dirname(file) : file)));
  if (names.size === 0) throw new Failure(`${path}: no videos found`);
  return [...names].map(one);
}

const predict: PredictPart<Types, PredictFlags, Item<Clip>> = {
  description: 'tell what happens in videos',
  argument: videosArgument,
  instead: ['file'],
  options: () => [
    option('--top <n>', 'how many labels of each input to print (default 1)', whole(1)),
    ...frameOptions("the run's"),
    ...textOptions(),
  ],
  help: `
Examples:
  unrolled video predict runs/actions clip.mp4
  unrolled video predict runs/actions frames/ --top 3

With --json-input, inputs are clips as JSON: { "frames": images } or { "features": [[numbers of a frame], …] }.`,
  items: (used, given) =>
    given.flags.jsonInput ? textItems(used.task, given) : videoItems(given, readingOf(used, given.flags, video)),
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

export interface EvalFlags extends UseFlags, FrameFlags {}

export interface Read<Example> {
  readonly data: readonly Example[];
  readonly about: readonly string[];
}

/** The clips to evaluate on: those kept apart for a test, or all. */
export async function evaluated(
  paths: readonly string[],
  reading: ReadClipsOptions,
): Promise<{ found: readonly FoundClip[]; clips: readonly Clip[]; about: readonly string[] }> {
  const { train, apart } = await clipData(paths);
  const found = apart?.clips ?? train;
  const about = [`${countOf(found.length, 'clip')} in ${paths.join(', ')}${apart ? `, folder '${apart.name}'` : ''}`];
  return { found, clips: await readClips(found, reading), about };
}

const evaluate: EvaluatePart<Types, EvalFlags, Read<LabelledClip>> = {
  description: 'evaluate a model on labelled videos',
  argument: { name: '<files...>', description: 'labelled videos, in the forms of train' },
  options: () => frameOptions("the run's"),
  help: `
Example:
  unrolled video eval runs/actions actions/

In a folder with 'train' and 'test', the videos in 'test' are used.`,
  async read(used, paths, flags) {
    const { found, clips, about } = await evaluated(paths, readingOf(used, flags, video));
    const data = withLabels(found, clips);
    requireLabels({ examples: data, placeOf: (i) => found[i].place }, used.model.labels);
    return { data, about };
  },
  report(found: ClassifierEvaluation, { about }) {
    return {
      json: { ...found, read: about },
      text: `${about.map((line) => `${line}\n`).join('')}${describeLabelScores(found, 'clips')}`,
    };
  },
};

export const videoCommands = { load: () => loadTask('video'), train: video, predict, evaluate };

interface SegmentFlags extends PredictFlags, SegmentOptions {}

const segmentOptions = () => [
  option('--smooth <n>', 'average the probabilities of n frames around each (default 1: not)', whole(1, 10_000)),
  option('--min-length <n>', 'leave out segments of fewer frames (default 1)', whole(1, 10_000)),
];

const predictFrames: PredictPart<FrameTypes, SegmentFlags, Item<Clip>> = {
  description: 'tell what happens in videos, and when',
  argument: videosArgument,
  instead: ['file'],
  options: () => [...segmentOptions(), ...frameOptions("the run's"), ...textOptions()],
  help: `
Of a model that labels each frame, every line is a segment: label, first frame, last frame, score, file.`,
  items: (used, given) =>
    given.flags.jsonInput ? textItems(used.task, given) : videoItems(given, readingOf(used, given.flags, videoFrames)),
  begin: (_, { smooth, minLength, jsonInput }) => ({
    options: { smooth, minLength },
    text: ({ text }, found) => (found === null ? '\n' : describeSegments(found, jsonInput ? '' : printable(text))),
    json: ({ text }, found) => ({
      type: 'segments',
      ...(jsonInput ? {} : { file: text }),
      ...(found ?? { labels: [], segments: [] }),
    }),
  }),
};

const evaluateFrames: EvaluatePart<
  FrameTypes,
  EvalFlags & SegmentOptions,
  Read<ClipWithFrameLabels> & { options: SegmentOptions }
> = {
  description: 'evaluate a model on videos with labels of frames',
  argument: { name: '<files...>', description: 'labelled videos, in the forms of train' },
  options: () => [...segmentOptions(), ...frameOptions("the run's")],
  help: '',
  async read(used, paths, { smooth, minLength, ...flags }) {
    const { stored, ...reading } = readingOf(used, flags, videoFrames);
    const { found, clips, about } = await evaluated(paths, reading);
    const data = withFrameLabels(found, clips, stored?.background ?? defaults.background);
    const known = new Set(used.model.labels);
    for (const [i, { labels }] of data.entries()) {
      const label = labels.find((one) => !known.has(one));
      if (label === undefined) continue;
      requireLabels({ examples: [{ label }], placeOf: () => found[i].place }, used.model.labels);
    }
    return { data, about, options: { smooth, minLength } };
  },
  report: (found, { about }) => ({
    json: { ...found, read: about },
    text: `${about.map((line) => `${line}\n`).join('')}${describeFrameScores(found)}`,
  }),
};

export const videoFramesCommands = {
  load: () => loadTask('video-frames'),
  train: videoFrames,
  predict: predictFrames,
  evaluate: evaluateFrames,
};
