import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { basename, relative, sep } from 'node:path';
import { splitExamples } from 'unrolled/data';
import { Failure, naming } from '../../failure.ts';
import { type CaptionLine, parseCaptions, parseNames, shownName } from '../../input/captions.ts';
import { isImageFile } from '../../input/image-data.ts';
import { binaryFiles, type SourceFile, type SourceFiles } from '../../input/source-files.ts';
import { readTextFiles } from '../../input/text-files.ts';
import { countOf } from '../../output/units.ts';

/** A folder of images, or a file about them: found and hashed. */
export interface CaptionFiles extends SourceFiles {
  readonly path: string;
  /** Of a folder: the images in it, and the file of captions, if there is one. */
  readonly images: readonly SourceFile[];
  readonly captions: { readonly path: string; readonly text: string } | null;
}

/** An image file and what is said of it. */
export interface CaptionedFile {
  readonly file: SourceFile;
  readonly captions: readonly string[];
}

/** How a file of captions is called, best first. */
const captionNames = [
  /^captions\.(txt|csv|tsv|jsonl|json)$/i,
  /captions.*\.(txt|csv|tsv|jsonl|json)$/i,
  /\.token\.txt$/i,
];

/** @throws Failure if it is not one folder with images, or a file of text */
export function readCaptionFiles(paths: readonly string[]): CaptionFiles {
  const [path, ...others] = paths;
  if (others.length > 0) throw new Failure(`${paths.join(', ')}: give one folder, with images and their captions`);
  if (!naming(path, () => statSync(path)).isDirectory()) {
    const { files, texts } = readTextFiles([path]);
    return { path, files, images: [], captions: { path, text: texts[0] } };
  }
  const { files } = binaryFiles(
    [path],
    (file) => isImageFile(file) || captionNames.some((name) => name.test(basename(file))),
  );
  const images = files.filter((file) => isImageFile(file.path));
  if (images.length === 0) throw new Failure(`${path}: no images found`);
  const named = captionNames.flatMap((name) => files.filter((file) => name.test(basename(file.path))));
  const hash = createHash('sha256');
  // Without the place of the folder, which may be moved.
  for (const file of files) hash.update(`${relative(path, file.path)}\n${file.sha256}\n`);
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  return {
    ...{ path, images, files: [{ path, bytes, sha256: hash.digest('hex') }] },
    captions:
      named.length > 0
        ? { path: named[0].path, text: naming(named[0].path, () => readFileSync(named[0].path, 'utf8')) }
        : null,
  };
}

/** Finds image files by the names that files about them use: a path in the folder, or the name alone. */
class ImageNames {
  readonly #byPath: ReadonlyMap<string, SourceFile>;
  readonly #byName = new Map<string, SourceFile[]>();

  constructor({ path, images }: CaptionFiles) {
    this.#byPath = new Map(images.map((file) => [relative(path, file.path).split(sep).join('/'), file]));
    for (const file of images) {
      const name = basename(file.path);
      this.#byName.set(name, [...(this.#byName.get(name) ?? []), file]);
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

export interface CaptionedFiles {
  /** In the order of their files. */
  readonly images: readonly CaptionedFile[];
  /** What was left out, in sentences for people. */
  readonly about: readonly string[];
}

export interface CaptionSource {
  readonly main: CaptionFiles;
  /** The file of --captions. */
  readonly captions?: CaptionFiles | undefined;
  readonly skipBroken?: boolean | undefined;
}

/**
 * The images of a folder with their captions.
 * @throws Failure naming the caption without its image, or the image without a caption, unless they are to be left out
 */
export async function captionedFiles({ main, captions, skipBroken }: CaptionSource): Promise<CaptionedFiles> {
  if (main.images.length === 0) throw new Failure(`${main.path}: it is a file; give the folder with the images`);
  const file = captions?.captions ?? main.captions;
  if (!file) {
    throw new Failure(`${main.path}: no captions found; name their file captions.txt, or give it with --captions`);
  }
  const names = new ImageNames(main);
  const found = new Map<SourceFile, string[]>();
  const lost: CaptionLine[] = [];
  for (const line of await parseCaptions(file.text, file.path)) {
    const image = names.find(line.image, line.place);
    if (image === null) lost.push(line);
    else found.set(image, [...(found.get(image) ?? []), line.caption]);
  }
  const bare = main.images.filter((image) => !found.has(image));
  const about = [
    lost.length > 0
      ? `${lost[0].place}: there is no image '${shownName(lost[0].image)}' in ${main.path}${more(lost.length, 'caption')}`
      : null,
    bare.length > 0 ? `${bare[0].path}: it has no caption in ${file.path}${more(bare.length, 'image')}` : null,
  ].filter((line) => line !== null);
  if (about.length > 0 && !skipBroken) throw new Failure(`${about[0]}; --skip-broken leaves such out`);
  const images = main.images.flatMap((image) => {
    const own = found.get(image);
    return own ? [{ file: image, captions: own }] : [];
  });
  if (images.length === 0) throw new Failure(`${file.path}: none of its captions is of an image in ${main.path}`);
  return { images, about: about.map((line) => `Left out: ${line}`) };
}

const more = (count: number, noun: string): string => (count > 1 ? ` (${countOf(count, noun)} like this)` : '');

/** The files of --train-split, --validation-split and --test-split. */
export interface SplitFiles {
  readonly trainSplit?: CaptionFiles | undefined;
  readonly validationSplit?: CaptionFiles | undefined;
  readonly testSplit?: CaptionFiles | undefined;
}

export interface CaptionSplit {
  readonly train: readonly CaptionedFile[];
  readonly validation: readonly CaptionedFile[];
  readonly test: readonly CaptionedFile[];
}

/**
 * Divides images by lists of names; without a list for it, training has what the others leave, and validation a share of that.
 * @throws Failure naming a line whose image is not there, or in another list
 */
export function splitCaptions(
  main: CaptionFiles,
  images: readonly CaptionedFile[],
  { trainSplit, validationSplit, testSplit }: SplitFiles,
  { share, seed }: { readonly share: number; readonly seed: number },
): CaptionSplit {
  const taken = new Map<CaptionedFile, string>();
  const [test, validation, train] = [testSplit, validationSplit, trainSplit].map((list) =>
    list ? listed(main, images, list, taken) : null,
  );
  const rest = train ?? images.filter((image) => !taken.has(image));
  if (validation) return { train: rest, validation, test: test ?? [] };
  // Not the place of the folder, which may be moved.
  const keyOf = ({ file }: CaptionedFile): string => relative(main.path, file.path);
  return { ...splitExamples(rest, { share, seed, keyOf }), test: test ?? [] };
}

/** The images of a list. @param taken  those of other lists, with their places; these are added */
export function listed(
  main: CaptionFiles,
  images: readonly CaptionedFile[],
  list: CaptionFiles,
  taken: Map<CaptionedFile, string> = new Map(),
): CaptionedFile[] {
  const names = new ImageNames(main);
  const byFile = new Map(images.map((image) => [image.file, image]));
  if (!list.captions)
    throw new Failure(`${list.path}: it is a folder; give a file with the name of an image in each line`);
  return parseNames(list.captions.text, list.path).map(({ name, place }) => {
    const file = names.find(name, place);
    const image = file && byFile.get(file);
    if (!image) throw new Failure(`${place}: there is no image '${shownName(name)}' with captions in ${main.path}`);
    const other = taken.get(image);
    if (other !== undefined) throw new Failure(`${place}: '${shownName(name)}' is listed before, in ${other}`);
    taken.set(image, place);
    return image;
  });
}
