import { join } from 'node:path';
import type { Tensor } from 'unrolled';
import { imagesFromBatch, inputChannels, inputSize, valueRange } from 'unrolled/images';
import { ascent } from 'unrolled/inspect';
import type { InspectedClassifier } from 'unrolled/tasks/classify-images';
import { progressShare } from '../output/progress-share.ts';
import { printable } from '../output/text.ts';
import { enlarged, writePicture } from './pictures.ts';
import { type NamedTarget, slug } from './targets.ts';

export interface AscentFlags {
  start?: 'noise' | 'image';
  steps?: number;
  learningRate?: number;
  decay?: number;
  variation?: number;
  jitter?: number;
  blurEvery?: number;
  basis?: 'pixels' | 'frequencies';
  seed: number;
  out: string;
  json?: boolean;
}

/** Updates from one writing of the picture to the next. */
const writeEvery = 16;

/** Grows an image for each target; its file is written again and again meanwhile. */
export async function growImages(
  network: InspectedClassifier,
  targets: readonly NamedTarget[],
  start: Tensor | null,
  prefix: string,
  flags: AscentFlags,
): Promise<void> {
  const { device, preprocessing } = network;
  const { steps = 256, learningRate, decay, variation, jitter, blurEvery, basis, seed } = flags;
  const [height, width] = inputSize(preprocessing);
  const progress = progressShare('Growing');
  for (const { target, title } of targets) {
    const file = join(flags.out, `${prefix}${slug(title)}.ascent.png`);
    const options = {
      ...{ steps, learningRate, decay, variation, jitter, blurEvery, basis, seed, every: writeEvery },
      ...{ shape: [height, width, inputChannels(preprocessing)] as const, start: start ?? undefined },
      ...valueRange(preprocessing),
    };
    const scores: number[] = [];
    for await (const { step, score, image } of ascent(device, network, target, options)) {
      writePicture(file, enlarged(imagesFromBatch(image.values, preprocessing)[0]));
      scores.push(score);
      progress?.(step / steps);
    }
    const last = scores[scores.length - 1];
    if (flags.json) {
      process.stdout.write(`${JSON.stringify({ type: 'ascent', target, title, steps, score: last, file })}\n`);
    } else {
      process.stdout.write(
        `ascent of '${printable(title)}': score ${last.toFixed(2)} after ${steps} steps\n  ${file}\n`,
      );
    }
  }
}
