import type { Random } from '../random.ts';
import { type Fill, placeOf, transformImage } from './affine.ts';
import { type AugmentationConfig, requireAugmentation, requireImageFor } from './augmentation.ts';
import { type Image, type ImagePart, partOf } from './image.ts';
import { resizeImage } from './resize.ts';

/**
 * Images changed at random, each of its size: cropped, turned, shifted, mirrored, recoloured, with a square cut out, in this order.
 * How many numbers are drawn follows from the configuration alone.
 *
 * @param random  the same state gives the same bytes
 * @throws ConfigError for a configuration that cannot be
 *
 * @example
 * const changed = augment(images, { shift: 4, flip: true, cutOut: 8 }, random);
 */
export function augment(images: readonly Image[], config: AugmentationConfig, random: Random): Image[] {
  requireAugmentation('augment', config);
  return images.map((image) => {
    requireImageFor('augment', config, image);
    const cropped = config.crop === undefined ? image : randomCrop(image, config, random);
    const turned = randomTurn(cropped, config, random);
    const moved = randomMove(turned, config, random);
    const coloured = randomColour(moved, config, random);
    return config.cutOut ? randomCutOut(coloured, config.cutOut, random) : coloured;
  });
}

function randomCrop(image: Image, { crop = 1, aspect = 4 / 3 }: AugmentationConfig, random: Random): Image {
  const { width, height } = image;
  const area = crop + (1 - crop) * random.uniform();
  // Uniform in the logarithm: wide and high parts are equally likely.
  const stretch = Math.sqrt(aspect ** (2 * random.uniform() - 1));
  const side = Math.sqrt(area);
  const part: ImagePart = {
    left: 0,
    top: 0,
    width: clip(width * side * stretch, width),
    height: clip((height * side) / stretch, height),
  };
  const [left, top] = [random.below(width - part.width + 1), random.below(height - part.height + 1)];
  return resizeImage(partOf(image, { ...part, left, top }), [height, width]);
}

/** The nearest whole number from 1 to `most`. */
const clip = (length: number, most: number): number => Math.max(1, Math.min(most, Math.round(length)));

function randomTurn(
  image: Image,
  { rotate = 0, zoom = 0, fill = 'mirror' }: AugmentationConfig,
  random: Random,
): Image {
  if (rotate === 0 && zoom === 0) return image;
  const between = (): number => 2 * random.uniform() - 1;
  return transformImage(image, { degrees: rotate * between(), zoom: (1 + zoom) ** between() }, fill);
}

/** Shifted and mirrored: each pixel comes from a row and a column of the image, or from nowhere. */
function randomMove(image: Image, config: AugmentationConfig, random: Random): Image {
  const { shift = 0, fill = 'mirror', flip = false, flipVertical = false } = config;
  const [right, down] = shift > 0 ? [random.below(2 * shift + 1) - shift, random.below(2 * shift + 1) - shift] : [0, 0];
  const mirrored = flip && random.uniform() < 0.5;
  const upsideDown = flipVertical && random.uniform() < 0.5;
  if (right === 0 && down === 0 && !mirrored && !upsideDown) return image;
  const { width, height, channels, data: from } = image;
  const columns = sources(width, right, fill, mirrored);
  const rows = sources(height, down, fill, upsideDown);
  const data = new Uint8Array(from.length);
  for (let y = 0, at = 0; y < height; y++) {
    const row = rows[y] * width;
    for (let x = 0; x < width; x++) {
      if (rows[y] < 0 || columns[x] < 0) {
        at += channels;
        continue;
      }
      let p = (row + columns[x]) * channels;
      data[at++] = from[p++];
      if (channels === 3) {
        data[at++] = from[p++];
        data[at++] = from[p];
      }
    }
  }
  return { width, height, channels, data };
}

/** For each index its source; −1: black. */
function sources(length: number, shift: number, fill: Fill, reversed: boolean): Int32Array {
  const from = Int32Array.from({ length }, (_, i) => placeOf(i - shift, length, fill));
  return reversed ? from.reverse() : from;
}

/** One linear map of all pixels: brightness, then contrast, then saturation; clipped once, at its end. */
function randomColour(image: Image, config: AugmentationConfig, random: Random): Image {
  const factor = (most: number | undefined): number => (most === undefined ? 1 : 1 + most * (2 * random.uniform() - 1));
  const [brightness, contrast, saturation] = [config.brightness, config.contrast, config.saturation].map(factor);
  if (brightness === 1 && contrast === 1 && (saturation === 1 || image.channels === 1)) return image;
  const { width, height, channels, data: from } = image;
  const data = new Uint8ClampedArray(from.length);
  const scale = brightness * contrast;
  const offset = contrast === 1 ? 0 : (1 - contrast) * brightness * meanGrey(image);
  if (channels === 1) {
    for (let i = 0; i < from.length; i++) data[i] = scale * from[i] + offset;
  } else {
    const [own, grey] = [scale * saturation, scale * (1 - saturation)];
    for (let i = 0; i < from.length; i += 3) {
      const shared = grey * greyOf(from[i], from[i + 1], from[i + 2]) + offset;
      data[i] = own * from[i] + shared;
      data[i + 1] = own * from[i + 1] + shared;
      data[i + 2] = own * from[i + 2] + shared;
    }
  }
  return { width, height, channels, data: new Uint8Array(data.buffer) };
}

const greyOf = (red: number, green: number, blue: number): number => 0.299 * red + 0.587 * green + 0.114 * blue;

function meanGrey(image: Image): number {
  const means = meanColour(image);
  return image.channels === 1 ? means[0] : greyOf(means[0], means[1], means[2]);
}

/** The mean of each channel. */
function meanColour({ width, height, channels, data }: Image): number[] {
  const sums = [0, 0, 0];
  for (let i = 0; i < data.length; i += channels) {
    for (let c = 0; c < channels; c++) sums[c] += data[i + c];
  }
  return sums.slice(0, channels).map((sum) => sum / (width * height));
}

function randomCutOut(image: Image, side: number, random: Random): Image {
  const { width, height, channels } = image;
  const [left, top] = [random.below(width), random.below(height)].map((centre) => centre - (side >> 1));
  const mean = meanColour(image).map(Math.round);
  const data = image.data.slice();
  for (let y = Math.max(0, top); y < Math.min(height, top + side); y++) {
    for (let x = Math.max(0, left); x < Math.min(width, left + side); x++) {
      for (let c = 0; c < channels; c++) data[(y * width + x) * channels + c] = mean[c];
    }
  }
  return { width, height, channels, data };
}
