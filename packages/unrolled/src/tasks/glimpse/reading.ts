import { anything, count, type Kinds, requireOptions } from '../../checks.ts';
import type { Image } from '../../images/index.ts';
import { type Classification, classificationOf } from '../../metrics/label-predictions.ts';
import { inference } from '../../nn/layer.ts';
import { stack } from '../../ops/index.ts';
import type { StopSignal } from '../../signal.ts';
import { breathe } from '../../train/breathe.ts';
import type { GlimpseModel } from './model.ts';

/** Where a glimpse lay on the image, in pixels of what the model reads: the first pixel's centre is at 0. */
export interface GlimpsePlace {
  readonly y: number;
  readonly x: number;
  /** The likeliest label after this glimpse. */
  readonly label: string;
  readonly probability: number;
}

/** How an image was read. */
export interface ImageReading {
  /** Of the image as the model reads it, in pixels. */
  readonly height: number;
  readonly width: number;
  /** A glimpse's finest patch has sides of so many pixels, and so many patches lie around each other, each twice as wide. */
  readonly patch: number;
  readonly scales: number;
  /** The likeliest labels, in their order. */
  readonly labels: readonly string[];
  /** Of each label, with the probabilities of all. */
  readonly classifications: readonly Classification[];
  /** The glimpses; none where the whole image is read at once. */
  readonly path: readonly GlimpsePlace[];
}

export interface ReadingOptions {
  /** Batch size; does not change the result. Default 64. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
}

const kinds: Kinds<ReadingOptions> = { batch: count, signal: anything };

/** Logits of each target, and of each glimpse with its place. */
export interface RawReading {
  readonly logits: readonly Float64Array[];
  readonly glimpses: readonly { readonly y: number; readonly x: number; readonly logits: Float64Array }[];
}

/** The numbers behind readings. @throws ConfigError on an option out of range; the signal's reason if it is aborted */
export async function rawReadings(
  model: GlimpseModel,
  images: readonly Image[],
  options: ReadingOptions = {},
): Promise<RawReading[]> {
  requireOptions('readImages', options, kinds);
  const { batch = 64, signal } = options;
  const { device, config, labels } = model;
  const K = labels.length;
  const found: RawReading[] = [];
  for (let start = 0; start < images.length; start += batch) {
    await breathe(signal);
    const part = images.slice(start, start + batch);
    const read = await device.read(() =>
      device.withoutGradients(() => {
        const { glimpses, logits } = model.read(model.input(part), inference);
        return {
          logits: stack(logits),
          places: glimpses.length > 0 ? stack(glimpses.map(({ place }) => place)) : null,
          steps: glimpses.length > 0 ? stack(glimpses.map((one) => one.logits)) : null,
        };
      }),
    );
    const rowOf = (all: ArrayLike<number>, step: number, row: number): Float64Array =>
      Float64Array.from({ length: K }, (_, k) => all[(step * part.length + row) * K + k]);
    const steps = read.places ? read.places.length / 2 / part.length : 0;
    for (const row of part.keys()) {
      found.push({
        logits: Array.from({ length: model.targets }, (_, j) => rowOf(read.logits, j, row)),
        glimpses: Array.from({ length: steps }, (_, t) => {
          const at = 2 * (t * part.length + row);
          const along = (value: number, extent: number): number => ((value + 1) / 2) * (extent - 1);
          return {
            y: along(read.places![at], config.height),
            x: along(read.places![at + 1], config.width),
            logits: rowOf(read.steps!, t, row),
          };
        }),
      });
    }
  }
  return found;
}

/**
 * Reads images, each independent of the others.
 * @throws ConfigError on an option out of range; the signal's reason if it is aborted
 */
export async function readImages(
  model: GlimpseModel,
  images: readonly Image[],
  options: ReadingOptions = {},
): Promise<ImageReading[]> {
  const { labels, config } = model;
  const { height, width, patch, scales } = config;
  return (await rawReadings(model, images, options)).map(({ logits, glimpses }) => {
    const classifications = logits.map((row) => classificationOf(row, labels, 1));
    return {
      ...{ height, width, patch, scales },
      labels: classifications.map(({ label }) => label),
      classifications,
      path: glimpses.map(({ y, x, logits }) => {
        const { label, probability } = classificationOf(logits, labels, 1);
        return { y, x, label, probability };
      }),
    };
  });
}
