import {
  type Image,
  inputChannels,
  inputSize,
  type LabelledImage,
  type Preprocessing,
  prepareImage,
} from 'unrolled/images';
import { Failure } from '../../failure.ts';
import type { ImageSet } from '../../input/image-sets.ts';
import { countOf, formatBytes, formatCount } from '../../output/units.ts';

/** Labelled images in memory. */
export interface ReadExamples {
  readonly examples: readonly LabelledImage[];
  /** Where each is: `roses/12.jpg`. */
  placeOf(index: number): string;
  /** What was left out, in sentences for people. */
  readonly about: readonly string[];
}

export interface ReadExamplesOptions {
  readonly labels: readonly string[];
  readonly skipBroken?: boolean | undefined;
  readonly note?: ((line: string) => void) | undefined;
}

/** The most that decoded images may take. */
const mostBytes = 2 ** 31;

/** Seconds between lines about progress. */
const pause = 5;

/**
 * Decodes images and keeps their bytes, no larger than the network takes them.
 * @param preprocessing  of the network. Default: images keep their size
 * @throws Failure naming the file that is damaged, or if they would fill the memory
 */
export async function readExamples(
  set: ImageSet,
  preprocessing: Preprocessing | null,
  { labels, skipBroken, note }: ReadExamplesOptions,
): Promise<ReadExamples> {
  if (preprocessing) requireRoom(set, preprocessing);
  let last = performance.now();
  const { images, targets, names, leftOut } = await set.read({
    skipBroken,
    ...(preprocessing && { prepare: (image) => smaller(image, preprocessing) }),
    onProgress(done, total) {
      if (performance.now() - last < 1000 * pause || done === total) return;
      last = performance.now();
      note?.(`Reading images: ${formatCount(done)} of ${formatCount(total)}`);
    },
  });
  return {
    examples: images.map((image, i) => ({ image, label: labels[targets[i]] })),
    placeOf: (index) => names[index],
    about: leftOut.length === 0 ? [] : [`Left out ${countOf(leftOut.length, 'broken file')}, the first: ${leftOut[0]}`],
  };
}

/** The image as the network takes it, or itself where that is smaller. */
function smaller(image: Image, preprocessing: Preprocessing): Image {
  const [height, width] = inputSize(preprocessing);
  const needed = height * width * inputChannels(preprocessing);
  return image.data.length < needed ? image : prepareImage(image, preprocessing);
}

function requireRoom({ path, length }: ImageSet, preprocessing: Preprocessing): void {
  const [height, width] = inputSize(preprocessing);
  const bytes = length * height * width * inputChannels(preprocessing);
  if (bytes <= mostBytes) return;
  throw new Failure(
    `${path}: ${countOf(length, 'image')} of ${width} × ${height} take ${formatBytes(bytes)} of memory, at most ` +
      `${formatBytes(mostBytes)} are used; give fewer images, or a smaller --size`,
  );
}
