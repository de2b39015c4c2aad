import type { IdxArray } from '../data/idx.ts';
import { FormatError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import type { Image } from './image.ts';

/**
 * The images of an IDX file of bytes: [N, H, W] in grey, or [N, H, W, 3] in colour. Not copied.
 * @throws FormatError for numbers or axes of another kind
 */
export function imagesOfIdx({ shape, data }: IdxArray): Image[] {
  const [count, height, width, channels = 1] = shape;
  const isImages = shape.length === 3 || (shape.length === 4 && (channels === 1 || channels === 3));
  if (!(data instanceof Uint8Array) || !isImages || height === 0 || width === 0) {
    throw new FormatError(
      `idx: images are bytes of shape [N, H, W] or [N, H, W, 3], the file has ${data.constructor.name} of shape ${formatShape(shape)}`,
      { shape },
    );
  }
  const one = height * width * channels;
  return Array.from({ length: count }, (_, i) => {
    return { width, height, channels: channels as 1 | 3, data: data.subarray(i * one, (i + 1) * one) };
  });
}
