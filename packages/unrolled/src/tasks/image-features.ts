import { type Image, imageBatch } from '../images/index.ts';
import type { StopSignal } from '../signal.ts';
import type { Device } from '../tensor/device.ts';
import { breathe } from '../train/breathe.ts';
import type { Backbone } from '../vision/backbone.ts';

export interface ImageFeatureOptions {
  /** Batch size; it changes the speed, not the result. Default 8. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
  /** Called after each batch. @param done  images so far */
  readonly onProgress?: ((done: number) => void) | undefined;
}

/**
 * The features of images by a backbone: for each L·D numbers, place after place. They do not depend on the other images.
 * @throws the signal's reason if it is aborted
 */
export async function imageFeatures(
  backbone: Backbone,
  device: Device,
  images: readonly Image[],
  { batch = 8, signal, onProgress }: ImageFeatureOptions = {},
): Promise<Float32Array[]> {
  const { preprocessing } = backbone.description;
  const found: Float32Array[] = [];
  for (let from = 0; from < images.length; from += batch) {
    await breathe(signal);
    const part = images.slice(from, from + batch);
    const flat = await device.read(() =>
      device.withoutGradients(() => backbone.maps(imageBatch(part, preprocessing, device))),
    );
    const size = flat.length / part.length;
    for (let i = 0; i < part.length; i++) found.push(Float32Array.from(flat.subarray(i * size, (i + 1) * size)));
    onProgress?.(found.length);
  }
  return found;
}
