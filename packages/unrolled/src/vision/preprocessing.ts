import { number, oneOf, whole } from '../checks.ts';
import { listOf, mismatch, objectOf, optional, type Schema, scalar } from '../schema.ts';

/**
 * How an image becomes the input of a network: plain data, stored beside its weights. The image is scaled so that its shorter
 * side is `resize`, then cropped to `size` around its centre; each channel becomes
 *
 *     x = (byte · range/255 − mean) / std
 *
 * @example
 * const mobileNet: Preprocessing = { size: 224, resize: 256, order: 'rgb', range: 1, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
 */
export interface Preprocessing {
  /** Height and width of the input in pixels; one number for both. */
  readonly size: number | readonly [height: number, width: number];
  /** Length of the shorter side before cropping. Default: the least that covers `size`. */
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

const side = scalar<number>(whole({ from: 1, to: 16384 }));

const fields = objectOf<Preprocessing>({
  size: (value, place) => {
    if (!Array.isArray(value)) return side(value, place);
    const [height, width, ...more] = listOf(side, 2)(value, place);
    if (more.length > 0) throw mismatch(place, 'a height and a width', value);
    return [height, width];
  },
  resize: optional(side),
  crop: optional(scalar<'centre' | 'none'>(oneOf(['centre', 'none']))),
  order: optional(scalar<'rgb' | 'bgr'>(oneOf(['rgb', 'bgr']))),
  range: optional(scalar<number>(number({ above: 0 }))),
  mean: listOf(scalar<number>(number()), 1),
  std: listOf(scalar<number>(number({ above: 0 })), 1),
});

/** Reads a preprocessing from a file. @throws FormatError */
export const preprocessingSchema: Schema<Preprocessing> = (value, place) => {
  const preprocessing = fields(value, place);
  const { mean, std } = preprocessing;
  if ((mean.length !== 1 && mean.length !== 3) || std.length !== mean.length) {
    throw mismatch(`${place}.std`, 'as long as mean, with one number or three', std);
  }
  return preprocessing;
};
