import { type Kind, type Kinds, number, oneOf, required, requireOptions, whole } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { mismatch, optionsOf, type Schema } from '../schema.ts';

/**
 * How an image becomes the input of a network: plain data, stored beside its weights. The image is scaled so that its shorter
 * side is `resize`, then cropped to `size` around its centre; each channel becomes
 *
 *     x = (byte · range/255 − mean) / std
 *
 * @example
 * const mobileNet: Preprocessing = { size: 224, resize: 256, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
 */
export interface Preprocessing {
  /** Height and width of the input in pixels; one number for both. */
  readonly size: number | readonly [height: number, width: number];
  /** Length of the shorter side before cropping, or more where `size` needs it. Default: the least that covers `size`. */
  readonly resize?: number | undefined;
  /** 'none': scale both sides to `size`, which changes the aspect ratio. Default 'centre'. */
  readonly crop?: 'centre' | 'none' | undefined;
  /** Order of the channels. Default 'rgb'. A network of one channel sees the image in grey. */
  readonly order?: 'rgb' | 'bgr' | undefined;
  /** The value of white before `mean` and `std`: 1 or 255. Default 1. */
  readonly range?: number | undefined;
  /** One number a channel, in `order`: three, or one for grey. */
  readonly mean: readonly number[];
  /** As `mean`; above 0. */
  readonly std: readonly number[];
}

/** torchvision's for ImageNet: shorter side 256, the centre 224 × 224, normalised by the data's mean and deviation. */
export const imageNetPreprocessing: Preprocessing = {
  size: 224,
  resize: 256,
  order: 'rgb',
  range: 1,
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
};

/** Height and width of the network's input. */
export function inputSize({ size }: Preprocessing): readonly [height: number, width: number] {
  return typeof size === 'number' ? [size, size] : size;
}

/** Channels of the network's input. */
export const inputChannels = ({ mean }: Preprocessing): 1 | 3 => mean.length as 1 | 3;

/** What black and white become, for each channel: the range of the network's input. */
export function valueRange({ mean, std, range = 1 }: Preprocessing): {
  readonly low: readonly number[];
  readonly high: readonly number[];
} {
  return { low: mean.map((m, c) => -m / std[c]), high: mean.map((m, c) => (range - m) / std[c]) };
}

const longest = 16384;
const side = whole({ from: 1, to: longest });
const perChannel = (each: Kind): Kind => ({
  must: `a list of 1 or 3 numbers, each ${each.must}`,
  fits: (value) =>
    Array.isArray(value) && (value.length === 1 || value.length === 3) && Array.from(value).every(each.fits),
});

const kinds: Kinds<Preprocessing> = {
  size: required({
    must: `a length in pixels up to ${longest}, or [height, width]`,
    fits: (value) =>
      side.fits(value) || (Array.isArray(value) && value.length === 2 && Array.from(value).every(side.fits)),
  }),
  resize: side,
  crop: oneOf(['centre', 'none']),
  order: oneOf(['rgb', 'bgr']),
  range: number({ above: 0 }),
  mean: required(perChannel(number())),
  std: required(perChannel(number({ above: 0 }))),
};

/** What is wrong between the fields of a preprocessing; null if nothing is. */
function contradiction({ mean, std, order, crop, resize }: Preprocessing): string | null {
  if (mean.length !== std.length)
    return `mean has ${mean.length} channels, std ${std.length}; give one number a channel`;
  if (crop === 'none' && resize !== undefined) return "crop 'none' scales to size, so resize has no meaning";
  return order === 'bgr' && mean.length === 1 ? "order 'bgr' needs three channels, mean has one" : null;
}

/** @throws ConfigError naming the field that cannot be */
export function requirePreprocessing(operation: string, preprocessing: Preprocessing): void {
  requireOptions(operation, preprocessing, kinds);
  const problem = contradiction(preprocessing);
  if (problem !== null) throw new ConfigError(`${operation}: ${problem}`, { operation });
}

/** Reads a preprocessing from a file. @throws FormatError */
export const preprocessingSchema: Schema<Preprocessing> = (value, place) => {
  const preprocessing = optionsOf(kinds)(value, place);
  const problem = contradiction(preprocessing);
  if (problem !== null) throw mismatch(place, 'consistent', problem);
  return preprocessing;
};
