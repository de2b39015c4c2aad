import type { Tensor } from 'unrolled';
import type { Image } from 'unrolled/images';
import {
  drawGradient,
  drawMap,
  gradCam,
  guidedBackpropagation,
  occlusion,
  overlayMap,
  type PixelMap,
  saliency,
  smoothGrad,
  strongestChannel,
} from 'unrolled/inspect';
import type { InspectedClassifier } from 'unrolled/tasks/classify-images';
import { Failure } from '../failure.ts';
import { progressShare } from '../output/progress-share.ts';
import type { NamedTarget } from './targets.ts';

export const mapMethods = ['occlusion', 'saliency', 'smoothgrad', 'guided', 'gradcam'] as const;
export type MapMethod = (typeof mapMethods)[number];

export interface MapFlags {
  layer?: string;
  patch?: number;
  stride?: number;
  samples?: number;
  noise?: number;
  opacity?: number;
  seed: number;
}

/** A map as it is drawn: alone, and over the picture. */
export interface DrawnMap {
  readonly alone: Image;
  readonly over: Image;
  /** In words: where it is strongest. */
  readonly summary: string;
}

/** Computes and draws a map. @param picture  as the network saw it */
export async function drawnMap(
  method: MapMethod,
  network: InspectedClassifier,
  x: Tensor,
  { target }: NamedTarget,
  picture: Image,
  flags: MapFlags,
): Promise<DrawnMap> {
  const { patch, stride, samples, noise, layer, opacity, seed } = flags;
  const over = (map: PixelMap, summary: string): DrawnMap => ({
    alone: drawMap(map),
    over: overlayMap(picture, map, { opacity }),
    summary,
  });
  switch (method) {
    case 'occlusion': {
      const onProgress = progressShare('Hiding parts');
      const found = await occlusion(network, x, target, { patch, stride, onProgress });
      const { y, x: left, fall } = found.patches.reduce((most, one) => (one.fall > most.fall ? one : most));
      return over(found, `the score ${found.score.toFixed(2)} falls most, by ${fall.toFixed(2)}, without ${left},${y}`);
    }
    case 'saliency': {
      const map = await saliency(network, x, target);
      return over(map, brightest(map));
    }
    case 'smoothgrad': {
      const map = await smoothGrad(network, x, target, { samples, noise, seed });
      return over(map, brightest(map));
    }
    case 'guided': {
      const gradient = await guidedBackpropagation(network, x, target);
      const map = strongestChannel(gradient);
      return { ...over(map, brightest(map)), alone: drawGradient(gradient, { order: network.preprocessing.order }) };
    }
    case 'gradcam': {
      if (!('class' in target)) {
        throw new Failure('--method gradcam: it explains a class, not a unit; use guided, saliency or occlusion', 2);
      }
      const { layer: of, ...map } = await gradCam(network, x, target, { layer });
      return over(map, `layer ${of}, ${brightest(map)}`);
    }
  }
}

function brightest({ width, values }: PixelMap): string {
  let at = 0;
  for (let i = 1; i < values.length; i++) if (values[i] > values[at]) at = i;
  return `strongest at ${at % width},${Math.floor(at / width)}`;
}
