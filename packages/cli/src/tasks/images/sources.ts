import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { relative } from 'node:path';
import { FormatError } from 'unrolled';
import { imageHeader } from 'unrolled/images';
import { Failure, naming } from '../../failure.ts';
import { imageData, isImageFile } from '../../input/image-data.ts';
import { isImageList, readImageList } from '../../input/image-list.ts';
import type { ImageData } from '../../input/image-sets.ts';
import { binaryFiles, type SourceFile, type SourceFiles } from '../../input/source-files.ts';
import { isStoredImages, storedImages } from '../../input/stored-images.ts';

/** Images with labels: found and hashed, not decoded. */
export interface ImageFiles extends SourceFiles {
  /** As it was given, or the first of them. */
  readonly path: string;
  readonly data: ImageData;
  /** Files with one image each; none where they stand together in files. */
  readonly single: readonly SourceFile[];
}

const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** Whether there are images in what was given; also if they are not where they should be. */
export const recognisesImages = (paths: readonly string[]): boolean =>
  paths.length > 0 &&
  paths.every((path) => {
    if (isFile(path)) return isImageFile(path) || isStoredImages(path) || isImageList(path);
    try {
      return imageData(path) !== null;
    } catch (error) {
      if (error instanceof Failure) return error.cause === undefined;
      throw error;
    }
  });

/**
 * A folder of images, a table that lists them, or files with many of them.
 * @param labelled  whether each image must have a label. Default true
 * @throws Failure if there is more than one of these, or they have no labels
 */
export async function readImageFiles(paths: readonly string[], { labelled = true } = {}): Promise<ImageFiles> {
  const [path] = paths;
  if (isFile(path) && paths.some(isStoredImages)) {
    const { files, ...data } = storedImages(paths);
    return { path, data, single: [], ...binaryFiles(files) };
  }
  if (paths.length > 1) {
    throw new Failure(
      `${paths.join(', ')}: give one folder, in which there is a folder of images for each label, or one table of them`,
    );
  }
  if (isFile(path) && isImageList(path)) {
    const { files, ...data } = await readImageList(path);
    // What is missing is named when it is read.
    const single = files.some(isFile) ? binaryFiles(files.filter(isFile)).files : [];
    return { path, data, single, files: [sumOf(path, [...binaryFiles([path]).files, ...single])] };
  }
  if (!naming(path, () => statSync(path)).isDirectory()) {
    throw new Failure(
      `${path}: it is a file; give the folder with the images and their labels, or a table of images and labels`,
    );
  }
  const data = imageData(path, { labelled });
  if (data === null) {
    throw new Failure(
      `${path}: no images found; there must be ${labelled ? 'a folder of images for each label' : 'image files'}, or IDX or CIFAR files`,
    );
  }
  const { files: inside } = binaryFiles([path], data.format === 'folders' ? isImageFile : undefined);
  return { path, data, single: data.format === 'folders' ? inside : [], files: [sumOf(path, inside)] };
}

/** Several files as one, whose hash is without the place of the folder, which may be moved. */
function sumOf(path: string, files: readonly SourceFile[]): SourceFile {
  const hash = createHash('sha256');
  for (const file of files) hash.update(`${relative(path, file.path)}\n${file.sha256}\n`);
  return { path, bytes: files.reduce((sum, { bytes }) => sum + bytes, 0), sha256: hash.digest('hex') };
}

/** Images looked at to choose a size. */
const enough = 50;

/** The median of the shorter sides, and whether the images are grey, of some of them. */
export async function typicalImage({ single, data }: ImageFiles): Promise<{ side: number; grey: boolean }> {
  if (data.format !== 'folders' && data.format !== 'list') {
    const { images } = await data.train.read();
    return { side: Math.min(images[0].width, images[0].height), grey: images[0].channels === 1 };
  }
  const every = Math.max(1, Math.floor(single.length / enough));
  const headers = single
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
