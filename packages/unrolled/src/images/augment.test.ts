import { Random } from 'unrolled';
import {
  type AugmentationConfig,
  augment,
  augmentationSchema,
  type Image,
  mixImages,
  partOf,
  resizeImage,
  transformImage,
} from 'unrolled/images';
import { describe, expect, test } from 'vitest';
import { noise } from '../../../../test/noise.ts';

const everything: AugmentationConfig = {
  crop: 0.5,
  shift: 2,
  rotate: 20,
  zoom: 0.3,
  flip: true,
  flipVertical: true,
  brightness: 0.4,
  contrast: 0.4,
  saturation: 0.4,
  cutOut: 3,
};
const images = [noise(7, 9, 3, 1), noise(7, 9, 1, 2), noise(16, 5, 3, 3), noise(5, 5, 1, 4)];

/** A source of numbers that are all the same. */
const always = (value: number): Random => {
  const random = new Random(1);
  random.uniform = () => value;
  return random;
};

describe('augment', () => {
  test('of nothing changes nothing', () => {
    const none = augment(images, {}, new Random(1));
    expect(none).toEqual(images);
    expect(
      augment(images, { shift: 0, flip: false, brightness: 0, crop: 1, aspect: 1, cutOut: 0 }, new Random(1)),
    ).toEqual(images);
  });

  test('the same state of the random numbers gives the same bytes, another one others', () => {
    const random = new Random(5);
    augment(images, everything, random);
    const { state } = random;
    const next = augment(images, everything, random);
    expect(augment(images, everything, new Random(state))).toEqual(next);
    expect(augment(images, everything, new Random(6))).not.toEqual(next);
  });

  test('draws as many numbers, whatever the images', () => {
    const [a, b] = [new Random(9), new Random(9)];
    augment([noise(7, 9, 3, 1)], everything, a);
    augment([noise(40, 5, 1, 7)], everything, b);
    expect(a.state).toEqual(b.state);
  });

  test('leaves the images as they are, and keeps sizes and channels', () => {
    const before = structuredClone(images);
    for (let seed = 0; seed < 20; seed++) {
      const changed = augment(images, everything, new Random(seed));
      expect(changed.map(({ width, height, channels, data }) => [width, height, channels, data.length])).toEqual(
        images.map(({ width, height, channels, data }) => [width, height, channels, data.length]),
      );
    }
    expect(images).toEqual(before);
  });

  test.each(['flip', 'flipVertical'] as const)('%s twice is nothing; it happens every second time', (name) => {
    const config = { [name]: true };
    const [once] = augment([images[0]], config, always(0));
    expect(once).not.toEqual(images[0]);
    expect(augment([once], config, always(0))).toEqual([images[0]]);
    const many = augment(
      Array.from({ length: 400 }, () => images[0]),
      config,
      new Random(3),
    );
    const flipped = many.filter(({ data }) => data !== images[0].data).length;
    expect(flipped).toBeGreaterThan(160);
    expect(flipped).toBeLessThan(240);
  });

  test('shifted there and back keeps the inside', () => {
    const [image] = images;
    const inside = { left: 2, top: 2, width: 5, height: 3 };
    for (const fill of ['mirror', 'border', 'black'] as const) {
      // The greatest draw shifts right and down by two, the least left and up.
      const [there] = augment([image], { shift: 2, fill }, always(0.999));
      expect(partOf(there, { left: 2, top: 2, width: 7, height: 5 })).toEqual(
        partOf(image, { left: 0, top: 0, width: 7, height: 5 }),
      );
      const [back] = augment([there], { shift: 2, fill }, always(0));
      expect(partOf(back, inside)).toEqual(partOf(image, inside));
    }
  });

  test('what a shift uncovers is mirrored, the border, or black', () => {
    const row: Image = { width: 4, height: 3, channels: 1, data: Uint8Array.of(1, 2, 3, 4, 1, 2, 3, 4, 1, 2, 3, 4) };
    const shifted = (fill: AugmentationConfig['fill'], draw: number): number[] =>
      Array.from(augment([row], { shift: 2, fill }, always(draw))[0].data.subarray(8, 12));
    expect(shifted('mirror', 0.999)).toEqual([3, 2, 1, 2]);
    expect(shifted('border', 0.999)).toEqual([1, 1, 1, 2]);
    expect(shifted('black', 0.999)).toEqual([0, 0, 1, 2]);
    const left = (fill: AugmentationConfig['fill']) =>
      Array.from(augment([row], { shift: 2, fill }, always(0))[0].data.subarray(0, 4));
    expect([left('mirror'), left('border'), left('black')]).toEqual([
      [3, 4, 3, 2],
      [3, 4, 4, 4],
      [3, 4, 0, 0],
    ]);
  });

  test('a crop shows a part in the whole size', () => {
    const image = noise(10, 10, 3);
    // Draws of 0: the least area, high and narrow, at the upper left.
    const [cropped] = augment([image], { crop: 0.25, aspect: 1 }, always(0));
    expect(cropped).toEqual(resizeImage(partOf(image, { left: 0, top: 0, width: 5, height: 5 }), [10, 10]));
  });

  test('colours: brightness scales, contrast and saturation of 0 leave a grey', () => {
    const image: Image = { width: 2, height: 1, channels: 3, data: Uint8Array.of(10, 20, 200, 100, 0, 50) };
    const bright = augment([image], { brightness: 0.5 }, always(1 - 2 ** -40))[0];
    expect(Array.from(bright.data)).toEqual([15, 30, 255, 150, 0, 75]);
    const [flat] = augment([image], { contrast: 1 }, always(0));
    // The mean grey, 0.299 · 55 + 0.587 · 10 + 0.114 · 125.
    expect(Array.from(flat.data)).toEqual([37, 37, 37, 37, 37, 37]);
    const [grey] = augment([image], { saturation: 1 }, always(0));
    expect(Array.from(grey.data)).toEqual([38, 38, 38, 36, 36, 36]);
    const [grey1] = augment([noise(3, 3, 1)], { saturation: 1 }, always(0));
    expect(grey1).toEqual(noise(3, 3, 1));
  });

  test('a cut-out changes one square at most, around a pixel, to the mean', () => {
    const image = noise(12, 9, 1);
    const [corner] = augment([image], { cutOut: 4 }, always(0));
    expect(new Set([0, 1, 9, 10].map((i) => corner.data[i])).size).toBe(1);
    expect(Array.from(corner.data.keys()).filter((i) => corner.data[i] !== image.data[i]).length).toBeLessThanOrEqual(
      4,
    );
    const mean = Math.round(image.data.reduce((sum, byte) => sum + byte, 0) / image.data.length);
    for (let seed = 0; seed < 20; seed++) {
      const [{ data }] = augment([image], { cutOut: 4 }, new Random(seed));
      const changed = Array.from(data.keys()).filter((i) => data[i] !== image.data[i]);
      expect(changed.every((i) => data[i] === mean)).toBe(true);
      const [rows, columns] = [changed.map((i) => Math.floor(i / 9)), changed.map((i) => i % 9)];
      for (const places of [rows, columns]) expect(Math.max(...places) - Math.min(...places)).toBeLessThan(4);
      expect(changed.length).toBeGreaterThan(0);
    }
  });

  test.each<[object, RegExp]>([
    [{ crop: 0 }, /crop must be a finite number above 0, at most 1, received 0/],
    [{ shift: -1 }, /shift must be a whole number from 0/],
    [{ brightness: 2 }, /brightness must be/],
    [{ fill: 'white' }, /fill must be 'mirror', 'border' or 'black'/],
    [{ flips: true }, /'flips'/],
  ])('%j cannot be', (config, message) => {
    expect(() => augment(images, config, new Random(1))).toThrow(message);
    expect(() => augmentationSchema(config, 'augmentation')).toThrow(message);
  });

  test('a shift must leave something of the image', () => {
    expect(() => augment(images, { shift: 5 }, new Random(1))).toThrow(
      /a shift of 5 pixels leaves nothing of an image of 5 × 16/,
    );
    expect(augmentationSchema(JSON.parse(JSON.stringify(everything)), 'augmentation')).toEqual(everything);
  });
});

