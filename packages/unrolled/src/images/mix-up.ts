import { number, requireKind } from '../checks.ts';
import { DataError } from '../errors.ts';
import type { Random } from '../random.ts';
import { type Image, requireImage } from './image.ts';

/** A batch of mixed images. */
export interface MixedImages {
  readonly images: readonly Image[];
  /** For each image the index of the other one that is in it. */
  readonly partners: Int32Array;
  /** For each image the share λ of itself; its target is λ times its own, and 1 − λ times its partner's. */
  readonly shares: readonly number[];
}

/**
 * Mixes each image of a batch with another one, λ · image + (1 − λ) · partner with λ drawn from Beta(α, α), and leaves it to
 * the caller to mix the targets alike (Zhang et al. 2018, "mixup: Beyond Empirical Risk Minimization").
 *
 * @param images  of one size
 * @param alpha  0 mixes nothing; 0.2 mostly a little; 1 in all shares alike
 * @throws DataError if the images differ in size
 */
export function mixImages(images: readonly Image[], alpha: number, random: Random): MixedImages {
  requireKind('mixImages', 'alpha', alpha, number({ from: 0 }));
  const partners = random.permutation(images.length);
  const shares = images.map(() => (alpha === 0 ? 1 : beta(alpha, random)));
  const [first] = images;
  const mixed = images.map((image, i): Image => {
    requireImage('mixImages', image);
    const { width, height, channels, data } = image;
    if (width !== first.width || height !== first.height || channels !== first.channels) {
      throw new DataError(
        `mixImages: image ${i} has ${width} × ${height} × ${channels}, the first ${first.width} × ${first.height} × ${first.channels}; make them of one size`,
      );
    }
    const [share, other] = [shares[i], images[partners[i]].data];
    if (share === 1 || partners[i] === i) return image;
    const out = new Uint8Array(data.length);
    for (let k = 0; k < out.length; k++) out[k] = share * data[k] + (1 - share) * other[k] + 0.5;
    return { width, height, channels, data: out };
  });
  return { images: mixed, partners, shares };
}

/** A draw from Beta(α, α): the share of one of two draws from Gamma(α). */
function beta(alpha: number, random: Random): number {
  const [a, b] = [gamma(alpha, random), gamma(alpha, random)];
  // Both can be too small for a number where α is.
  return a + b > 0 ? a / (a + b) : Math.round(random.uniform());
}

/** Gamma(α), by Marsaglia & Tsang (2000); below α = 1 by way of α + 1. */
function gamma(alpha: number, random: Random): number {
  if (alpha < 1) return gamma(alpha + 1, random) * random.uniform() ** (1 / alpha);
  const d = alpha - 1 / 3;
  for (;;) {
    const x = random.normal();
    const v = (1 + x / Math.sqrt(9 * d)) ** 3;
    if (v > 0 && Math.log(1 - random.uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return d * v;
  }
}
