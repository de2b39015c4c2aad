import { readFileSync, statSync } from 'node:fs';
import { FormatError } from 'unrolled';
import { type Image, type ImageHeader, imageHeader, onWhite, orientImage } from 'unrolled/images';
import { namingAsync } from '../failure.ts';

/** How large an image may be, so that none exhausts the memory. */
export interface ImageLimits {
  /** Width times height. Default 2²⁶, such as 8192 × 8192 */
  readonly pixels?: number;
  /** Of the file. Default 256 MiB */
  readonly bytes?: number;
}

export interface ReadImageOptions extends ImageLimits {
  /** Called with the content of the file, whether or not it can be decoded. */
  readonly onBytes?: (bytes: Uint8Array) => void;
}

const defaults = { pixels: 2 ** 26, bytes: 2 ** 28 };

/**
 * Reads a JPEG, PNG, WebP or GIF file (the first frame), upright, in 8 bits, transparent parts put onto white.
 * @throws Failure naming the file and what is wrong with it
 */
export function readImage(path: string, options: ReadImageOptions = {}): Promise<Image> {
  return namingAsync(path, async () => {
    const { bytes: most = defaults.bytes, onBytes } = options;
    const { size } = statSync(path);
    if (size > most) throw new FormatError(`the file has ${size} bytes; an image may have ${most}`, { size, most });
    const bytes = readFileSync(path);
    onBytes?.(bytes);
    return decodeImage(bytes, options);
  });
}

/**
 * Decodes a JPEG, PNG, WebP or GIF file; its size is checked before.
 * @throws FormatError if it is none, is damaged, cut off, empty, too large, or in CMYK
 */
export async function decodeImage(bytes: Uint8Array, { pixels = defaults.pixels }: ImageLimits = {}): Promise<Image> {
  const header = checkedHeader(bytes, pixels);
  const { width, height, colour, format, orientation } = header;
  if (colour === 'cmyk') throw new FormatError('the JPEG file is in CMYK, for printing; convert it to RGB');
  const image = await decoders[format](bytes, header);
  if (image.width !== width || image.height !== height) {
    throw new FormatError(
      `the file says ${width} × ${height} pixels and holds ${image.width} × ${image.height}; it is damaged`,
    );
  }
  return orientImage(image, orientation);
}

/**
 * The header of an image that has pixels, and not too many.
 * @throws FormatError as `decodeImage`
 */
export function checkedHeader(bytes: Uint8Array, pixels: number): ImageHeader {
  const header = imageHeader(bytes);
  const { width, height } = header;
  if (width === 0 || height === 0) throw new FormatError(`the image is empty: ${width} × ${height} pixels`);
  if (width * height > pixels) {
    throw new FormatError(`the image has ${width} × ${height} pixels; at most ${pixels} are read: make it smaller`, {
      width,
      height,
      pixels,
    });
  }
  return header;
}

/** Each is loaded when the first file of its kind comes. */
const decoders: Readonly<Record<ImageHeader['format'], (bytes: Uint8Array, header: ImageHeader) => Promise<Image>>> = {
  async jpeg(bytes, { colour }) {
    const { decodeJpeg } = await import('./decoders/wasm-codecs.ts');
    const { width, height, data: rgba } = await decodeJpeg(bytes);
    if (colour !== 'grey') return onWhite(rgba, width, height);
    const data = new Uint8Array(width * height);
    for (let i = 0; i < data.length; i++) data[i] = rgba[4 * i];
    return { width, height, channels: 1, data };
  },
  async png(bytes) {
    const { decodePng } = await import('./decoders/png.ts');
    return decodePng(bytes);
  },
  async gif(bytes) {
    const { decodeGif } = await import('./decoders/gif.ts');
    return decodeGif(bytes);
  },
  async webp(bytes, header) {
    const { decodeWebp } = await import('./decoders/wasm-codecs.ts');
    if (!header.animated) {
      const { width, height, data } = await decodeWebp(bytes);
      return onWhite(data, width, height);
    }
    const { animatedWebp } = await import('./decoders/webp-animation.ts');
    return (await animatedWebp(bytes, header).next()).value!;
  },
};
