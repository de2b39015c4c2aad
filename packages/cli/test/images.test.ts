import { deflateSync } from 'node:zlib';
import { Random } from 'unrolled';
import { type Image, type Orientation, orientImage } from 'unrolled/images';
import { describe, expect, test } from 'vitest';
import { decodeImage } from '../src/input/images.ts';
import { encodePng, pngFile } from '../src/output/png.ts';
import { exifOf, gifOf, gifPalette, jpegOf, picture, rows, webpOf, withExif } from './image-fixtures.ts';

/** The greatest difference of two images of the same size. */
function difference(a: Image, b: Image): number {
  expect([a.width, a.height, a.channels]).toEqual([b.width, b.height, b.channels]);
  return a.data.reduce((most, byte, i) => Math.max(most, Math.abs(byte - b.data[i])), 0);
}

/** Pixels of these bytes. */
const pixels = (width: number, height: number, channels: 1 | 3, bytes: readonly number[]): Image => ({
  width,
  height,
  channels,
  data: Uint8Array.from(bytes),
});

describe('JPEG', () => {
  const image = picture(13, 22);

  test.each([
    ['baseline', {}],
    ['progressive', { progressive: true }],
    ['subsampled', { auto_subsample: false }],
  ])('%s', async (_, options) => {
    expect(difference(await decodeImage(await jpegOf(image, options)), image)).toBeLessThan(50);
  });

  test('grey has one channel', async () => {
    const grey = picture(9, 7, 1);
    expect(difference(await decodeImage(await jpegOf(grey)), grey)).toBeLessThan(10);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8] as const)('EXIF orientation %i is undone', async (orientation) => {
    const file = await jpegOf(image);
    const upright = orientImage(await decodeImage(file), orientation);
    for (const little of [true, false]) {
      expect(await decodeImage(withExif(file, exifOf(orientation, little)))).toEqual(upright);
    }
  });

  test('a damaged EXIF part is passed over', async () => {
    const file = await jpegOf(image);
    const plain = await decodeImage(file);
    const wrong = [
      exifOf(9 as Orientation),
      exifOf(6).subarray(0, 12),
      new Uint8Array(),
      Uint8Array.of(73, 73, 42, 0, 255, 255, 255, 255),
    ];
    for (const exif of wrong) expect(await decodeImage(withExif(file, exif))).toEqual(plain);
  });

  test('CMYK is refused by name', async () => {
    const file = await jpegOf(image);
    const components = file.findIndex((byte, i) => byte === 0xff && file[i + 1] === 0xc0) + 9;
    await expect(decodeImage(file.with(components, 4))).rejects.toThrow(/in CMYK, for printing; convert it to RGB/);
  });
});

describe('the eight orientations', () => {
  const image = pixels(3, 2, 1, [1, 2, 3, 4, 5, 6]);
  test.each<[Orientation, number[]]>([
    [1, [1, 2, 3, 4, 5, 6]],
    [2, [3, 2, 1, 6, 5, 4]],
    [3, [6, 5, 4, 3, 2, 1]],
    [4, [4, 5, 6, 1, 2, 3]],
    [5, [1, 4, 2, 5, 3, 6]],
    [6, [4, 1, 5, 2, 6, 3]],
    [7, [6, 3, 5, 2, 4, 1]],
    [8, [3, 6, 2, 5, 1, 4]],
  ])('%i', (orientation, bytes) => {
    const [width, height] = orientation < 5 ? [3, 2] : [2, 3];
    expect(orientImage(image, orientation)).toEqual(pixels(width, height, 1, bytes));
  });
});

