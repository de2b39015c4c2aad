import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { FormatError } from 'unrolled';
import { type Image, imageFormat, partOf } from 'unrolled/images';
import { Failure, namingAsync } from '../failure.ts';
import { formatBytes, formatCount } from '../output/units.ts';
import { isImageFile } from './image-data.ts';
import { checkedHeader, decodeImage, readImage } from './images.ts';

/** How the frames of a video are read. */
export interface FrameOptions {
  /** Take every n-th frame. Default 1: all */
  readonly every?: number | undefined;
  /** The most frames that are taken. Default 10,000 */
  readonly frames?: number | undefined;
  /** The most bytes that they take together. Default 1 GiB */
  readonly bytes?: number | undefined;
  /** Height of the frames in an image that holds them below each other. Default: an image is one frame */
  readonly stripHeight?: number | undefined;
  /** Makes of each frame what is kept of it, as soon as it is read. Default: all of it */
  readonly prepare?: ((frame: Image) => Image) | undefined;
}

/** Bounds, so that no file exhausts memory or time. */
const most = {
  frames: 10_000,
  read: 1_000_000,
  pixels: 2 ** 24,
  keptBytes: 2 ** 30,
  decodedPixels: 2 ** 34,
  fileBytes: 2 ** 31,
};

/** Whether a file's name is that of a video that ffmpeg reads. */
export const isFilm = (path: string): boolean =>
  /\.(mp4|m4v|mov|avi|mkv|webm|mpe?g|wmv|flv|ogv|3gp|ts|mts)$/i.test(path);

/**
 * The frames of a video: a folder with an image for each, in the order of their names (2 before 10); an animated GIF or WebP; an
 * image with the frames below each other; any other file by an installed ffmpeg.
 * @throws Failure naming the file, and the frame that is wrong: cut off, of another size, none, or too many
 */
export function readFrames(path: string, options: FrameOptions = {}): Promise<Image[]> {
  return namingAsync(path, async () => {
    const { every = 1, frames: limit = most.frames, bytes = most.keptBytes, prepare = (frame) => frame } = options;
    const frames: Image[] = [];
    let [read, kept, decoded] = [0, 0, 0];
    let first: Image | null = null;
    for await (const frame of framesOf(path, options)) {
      first ??= frame;
      if (frame.width !== first.width || frame.height !== first.height) {
        throw new FormatError(
          `frame ${read + 1} has ${frame.width} × ${frame.height} pixels, the first ${first.width} × ${first.height}; ` +
            'the frames of a video must have one size',
        );
      }
      decoded += frame.width * frame.height;
      if (decoded > most.decodedPixels) {
        throw new FormatError(
          `its frames have more than ${formatCount(most.decodedPixels)} pixels together; cut it or make it smaller`,
        );
      }
      if (read === most.read) throw new FormatError(`it has more than ${formatCount(most.read)} frames; cut it`);
      if (read++ % every !== 0) continue;
      if (frames.length === limit) {
        throw new FormatError(
          `it has more than ${formatCount(limit)} frames; cut it, or take fewer of them with --every ${2 * every}`,
        );
      }
      const prepared = prepare(frame);
      kept += prepared.data.length;
      if (kept > bytes) {
        throw new FormatError(
          `its first ${formatCount(frames.length)} frames take ${formatBytes(kept)} of memory; take fewer with --every, or make them smaller`,
        );
      }
      frames.push(prepared);
    }
    if (frames.length === 0) throw new FormatError('it has no frame');
    return frames;
  });
}

/** As they are stored, one after the other. */
async function* framesOf(path: string, { stripHeight, frames, every }: FrameOptions): AsyncGenerator<Image> {
  const about = statSync(path);
  if (about.isDirectory()) {
    yield* folderFrames(path, (frames ?? most.frames) * (every ?? 1));
    return;
  }
  if (!about.isFile()) throw new Failure(`${path}: it is not a regular file`);
  if (about.size === 0) throw new FormatError('the file is empty');
  if (isFilm(path)) {
    const { filmFrames } = await import('./decoders/ffmpeg.ts');
    yield* filmFrames(path, most.pixels);
    return;
  }
  if (about.size > most.fileBytes)
    throw new FormatError(`the file has ${formatBytes(about.size)}; at most ${formatBytes(most.fileBytes)} are read`);
  const bytes = readFileSync(path);
  const format = imageFormat(bytes);
  if (format === null) {
    const { filmFrames } = await import('./decoders/ffmpeg.ts');
    yield* filmFrames(path, most.pixels);
  } else if (stripHeight !== undefined) yield* stripFrames(await decodeImage(bytes), stripHeight);
  else if (format === 'gif') {
    checkedHeader(bytes, most.pixels);
    const { gifFrames } = await import('./decoders/gif.ts');
    yield* gifFrames(bytes);
  } else if (format === 'webp' && checkedHeader(bytes, most.pixels).animated) {
    const { animatedWebp } = await import('./decoders/webp-animation.ts');
    yield* animatedWebp(bytes, checkedHeader(bytes, most.pixels));
  } else yield await decodeImage(bytes, { pixels: most.pixels });
}

async function* folderFrames(folder: string, limit: number): AsyncGenerator<Image> {
  const names = frameNames(folder);
  if (names.length === 0) throw new FormatError('there are no frames in the folder: no JPEG, PNG, WebP or GIF file');
  if (names.length > limit) {
    throw new FormatError(
      `the folder has ${formatCount(names.length)} frames; at most ${formatCount(limit)} are read: take fewer of them`,
    );
  }
  for (const name of names) yield await readImage(join(folder, name), { pixels: most.pixels });
}

function* stripFrames(strip: Image, height: number): Generator<Image> {
  if (strip.height % height !== 0) {
    throw new FormatError(
      `the image is ${strip.height} pixels high, no multiple of ${height}; give the height of its frames with --strip`,
    );
  }
  for (let top = 0; top < strip.height; top += height) {
    yield partOf(strip, { top, left: 0, width: strip.width, height });
  }
}

const byNumber = new Intl.Collator('en', { numeric: true });

/** The names of the image files in a folder, 2 before 10. */
export const frameNames = (folder: string): string[] =>
  readdirSync(folder)
    .filter((name) => !name.startsWith('.') && isImageFile(name))
    .sort((a, b) => byNumber.compare(a, b) || (a < b ? -1 : 1));
