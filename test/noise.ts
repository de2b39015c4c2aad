import { Random } from 'unrolled';
import type { Image } from 'unrolled/images';

/** An image of random bytes. */
export function noise(height: number, width: number, channels: 1 | 3, seed = 1): Image {
  const random = new Random(seed);
  const data = Uint8Array.from({ length: height * width * channels }, () => random.below(256));
  return { width, height, channels, data };
}