describe('mixImages', () => {
  const batch = [noise(4, 4, 3, 1), noise(4, 4, 3, 2), noise(4, 4, 3, 3), noise(4, 4, 3, 4)];

  test('each is its share of itself and of its partner', () => {
    const { images: mixed, partners, shares } = mixImages(batch, 1, new Random(2));
    expect(Array.from(partners).sort()).toEqual([0, 1, 2, 3]);
    mixed.forEach(({ data }, i) => {
      for (let k = 0; k < data.length; k++) {
        const exact = shares[i] * batch[i].data[k] + (1 - shares[i]) * batch[partners[i]].data[k];
        expect(Math.abs(data[k] - exact)).toBeLessThanOrEqual(0.5);
      }
    });
    expect(mixImages(batch, 1, new Random(2))).toEqual({ images: mixed, partners, shares });
  });

  test('alpha 0 mixes nothing', () => {
    const { images: same, shares } = mixImages(batch, 0, new Random(2));
    expect([same, shares]).toEqual([batch, [1, 1, 1, 1]]);
    expect(mixImages([], 1, new Random(1)).images).toEqual([]);
  });

  test.each([0.001, 0.2, 1, 4])('shares have the mean and the variance of Beta(%d, %d)', (alpha) => {
    const pixel: Image = { width: 1, height: 1, channels: 1, data: Uint8Array.of(7) };
    const { shares } = mixImages(
      Array.from({ length: 4000 }, () => pixel),
      alpha,
      new Random(11),
    );
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
    const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
    expect(shares.every((share) => share >= 0 && share <= 1)).toBe(true);
    expect(mean).toBeCloseTo(0.5, 1);
    expect(variance).toBeCloseTo(1 / (4 * (2 * alpha + 1)), 2);
  });

  test('images of different sizes cannot be mixed', () => {
    expect(() => mixImages([batch[0], noise(4, 5, 3)], 1, new Random(1))).toThrow(
      /image 1 has 5 × 4 × 3, the first 4 × 4 × 3/,
    );
    expect(() => mixImages(batch, -1, new Random(1))).toThrow(/alpha must be/);
  });
});

