import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { Failure, naming } from '../failure.ts';
import { countOf } from '../output/units.ts';
import { filesBelow } from './files-below.ts';
import { filesSet, type ImageData, type ImageSet, type LabelledFile } from './image-sets.ts';
import { storedImagesAmong } from './stored-images.ts';

/** Whether a file's name is that of an image which can be read. */
export const isImageFile = (path: string): boolean => /\.(jpe?g|jpe|jfif|png|webp|gif)$/i.test(path);

const trainFolder = 'train';
const testFolders: readonly string[] = ['test', 'val', 'valid', 'validation'];

/**
 * Finds images with labels in a folder: a folder for each label, the same below `train` and `test` (or `val`), a pair of IDX
 * files, or the files of CIFAR-10's or CIFAR-100's binary version. Nothing is decoded yet.
 * @param labelled  whether each image must have a label; where not, images may lie in any folders. Default true
 * @returns null if the folder has none of these, so that something else may be in it
 * @throws Failure if it has images, but not so that each has a label
 */
export function imageData(folder: string, { labelled = true } = {}): ImageData | null {
  if (!naming(folder, () => statSync(folder)).isDirectory()) return null;
  const names = naming(folder, () => readdirSync(folder)).sort();
  return storedImagesAmong(names.map((name) => join(folder, name))) ?? folderData(folder, labelled);
}

/** The different labels, in order. @param path  of what has them. @throws Failure if there are fewer than two */
export function labelsOf(path: string, all: readonly string[]): readonly string[] {
  const labels = [...new Set(all)].sort();
  if (labels.length >= 2) return labels;
  throw new Failure(
    `${path}: there ${labels.length === 1 ? `is one label, '${labels[0]}'` : 'are no labels'}; ` +
      'there must be images of two or more, in a folder for each or in a table',
  );
}

function folderData(folder: string, labelled: boolean): ImageData | null {
  const { files: all, problems } = filesBelow(folder);
  const files = all.filter(isImageFile);
  // Something else that happens to have a few pictures in it, such as a folder of texts.
  if (files.length === 0 || files.length * 2 < all.length) return null;
  if (problems.length > 0) throw new Failure(`${problems[0].path}: ${problems[0].reason}`);
  const parts = (path: string): string[] => relative(folder, path).split(sep);
  const tops = new Set(files.map((path) => parts(path)[0]));
  const testFolder = testFolders.find((name) => tops.has(name));
  const split = tops.has(trainFolder) && [...tops].every((top) => top === trainFolder || testFolders.includes(top));
  const levels = split ? 1 : 0;
  const trainFiles = split ? files.filter((path) => parts(path)[0] === trainFolder) : files;
  const names = (path: string): string[] => parts(path).slice(levels);
  const loose = files.find((path) => names(path).length < 2);
  if (labelled && loose !== undefined) {
    throw new Failure(
      `${loose}: the image lies in no folder of a label; put each into a folder that is called as its label`,
    );
  }
  const found = trainFiles.map((path) => names(path)[0]);
  const labels = labelled ? labelsOf(folder, found) : [noLabel];
  const setOf = (path: string, chosen: readonly string[]): ImageSet => {
    const listed = chosen.map((file): LabelledFile => {
      const name = names(file);
      const label = labelled ? labels.indexOf(name[0]) : 0;
      if (label < 0) {
        throw new Failure(
          `${file}: its label '${name[0]}' is not among the ${countOf(labels.length, 'label')} of ${join(folder, trainFolder)}`,
        );
      }
      return { path: file, name: name.join('/'), label };
    });
    return filesSet(path, listed);
  };
  if (!split) return { format: 'folders', labels, train: setOf(folder, files), test: null };
  const test =
    testFolder &&
    setOf(
      join(folder, testFolder),
      files.filter((path) => parts(path)[0] === testFolder),
    );
  return { format: 'folders', labels, train: setOf(join(folder, trainFolder), trainFiles), test: test || null };
}

/** Of all images, where labels are not asked for. */
const noLabel = 'image';
