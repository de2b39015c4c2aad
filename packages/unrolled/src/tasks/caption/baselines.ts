import { DataError } from '../../errors.ts';
import { type CaptionScores, captionScores } from '../../metrics/captions.ts';
import { captionWords } from '../caption-words.ts';
import type { CaptionedFeatures } from './evaluate.ts';

export interface CaptionBaselines {
  /** The first caption of the training image whose features are nearest. */
  readonly nearest: CaptionScores;
  /** The most frequent caption of the training data, for every image. */
  readonly frequent: CaptionScores & { readonly caption: string };
}

/**
 * The scores of captions without a model that writes: what a captioner has to beat. Images are the nearer the greater the cosine
 * of their features, which may be maps or their means.
 * @throws DataError without images on either side
 */
export function captionBaselines(
  known: readonly CaptionedFeatures[],
  images: readonly CaptionedFeatures[],
): CaptionBaselines {
  if (known.length === 0 || images.length === 0) {
    throw new DataError(
      `captionBaselines: ${known.length} known images and ${images.length} others; give some of both`,
    );
  }
  const references = images.map(({ captions }) => captions);
  const directions = known.map(({ features }) => directionOf(features));
  const nearest = images.map(({ features }) => {
    const direction = directionOf(features);
    let [best, greatest] = [0, Number.NEGATIVE_INFINITY];
    for (const [i, other] of directions.entries()) {
      let cosine = 0;
      for (let d = 0; d < other.length; d++) cosine += other[d] * direction[d];
      if (cosine > greatest) [best, greatest] = [i, cosine];
    }
    return known[best].captions[0];
  });
  const counts = new Map<string, number>();
  for (const caption of known.flatMap(({ captions }) => captions)) {
    const words = captionWords(caption);
    counts.set(words, (counts.get(words) ?? 0) + 1);
  }
  const [caption] = [...counts].reduce((a, b) => (b[1] > a[1] ? b : a));
  const same = images.map(() => caption);
  return {
    nearest: captionScores(nearest, references),
    frequent: { ...captionScores(same, references), caption },
  };
}

/** Features scaled to length 1. */
function directionOf(features: ArrayLike<number>): Float32Array {
  let square = 0;
  for (let i = 0; i < features.length; i++) square += features[i] ** 2;
  const length = Math.sqrt(square) || 1;
  return Float32Array.from(features, (value) => value / length);
}
