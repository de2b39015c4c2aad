import { type Image, requireImage } from './image.ts';

/**
 * How a stored picture must be turned and mirrored to stand upright, as EXIF numbers it: 1 not at all, 2 mirrored, 3 by 180°,
 * 4 upside down mirrored, 5 transposed, 6 by 90° clockwise, 7 transposed over the other diagonal, 8 by 90° anticlockwise.
 */
export type Orientation = 1 | 2 | 3 | 4 | 5 | 6 | 7 | 8;

/** The orientation in EXIF data, which are a small TIFF file; 1 where it is not noted or damaged. */
export function exifOrientation(exif: Uint8Array): Orientation {
  const view = new DataView(exif.buffer, exif.byteOffset, exif.byteLength);
  try {
    const little = view.getUint16(0) === 0x4949;
    const directory = view.getUint32(4, little);
    const entries = view.getUint16(directory, little);
    for (let i = 0; i < entries; i++) {
      const entry = directory + 2 + 12 * i;
      if (view.getUint16(entry, little) !== 0x0112) continue;
      const value = view.getUint16(entry + 8, little);
      return value >= 1 && value <= 8 ? (value as Orientation) : 1;
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
  }
  return 1;
}

/** An image turned upright; the image itself for orientation 1. */
export function orientImage(image: Image, orientation: Orientation): Image {
  requireImage('orientImage', image);
  if (orientation === 1) return image;
  const { width: w, height: h, channels, data: from } = image;
  const turned = orientation >= 5;
  const [width, height] = turned ? [h, w] : [w, h];
  // Where the upper left pixel comes from, and how far one goes from pixel to pixel and from row to row.
  const [right, down] = [channels, w * channels];
  const [x0, y0] = [[2, 3, 7, 8].includes(orientation), [3, 4, 6, 7].includes(orientation)];
  const start = (x0 ? w - 1 : 0) * right + (y0 ? h - 1 : 0) * down;
  const [alongX, alongY] = [x0 ? -right : right, y0 ? -down : down];
  const [step, rowStep] = turned ? [alongY, alongX] : [alongX, alongY];
  const data = new Uint8Array(from.length);
  let at = 0;
  for (let y = 0; y < height; y++) {
    for (let x = 0, p = start + y * rowStep; x < width; x++, p += step) {
      for (let c = 0; c < channels; c++) data[at++] = from[p + c];
    }
  }
  return { width, height, channels, data };
}
