import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, extname, relative, sep } from 'node:path';
import { splitExamples } from 'unrolled/data';
import { Failure, naming } from '../failure.ts';
import { parseNames, shownName } from '../input/captions.ts';
import { isImageFile } from '../input/image-data.ts';
import { binaryFiles, type SourceFile, type SourceFiles } from '../input/source-files.ts';
import { readTextFiles } from '../input/text-files.ts';

/** A folder of images, or a file about them: found and hashed. */
export interface ImageFolder extends SourceFiles {
  readonly path: string;
  /** Of a folder: the images in it, and the file of text about them, if there is one. */
  readonly images: readonly SourceFile[];
  readonly text: TextAbout | null;
}

/** A file of text about images. */
export interface TextAbout {
  readonly path: string;
  readonly text: string;
}

/** An image file that something is said of. */
export interface ToldImage {
  readonly file: SourceFile;
}

export interface FolderNames {
  /** What is said of the images, for errors: 'captions'. */
  readonly what: string;
  /** How the file of it is called, best first. */
  readonly names: readonly RegExp[];
}

/** @throws Failure if it is not one folder with images, or a file of text */
export function readImageFolder(paths: readonly string[], { what, names }: FolderNames): ImageFolder {
  const [path, ...others] = paths;
  if (others.length > 0) throw new Failure(`${paths.join(', ')}: give one folder, with images and their ${what}`);
  if (!naming(path, () => statSync(path)).isDirectory()) {
    const { files, texts } = readTextFiles([path]);
    return { path, files, images: [], text: { path, text: texts[0] } };
  }
  const { files } = binaryFiles([path], (file) => isImageFile(file) || names.some((name) => name.test(basename(file))));
  const images = files.filter((file) => isImageFile(file.path));
  if (images.length === 0) throw new Failure(`${path}: no images found`);
  const named = names.flatMap((name) => files.filter((file) => name.test(basename(file.path))));
  const hash = createHash('sha256');
  // Without the place of the folder, which may be moved.
  for (const file of files) hash.update(`${relative(path, file.path)}\n${file.sha256}\n`);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return {
    ...{ path, images, files: [{ path, bytes, sha256: hash.digest('hex') }] },
    text:
      named.length > 0
        ? { path: named[0].path, text: naming(named[0].path, () => readFileSync(named[0].path, 'utf8')) }
        : null,
  };
}

/** Finds image files by the names that files about them use: a path in the folder; or the name alone, also without its extension. */
export class ImageNames {
  readonly #byPath: ReadonlyMap<string, SourceFile>;
  readonly #byName = new Map<string, SourceFile[]>();

  constructor({ path, images }: ImageFolder) {
    this.#byPath = new Map(images.map((file) => [relative(path, file.path).split(sep).join('/'), file]));
    for (const file of images) {
      for (const name of namesOf(file.path)) this.#byName.set(name, [...(this.#byName.get(name) ?? []), file]);
    }
  }

  /** @throws Failure if several have the name */
  find(name: string, place: string): SourceFile | null {
    const direct = this.#byPath.get(name);
    if (direct) return direct;
    const named = this.#byName.get(basename(name)) ?? [];
    if (named.length > 1) {
      throw new Failure(
        `${place}: '${shownName(name)}' may be ${named[0].path} or ${named[1].path}; write the path in the folder`,
      );
    }
    return named[0] ?? null;
  }
}

/** What a file is called: `COCO_val2014_000000000042.jpg` also without its extension, and by its number, 42. */
function namesOf(path: string): readonly string[] {
  const name = basename(path);
  const stem = basename(path, extname(path));
  const [, number] = /(?:^|_)(\d+)$/.exec(stem) ?? [];
  return [...new Set([name, stem, ...(number === undefined ? [] : [number.replace(/^0+(?=.)/, '')])])];
}

/** The files of --train-split, --validation-split and --test-split. */
export interface SplitFiles {
  readonly trainSplit?: ImageFolder | undefined;
  readonly validationSplit?: ImageFolder | undefined;
  readonly testSplit?: ImageFolder | undefined;
}

export interface ImageSplit<Told extends ToldImage> {
  readonly train: readonly Told[];
  readonly validation: readonly Told[];
  readonly test: readonly Told[];
}

/**
 * Divides images by lists of names; without a list for it, training has what the others leave, and validation a share of that.
 * @throws Failure naming a line whose image is not there, or in another list
 */
export function splitImages<Told extends ToldImage>(
  main: ImageFolder,
  images: readonly Told[],
  { trainSplit, validationSplit, testSplit }: SplitFiles,
  { share, seed }: { readonly share: number; readonly seed: number },
): ImageSplit<Told> {
  const taken = new Map<Told, string>();
  const [test, validation, train] = [testSplit, validationSplit, trainSplit].map((list) =>
    list ? listed(main, images, list, taken) : null,
  );
  const rest = train ?? images.filter((image) => !taken.has(image));
  if (validation) return { train: rest, validation, test: test ?? [] };
  // Not the place of the folder, which may be moved.
  const keyOf = ({ file }: Told): string => relative(main.path, file.path);
  return { ...splitExamples(rest, { share, seed, keyOf }), test: test ?? [] };
}

/** The images of a list. @param taken  those of other lists, with their places; these are added */
export function listed<Told extends ToldImage>(
  main: ImageFolder,
  images: readonly Told[],
  list: ImageFolder,
  taken: Map<Told, string> = new Map(),
): Told[] {
  const names = new ImageNames(main);
  const byFile = new Map(images.map((image) => [image.file, image]));
  if (!list.text) throw new Failure(`${list.path}: it is a folder; give a file with the name of an image in each line`);
  return parseNames(list.text.text, list.path).map(({ name, place }) => {
    const file = names.find(name, place);
    const image = file && byFile.get(file);
    if (!image)
      throw new Failure(`${place}: there is no image '${shownName(name)}' in ${main.path} that anything is said of`);
    const other = taken.get(image);
    if (other !== undefined) throw new Failure(`${place}: '${shownName(name)}' is listed before, in ${other}`);
    taken.set(image, place);
    return image;
  });
}
