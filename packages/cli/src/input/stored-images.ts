import { existsSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { Failure } from '../failure.ts';
import { cifarSet, type ImageData, idxSet, labelNames } from './image-sets.ts';

/** Files that hold many images: those to learn from, those to test on, and what names or labels them. */
type StoredImages = ImageData & { readonly files: readonly string[] };

const idxImages = /images[.-]idx[34](-ubyte)?(\.gz)?$/;
const idxLabels = /labels[.-]idx1(-ubyte)?(\.gz)?$/;
const cifar = {
  10: { train: /^data_batch_\d+\.bin(\.gz)?$/, test: /^test_batch\.bin(\.gz)?$/, names: 'batches.meta.txt' },
  100: { train: /^train\.bin(\.gz)?$/, test: /^test\.bin(\.gz)?$/, names: 'fine_label_names.txt' },
} as const;

/** Whether a file's name is that of many images, or of their labels: IDX, or CIFAR's binary version. */
export const isStoredImages = (path: string): boolean =>
  [idxImages, idxLabels, ...Object.values(cifar).flatMap(({ train, test }) => [train, test])].some((name) =>
    name.test(basename(path)),
  );

/** Images of a folder with such files in it. @param paths  all that it holds; null if there are none to learn from */
export const storedImagesAmong = (paths: readonly string[]): ImageData | null =>
  cifarData(
    paths.filter((path) => cifarKind(path, 'train') || cifarKind(path, 'test')),
    true,
  ) ?? idxData(paths.filter((path) => idxImages.test(path)));

/** Images of such files that were given by name; labels are looked for beside the images. */
export function storedImages(paths: readonly string[]): StoredImages {
  const stray = paths.find((path) => !isStoredImages(path));
  if (stray !== undefined) {
    throw new Failure(`${stray}: it cannot go with ${paths.find(isStoredImages)}; give files of one kind, or a folder`);
  }
  const images = paths.filter((path) => !idxLabels.test(path));
  if (images.length === 0) throw new Failure(`${paths[0]}: it holds labels; give the file of their images`);
  const data = images.every((path) => idxImages.test(path)) ? idxData(images) : cifarData(images, false);
  if (data === null) throw new Failure(`${paths.join(', ')}: give files of one kind: IDX, CIFAR-10 or CIFAR-100`);
  const labels = images.filter((path) => idxImages.test(path)).map(labelsBeside);
  const loose = paths.find((path) => idxLabels.test(path) && !labels.includes(path));
  if (loose !== undefined) throw new Failure(`${loose}: it holds labels; give the file of their images, too`);
  return { ...data, files: [...images, ...labels] };
}

const cifarKind = (path: string, part: 'train' | 'test'): 10 | 100 | null => {
  const name = basename(path);
  return cifar[10][part].test(name) ? 10 : cifar[100][part].test(name) ? 100 : null;
};

/** @param whole  whether there must be images to learn from, not only a test */
function cifarData(paths: readonly string[], whole: boolean): ImageData | null {
  const of = (kind: 10 | 100, part: 'train' | 'test') => paths.filter((path) => cifarKind(path, part) === kind);
  const fits = (kind: 10 | 100): boolean => of(kind, 'train').length > 0 || (!whole && of(kind, 'test').length > 0);
  const kind = fits(10) ? 10 : fits(100) ? 100 : null;
  if (kind === null) return null;
  const [train, test] = [of(kind, 'train'), of(kind, 'test')];
  if (!whole && train.length + test.length < paths.length) return null;
  const own = train.length > 0 ? train : test;
  return {
    format: `cifar-${kind}`,
    labels: labelsFrom(join(dirname(own[0]), cifar[kind].names), kind),
    train: cifarSet(own, kind),
    test: own !== test && test.length > 0 ? cifarSet(test, kind) : null,
  };
}

/** Names in a file, or numbers where there is none. */
const labelsFrom = (path: string, classes: number): readonly string[] =>
  existsSync(path) ? labelNames(path, classes) : numbered(classes);

const numbered = (count: number): readonly string[] => Array.from({ length: count }, (_, i) => String(i));

/** The file with the labels of an IDX file of images. */
function labelsBeside(images: string): string {
  const wanted = images.replace(/\.gz$/, '').replace(/images([.-])idx[34]([^/\\]*)$/, 'labels$1idx1$2');
  const found = [wanted, `${wanted}.gz`].find((path) => existsSync(path));
  if (found === undefined) throw new Failure(`${images}: there is no ${basename(wanted)} beside it`);
  return found;
}

function idxData(images: readonly string[]): ImageData | null {
  if (images.length === 0) return null;
  const isTrain = (path: string): boolean => /(^|[^a-z])train/i.test(basename(path));
  const train = images.find(isTrain) ?? images[0];
  const test = images.find((path) => path !== train && !isTrain(path));
  const [trained, tested] = [idxSet(train, labelsBeside(train)), test ? idxSet(test, labelsBeside(test)) : null];
  const labels = numbered(Math.max(trained.classes, tested?.classes ?? 0));
  return { format: 'idx', labels, train: trained.set, test: tested?.set ?? null };
}
