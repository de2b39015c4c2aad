import { type Image, inputChannels, inputSize, type Preprocessing, prepareImage } from 'unrolled/images';
import { channelStatistics } from 'unrolled/tasks/classify-images';
import {
  type Clip,
  type ClipAugmentation,
  type ClipNetworkConfig,
  frameNetwork,
  mirroredJoints,
} from 'unrolled/tasks/video';
import { withoutHead } from 'unrolled/vision';
import type { CellFile } from '../../cells/cell-file.ts';
import { cellSource } from '../../cells/cell-source.ts';
import { Failure } from '../../failure.ts';
import type { Backbone } from '../backbone.ts';
import { type ClipOptions, parsePairs } from './options.ts';

/** Frames no larger than the network takes them. */
export const shrinkTo =
  (preprocessing: Preprocessing) =>
  (frame: Image): Image => {
    const [height, width] = inputSize(preprocessing);
    const needed = height * width * inputChannels(preprocessing);
    return frame.data.length < needed ? frame : prepareImage(frame, preprocessing);
  };

/** How frames become the network's input before their statistics are known. */
export const sizeOnly = (size: number): Preprocessing => ({ size, crop: 'none', mean: [0, 0, 0], std: [1, 1, 1] });

/** What the model sees in each frame of these clips. */
export function inputOf(
  clips: readonly Clip[],
  { size = 32, features, channels }: ClipOptions,
  backbone: Backbone | null,
): ClipNetworkConfig['input'] {
  const [first] = clips;
  if ('features' in first) return { kind: 'features', features: first.features[0].length };
  if (backbone) {
    return {
      kind: 'frames',
      network: withoutHead(backbone.network),
      preprocessing: backbone.preprocessing,
      frozen: true,
    };
  }
  const frames = clips.flatMap((clip) => ('frames' in clip ? clip.frames : []));
  const preprocessing = { ...sizeOnly(size), ...channelStatistics(frames, 3) };
  return { kind: 'frames', network: frameNetwork({ features, channels }), preprocessing };
}

/** What both kinds of models have. */
export function networkConfig(
  { cell, hidden, layers, dropout, bidirectional, differences }: ClipOptions,
  input: ClipNetworkConfig['input'],
  own: CellFile | null,
): ClipNetworkConfig {
  return {
    ...{ input, cell: cellSource(cell, hidden, own), hidden, layers, dropout },
    ...(bidirectional && { bidirectional }),
    ...(differences && { differences }),
  };
}

/** @throws Failure if an option is for other inputs than these */
export function augmentationOf(
  { crop, speed, noise, scale, flip, shift, mirrorJoints }: ClipOptions,
  input: ClipNetworkConfig['input'],
): ClipAugmentation | undefined {
  const reads =
    input.kind === 'features' ? 'features' : input.frozen ? 'a backbone, whose features are computed once' : null;
  if (reads !== null && (flip || shift > 0)) {
    throw new Failure(
      `video train: --flip and --shift are for frames of a network that is trained, and the model reads ${reads}`,
      2,
    );
  }
  if (input.kind === 'frames' && mirrorJoints !== undefined)
    throw new Failure('video train: --mirror-joints is for poses, and these are frames', 2);
  if (reads === null && (noise > 0 || scale > 0))
    throw new Failure('video train: --noise and --scale are for features, and these are frames', 2);
  const given: ClipAugmentation = {
    ...(crop < 1 && { crop }),
    ...(speed > 1 && { speed }),
    ...(noise > 0 && { noise }),
    ...(scale > 0 && { scale }),
    ...((flip || shift > 0) && { images: { ...(flip && { flip }), ...(shift > 0 && { shift }) } }),
    ...(mirrorJoints !== undefined && input.kind === 'features' && { mirror: mirrorOf(mirrorJoints, input.features) }),
  };
  return Object.keys(given).length > 0 ? given : undefined;
}

function mirrorOf(pairs: string, features: number): number[] {
  const parsed = parsePairs(pairs);
  const most = Math.max(...parsed.flat()) + 1;
  if (features % 2 === 1 || most > features / 2) {
    throw new Failure(
      `video train: --mirror-joints ${pairs} needs x and y of at least ${most} joints; a frame has ${features} numbers`,
      2,
    );
  }
  return mirroredJoints(features / 2, parsed);
}
