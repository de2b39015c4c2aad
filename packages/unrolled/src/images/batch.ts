import { DataError } from '../errors.ts';
import { sizeOf } from '../shape.ts';
import { type Device, requireDevice } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Image } from './image.ts';
import { inputChannels, inputSize, type Preprocessing, requirePreprocessing } from './preprocessing.ts';
import { prepareImage } from './resize.ts';

/**
 * Images as a network takes them: each resized and cut to the network's size, its bytes mapped to numbers.
 * @returns [B, H, W, C]
 * @throws DataError without images, or for one that is none; ConfigError for a preprocessing that cannot be
 *
 * @example
 * const logits = network.logits(imageBatch([image], network.preprocessing, device));
 */
export function imageBatch(images: readonly Image[], preprocessing: Preprocessing, device: Device): Tensor {
  requireDevice('imageBatch', device);
  requirePreprocessing('imageBatch', preprocessing);
  if (images.length === 0) throw new DataError('imageBatch: there are no images; give at least one');
  const [height, width] = inputSize(preprocessing);
  const shape = [images.length, height, width, inputChannels(preprocessing)];
  const one = sizeOf(shape.slice(1));
  const numbers = new Float32Array(images.length * one);
  const tables = byteTables(preprocessing);
  images.forEach((image, i) => {
    const { data } = prepareImage(image, preprocessing);
    normaliseInto(data, tables, preprocessing.order === 'bgr', numbers.subarray(i * one, (i + 1) * one));
  });
  return device.tensor(numbers, shape);
}

/**
 * The inverse of `imageBatch` on what a network takes: numbers as images, rounded and clipped to bytes.
 * @param numbers  [B, H, W, C], row by row
 */
export function imagesFromBatch(numbers: ArrayLike<number>, preprocessing: Preprocessing): Image[] {
  requirePreprocessing('imagesFromBatch', preprocessing);
  const { mean, std, order, range = 1 } = preprocessing;
  const [height, width] = inputSize(preprocessing);
  const channels = inputChannels(preprocessing);
  const one = height * width * channels;
  if (numbers.length % one !== 0) {
    throw new DataError(
      `imagesFromBatch: ${numbers.length} numbers are no images of ${height} × ${width} × ${channels}`,
      { received: numbers.length, image: one },
    );
  }
  const bytes = new Uint8ClampedArray(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const c = i % channels;
    const to = order === 'bgr' ? i + 2 - 2 * c : i;
    bytes[to] = ((numbers[i] * std[c] + mean[c]) * 255) / range;
  }
  const data = new Uint8Array(bytes.buffer);
  return Array.from({ length: numbers.length / one }, (_, i) => {
    return { width, height, channels, data: data.subarray(i * one, (i + 1) * one) };
  });
}

/** For each channel of the network, the number of each byte. */
function byteTables({ mean, std, range = 1 }: Preprocessing): readonly Float32Array[] {
  return mean.map((m, c) => Float32Array.from({ length: 256 }, (_, byte) => ((byte * range) / 255 - m) / std[c]));
}

function normaliseInto(bytes: Uint8Array, tables: readonly Float32Array[], reversed: boolean, out: Float32Array): void {
  if (tables.length === 1) {
    const [table] = tables;
    for (let i = 0; i < out.length; i++) out[i] = table[bytes[i]];
    return;
  }
  const [first, second, third] = tables;
  const [a, c] = reversed ? [2, 0] : [0, 2];
  for (let i = 0; i < out.length; i += 3) {
    out[i] = first[bytes[i + a]];
    out[i + 1] = second[bytes[i + 1]];
    out[i + 2] = third[bytes[i + c]];
  }
}
