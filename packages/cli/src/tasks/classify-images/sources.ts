import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { FormatError } from 'unrolled';
import { imageHeader } from 'unrolled/images';
import { Failure, naming } from '../../failure.ts';
import { type ImageData, imageData, isImageFile } from '../../input/image-data.ts';
import { binaryFiles, type SourceFile, type SourceFiles } from '../../input/source-files.ts';

/** A folder of images: found and hashed, not decoded. */
export interface ImageFiles extends SourceFiles {
  /** As it was given. */
  readonly path: string;
  readonly data: ImageData;
  /** The files in it. */
  readonly inside: readonly SourceFile[];
}

/** Whether there are images in what was given; also if they are not where they should be. */
export const recognisesImages = (paths: readonly string[]): boolean =>
  paths.length > 0 &&
  paths.every((path) => {
    if (statSync(path, { throwIfNoEntry: false })?.isFile())
      return isImageFile(path) || /idx[34](-ubyte)?(\.gz)?$/.test(path);
    try {
      return imageData(path) !== null;
    } catch (error) {
      if (error instanceof Failure) return error.cause === undefined;
      throw error;
    }
  });

/** @throws Failure if there is more than one folder, or it holds no images with labels */
export function readImageFiles(paths: readonly string[]): ImageFiles {
  const [path, ...others] = paths;
  if (others.length > 0) {
    throw new Failure(`${paths.join(', ')}: give one folder, in which there is a folder of images for each label`);
  }
  if (!naming(path, () => statSync(path)).isDirectory()) {
    throw new Failure(`${path}: it is a file; give the folder with the images and their labels`);
  }
  const data = imageData(path);
  if (data === null) {
    throw new Failure(
      `${path}: no images found; there must be a folder of images for each label, or IDX or CIFAR files`,
    );
  }
  const { files: inside } = binaryFiles([path], data.format === 'folders' ? isImageFile : undefined);
  const hash = createHash('sha256');
  // Without the place of the folder, which may be moved.
  for (const file of inside) hash.update(`${relative(path, file.path)}\n${file.sha256}\n`);
  const bytes = inside.reduce((sum, file) => sum + file.bytes, 0);
  return { path, data, inside, files: [{ path, bytes, sha256: hash.digest('hex') }] };
}

/** Images looked at to choose a size. */
const enough = 50;

/** The median of the shorter sides, and whether the images are grey, of some of them. */
export async function typicalImage({ inside, data }: ImageFiles): Promise<{ side: number; grey: boolean }> {
  if (data.format !== 'folders') {
    const { images } = await data.train.read();
    return { side: Math.min(images[0].width, images[0].height), grey: images[0].channels === 1 };
  }
  const every = Math.max(1, Math.floor(inside.length / enough));
  const headers = inside
    .filter((_, i) => i % every === 0)
    .flatMap(({ path }) => {
      try {
        return [imageHeader(readFileSync(path))];
      } catch (error) {
        // What is broken is named when it is decoded.
        if (error instanceof FormatError) return [];
        throw error;
      }
    });
  const sides = headers.map(({ width, height }) => Math.min(width, height)).sort((a, b) => a - b);
  const grey = headers.length > 0 && headers.every(({ colour }) => colour === 'grey');
  return { side: sides[sides.length >> 1] ?? 32, grey };
}
