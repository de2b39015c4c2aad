import { createHash, type Hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { FormatError } from 'unrolled';
import { decodeIdx } from 'unrolled/data';
import { decodeCifar, type Image, imagesOfIdx } from 'unrolled/images';
import { Failure, naming } from '../failure.ts';
import { unpacked } from './gzip.ts';
import { readImage } from './images.ts';
import type { SourceFile } from './source-files.ts';

/** Images with labels. */
export interface ImageSet {
  /** The folder or the first file that they are in. */
  readonly path: string;
  readonly length: number;
  /** Reads and decodes all of them, in the order of their names. @throws Failure naming the file that is damaged */
  read(options?: ReadImagesOptions): Promise<ReadImages>;
}

/** Images to learn from. */
export interface ImageData {
  readonly format: 'folders' | 'list' | 'idx' | 'cifar-10' | 'cifar-100';
  readonly labels: readonly string[];
  readonly train: ImageSet;
  /** Images that the data keep apart; null: none. */
  readonly test: ImageSet | null;
}

export interface ReadImagesOptions {
  /** Makes of each image what is kept of it, so that large ones do not fill the memory. Default: all of it */
  readonly prepare?: (image: Image) => Image;
  /** Leave out files that are damaged or no images. Default false: they are an error */
  readonly skipBroken?: boolean;
  /** Called after each image. */
  readonly onProgress?: (done: number, total: number) => void;
}

export interface ReadImages {
  readonly images: readonly Image[];
  /** For each image, the index of its label. */
  readonly targets: Int32Array;
  /** For each image, its file, or its file and its number in it. */
  readonly names: readonly string[];
  /** What was left out with `skipBroken`, and why. */
  readonly leftOut: readonly string[];
  /** Where the images are, their bytes and the hash of them. */
  readonly source: SourceFile;
}

/** A file with its label. */
export interface LabelledFile {
  readonly path: string;
  /** Below the folder of the set, so that moving the folder does not change the hash. */
  readonly name: string;
  readonly label: number;
}

/** Images in files of their own. */
export function filesSet(path: string, files: readonly LabelledFile[]): ImageSet {
  return {
    path,
    length: files.length,
    async read({ prepare = same, skipBroken = false, onProgress } = {}) {
      const [images, targets, names, leftOut]: [Image[], number[], string[], string[]] = [[], [], [], []];
      const hash = createHash('sha256');
      let bytes = 0;
      for (const [done, file] of files.entries()) {
        const onBytes = (content: Uint8Array): void => {
          bytes += content.length;
          hash.update(`${file.name}\n${content.length}\n`).update(content);
        };
        try {
          const image = prepare(await readImage(file.path, { onBytes }));
          images.push(image);
          targets.push(file.label);
          names.push(file.path);
        } catch (error) {
          if (!(error instanceof Failure)) throw error;
          if (!skipBroken)
            throw new Failure(`${error.message}; --skip-broken leaves such files out`, 1, { cause: error });
          leftOut.push(error.message);
        }
        onProgress?.(done + 1, files.length);
      }
      if (images.length === 0) {
        throw new Failure(`${path}: none of its ${files.length} images can be read; the first: ${leftOut[0]}`);
      }
      return {
        images,
        targets: Int32Array.from(targets),
        names,
        leftOut,
        source: { path, bytes, sha256: hash.digest('hex') },
      };
    },
  };
}

const same = (image: Image): Image => image;

/** The most that a file of many images may decompress to. */
const mostBytes = 2 ** 30;

function contentOf(path: string, hash: Hash): Uint8Array {
  return naming(path, () => {
    const bytes = readFileSync(path);
    hash.update(`${bytes.length}\n`).update(bytes);
    return unpacked(bytes, mostBytes);
  });
}

/** Images that stand together in files, such as IDX and CIFAR's. */
interface Stored {
  readonly images: readonly Image[];
  readonly labels: ArrayLike<number>;
}

function storedSet(
  path: string,
  hash: Hash,
  parts: readonly { path: string; stored: Stored }[],
  bytes: number,
): ImageSet {
  const length = parts.reduce((sum, { stored }) => sum + stored.images.length, 0);
  const source = { path, bytes, sha256: hash.digest('hex') };
  return {
    path,
    length,
    async read({ prepare = same, onProgress } = {}) {
      const images = parts.flatMap(({ stored }) => stored.images.map(prepare));
      onProgress?.(length, length);
      return {
        images,
        targets: Int32Array.from(parts.flatMap(({ stored }) => Array.from(stored.labels))),
        names: parts.flatMap((part) => part.stored.images.map((_, i) => `${part.path}: image ${i}`)),
        leftOut: [],
        source,
      };
    },
  };
}

/** Images and labels in a pair of IDX files, as handwritten digits come in, plain or compressed. */
export function idxSet(imagesPath: string, labelsPath: string): { readonly set: ImageSet; readonly classes: number } {
  const hash = createHash('sha256');
  const read = (path: string) => naming(path, () => decodeIdx(contentOf(path, hash)));
  const images = naming(imagesPath, () => imagesOfIdx(read(imagesPath)));
  const { shape, data: labels } = read(labelsPath);
  if (shape.length !== 1 || labels.length !== images.length || !(labels instanceof Uint8Array)) {
    throw new Failure(
      `${labelsPath}: it has labels of shape [${shape.join(', ')}] for ${images.length} images; give one byte for each image`,
    );
  }
  const bytes = images.reduce((sum, { data }) => sum + data.length, labels.length);
  const set = storedSet(imagesPath, hash, [{ path: imagesPath, stored: { images, labels } }], bytes);
  return { set, classes: labels.reduce((most, label) => Math.max(most, label + 1), 0) };
}

/** Images in files of CIFAR's binary version. */
export function cifarSet(paths: readonly string[], kind: 10 | 100): ImageSet {
  const hash = createHash('sha256');
  let bytes = 0;
  const parts = paths.map((path) => {
    const content = contentOf(path, hash);
    bytes += content.length;
    return { path, stored: naming(path, () => decodeCifar(content, kind)) };
  });
  return storedSet(paths[0], hash, parts, bytes);
}

/** Lines of a file that names labels. */
export function labelNames(path: string, classes: number): readonly string[] {
  return naming(path, () => {
    const lines = readFileSync(path, 'utf8')
      .split('\n')
      .map((line) => line.trim());
    const filled = lines.filter((line) => line !== '');
    if (filled.length !== classes || new Set(filled).size !== classes) {
      throw new FormatError(`it has ${filled.length} names of labels, ${classes} different ones are needed`);
    }
    return filled;
  });
}
