import { openDevice } from 'unrolled';
import {
  type Image,
  imageBatch,
  imageNetPreprocessing,
  imageOf,
  imagesFromBatch,
  type Preprocessing,
  prepareImage,
  preprocessingSchema,
  requirePreprocessing,
  resizeImage,
  withChannels,
} from 'unrolled/images';
import { beforeAll, describe, expect, test } from 'vitest';
import { noise } from '../../../../test/noise.ts';
import type { Device } from '../tensor/device.ts';

let device: Device;
beforeAll(async () => {
  device = await openDevice('reference');
});

const plain = (size: [number, number], more: Partial<Preprocessing> = {}): Preprocessing => ({
  size,
  mean: [0, 0, 0],
  std: [1, 1, 1],
  ...more,
});

describe('resizeImage', () => {
  test.each([1, 3] as const)('to its own size changes nothing (%i channels)', (channels) => {
    const image = noise(5, 7, channels);
    const same = resizeImage(image, [5, 7]);
    expect(same).toEqual(image);
    expect(same.data).not.toBe(image.data);
  });

  test('keeps a flat colour, whatever the sizes', () => {
    for (const [height, width] of [
      [1, 1],
      [3, 1],
      [17, 4],
      [64, 65],
    ]) {
      const data = Uint8Array.from({ length: height * width * 3 }, (_, i) => [0, 255, 77][i % 3]);
      const { data: made } = resizeImage({ height, width, channels: 3, data }, [5, 9]);
      expect(Array.from(made)).toEqual(Array.from({ length: 135 }, (_, i) => [0, 255, 77][i % 3]));
    }
  });

  test('halving averages: the mean brightness stays', () => {
    const image = noise(64, 48, 1);
    const mean = ({ data }: Image): number => data.reduce((sum, byte) => sum + byte, 0) / data.length;
    expect(mean(resizeImage(image, [32, 24]))).toBeCloseTo(mean(image), 0);
  });

  test('a part of the result is that part of the whole result', () => {
    const image = noise(23, 31, 3);
    const whole = resizeImage(image, [13, 40]);
    const part = resizeImage(image, [13, 40], { top: 4, left: 7, height: 5, width: 30 });
    for (let y = 0; y < 5; y++) {
      const start = ((y + 4) * 40 + 7) * 3;
      expect(part.data.subarray(y * 90, (y + 1) * 90)).toEqual(whole.data.subarray(start, start + 90));
    }
  });

  test('a very long image costs no more than the part that is kept', () => {
    const { width, height } = prepareImage(noise(1, 20_000, 1), plain([64, 64]));
    expect([height, width]).toEqual([64, 64]);
  });
});

describe('prepareImage', () => {
  test('keeps an image that has the size', () => {
    const image = noise(6, 6, 3);
    expect(prepareImage(image, plain([6, 6])).data).toBe(image.data);
  });

  test.each([
    [9, 4],
    [4, 9],
    [5, 5],
    [1, 1],
    [3, 50],
  ])('covers %i × %i with every size of image', (h, w) => {
    for (const [height, width] of [
      [1, 1],
      [2, 7],
      [7, 2],
      [10, 10],
      [33, 5],
    ]) {
      for (const resize of [undefined, 3, 12]) {
        const made = prepareImage(noise(height, width, 1), plain([h, w], { resize }));
        expect([made.height, made.width, made.data.length]).toEqual([h, w, h * w * 3]);
      }
    }
  });

  test('a resize too short for the size counts as none', () => {
    const image = noise(20, 11, 3);
    expect(prepareImage(image, plain([9, 8], { resize: 5 }))).toEqual(prepareImage(image, plain([9, 8])));
    expect(prepareImage(image, plain([9, 8], { resize: 9 }))).not.toEqual(prepareImage(image, plain([9, 8])));
  });

  test("crop 'none' stretches the whole image", () => {
    const image = noise(9, 4, 3);
    expect(prepareImage(image, plain([5, 5], { crop: 'none' }))).toEqual(resizeImage(image, [5, 5]));
    expect(prepareImage(image, { ...plain([5, 5]), size: 5, crop: 'none' })).toEqual(resizeImage(image, [5, 5]));
  });

  test('a mirrored image gives the mirrored result', () => {
    const mirror = ({ width, height, channels, data }: Image): Image => {
      const at = (i: number): number => {
        const [c, x, y] = [i % channels, Math.floor(i / channels) % width, Math.floor(i / channels / width)];
        return (y * width + width - 1 - x) * channels + c;
      };
      return { width, height, channels, data: data.map((_, i) => data[at(i)]) };
    };
    const [image, preprocessing] = [noise(20, 32, 3), plain([8, 8], { resize: 10 })];
    const [a, b] = [prepareImage(mirror(image), preprocessing), mirror(prepareImage(image, preprocessing))];
    expect(a.data.every((byte, i) => Math.abs(byte - b.data[i]) <= 1)).toBe(true);
  });
});

