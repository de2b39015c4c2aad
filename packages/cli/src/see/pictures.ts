import { renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Image } from 'unrolled/images';
import { naming } from '../failure.ts';
import { makeFolder } from '../output/folders.ts';
import { encodePng } from '../output/png.ts';

/** Writes a picture as a PNG file; whoever looks at the file sees the old or the new one, never a part. */
export function writePicture(path: string, image: Image): void {
  naming(path, () => {
    makeFolder(dirname(path));
    const fresh = `${path}.new`;
    writeFileSync(fresh, encodePng(image));
    renameSync(fresh, path);
  });
}

/** The shorter side of an enlarged image. */
const shortest = 224;

/** Each pixel of a small image as a square of pixels, so that it can be seen; a large one as it is. */
export function enlarged(image: Image): Image {
  const { width, height, channels, data } = image;
  const factor = Math.ceil(shortest / Math.min(width, height));
  if (factor <= 1 || Math.max(width, height) >= shortest) return image;
  const large = new Uint8Array(data.length * factor * factor);
  const stride = width * factor * channels;
  for (let y = 0; y < height; y++) {
    const row = large.subarray(y * factor * stride, y * factor * stride + stride);
    for (let x = 0; x < width; x++) {
      const pixel = data.subarray((y * width + x) * channels, (y * width + x + 1) * channels);
      for (let i = 0; i < factor; i++) row.set(pixel, (x * factor + i) * channels);
    }
    for (let i = 1; i < factor; i++) large.set(row, (y * factor + i) * stride);
  }
  return { width: width * factor, height: height * factor, channels, data: large };
}
