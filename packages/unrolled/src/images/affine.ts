import type { AugmentationConfig } from './augmentation.ts';
import type { Image } from './image.ts';

export type Fill = NonNullable<AugmentationConfig['fill']>;

/** A rotation about the image's centre, and a change of size. */
export interface AffineChange {
  /** Clockwise, in degrees. */
  readonly degrees: number;
  /** Factor of both sides of what is shown. */
  readonly zoom: number;
}

/**
 * The image turned about its centre and made larger or smaller, of the same size, with bilinear interpolation.
 * @param fill  what lies beyond its border
 */
export function transformImage(
  { width, height, channels, data }: Image,
  { degrees, zoom }: AffineChange,
  fill: Fill = 'border',
): Image {
  const angle = (degrees * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle) / zoom, Math.sin(angle) / zoom];
  const [cx, cy] = [(width - 1) / 2, (height - 1) / 2];
  const changed = new Uint8Array(data.length);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const u = cx + cos * (x - cx) + sin * (y - cy);
      const v = cy - sin * (x - cx) + cos * (y - cy);
      const left = Math.floor(u);
      const top = Math.floor(v);
      for (let c = 0; c < channels; c++) {
        let value = 0;
        for (let corner = 0; corner < 4; corner++) {
          const column = placeOf(left + (corner & 1), width, fill);
          const row = placeOf(top + (corner >> 1), height, fill);
          if (row < 0 || column < 0) continue;
          const across = corner & 1 ? u - left : 1 - u + left;
          const down = corner >> 1 ? v - top : 1 - v + top;
          value += across * down * data[(row * width + column) * channels + c];
        }
        changed[to++] = Math.round(value);
      }
    }
  }
  return { width, height, channels, data: changed };
}

/** Where the pixel of an index on or beyond an axis of `length` comes from; −1: black. */
export function placeOf(index: number, length: number, fill: Fill): number {
  const last = length - 1;
  if (index >= 0 && index <= last) return index;
  if (fill === 'black') return -1;
  if (fill === 'border' || last === 0) return index < 0 ? 0 : last;
  const period = 2 * last;
  const place = ((index % period) + period) % period;
  return place > last ? period - place : place;
}
