import { anything, type Kinds, number, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { type AugmentationConfig, augment, requireAugmentation } from '../../images/index.ts';
import type { Random } from '../../random.ts';
import { type Clip, framesAt, lengthOf } from './clip.ts';

/** How training clips are varied each time they are used: plain data. */
export interface ClipAugmentation {
  /** The smallest share of a clip's frames that a random part of it keeps. Default 1: all. */
  readonly crop?: number | undefined;
  /** Maximum factor by which a clip is played faster or slower. Default 1: not at all. */
  readonly speed?: number | undefined;
  /** Of features: deviation of normal noise that is added to each. Default 0. */
  readonly noise?: number | undefined;
  /** Of features: a factor between 1 − scale and 1 + scale, one for a clip. Default 0. */
  readonly scale?: number | undefined;
  /**
   * Of features: half of the clips are mirrored. Feature f of the mirror image is ±x[g], written as ±(g + 1): see `mirroredJoints`.
   * Default: none.
   */
  readonly mirror?: readonly number[] | undefined;
  /** Of frames: changes that all frames of a clip share. Default: none. */
  readonly images?: AugmentationConfig | undefined;
}

const kinds: Kinds<ClipAugmentation> = {
  crop: number({ above: 0, to: 1 }),
  speed: number({ from: 1, to: 10 }),
  noise: number({ from: 0 }),
  scale: number({ from: 0, below: 1 }),
  mirror: {
    must: 'a list with ±(g + 1) for each feature',
    fits: (value) =>
      Array.isArray(value) && value.every((one) => Number.isInteger(one) && one !== 0 && Math.abs(one) <= value.length),
  },
  images: anything,
};

/** @throws ConfigError for an augmentation that cannot be */
export function requireClipAugmentation(config: ClipAugmentation): void {
  requireOptions('clip augmentation', config, kinds);
  if (config.images) requireAugmentation('clip augmentation', config.images);
}

/**
 * The `mirror` of poses with x and y of each joint: x changes its sign, and paired joints their places.
 * @param joints  how many
 * @param pairs  left and right, from 0: [[3, 4], …]
 */
export function mirroredJoints(joints: number, pairs: readonly (readonly [number, number])[]): number[] {
  const other = Array.from({ length: joints }, (_, j) => j);
  for (const [a, b] of pairs) {
    if (!(a in other && b in other))
      throw new ConfigError(`mirroredJoints: ${a} and ${b} must be from 0 to ${joints - 1}`, { joints });
    [other[a], other[b]] = [b, a];
  }
  return other.flatMap((j) => [-(2 * j + 1), 2 * j + 2]);
}

/**
 * A clip changed at random: a part of it, faster or slower, then its frames or features. How many numbers are drawn follows from
 * the configuration and the number of frames.
 */
export function augmentClip(clip: Clip, config: ClipAugmentation, random: Random): Clip {
  const moved = framesAt(clip, someFrames(lengthOf(clip), config, random));
  const fork = random.fork('frames');
  if ('frames' in moved) {
    const { images } = config;
    if (!images) return moved;
    // The same numbers for each frame.
    return { frames: moved.frames.flatMap((frame) => augment([frame], images, fork.fork('same'))) };
  }
  const { noise = 0, scale = 0, mirror } = config;
  const factor = 1 + scale * (2 * random.uniform() - 1);
  const mirrored = mirror && random.uniform() < 0.5 ? mirror : null;
  return {
    features: moved.features.map((row) => {
      if (mirrored && mirrored.length !== row.length) {
        throw new ConfigError(`clip augmentation: mirror has ${mirrored.length} entries for ${row.length} features`);
      }
      return Float32Array.from({ length: row.length }, (_, f) => {
        const from = mirrored?.[f] ?? f + 1;
        const value = Math.sign(from) * row[Math.abs(from) - 1] * factor;
        return noise > 0 ? value + noise * fork.normal() : value;
      });
    }),
  };
}

/** The frames of a random part at a random speed. */
function someFrames(T: number, { crop = 1, speed = 1 }: ClipAugmentation, random: Random): number[] {
  const kept = Math.max(1, Math.round(T * (crop + (1 - crop) * random.uniform())));
  const start = Math.floor(random.uniform() * (T - kept + 1));
  const pace = speed ** (2 * random.uniform() - 1);
  const length = Math.max(1, Math.round(kept / pace));
  return Array.from({ length }, (_, t) => start + Math.min(kept - 1, Math.floor((t + 0.5) * (kept / length))));
}
