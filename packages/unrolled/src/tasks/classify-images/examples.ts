import type { ExampleSource, Examples } from '../../data/examples.ts';
import type { Image } from '../../images/index.ts';
import { hashText, mix32 } from '../../random.ts';

/** An image and what it shows. */
export interface LabelledImage {
  readonly image: Image;
  readonly label: string;
}

/** Images in memory as a source whose fingerprint is made of their bytes. */
export function imageSource(examples: Examples<LabelledImage>): ExampleSource<LabelledImage> {
  if (!Array.isArray(examples)) return examples as ExampleSource<LabelledImage>;
  const list = examples as readonly LabelledImage[];
  let fingerprint: number | null = null;
  return {
    length: list.length,
    // Only a checkpoint needs it.
    get fingerprint() {
      fingerprint ??= list.reduce(hashImage, list.length);
      return fingerprint;
    },
    read: (index) => list[index],
  };
}

function hashImage(hash: number, { image, label }: LabelledImage): number {
  let result = hashText(`${label} ${image.width} ${image.height}`, hash);
  for (const byte of image.data) result = mix32(result ^ byte);
  return result;
}
