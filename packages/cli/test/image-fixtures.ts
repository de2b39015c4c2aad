import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import encodeJpegFile, { init as initJpeg } from '@jsquash/jpeg/encode.js';
import encodeWebpFile, { init as initWebp } from '@jsquash/webp/encode.js';
import type { Image, Orientation } from 'unrolled/images';

/** A smooth picture, which compression changes little. */
export function picture(height: number, width: number, channels: 1 | 3 = 3): Image {
  const data = Uint8Array.from({ length: height * width * channels }, (_, i) => {
    const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
    return 128 + 100 * Math.sin((x * (c + 1) + 2 * y) / 9);
  });
  return { width, height, channels, data };
}

/** Rows of a PNG file with filter 0, compressed. */
export const rows = (...bytes: readonly (readonly number[])[]): Uint8Array =>
  deflateSync(Uint8Array.from(bytes.flatMap((row) => [0, ...row])));

/** Pixels as encoders take them: with opacity. */
function rgba({ width, height, channels, data }: Image, alpha = 255) {
  const pixels = new Uint8ClampedArray(4 * width * height);
  for (let i = 0; i < pixels.length; i += 4) {
    for (let c = 0; c < 3; c++) pixels[i + c] = data[(i / 4) * channels + (channels === 3 ? c : 0)];
    pixels[i + 3] = alpha;
  }
  return { width, height, data: pixels, colorSpace: 'srgb' as const };
}

type Init = (module: WebAssembly.Module) => Promise<unknown>;
const ready = new Map<string, Promise<unknown>>();
const made = (init: unknown, file: string): Promise<unknown> => {
  const open = async () =>
    (init as Init)(new WebAssembly.Module(readFileSync(fileURLToPath(import.meta.resolve(file)))));
  if (!ready.has(file)) ready.set(file, open());
  return ready.get(file)!;
};

export async function jpegOf(image: Image, options: object = {}): Promise<Uint8Array> {
  await made(initJpeg, '@jsquash/jpeg/codec/enc/mozjpeg_enc.wasm');
  const grey = image.channels === 1 ? { color_space: 1 } : {};
  return new Uint8Array(await encodeJpegFile(rgba(image), { quality: 95, progressive: false, ...grey, ...options }));
}

export async function webpOf(image: Image, options: object = {}, alpha = 255): Promise<Uint8Array> {
  await made(initWebp, '@jsquash/webp/codec/enc/webp_enc_simd.wasm');
  return new Uint8Array(await encodeWebpFile(rgba(image, alpha), options));
}

/** EXIF data that note an orientation, as a TIFF file. */
export function exifOf(orientation: Orientation, little = true): Uint8Array {
  const bytes = new DataView(new ArrayBuffer(26));
  bytes.setUint16(0, little ? 0x4949 : 0x4d4d);
  bytes.setUint16(2, 42, little);
  bytes.setUint32(4, 8, little);
  bytes.setUint16(8, 1, little);
  [0x0112, 3].forEach((value, i) => void bytes.setUint16(10 + 2 * i, value, little));
  bytes.setUint32(14, 1, little);
  bytes.setUint16(18, orientation, little);
  return new Uint8Array(bytes.buffer);
}

/** The JPEG file with EXIF data behind its first two bytes. */
export function withExif(jpeg: Uint8Array, exif: Uint8Array): Uint8Array {
  const length = 2 + 6 + exif.length;
  const head = [0xff, 0xe1, length >> 8, length & 255, ...Buffer.from('Exif\0\0', 'latin1')];
  return Uint8Array.from([...jpeg.subarray(0, 2), ...head, ...exif, ...jpeg.subarray(2)]);
}

export interface GifOptions {
  readonly interlaced?: boolean;
  readonly transparent?: number;
  /** Of the frame on the screen. Default: all of it */
  readonly frame?: { readonly left: number; readonly top: number; readonly width: number; readonly height: number };
  readonly frames?: number;
}

/** A GIF file with a palette of 8 greys and colours; `indices` are those of the frame. */
export function gifOf(width: number, height: number, indices: readonly number[], options: GifOptions = {}): Uint8Array {
  const { frames = 1, ...one } = options;
  return gifAnimation(width, height, [], { repeated: { indices, ...one }, times: frames });
}

export interface GifFrame extends Omit<GifOptions, 'frames'> {
  readonly indices: readonly number[];
  /** What becomes of it: 2: it is cleared; 3: what was behind comes back. */
  readonly disposal?: number;
}

