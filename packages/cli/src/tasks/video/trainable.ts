import { splitExamples } from 'unrolled/data';
import {
  type Clip,
  type ClipWithFrameLabels,
  FrameLabeller,
  type FrameLabellerConfig,
  frameLabellerTraining,
  type LabelledClip,
  VideoClassifier,
  type VideoClassifierConfig,
  videoTraining,
} from 'unrolled/tasks/video';
import type { Checkpoint } from 'unrolled/train';
import type { CellFile } from '../../cells/cell-file.ts';
import { Failure } from '../../failure.ts';
import { type ClipData, clipData, type FoundClip, frameLabels, labelsFrames } from '../../input/clip-data.ts';
import { countOf, formatCount } from '../../output/units.ts';
import { exampleUnits } from '../../run/events.ts';
import { withDefaults } from '../../run/options.ts';
import type { Prepared, Sources, Trainable } from '../../run/trainable.ts';
import { type Backbone, readBackbone } from '../backbone.ts';
import { listLabels } from '../label-report.ts';
import { augmentationOf, inputOf, networkConfig, shrinkTo, sizeOnly } from './model-config.ts';
import { type ClipOptions, defaults, optional, options, type VideoOptions } from './options.ts';
import { readClips, readVideoFiles, type VideoFiles } from './sources.ts';

export const shared = {
  command: 'video train',
  argument:
    'a folder with a folder of videos for each label, or with labels.csv or captions.csv; or files of features for each frame (CSV, JSON, or raw float32 with JSON)',
  missing: 'no videos given; name a folder with a folder of videos for each label, or a file of features',
  fileOptions: ['validation'],
  end: { epochs: 30, steps: 500 },
  interval: (stepsPerEpoch: number) => Math.min(1000, Math.max(25, stepsPerEpoch)),
  read: readVideoFiles,
};

export const video: Trainable<VideoOptions, VideoFiles> = {
  ...{ ...shared, defaults, optional, options },
  task: 'video',
  inputs: 'videos',
  description: 'train a model that tells what happens in videos',
  help: `
Examples:
  unrolled video train actions/
  unrolled video train poses/train_1.json --crop 0.7 --noise 0.02
  unrolled video train actions/ --backbone mobilenet-v2.safetensors --reading last

A video is a folder of frames, an animated GIF or WebP, an image with frames below each other (--strip), or any file that ffmpeg
reads. In a folder with 'train' and 'test', only 'train' is used; 'val' is used for validation. Where labels are those of frames
or of parts (labels.csv with columns clip, label, start, end), the model labels each frame.`,
  prepare: (sources, said, checkpoint, cell) => prepare(video, sources, said, checkpoint, cell),
};

export const videoFrames: Trainable<VideoOptions, VideoFiles> = {
  ...{ ...shared, defaults, optional, options },
  task: 'video-frames',
  inputs: 'videos with labels of frames',
  description: 'or what happens at each frame',
  help: '',
  recognises: (paths) => holds(paths, labelsFrames),
  prepare: (sources, said, checkpoint, cell) => prepare(videoFrames, sources, said, checkpoint, cell),
};

/** Whether what was given is of a kind. What is wrong with it is said when it is read. */
export async function holds(paths: readonly string[], test: (data: ClipData) => boolean): Promise<boolean> {
  try {
    return test(await clipData(paths));
  } catch (error) {
    if (error instanceof Failure) return false;
    throw error;
  }
}

/** Clips that were read, and what the network sees of them. */
interface ReadData {
  readonly train: readonly FoundClip[];
  readonly clips: readonly Clip[];
  readonly held: readonly FoundClip[];
  readonly heldClips: readonly Clip[];
  readonly backbone: Backbone | null;
  readonly about: readonly string[];
}

export async function readData(
  { main, named }: Sources<VideoFiles>,
  chosen: ClipOptions & { readonly backbone?: string },
): Promise<ReadData> {
  const { every, strip } = chosen;
  const { train, held, about } = await heldOut(main, named.validation, chosen);
  const backbone = chosen.backbone === undefined ? null : readBackbone(chosen.backbone);
  const reads = { every, strip, prepare: shrinkTo(backbone?.preprocessing ?? sizeOnly(chosen.size ?? 32)) };
  const clips = await readClips(train, reads);
  const heldClips = await readClips(held, reads);
  requireOneKind([...train, ...held], [...clips, ...heldClips], backbone !== null);
  const frames = clips.reduce((sum, clip) => sum + framesIn(clip), 0);
  const line =
    `${countOf(clips.length, 'clip')} of ${formatCount(Math.round(frames / clips.length))} frames on average, ` +
    `${formatCount(heldClips.length)} more for validation`;
  return { train, clips, held, heldClips, backbone, about: [line, ...about, ...(backbone ? [backbone.about] : [])] };
}

/** What all runs of videos share. */
export const runOf = <Options extends ClipOptions>(options: Options) => ({
  options,
  units: exampleUnits,
  itemsPerStep: options.batch * 10,
  next: (run: string) => `Use it: npx unrolled video predict ${run} video.mp4`,
});

interface Found {
  readonly train: readonly FoundClip[];
  readonly held: readonly FoundClip[];
  readonly about: readonly string[];
}

