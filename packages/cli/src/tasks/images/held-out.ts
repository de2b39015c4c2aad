import { relative } from 'node:path';
import { splitExamples } from 'unrolled/data';
import type { LabelledImage, Preprocessing } from 'unrolled/images';
import { countOf } from '../../output/units.ts';
import { requireLabels } from '../label-report.ts';
import { type ReadExamples, readExamples } from './examples.ts';
import type { ImageFiles } from './sources.ts';

/** `Recognised 5 folders of images (flowers/train)` */
export function recognised({ data }: ImageFiles): string {
  const what = {
    folders: `${countOf(data.labels.length, 'folder')} of images`,
    list: 'a list of images',
    idx: 'IDX files of images',
    'cifar-10': 'files of CIFAR-10',
    'cifar-100': 'files of CIFAR-100',
  }[data.format];
  return `Recognised ${what} in ${data.train.path}`;
}

/** Whether a folder is for validation, and not for a test. */
export const isValidation = (path: string): boolean => /(^|[/\\])val(id|idation)?$/.test(path);

export interface Split {
  readonly examples: readonly LabelledImage[];
  readonly validation: readonly LabelledImage[];
  readonly validationAbout: readonly string[];
}

export interface HeldOutOptions {
  readonly seed: number;
  readonly validationShare: number;
  readonly skipBroken?: boolean | undefined;
}

/** Images for training, and those for validation: the given ones, those kept apart for it, or a share. */
export async function heldOut(
  read: ReadExamples,
  given: ImageFiles | null,
  { path, data }: ImageFiles,
  preprocessing: Preprocessing,
  { seed, validationShare, skipBroken }: HeldOutOptions,
): Promise<Split> {
  const apart = data.test && isValidation(data.test.path) ? { set: data.test, labels: data.labels } : null;
  const other = given ? { set: given.data.train, labels: given.data.labels } : apart;
  if (!other) {
    // Not the place of the folder, which may be moved.
    const places = read.examples.map((example, i) => ({ example, key: relative(path, read.placeOf(i)) }));
    const { train, validation } = splitExamples(places, { share: validationShare, seed, keyOf: ({ key }) => key });
    const plain = (some: typeof places): LabelledImage[] => some.map(({ example }) => example);
    return { examples: plain(train), validation: plain(validation), validationAbout: [] };
  }
  const found = await readExamples(other.set, preprocessing, { labels: other.labels, skipBroken });
  requireLabels(found, data.labels, 'the training data');
  return { examples: read.examples, validation: found.examples, validationAbout: found.about };
}
