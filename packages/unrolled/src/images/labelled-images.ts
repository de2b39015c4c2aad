import type { ExampleSource, Examples } from '../data/examples.ts';
import { hashText, mix32 } from '../random.ts';
import type { Image } from './image.ts';

/** An image and what it shows. */
export interface LabelledImage {
  readonly image: Image;
  readonly label: string;
}

/** Labelled images in memory as a source whose fingerprint is made of their bytes. */
export function imageSource(examples: Examples<LabelledImage>): ExampleSource<LabelledImage> {
  if (!Array.isArray(examples)) return examples as ExampleSource<LabelledImage>;
  return sourceWithHash(examples as readonly LabelledImage[], (hash, { image, label }) =>
    hashImage(hash, image, label),
  );
}

/** Images in memory as a source whose fingerprint is made of their bytes. */
export const plainImageSource = (images: readonly Image[]): ExampleSource<Image> => sourceWithHash(images, hashImage);

function sourceWithHash<Example>(
  list: readonly Example[],
  hashWith: (hash: number, example: Example) => number,
): ExampleSource<Example> {
  let fingerprint: number | null = null;
  return {
    length: list.length,
    // Only a checkpoint needs it.
    get fingerprint() {
      fingerprint ??= list.reduce((hash, one) => hashWith(hash, one), list.length);
      return fingerprint;
    },
    read: (index) => list[index],
  };
}

export function hashImage(hash: number, { width, height, data }: Image, label = ''): number {
  let result = hashText(`${label} ${width} ${height}`, hash);
  for (const byte of data) result = mix32(result ^ byte);
  return result;
}
