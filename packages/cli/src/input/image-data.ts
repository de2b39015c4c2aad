import { readdirSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { Failure, naming } from '../failure.ts';
import { countOf } from '../output/units.ts';
import { filesBelow } from './files-below.ts';
import { cifarSet, filesSet, type ImageSet, idxSet, type LabelledFile, labelNames } from './image-sets.ts';

/** Images to learn from. */
export interface ImageData {
  readonly format: 'folders' | 'idx' | 'cifar-10' | 'cifar-100';
  readonly labels: readonly string[];
  readonly train: ImageSet;
  /** Images that the data keep apart; null: none. */
  readonly test: ImageSet | null;
}

/** Whether a file's name is that of an image which can be read. */
export const isImageFile = (path: string): boolean => /\.(jpe?g|jpe|jfif|png|webp|gif)$/i.test(path);

const trainFolder = 'train';
const testFolders: readonly string[] = ['test', 'val', 'valid', 'validation'];

/**
 * Finds images with labels in a folder: a folder for each label, the same below `train` and `test` (or `val`), a pair of IDX
 * files, or the files of CIFAR-10's or CIFAR-100's binary version. Nothing is decoded yet.
 * @returns null if the folder has none of these, so that something else may be in it
 * @throws Failure if it has images, but not so that each has a label
 */
export function imageData(folder: string): ImageData | null {
  if (!naming(folder, () => statSync(folder)).isDirectory()) return null;
  const names = naming(folder, () => readdirSync(folder)).sort();
  return cifarData(folder, names) ?? idxData(folder, names) ?? folderData(folder);
}

function cifarData(folder: string, names: readonly string[]): ImageData | null {
  const at = (name: string): string => join(folder, name);
  const batches = names.filter((name) => /^data_batch_\d+\.bin$/.test(name));
  if (batches.length > 0) {
    const labels = labelsFrom(at('batches.meta.txt'), names.includes('batches.meta.txt'), 10);
    const test = names.includes('test_batch.bin') ? cifarSet([at('test_batch.bin')], 10) : null;
    return { format: 'cifar-10', labels, train: cifarSet(batches.map(at), 10), test };
  }
  if (!names.includes('train.bin')) return null;
  const labels = labelsFrom(at('fine_label_names.txt'), names.includes('fine_label_names.txt'), 100);
  const test = names.includes('test.bin') ? cifarSet([at('test.bin')], 100) : null;
  return { format: 'cifar-100', labels, train: cifarSet([at('train.bin')], 100), test };
}

/** Names in a file, or numbers where there is none. */
const labelsFrom = (path: string, exists: boolean, classes: number): readonly string[] =>
  exists ? labelNames(path, classes) : Array.from({ length: classes }, (_, i) => String(i));

function idxData(folder: string, names: readonly string[]): ImageData | null {
  const pairs = names.flatMap((images) => {
    if (!/images[.-]idx[34](-ubyte)?(\.gz)?$/.test(images)) return [];
    const wanted = images.replace(/\.gz$/, '').replace(/images([.-])idx[34]/, 'labels$1idx1');
    const labels = names.find((name) => name === wanted || name === `${wanted}.gz`);
    if (labels === undefined) throw new Failure(`${join(folder, images)}: there is no ${wanted} beside it`);
    return [{ images: join(folder, images), labels: join(folder, labels), train: images.startsWith('train') }];
  });
  if (pairs.length === 0) return null;
  const [train, test] = [pairs.find((pair) => pair.train) ?? pairs[0], pairs.find((pair) => !pair.train)];
  const trained = idxSet(train.images, train.labels);
  const tested = test && test !== train ? idxSet(test.images, test.labels) : null;
  const labels = Array.from({ length: Math.max(trained.classes, tested?.classes ?? 0) }, (_, i) => String(i));
  return { format: 'idx', labels, train: trained.set, test: tested?.set ?? null };
}

function folderData(folder: string): ImageData | null {
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
  const loose = files.find((path) => parts(path).length < levels + 2);
  if (loose !== undefined) {
    throw new Failure(
      `${loose}: the image lies in no folder of a label; put each into a folder that is called as its label`,
    );
  }
  const trainFiles = split ? files.filter((path) => parts(path)[0] === trainFolder) : files;
  const labels = [...new Set(trainFiles.map((path) => parts(path)[levels]))].sort();
  if (labels.length < 2) {
    throw new Failure(
      `${folder}: there ${labels.length === 1 ? `is one label, '${labels[0]}'` : 'are no labels'}; ` +
        'it needs a folder of images for each of two or more labels',
    );
  }
  const setOf = (path: string, chosen: readonly string[]): ImageSet => {
    const labelled = chosen.map((file): LabelledFile => {
      const name = parts(file).slice(levels);
      const label = labels.indexOf(name[0]);
      if (label < 0) {
        throw new Failure(
          `${file}: its label '${name[0]}' is not among the ${countOf(labels.length, 'label')} of ${join(folder, trainFolder)}`,
        );
      }
      return { path: file, name: name.join('/'), label };
    });
    return filesSet(path, labelled);
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
