import { Option } from 'commander';
import { Failure } from '../../failure.ts';
import { listed } from '../image-folder.ts';
import { type CaptionedFile, captionedFiles, readCaptionFiles } from './data.ts';
import { captionsOption, skipBroken } from './options.ts';

/** Which images a trained model is evaluated on. */
export interface EvaluatedFlags {
  captions?: string;
  split?: string;
  skipBroken?: boolean;
}

export const evaluatedOptions = (): Option[] => [
  captionsOption(),
  new Option('--split <file>', 'list of the images to evaluate on, one name a line (default: all)'),
  skipBroken(),
];

export interface EvaluatedImages {
  readonly chosen: readonly CaptionedFile[];
  /** Those that the list leaves out. */
  readonly others: readonly CaptionedFile[];
  /** What was left out, in sentences for people. */
  readonly about: readonly string[];
}

/** The images of a folder with their captions, divided by --split. @throws Failure naming the file and line that is wrong */
export async function evaluatedImages(
  command: string,
  paths: readonly string[],
  { captions, split, skipBroken: skips }: EvaluatedFlags,
): Promise<EvaluatedImages> {
  if (paths.length === 0) throw new Failure(`caption ${command}: name a folder of images with captions`, 2);
  const main = readCaptionFiles(paths);
  const file = captions === undefined ? undefined : readCaptionFiles([captions]);
  const { images, about } = await captionedFiles({ main, captions: file, skipBroken: skips });
  const chosen = split === undefined ? images : listed(main, images, readCaptionFiles([split]));
  const own = new Set(chosen);
  return { chosen, others: images.filter((image) => !own.has(image)), about };
}
