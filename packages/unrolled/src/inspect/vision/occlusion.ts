import { anything, callback, count, listOfKind, number, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { type StopSignal, throwIfAborted } from '../../signal.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { type ImageTarget, type InspectedNetwork, type PixelMap, requireImage, scoresOf } from './network.ts';

export interface OcclusionOptions {
  /** Side of the square that hides a part of the image, in pixels. Default: an eighth of the shorter side. */
  readonly patch?: number | undefined;
  /** Pixels from one square to the next. Default: half of a patch. */
  readonly stride?: number | undefined;
  /** What the square is filled with, one number or one a channel. Default 0, the mean of normalised images. */
  readonly fill?: number | readonly number[] | undefined;
  /** Images that run at once. Default 16. */
  readonly batch?: number | undefined;
  readonly signal?: StopSignal | undefined;
  /** Receives the share that is done. */
  readonly onProgress?: ((share: number) => void) | undefined;
}

/** How a score falls when parts of the image are hidden. */
export interface OcclusionMap extends PixelMap {
  /** The score of the whole image. */
  readonly score: number;
  /** Every square, by its upper left corner, and by how much the score falls when it is hidden. */
  readonly patches: readonly { readonly y: number; readonly x: number; readonly fall: number }[];
}

const finite = number();
const kinds = {
  patch: count,
  stride: count,
  fill: {
    must: 'a number, or one for each channel',
    fits: (value: unknown) => finite.fits(value) || listOfKind(finite).fits(value),
  },
  batch: count,
  signal: anything,
  onProgress: callback,
};

/**
 * Occlusion (Zeiler & Fergus 2014): hides one square of the image after the other and asks for the score again. A pixel's value
 * is the mean, over the squares that cover it, of S(I) − S(I without the square): positive where the image speaks for the
 * class. The last square of a row or column ends where the image does.
 * @throws ConfigError if the patch is larger than the image
 */
export async function occlusion(
  network: InspectedNetwork,
  image: Tensor,
  target: ImageTarget,
  options: OcclusionOptions = {},
): Promise<OcclusionMap> {
  requireOptions('occlusion', options, kinds);
  const x = requireImage('occlusion', image);
  const { device } = x;
  const [, height, width, channels] = x.shape;
  const { patch = Math.max(1, Math.round(Math.min(height, width) / 8)), batch = 16, fill = 0 } = options;
  const { stride = Math.max(1, patch >> 1), signal, onProgress } = options;
  if (patch > Math.min(height, width)) {
    throw new ConfigError(
      `occlusion: a patch of ${patch} does not fit into an image of ${height}×${width}; choose a smaller one`,
      {
        patch,
        height,
        width,
      },
    );
  }
  const filling = typeof fill === 'number' ? new Array<number>(channels).fill(fill) : fill;
  if (filling.length !== channels) {
    throw new ConfigError(`occlusion: fill has ${filling.length} numbers for ${channels} channels; give one for each`, {
      fill,
      channels,
    });
  }
  const scores = (pixels: ArrayLike<number>, rows: number): Promise<ArrayLike<number>> =>
    device.read(() =>
      device.withoutGradients(() =>
        scoresOf('occlusion', network, device.tensor(pixels, [rows, height, width, channels]), target),
      ),
    );
  const whole = await x.read();
  const [score] = Array.from(await scores(whole, 1));

  const places = starts(height, patch, stride).flatMap((y) => starts(width, patch, stride).map((x) => ({ y, x })));
  const patches: OcclusionMap['patches'][number][] = [];
  for (let done = 0; done < places.length; done += batch) {
    throwIfAborted(signal);
    const hidden = places.slice(done, done + batch);
    const pixels = new Float64Array(hidden.length * whole.length);
    hidden.forEach((place, row) => {
      pixels.set(whole, row * whole.length);
      for (let y = place.y; y < place.y + patch; y++) {
        for (let x = place.x; x < place.x + patch; x++) {
          pixels.set(filling, row * whole.length + (y * width + x) * channels);
        }
      }
    });
    const left = await scores(pixels, hidden.length);
    hidden.forEach((place, row) => void patches.push({ ...place, fall: score - left[row] }));
    onProgress?.(patches.length / places.length);
  }
  return { height, width, score, patches, values: meanOverPatches(height, width, patch, patches) };
}

/** Where squares begin along a side: every `stride`, and one at the end. */
function starts(extent: number, patch: number, stride: number): number[] {
  const last = extent - patch;
  const even = Array.from({ length: Math.ceil(last / stride) }, (_, i) => i * stride);
  return [...even, last];
}

function meanOverPatches(height: number, width: number, patch: number, patches: OcclusionMap['patches']): Float64Array {
  const [total, covered] = [new Float64Array(height * width), new Float64Array(height * width)];
  for (const { y: top, x: left, fall } of patches) {
    for (let y = top; y < top + patch; y++) {
      for (let x = left; x < left + patch; x++) {
        total[y * width + x] += fall;
        covered[y * width + x]++;
      }
    }
  }
  // With strides above the patch some pixels were never hidden.
  return total.map((value, i) => value / Math.max(1, covered[i]));
}