describe('PNG', () => {
  test.each([
    [1, 1, 1],
    [5, 3, 3],
    [40, 33, 3],
    [7, 9, 1],
  ] as const)('what encodePng wrote: %i × %i × %i', async (h, w, c) => {
    const image = picture(h, w, c);
    expect(await decodeImage(encodePng(image))).toEqual(image);
  });

  test('all five filters', async () => {
    const filtered = [
      [1, 10, 5, 5],
      [2, 1, 1, 1],
      [3, 10, 0, 0],
      [4, 1, 2, 3],
      [0, 7, 8, 9],
    ].flat();
    const file = pngFile({ width: 3, height: 5, depth: 8, type: 0 }, [
      ['IDAT', deflateSync(Uint8Array.from(filtered))],
    ]);
    const expected = [10, 15, 20, 11, 16, 21, 15, 15, 18, 16, 18, 21, 7, 8, 9];
    expect(await decodeImage(file)).toEqual(pixels(3, 5, 1, expected));
    // Between 10 on the left and 20 above, the pixel in the corner, 15, is the nearest to 10 + 20 − 15.
    const corner = deflateSync(Uint8Array.of(0, 15, 20, 4, 251, 1));
    const nearest = pngFile({ width: 2, height: 2, depth: 8, type: 0 }, [['IDAT', corner]]);
    expect(await decodeImage(nearest)).toEqual(pixels(2, 2, 1, [15, 20, 10, 16]));
  });

  test.each([
    [1, [0b10100000], [255, 0, 255]],
    [2, [0b11100100], [255, 170, 85]],
    [4, [0xf0, 0x80], [255, 0, 136]],
  ])('grey of %i bits', async (depth, row, expected) => {
    const file = pngFile({ width: 3, height: 1, depth, type: 0 }, [['IDAT', rows(row)]]);
    expect(await decodeImage(file)).toEqual(pixels(3, 1, 1, expected));
  });

  test('grey of 2 bits with one that is transparent', async () => {
    const parts = [
      ['tRNS', Uint8Array.of(0, 2)],
      ['IDAT', rows([0b11100100])],
    ] as const;
    expect(await decodeImage(pngFile({ width: 4, height: 1, depth: 2, type: 0 }, parts))).toEqual(
      pixels(4, 1, 1, [255, 255, 85, 0]),
    );
  });

  test('16 bits by their upper byte', async () => {
    const file = pngFile({ width: 1, height: 2, depth: 16, type: 2 }, [
      ['IDAT', rows([1, 255, 2, 0, 3, 0], [9, 9, 8, 8, 7, 7])],
    ]);
    expect(await decodeImage(file)).toEqual(pixels(1, 2, 3, [1, 2, 3, 9, 8, 7]));
  });

  test('opacity is put onto white: of pixels, of palettes, of one colour', async () => {
    const size = { width: 2, height: 1, depth: 8 };
    const alpha = pngFile({ ...size, type: 6 }, [['IDAT', rows([0, 10, 20, 128, 1, 2, 3, 255])]]);
    expect((await decodeImage(alpha)).data).toEqual(Uint8Array.of(127, 132, 137, 1, 2, 3));
    const grey = pngFile({ ...size, type: 4 }, [['IDAT', rows([0, 128, 9, 255])]]);
    expect(await decodeImage(grey)).toEqual(pixels(2, 1, 1, [127, 9]));
    const palette = Uint8Array.of(1, 2, 3, 100, 100, 100);
    const indexed = pngFile({ ...size, type: 3 }, [
      ['PLTE', palette],
      ['tRNS', Uint8Array.of(0)],
      ['IDAT', rows([1, 0])],
    ]);
    expect((await decodeImage(indexed)).data).toEqual(Uint8Array.of(100, 100, 100, 255, 255, 255));
    const keyed = pngFile({ ...size, type: 2 }, [
      ['tRNS', Uint8Array.of(0, 1, 0, 2, 0, 3)],
      ['IDAT', rows([1, 2, 3, 3, 2, 1])],
    ]);
    expect((await decodeImage(keyed)).data).toEqual(Uint8Array.of(255, 255, 255, 3, 2, 1));
  });

  test('interlaced is the same picture', async () => {
    for (const [height, width] of [
      [1, 1],
      [3, 2],
      [8, 8],
      [11, 17],
    ]) {
      const image = picture(height, width, 1);
      const passes = [
        [0, 0, 8, 8],
        [4, 0, 8, 8],
        [0, 4, 4, 8],
        [2, 0, 4, 4],
        [0, 2, 2, 4],
        [1, 0, 2, 2],
        [0, 1, 1, 2],
      ];
      const bytes: number[] = [];
      for (const [x0, y0, dx, dy] of passes) {
        for (let y = y0; y < height && x0 < width; y += dy) {
          bytes.push(0);
          for (let x = x0; x < width; x += dx) bytes.push(image.data[y * width + x]);
        }
      }
      const data = deflateSync(Uint8Array.from(bytes));
      const parts = [
        ['IDAT', data.subarray(0, 3)],
        ['IDAT', data.subarray(3)],
      ] as const;
      expect(await decodeImage(pngFile({ width, height, depth: 8, type: 0, interlace: 1 }, parts))).toEqual(image);
    }
  });

  test('an orientation is undone', async () => {
    const file = pngFile({ width: 2, height: 1, depth: 8, type: 0 }, [
      ['eXIf', exifOf(6)],
      ['IDAT', rows([1, 2])],
    ]);
    expect(await decodeImage(file)).toEqual(pixels(1, 2, 1, [1, 2]));
  });
});

