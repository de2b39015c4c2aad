import { DataError } from '../../errors.ts';
import { type Image, withChannels } from '../../images/index.ts';

/** Mean and standard deviation of each channel over all pixels of images, with white as 1: for `Preprocessing`. */
export function channelStatistics(
  images: readonly Image[],
  channels: 1 | 3,
): { readonly mean: readonly number[]; readonly std: readonly number[] } {
  if (images.length === 0) throw new DataError('channelStatistics: there are no images');
  const sums = new Array<number>(channels).fill(0);
  const squares = new Array<number>(channels).fill(0);
  let pixels = 0;
  for (const image of images) {
    const { data, width, height } = withChannels(image, channels);
    pixels += width * height;
    for (let i = 0; i < data.length; i++) {
      sums[i % channels] += data[i];
      squares[i % channels] += data[i] ** 2;
    }
  }
  const mean = sums.map((sum) => sum / pixels / 255);
  // Images of one colour have no deviation to divide by.
  const std = squares.map((sum, c) => Math.max(1e-3, Math.sqrt(Math.max(0, sum / pixels / 255 ** 2 - mean[c] ** 2))));
  return { mean: mean.map(rounded), std: std.map(rounded) };
}

/** To five digits, as such numbers are published. */
const rounded = (value: number): number => Number(value.toPrecision(5));
