import { Failure } from '../../failure.ts';
import { type CaptionLine, parseCaptions, shownName } from '../../input/captions.ts';
import type { SourceFile } from '../../input/source-files.ts';
import { countOf } from '../../output/units.ts';
import { type ImageFolder, ImageNames, readImageFolder } from '../image-folder.ts';

/** An image file and what is said of it. */
export interface CaptionedFile {
  readonly file: SourceFile;
  readonly captions: readonly string[];
}

const names = [/^captions\.(txt|csv|tsv|jsonl|json)$/i, /captions.*\.(txt|csv|tsv|jsonl|json)$/i, /\.token\.txt$/i];

/** @throws Failure if it is not one folder with images, or a file of text */
export const readCaptionFiles = (paths: readonly string[]): ImageFolder =>
  readImageFolder(paths, { what: 'captions', names });

export interface CaptionedFiles {
  /** In the order of their files. */
  readonly images: readonly CaptionedFile[];
  /** What was left out, in sentences for people. */
  readonly about: readonly string[];
}

export interface CaptionSource {
  readonly main: ImageFolder;
  /** The file of --captions. */
  readonly captions?: ImageFolder | undefined;
  readonly skipBroken?: boolean | undefined;
}

/**
 * The images of a folder with their captions.
 * @throws Failure naming the caption without its image, or the image without a caption, unless they are to be left out
 */
export async function captionedFiles({ main, captions, skipBroken }: CaptionSource): Promise<CaptionedFiles> {
  if (main.images.length === 0) throw new Failure(`${main.path}: it is a file; give the folder with the images`);
  const file = captions?.text ?? main.text;
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
