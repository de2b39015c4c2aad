import { statSync } from 'node:fs';
import { Option } from 'commander';
import type { Image } from 'unrolled/images';
import { Failure, naming } from '../failure.ts';
import { filesBelow } from '../input/files-below.ts';
import { isImageFile } from '../input/image-data.ts';
import { readImage } from '../input/images.ts';
import type { UseFlags } from '../options/use.ts';
import type { Given, Item } from './task-commands.ts';
import { lineBatches, type TextFlags } from './text-items.ts';

/** Flags of a `predict` whose inputs are images. */
export interface ImageFlags extends UseFlags, TextFlags {
  skipBroken?: boolean;
}

export const skipBroken = (): Option =>
  new Option('--skip-broken', 'leave out images that cannot be read, with a count');

export const imagesArgument = {
  name: '[inputs...]',
  description: 'image files, or folders of them (default: those named by the lines of the standard input)',
} as const;

/** Images that are decoded and predicted together. */
const together = 16;

/** The images of files and folders, in batches. */
export async function* imageItems({ texts, flags }: Given<ImageFlags>): AsyncGenerator<readonly Item<Image>[]> {
  let batch: Item<Image>[] = [];
  let leftOut = 0;
  for await (const lines of lineBatches(texts, flags.file)) {
    for (const path of lines.flatMap(imagesOf)) {
      try {
        batch.push({ text: path, input: path.trim() === '' ? null : await readImage(path) });
      } catch (error) {
        if (!flags.skipBroken || !(error instanceof Failure)) throw error;
        leftOut++;
        process.stderr.write(`unrolled: left out ${error.message}\n`);
      }
      if (batch.length < together) continue;
      yield batch;
      batch = [];
    }
    // A person who types waits for the answer.
    if (batch.length > 0) yield batch;
    batch = [];
  }
  if (leftOut > 1) process.stderr.write(`unrolled: ${leftOut} files were left out\n`);
}

/** The image files in a folder; a file itself. */
function imagesOf(path: string): readonly string[] {
  if (path.trim() === '' || !naming(path, () => statSync(path)).isDirectory()) return [path];
  const { files, problems } = filesBelow(path);
  if (problems.length > 0) throw new Failure(`${problems[0].path}: ${problems[0].reason}`);
  const images = files.filter(isImageFile);
  if (images.length === 0) throw new Failure(`${path}: no images found`);
  return images;
}