async function prepare(
  trainable: Trainable<VideoOptions, VideoFiles>,
  sources: Sources<VideoFiles>,
  said: Partial<VideoOptions>,
  checkpoint: Checkpoint | null,
  own: CellFile | null,
): Promise<Prepared<VideoOptions>> {
  const chosen = withDefaults(trainable, said);
  const { batch, seed, background, reading } = chosen;
  const { train, clips, held, heldClips, backbone, about } = await readData(sources, chosen);
  const stored = checkpoint?.model as
    | { readonly config: VideoClassifierConfig; readonly labels: readonly string[] }
    | undefined;
  const network = stored?.config ?? networkConfig(chosen, inputOf(clips, chosen, backbone), own);
  const augmentation = augmentationOf(chosen, network.input);
  const common = runOf(chosen);
  const lines = (labels: readonly string[]): string[] => [
    `${about[0]}; ${labels.length} labels (${listLabels(labels)})`,
    ...about.slice(1),
  ];
  const training = { batch, seed, augmentation };
  if (trainable.task === 'video') {
    const examples = withLabels(train, clips);
    const validation = withLabels(held, heldClips);
    const labels = stored?.labels ?? [...new Set([...examples, ...validation].map(({ label }) => label))].sort();
    const config: VideoClassifierConfig = stored?.config ?? { ...network, ...(reading !== 'average' && { reading }) };
    return {
      ...{ ...common, about: lines(labels), model: config, files: { 'labels.json': labels } },
      begin(device, note) {
        const model = new VideoClassifier(device, { config, labels }, seed);
        if (backbone) model.takeNetwork(backbone.weights);
        return videoTraining(model, examples, {
          ...training,
          validation,
          onProgress: progress(note, backbone !== null),
        });
      },
    };
  }
  if (reading !== 'average' && reading !== 'single') {
    throw new Failure(
      `video train: --reading ${reading} gives a label to a clip, and these labels are those of frames; use average or single`,
      2,
    );
  }
  const examples = withFrameLabels(train, clips, background);
  const validation = withFrameLabels(held, heldClips, background);
  const labels = stored?.labels ?? [...new Set([...examples, ...validation].flatMap((one) => one.labels))].sort();
  const config: FrameLabellerConfig = (stored?.config as FrameLabellerConfig | undefined) ?? {
    ...network,
    ...(reading === 'single' && { recurrent: false }),
  };
  return {
    ...{ ...common, about: lines(labels), model: config, files: { 'labels.json': labels } },
    begin(device, note) {
      const silent = labels.includes(background) ? background : null;
      const model = new FrameLabeller(device, { config, labels, background: silent }, seed);
      if (backbone) model.takeNetwork(backbone.weights);
      return frameLabellerTraining(model, examples, {
        ...training,
        validation,
        onProgress: progress(note, backbone !== null),
      });
    },
  };
}

export const framesIn = (clip: Clip): number => ('frames' in clip ? clip.frames : clip.features).length;

/** Clips for training, and those for validation: the given ones, those kept apart for it, or a share. */
async function heldOut(
  main: VideoFiles,
  given: VideoFiles | undefined,
  { seed, validationShare }: ClipOptions,
): Promise<Found> {
  const data = await clipData(main.paths);
  const { apart } = data;
  if (given) return { train: data.train, held: (await clipData(given.paths)).train, about: [] };
  if (apart && apart.name !== 'test') return { train: data.train, held: apart.clips, about: [] };
  const { train, validation } = splitExamples(data.train, { share: validationShare, seed, keyOf: ({ name }) => name });
  if (train.length === 0)
    throw new Failure(
      `video train: ${countOf(data.train.length, 'clip')} cannot be split for validation; give more, or --validation`,
    );
  const about = apart
    ? [`${countOf(apart.clips.length, 'clip')} in '${apart.name}' are left out: evaluate on them with video eval`]
    : [];
  return { train, held: validation, about };
}

/** @throws Failure if some clips have frames and others features, or not equally many */
function requireOneKind(found: readonly FoundClip[], clips: readonly Clip[], hasBackbone: boolean): void {
  const kindOf = (clip: Clip): string =>
    'frames' in clip ? 'frames' : `${clip.features[0].length} features of each frame`;
  const first = kindOf(clips[0]);
  const odd = clips.findIndex((clip) => kindOf(clip) !== first);
  if (odd >= 0)
    throw new Failure(
      `${found[odd].place}: it has ${kindOf(clips[odd])}, ${found[0].place} ${first}; all clips must have the same`,
    );
  if (hasBackbone && first !== 'frames')
    throw new Failure('video train: --backbone is for frames, and these are features', 2);
}

/** @throws Failure naming a clip without a label */
export const withLabels = (found: readonly FoundClip[], clips: readonly Clip[]): LabelledClip[] =>
  found.map(({ labels, place }, i) => {
    if (typeof labels !== 'string') throw new Failure(`${place}: it has no label for the whole clip`);
    return { clip: clips[i], label: labels };
  });

/** @throws Failure naming a clip whose labels do not fit */
export const withFrameLabels = (
  found: readonly FoundClip[],
  clips: readonly Clip[],
  background: string,
): ClipWithFrameLabels[] =>
  found.map((one, i) => ({ clip: clips[i], labels: frameLabels(one, framesIn(clips[i]), background) }));

/** Lines about the features that are computed before training, some seconds apart. */
export function progress(
  note: (line: string) => void,
  computes: boolean,
): ((done: number, all: number) => void) | undefined {
  if (!computes) return undefined;
  let last = performance.now();
  return (done, all) => {
    if (done < all && performance.now() - last < 3000) return;
    last = performance.now();
    note(`Features of ${formatCount(done)} of ${countOf(all, 'clip')}`);
  };
}
