import { type Image, prepareImage, resizeImage, withChannels } from 'unrolled/images';
import { describe, expect, test } from 'vitest';
import { loadImageResize } from './load.ts';

const golden = loadImageResize();

/** The image that image-resize.py begins with. */
function image([height, width, channels]: readonly number[]): Image {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => (7 * i * i + 31 * i) % 251);
  return { width, height, channels: channels as 1 | 3, data };
}

describe('images have the bytes that Pillow gives', () => {
  test.each(golden.resized)('resized from $from to $to', ({ from, to, bytes }) => {
    expect(Array.from(resizeImage(image(from), to).data)).toEqual(bytes);
  });

  test.each(golden.prepared)('shorter side of $from to $resize, centre of $size', ({ from, resize, size, bytes }) => {
    const each = Array.from({ length: from[2] }, () => 0);
    const made = prepareImage(image(from), { size, resize, mean: each, std: each.map(() => 1) });
    expect([made.height, made.width]).toEqual(size);
    expect(Array.from(made.data)).toEqual(bytes);
  });

  test.each(golden.grey)('grey of colour', ({ from, bytes }) => {
    expect(Array.from(withChannels(image(from), 1).data)).toEqual(bytes);
  });
});