describe('a rotation and a change of size', () => {
  test('by nothing leave every byte', () => {
    for (const image of images) expect(transformImage(image, { degrees: 0, zoom: 1 })).toEqual(image);
  });

  test('by 90° clockwise move the upper left corner to the upper right', () => {
    const square = noise(5, 5, 3, 8);
    const turned = transformImage(square, { degrees: 90, zoom: 1 });
    for (let y = 0; y < 5; y++) {
      for (let x = 0; x < 5; x++) {
        for (let c = 0; c < 3; c++) {
          expect(turned.data[(x * 5 + (4 - y)) * 3 + c]).toBe(square.data[(y * 5 + x) * 3 + c]);
        }
      }
    }
  });

  test('by 2 show the middle, by 1/2 what fills the border', () => {
    const image = noise(5, 5, 1, 9);
    const [large, small] = [2, 0.5].map((zoom) => transformImage(image, { degrees: 0, zoom }, 'black'));
    const at = ({ data }: Image, y: number, x: number): number => data[y * 5 + x];
    expect([at(large, 0, 0), at(large, 2, 2), at(large, 4, 4)]).toEqual([
      at(image, 1, 1),
      at(image, 2, 2),
      at(image, 3, 3),
    ]);
    expect([at(small, 1, 1), at(small, 3, 3)]).toEqual([at(image, 0, 0), at(image, 4, 4)]);
    expect([at(small, 0, 0), at(small, 4, 2)]).toEqual([0, 0]);
    const filled = (fill: 'border' | 'mirror'): number =>
      at(transformImage(image, { degrees: 0, zoom: 0.5 }, fill), 0, 0);
    expect([filled('border'), filled('mirror')]).toEqual([at(image, 0, 0), at(image, 2, 2)]);
  });

  test('is drawn anew for each image, within its limits', () => {
    const middle = always(0.5);
    expect(augment(images, { rotate: 30, zoom: 0.5 }, middle)).toEqual(images);
    const [one] = augment([images[3]], { zoom: 1 }, always(1));
    expect(one).toEqual(transformImage(images[3], { degrees: 0, zoom: 2 }, 'mirror'));
  });
});