describe('GIF', () => {
  const colour = (index: number): readonly number[] => gifPalette.slice(3 * index, 3 * index + 3);
  const indices = Array.from({ length: 7 * 9 }, (_, i) => (i * 3 + Math.floor(i / 7)) % 8);
  const whole = pixels(7, 9, 3, indices.flatMap(colour));

  test('its first frame, in order or interlaced', async () => {
    expect(await decodeImage(gifOf(7, 9, indices))).toEqual(whole);
    expect(await decodeImage(gifOf(7, 9, indices, { frames: 3 }))).toEqual(whole);
    const order = [0, 8, 4, 2, 6, 1, 3, 5, 7];
    const stored = order.flatMap((row) => indices.slice(7 * row, 7 * row + 7));
    expect(await decodeImage(gifOf(7, 9, stored, { interlaced: true }))).toEqual(whole);
  });

  test('what is transparent, and what a frame leaves out, is white', async () => {
    const frame = { left: 1, top: 0, width: 2, height: 1 };
    const file = gifOf(3, 2, [2, 3], { transparent: 3, frame });
    const white = [255, 255, 255];
    expect(await decodeImage(file)).toEqual(pixels(3, 2, 3, [white, colour(2), white, white, white, white].flat()));
  });

  test('long runs, and more codes than there are', async () => {
    const random = new Random(1);
    const runs = Array.from({ length: 50 * 40 }, (_, i) => (i < 1500 ? 1 : random.below(8)));
    const noise = Array.from({ length: 150 * 140 }, () => random.below(8));
    expect(await decodeImage(gifOf(50, 40, runs))).toEqual(pixels(50, 40, 3, runs.flatMap(colour)));
    expect(await decodeImage(gifOf(150, 140, noise))).toEqual(pixels(150, 140, 3, noise.flatMap(colour)));
  });

  test('that ends before its last pixel is cut off', async () => {
    await expect(decodeImage(gifOf(7, 9, indices.slice(0, -1)))).rejects.toThrow('the GIF file is cut off');
  });
});

describe('WebP', () => {
  const image = picture(15, 20);

  test('lossless is the same picture, lossy nearly', async () => {
    expect(await decodeImage(await webpOf(image, { lossless: 1 }))).toEqual(image);
    expect(difference(await decodeImage(await webpOf(image, { quality: 90 })), image)).toBeLessThan(40);
  });

  test('opacity is put onto white', async () => {
    const { data } = await decodeImage(await webpOf(picture(4, 4), { lossless: 1, exact: 1 }, 0));
    expect(new Set(data)).toEqual(new Set([255]));
  });

  test('the first frame of an animation', async () => {
    const still = await webpOf(image, { lossless: 1 });
    const frame = still.subarray(12);
    const u24 = (n: number): number[] => [n & 255, (n >> 8) & 255, n >> 16];
    const u32 = (n: number): number[] => [...u24(n & 0xffffff), n >>> 24];
    const chunk = (name: string, bytes: readonly number[]): number[] => [
      ...Buffer.from(name),
      ...u32(bytes.length),
      ...bytes,
    ];
    const anmf = chunk('ANMF', [...u24(1), ...u24(0), ...u24(19), ...u24(14), ...u24(100), 0, ...frame]);
    const canvas = chunk('VP8X', [2, 0, 0, 0, ...u24(23), ...u24(14)]);
    const body = [...Buffer.from('WEBP'), ...canvas, ...chunk('ANIM', [0, 0, 0, 0, 0, 0]), ...anmf, ...anmf];
    const file = Uint8Array.from([...Buffer.from('RIFF'), ...u32(body.length), ...body]);
    const decoded = await decodeImage(file);
    expect([decoded.width, decoded.height]).toEqual([24, 15]);
    expect(Array.from(decoded.data.subarray(0, 12))).toEqual([
      255,
      255,
      255,
      255,
      255,
      255,
      ...image.data.subarray(0, 6),
    ]);
    for (const cut of [40, 60, 70, 100]) {
      await expect(decodeImage(file.subarray(0, cut))).rejects.toThrow(/WebP file is cut off/);
    }
  });
});
