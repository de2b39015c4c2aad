import { flag, type Kinds, number, oneOf, requireOptions, whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { optionsOf, type Schema } from '../schema.ts';
import { type Image, requireImage } from './image.ts';

/** How images are changed at random while a network learns from them: plain data. What is left out is not done. */
export interface AugmentationConfig {
  /**
   * A random part of the image is scaled to its whole size: the least share of the area that the part has. Sides that differ
   * by up to `aspect` are as likely as equal ones (Szegedy et al. 2015, "Going Deeper with Convolutions").
   */
  readonly crop?: number;
  /** The most by which `crop` stretches one side against the other. Default 4/3 */
  readonly aspect?: number;
  /** Pixels by which the image is shifted at most, up or down and left or right; the same as a crop after padding. */
  readonly shift?: number;
  /** What fills the pixels that a shift, a rotation or a smaller image uncovers: the mirrored image, its border, or black. Default 'mirror' */
  readonly fill?: 'mirror' | 'border' | 'black';
  /** Turned by an angle in [−rotate, rotate], in degrees. */
  readonly rotate?: number;
  /** Made larger or smaller by a factor in [1/(1 + zoom), 1 + zoom]. */
  readonly zoom?: number;
  /** Mirror every second image from left to right. */
  readonly flip?: boolean;
  /** Mirror every second image upside down. */
  readonly flipVertical?: boolean;
  /** All bytes are multiplied by a number in [1 − brightness, 1 + brightness]. */
  readonly brightness?: number;
  /** The distance to the image's mean brightness is multiplied by a number in [1 − contrast, 1 + contrast]. */
  readonly contrast?: number;
  /** The distance to the pixel's grey is multiplied by a number in [1 − saturation, 1 + saturation]. */
  readonly saturation?: number;
  /**
   * The side in pixels of a square that shows the image's mean colour only, centred on any pixel (DeVries & Taylor 2017,
   * "Improved Regularization of Convolutional Neural Networks with Cutout").
   */
  readonly cutOut?: number;
}

const share = number({ from: 0, to: 1 });

const kinds: Kinds<AugmentationConfig> = {
  crop: number({ above: 0, to: 1 }),
  aspect: number({ from: 1 }),
  shift: whole(),
  fill: oneOf(['mirror', 'border', 'black']),
  rotate: number({ from: 0, to: 180 }),
  zoom: number({ from: 0, to: 10 }),
  flip: flag,
  flipVertical: flag,
  brightness: share,
  contrast: share,
  saturation: share,
  cutOut: whole(),
};

/** @throws ConfigError naming the field that cannot be */
export function requireAugmentation(operation: string, config: AugmentationConfig): void {
  requireOptions(operation, config, kinds);
}

/** Reads an augmentation from a file. @throws FormatError */
export const augmentationSchema: Schema<AugmentationConfig> = optionsOf(kinds);

/** @throws ConfigError if an image is too small for the shift; DataError if it is none */
export function requireImageFor(operation: string, { shift = 0 }: AugmentationConfig, image: Image): void {
  requireImage(operation, image);
  if (shift > 0 && shift >= Math.min(image.width, image.height)) {
    throw new ConfigError(
      `${operation}: a shift of ${shift} pixels leaves nothing of an image of ${image.width} × ${image.height}; give less`,
      { shift, width: image.width, height: image.height },
    );
  }
}
