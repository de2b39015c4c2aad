import { shown } from '../checks.ts';
import { DataError } from '../errors.ts';

/** A picture of bytes from 0 to 255: row by row, the channels of a pixel side by side (grey, or red, green and blue). */
export interface Image {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  /** height · width · channels bytes. */
  readonly data: Uint8Array;
}

/** A part of an image, in pixels from its upper left corner. */
export interface ImagePart {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/** @throws DataError unless the image has pixels, one or three channels, and as many bytes as they need */
export function requireImage(operation: string, image: Image): void {
  const { width, height, channels, data } = image ?? {};
  if (!(data instanceof Uint8Array) || (channels !== 1 && channels !== 3)) {
    throw new DataError(
      `${operation}: takes images { width, height, channels: 1 or 3, data: Uint8Array }, received ${shown(image)}; ` +
        "imageOf(…) makes one of a page's ImageData, canvas or video",
      { operation },
    );
  }
  if (!(Number.isInteger(width) && width > 0 && Number.isInteger(height) && height > 0)) {
    throw new DataError(`${operation}: an image of ${width} × ${height} pixels has no content`, { width, height });
  }
  const expected = width * height * channels;
  if (data.length !== expected) {
    throw new DataError(
      `${operation}: an image of ${width} × ${height} pixels with ${channels} channels has ${expected} bytes, received ${data.length}`,
      { width, height, channels, received: data.length, expected },
    );
  }
}

/**
 * The same picture in grey or colour; the image itself where it has these channels already.
 * Grey is the luma of ITU-R BT.601, 0.299 R + 0.587 G + 0.114 B, rounded as Pillow rounds it.
 */
export function withChannels(image: Image, channels: 1 | 3): Image {
  if (image.channels === channels) return image;
  const { width, height, data: from } = image;
  const n = width * height;
  const data = new Uint8Array(n * channels);
  if (channels === 1) {
    for (let i = 0; i < n; i++) data[i] = luma(from[3 * i], from[3 * i + 1], from[3 * i + 2]);
  } else {
    for (let i = 0; i < n; i++) data[3 * i] = data[3 * i + 1] = data[3 * i + 2] = from[i];
  }
  return { width, height, channels, data };
}

/** The pixels of a part. @throws DataError if it reaches beyond the image */
export function partOf(image: Image, { top, left, height, width }: ImagePart): Image {
  const { channels, data: from } = image;
  if (top < 0 || left < 0 || top + height > image.height || left + width > image.width) {
    throw new DataError(
      `image: a part of ${width} × ${height} at ${left}, ${top} reaches beyond ${image.width} × ${image.height} pixels`,
      { top, left, height, width },
    );
  }
  const data = new Uint8Array(height * width * channels);
  for (let y = 0; y < height; y++) {
    const start = ((top + y) * image.width + left) * channels;
    data.set(from.subarray(start, start + width * channels), y * width * channels);
  }
  return { width, height, channels, data };
}

/** The brightness of a colour, from 0 to 255. */
const luma = (red: number, green: number, blue: number): number =>
  (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;

/** Bytes with opacity, red, green, blue and alpha, put onto white. */
export function onWhite(rgba: ArrayLike<number>, width: number, height: number): Image {
  const data = new Uint8Array(3 * width * height);
  for (let from = 0, to = 0; to < data.length; from += 4, to += 3) {
    const alpha = rgba[from + 3];
    const white = 255 - alpha;
    data[to] = white === 0 ? rgba[from] : Math.round((rgba[from] * alpha) / 255 + white);
    data[to + 1] = white === 0 ? rgba[from + 1] : Math.round((rgba[from + 1] * alpha) / 255 + white);
    data[to + 2] = white === 0 ? rgba[from + 2] : Math.round((rgba[from + 2] * alpha) / 255 + white);
  }
  return { width, height, channels: 3, data };
}
