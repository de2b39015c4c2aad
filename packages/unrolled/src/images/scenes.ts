import { type Kinds, oneOf, required, requireOptions, whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import type { Random } from '../random.ts';
import { optionsOf, type Schema } from '../schema.ts';
import { type Image, partOf, withChannels } from './image.ts';
import type { LabelledImage } from './labelled-images.ts';

export const sceneKinds = ['plain', 'translated', 'cluttered', 'pair'] as const;
export type SceneKind = (typeof sceneKinds)[number];

/** How small images, such as digits, become larger ones in which they are to be found: plain data. */
export interface SceneConfig {
  /**
   * - plain: the image itself
   * - translated: anywhere on a black square
   * - cluttered: the same, with parts of other images around it (Mnih 2014)
   * - pair: two images beside each other on a black square, which do not overlap; their labels from left to right
   */
  readonly kind: SceneKind;
  /** Side of the square, in pixels. Default 60. */
  readonly size?: number | undefined;
  /** Parts of other images, with `cluttered`. Default 4. */
  readonly clutter?: number | undefined;
  /** Side of such a part, in pixels. Default 8. */
  readonly part?: number | undefined;
}

const longest = 1024;
const kinds: Kinds<SceneConfig> = {
  kind: required(oneOf(sceneKinds)),
  size: whole({ from: 1, to: longest }),
  clutter: whole({ from: 0, to: 1000 }),
  part: whole({ from: 1, to: longest }),
};

/** Reads a scene's configuration from a file. @throws FormatError */
export const sceneSchema: Schema<SceneConfig> = optionsOf(kinds);

/** An image, and what is in it from left to right. */
export interface Scene {
  readonly image: Image;
  readonly labels: readonly string[];
}

/** Labels of a scene. */
export const labelsIn = ({ kind }: SceneConfig): number => (kind === 'pair' ? 2 : 1);

/**
 * Scenes of labelled images, in grey.
 * @param others  images that clutter and pairs are taken from
 * @param random  the same state gives the same scenes
 * @throws ConfigError for a configuration that cannot be, or a square too small for the images
 *
 * @example
 * const [{ image, labels }] = scenes([digit], { kind: 'cluttered', size: 60 }, digits, new Random(1));
 */
export function scenes(
  examples: readonly LabelledImage[],
  config: SceneConfig,
  others: readonly LabelledImage[],
  random: Random,
): Scene[] {
  requireOptions('scenes', config, kinds);
  return examples.map((example) => sceneOf(example, config, others, random));
}

function sceneOf(
  { image, label }: LabelledImage,
  { kind, size = 60, clutter = 4, part = 8 }: SceneConfig,
  others: readonly LabelledImage[],
  random: Random,
): Scene {
  if (kind === 'plain') return { image, labels: [label] };
  const canvas: Image = { width: size, height: size, channels: 1, data: new Uint8Array(size * size) };
  const other = (): LabelledImage => others[random.below(others.length)];
  if (kind === 'pair') {
    const second = other();
    const gap = size - image.width - second.image.width;
    requireRoom(size, [image.width + second.image.width, image.height, second.image.height]);
    const [a, b] = [random.below(gap + 1), random.below(gap + 1)].sort((x, y) => x - y);
    const pair = random.uniform() < 0.5 ? [{ image, label }, second] : [second, { image, label }];
    const lefts = [a, b + pair[0].image.width];
    for (const [i, one] of pair.entries()) put(canvas, one.image, lefts[i], random.below(size - one.image.height + 1));
    return { image: canvas, labels: pair.map((one) => one.label) };
  }
  requireRoom(size, [image.width, image.height]);
  for (let i = 0; kind === 'cluttered' && i < clutter; i++) {
    const from = other().image;
    const [width, height] = [Math.min(part, from.width, size), Math.min(part, from.height, size)];
    const [left, top] = [random.below(from.width - width + 1), random.below(from.height - height + 1)];
    put(
      canvas,
      partOf(from, { left, top, width, height }),
      random.below(size - width + 1),
      random.below(size - height + 1),
    );
  }
  put(canvas, image, random.below(size - image.width + 1), random.below(size - image.height + 1));
  return { image: canvas, labels: [label] };
}

function requireRoom(size: number, sides: readonly number[]): void {
  const needed = Math.max(...sides);
  if (size >= needed) return;
  throw new ConfigError(`scenes: the images need a square of ${needed} pixels, received size ${size}`, {
    size,
    needed,
  });
}

/** The brighter of both at each pixel. */
function put(canvas: Image, image: Image, left: number, top: number): void {
  const { data, width, height } = withChannels(image, 1);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = (top + y) * canvas.width + left + x;
      canvas.data[at] = Math.max(canvas.data[at], data[y * width + x]);
    }
  }
}
