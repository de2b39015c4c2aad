import { hashText, mix32 } from '../random.ts';
import type { Image } from './image.ts';

/** A hash of an image and a text about it, on top of another. */
export function hashImage(hash: number, { width, height, data }: Image, text: string): number {
  let result = hashText(`${text} ${width} ${height}`, hash);
  for (const byte of data) result = mix32(result ^ byte);
  return result;
}