/** A GIF file of several frames, and of one that is repeated. */
export function gifAnimation(
  width: number,
  height: number,
  frames: readonly GifFrame[],
  { repeated, times = 0 }: { readonly repeated?: GifFrame; readonly times?: number } = {},
): Uint8Array {
  const header = [...Buffer.from('GIF89a'), ...two(width), ...two(height), 0x82, 0, 0];
  const whole = { left: 0, top: 0, width, height };
  const blocks = frames.map((frame) => Uint8Array.from(gifFrame(frame, whole)));
  const again = repeated ? Uint8Array.from(gifFrame(repeated, whole)) : new Uint8Array();
  return new Uint8Array(
    Buffer.concat([
      Uint8Array.from([...header, ...gifPalette]),
      ...blocks,
      ...new Array(times).fill(again),
      Uint8Array.of(0x3b),
    ]),
  );
}

const two = (n: number): number[] => [n & 255, n >> 8];

function gifFrame(
  { indices, interlaced, transparent, disposal = 0, frame }: GifFrame,
  whole: NonNullable<GifOptions['frame']>,
): number[] {
  const packed = compressed(indices);
  const blocks: number[] = [];
  for (let i = 0; i < packed.length; i += 255)
    blocks.push(Math.min(255, packed.length - i), ...packed.slice(i, i + 255));
  const flags = (disposal << 2) | (transparent === undefined ? 0 : 1);
  const control = flags === 0 ? [] : [0x21, 0xf9, 4, flags, 0, 0, transparent ?? 0, 0];
  const { left, top, width, height } = frame ?? whole;
  const area = [left, top, width, height].flatMap(two);
  return [...control, 0x2c, ...area, interlaced ? 0x40 : 0, 3, ...blocks, 0];
}

export interface WebpPart {
  /** A still WebP file. */
  readonly file: Uint8Array;
  readonly left?: number;
  readonly top?: number;
  readonly replaces?: boolean;
  readonly disposed?: boolean;
}

/** An animated WebP file. */
export function webpAnimation(width: number, height: number, frames: readonly WebpPart[]): Uint8Array {
  const three = (n: number): number[] => [n & 255, (n >> 8) & 255, n >> 16];
  const chunk = (name: string, content: Uint8Array | readonly number[]): Uint8Array => {
    const head = Buffer.alloc(8);
    head.write(name, 'latin1');
    head.writeUInt32LE(content.length, 4);
    return Buffer.concat([head, Uint8Array.from(content), Buffer.alloc(content.length % 2)]);
  };
  const parts = frames.map(({ file, left = 0, top = 0, replaces, disposed }) => {
    const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
    // The size of a lossless picture, whose chunk comes first or behind an extended header.
    const at = Buffer.from(file).indexOf('VP8L', 0, 'latin1');
    const packed = view.getUint32(at + 9, true);
    const [w, h] = [packed & 0x3fff, (packed >> 14) & 0x3fff];
    const flags = (replaces ? 2 : 0) | (disposed ? 1 : 0);
    return chunk('ANMF', [
      ...three(left / 2),
      ...three(top / 2),
      ...three(w),
      ...three(h),
      ...three(40),
      flags,
      ...file.subarray(at),
    ]);
  });
  const body = Buffer.concat([
    Buffer.from('WEBP'),
    chunk('VP8X', [0x12, 0, 0, 0, ...three(width - 1), ...three(height - 1)]),
    chunk('ANIM', [0, 0, 0, 0, 0, 0]),
    ...parts,
  ]);
  const head = Buffer.alloc(8);
  head.write('RIFF', 'latin1');
  head.writeUInt32LE(body.length, 4);
  return new Uint8Array(Buffer.concat([head, body]));
}

/** Lempel, Ziv and Welch: codes of 4 to 12 bits, which begin again when all 4,096 are taken. */
function compressed(indices: readonly number[]): number[] {
  const [clear, end] = [8, 9];
  const bytes: number[] = [];
  let [bits, held] = [0, 0];
  const put = (code: number, width: number): void => {
    bits |= code << held;
    for (held += width; held >= 8; held -= 8, bits >>>= 8) bytes.push(bits & 255);
  };
  let [known, width, run] = [new Map<string, number>(), 4, ''];
  const codeOf = (text: string): number => (text.length === 1 ? Number(text) : known.get(text)!);
  put(clear, width);
  for (const index of indices) {
    if (run === '' || known.has(run + index)) {
      run += index;
      continue;
    }
    put(codeOf(run), width);
    // The reader knows this code one step later, and widens its own then.
    if (end + 1 + known.size === 1 << width) width++;
    if (end + 1 + known.size < 4096) known.set(run + index, end + 1 + known.size);
    else {
      put(clear, 12);
      [known, width] = [new Map(), 4];
    }
    run = String(index);
  }
  if (run !== '') {
    put(codeOf(run), width);
    if (end + 1 + known.size === 1 << width && width < 12) width++;
  }
  put(end, width);
  if (held > 0) bytes.push(bits & 255);
  return bytes;
}

export const gifPalette: readonly number[] = [0, 80, 160, 240].flatMap((grey) => [
  grey,
  grey,
  grey,
  grey,
  255 - grey,
  10,
]);
