import { type Examples, sourceOf } from '../data/examples.ts';
import { DataError } from '../errors.ts';
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

/** Images that the statistics are taken of. */
const enough = 500;

/**
 * Mean and standard deviation of each of D features, over all places of up to 500 images, spread evenly.
 * @throws DataError if there are no images
 */
export async function featureStatistics(
  features: Examples<ArrayLike<number>>,
  depth: number,
): Promise<{ readonly mean: Float32Array; readonly deviation: Float32Array }> {
  const source = sourceOf(features);
  if (source.length === 0) throw new DataError('featureStatistics: there are no images');
  const [sums, squares] = [new Float64Array(depth), new Float64Array(depth)];
  const images = Math.min(source.length, enough);
  let places = 0;
  for (let i = 0; i < images; i++) {
    const one = await source.read(Math.floor((i * source.length) / images));
    for (let j = 0; j < one.length; j++) {
      sums[j % depth] += one[j];
      squares[j % depth] += one[j] ** 2;
    }
    places += one.length / depth;
  }
  const mean = Float32Array.from(sums, (sum) => sum / places);
  // A feature that never changes is left as it is, less its mean.
  const deviation = Float32Array.from(squares, (sum, d) => Math.sqrt(Math.max(0, sum / places - mean[d] ** 2)) || 1);
  return { mean, deviation };
}