describe('imageBatch', () => {
  const image: Image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 51, 255, 102, 0, 204) };

  test('maps bytes to (range − mean) / std, channel by channel', async () => {
    const preprocessing = plain([1, 2], { mean: [0.5, 0, 1], std: [0.5, 2, 0.25] });
    const batch = imageBatch([image], preprocessing, device);
    expect(batch.shape).toEqual([1, 1, 2, 3]);
    const expected = [-1, 0.1, 0, -0.2, 0, -0.8];
    for (const [i, value] of (await batch.read()).entries()) expect(value).toBeCloseTo(expected[i], 5);
  });

  test("order 'bgr' and a range of bytes, as Caffe's networks take them", async () => {
    const caffe = plain([1, 2], { order: 'bgr', range: 255, mean: [104, 117, 123] });
    expect(Array.from(await imageBatch([image], caffe, device).read())).toEqual([151, -66, -123, 100, -117, -21]);
  });

  test('grey images serve networks of colour, and the other way round', () => {
    const grey = noise(4, 4, 1);
    expect(imageBatch([grey], plain([4, 4]), device).shape).toEqual([1, 4, 4, 3]);
    expect(imageBatch([noise(4, 4, 3), grey], { size: [4, 4], mean: [0], std: [1] }, device).shape).toEqual([
      2, 4, 4, 1,
    ]);
    expect(withChannels(withChannels(grey, 3), 1)).toEqual(grey);
  });

  test.each(['rgb', 'bgr'] as const)('imagesFromBatch inverts it (%s)', async (order) => {
    const images = [noise(3, 5, 3, 1), noise(3, 5, 3, 2)];
    const preprocessing = { ...imageNetPreprocessing, size: [3, 5] as const, resize: undefined, order };
    const numbers = await imageBatch(images, preprocessing, device).read();
    expect(imagesFromBatch(numbers, preprocessing)).toEqual(images);
    expect(() => imagesFromBatch([1, 2], preprocessing)).toThrow('2 numbers are no images of 3 × 5 × 3');
  });

  test('says what is no image', () => {
    expect(() => imageBatch([], plain([1, 1]), device)).toThrow('there are no images');
    const wrong = { ...image, data: image.data.subarray(1) };
    expect(() => imageBatch([wrong], plain([1, 1]), device)).toThrow(/has 6 bytes, received 5/);
    expect(() => imageBatch([{ ...image, width: 0 }], plain([1, 1]), device)).toThrow(/0 × 1 pixels has no content/);
    expect(() => imageBatch([{} as Image], plain([1, 1]), device)).toThrow(/takes images \{ width/);
  });
});

describe('a preprocessing', () => {
  test.each<[Partial<Record<keyof Preprocessing, unknown>>, RegExp]>([
    [{ size: [0, 4] }, /size must be a length in pixels up to 16384, or \[height, width\], received \[0, 4\]/],
    [{ resize: 0.5 }, /resize must be a whole number/],
    [{ mean: [0, 0] }, /mean must be a list of 1 or 3 numbers/],
    [{ mean: [0] }, /mean has 1 channels, std 3/],
    [{ std: [1, 1, 0] }, /std must be .* above 0/],
    [{ order: 'rbg' }, /order must be 'rgb' or 'bgr'/],
    [{ range: 0 }, /range must be a finite number above 0/],
    [{ crop: 'none', resize: 4 }, /so resize has no meaning/],
    [{ mean: [0], std: [1], order: 'bgr' }, /'bgr' needs three channels/],
    [{ cropped: 3 } as object, /unknown (option|field) 'cropped'/],
  ])('of %j cannot be', (change, message) => {
    const made = { ...plain([4, 4]), ...change } as Preprocessing;
    expect(() => requirePreprocessing('test', made)).toThrow(message);
    expect(() => preprocessingSchema(made, 'preprocessing')).toThrow(message);
  });

  test('passes through JSON', () => {
    expect(preprocessingSchema(JSON.parse(JSON.stringify(imageNetPreprocessing)), 'preprocessing')).toEqual(
      imageNetPreprocessing,
    );
  });
});

describe('imageOf', () => {
  test('puts transparent pixels onto white', () => {
    const data = Uint8ClampedArray.of(10, 20, 30, 255, 10, 20, 30, 0, 0, 100, 255, 128);
    expect(Array.from(imageOf({ width: 3, height: 1, data }).data)).toEqual([10, 20, 30, 255, 255, 255, 127, 177, 255]);
  });

  test('says what has no picture, and where nothing can be drawn', () => {
    expect(() => imageOf({ videoWidth: 0, videoHeight: 0 })).toThrow(/has no picture yet \(0 × 0 pixels\)/);
    expect(() => imageOf({ width: 2, height: 1, data: new Uint8Array(6) })).toThrow(/have 8 bytes, received 6/);
    expect(() => imageOf({ width: 2, height: 2 })).toThrow(/no OffscreenCanvas here/);
  });
});
