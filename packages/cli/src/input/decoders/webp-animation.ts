import { FormatError } from 'unrolled';
import { type Image, type ImageHeader, onWhite } from 'unrolled/images';
import { decodeWebp, type Rgba } from './wasm-codecs.ts';
import { type WebpFrame, webpFrames } from './webp-frame.ts';

/**
 * The frames of an animated WebP file, one after the other as a player shows them, on a white canvas.
 * @throws FormatError if the file is damaged or cut off
 */
export async function* animatedWebp(
  bytes: Uint8Array,
  { width, height }: Pick<ImageHeader, 'width' | 'height'>,
): AsyncGenerator<Image, undefined> {
  const canvas = new Uint8Array(3 * width * height).fill(255);
  for (const frame of webpFrames(bytes)) {
    if (frame.left + frame.width > width || frame.top + frame.height > height) {
      throw new FormatError(`the WebP file is damaged: a frame does not fit its ${width} × ${height} pixels`);
    }
    const pixels = await decodeWebp(frame.file);
    if (pixels.width !== frame.width || pixels.height !== frame.height) {
      throw new FormatError('the WebP file is damaged: a frame has another size than it says');
    }
    draw(frame, pixels, canvas, width);
    yield { width, height, channels: 3, data: canvas.slice() };
    if (frame.disposed) {
      for (let y = 0; y < frame.height; y++) {
        const from = 3 * ((y + frame.top) * width + frame.left);
        canvas.fill(255, from, from + 3 * frame.width);
      }
    }
  }
}

function draw(
  { left, top, replaces }: WebpFrame,
  { width, height, data }: Rgba,
  canvas: Uint8Array,
  across: number,
): void {
  const white = replaces ? onWhite(data, width, height).data : null;
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = y * width + x;
      const to = 3 * ((y + top) * across + x + left);
      const alpha = data[4 * from + 3];
      for (let c = 0; c < 3; c++) {
        canvas[to + c] = white
          ? white[3 * from + c]
          : alpha === 255
            ? data[4 * from + c]
            : Math.round((data[4 * from + c] * alpha + canvas[to + c] * (255 - alpha)) / 255);
      }
    }
  }
}
