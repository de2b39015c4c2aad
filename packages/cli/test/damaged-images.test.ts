import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { type Image, withChannels } from 'unrolled/images';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { decodeImage, readImage } from '../src/input/images.ts';
import { encodePng, pngFile } from '../src/output/png.ts';
import { gifOf, jpegOf, picture, rows, webpOf } from './image-fixtures.ts';

describe('files that are not what they should be', () => {
  let files: Readonly<Record<string, Uint8Array>>;
  beforeAll(async () => {
    const image = picture(12, 12);
    const webp = { lossy: await webpOf(image), lossless: await webpOf(image, { lossless: 1 }) };
    const jpeg = { baseline: await jpegOf(image), progressive: await jpegOf(image, { progressive: true }) };
    files = {
      ...webp,
      ...jpeg,
      png: encodePng(image),
      gif: gifOf(
        12,
        12,
        Array.from({ length: 144 }, (_, i) => i % 8),
      ),
    };
  });

  test.each(['lossy', 'lossless', 'baseline', 'progressive', 'png', 'gif'])(
    '%s: cut off anywhere is named',
    async (kind) => {
      const file = files[kind];
      // All that a viewer needs may stand before the last bytes.
      const tail = { baseline: 2, progressive: 2, gif: 3 }[kind] ?? 0;
      for (let length = 0; length < file.length - tail; length += length < 40 ? 1 : 17) {
        const error = await decodeImage(file.slice(0, length)).catch((thrown: unknown) => thrown);
        expect(error, `${length} of ${file.length} bytes`).toMatchObject({ name: 'FormatError' });
        expect(String(error)).toMatch(/cut off|no image|empty|damaged/);
      }
    },
  );

  test.each(['lossy', 'lossless', 'baseline', 'progressive', 'png', 'gif'])(
    '%s: no changed byte does harm',
    async (kind) => {
      const file = files[kind];
      for (let at = 0; at < file.length; at += 7) {
        for (const value of [0, 255, file[at] ^ 0x11]) {
          const result = await decodeImage(file.with(at, value), { pixels: 2 ** 16 }).catch(
            (thrown: unknown) => thrown,
          );
          if (result instanceof Error) expect(result.name).toBe('FormatError');
          else
            expect((result as Image).data.length).toBe(
              (result as Image).width * (result as Image).height * (result as Image).channels,
            );
        }
      }
    },
  );

  test('after a broken file the next one decodes', async () => {
    const good = await decodeImage(files.baseline);
    await expect(decodeImage(files.baseline.slice(0, 200))).rejects.toThrow();
    const both = await Promise.allSettled([decodeImage(files.baseline.slice(0, -20)), decodeImage(files.baseline)]);
    expect(both.map(({ status }) => status)).toEqual(['rejected', 'fulfilled']);
    expect(await decodeImage(files.baseline)).toEqual(good);
  });

  test('sizes are checked before anything is decoded', async () => {
    const png = (width: number, height: number) => pngFile({ width, height, depth: 8, type: 0 }, [['IDAT', rows([0])]]);
    await expect(decodeImage(png(30000, 30000))).rejects.toThrow(/30000 × 30000 pixels; at most 67108864 are read/);
    await expect(decodeImage(png(0, 5))).rejects.toThrow(/the image is empty: 0 × 5 pixels/);
    const huge = files.baseline.findIndex((byte, i) => byte === 0xff && files.baseline[i + 1] === 0xc0) + 5;
    await expect(decodeImage(files.baseline.with(huge, 0xff).with(huge + 2, 0xff))).rejects.toThrow(/at most 67108864/);
    await expect(decodeImage(gifOf(0, 4, []))).rejects.toThrow(/empty: 0 × 4/);
    await expect(decodeImage(gifOf(65535, 65535, []))).rejects.toThrow(/at most/);
    await expect(decodeImage(files.png, { pixels: 100 })).rejects.toThrow(/12 × 12 pixels; at most 100/);
  });

  test('a PNG whose data expand to more than its size is refused early', async () => {
    const bomb = pngFile({ width: 2, height: 2, depth: 8, type: 0 }, [['IDAT', deflateSync(new Uint8Array(2 ** 22))]]);
    await expect(decodeImage(bomb)).rejects.toThrow(/data are more than its size says/);
    const few = pngFile({ width: 2, height: 2, depth: 8, type: 0 }, [['IDAT', rows([1, 2])]]);
    await expect(decodeImage(few)).rejects.toThrow(/data are less than its size says/);
    const odd = pngFile({ width: 2, height: 2, depth: 5, type: 0 }, []);
    await expect(decodeImage(odd)).rejects.toThrow(/colour type 0 with 5 bits does not exist/);
  });

  test('a JPEG of thousands of scans is refused', async () => {
    const scan = files.progressive.lastIndexOf(0xda) - 1;
    const repeated = Array.from({ length: 600 }, () => Array.from(files.progressive.subarray(scan, -2))).flat();
    const file = Uint8Array.from([...files.progressive.subarray(0, scan), ...repeated, 0xff, 0xd9]);
    await expect(decodeImage(file)).rejects.toThrow(/more than 500 scans/);
  });

  test('a GIF frame beyond its screen is refused', async () => {
    const frame = { left: 2, top: 0, width: 2, height: 1 };
    await expect(decodeImage(gifOf(3, 1, [1, 2], { frame }))).rejects.toThrow(/2 × 1 at 2, 0 does not fit its 3 × 1/);
  });

  test.each([
    ['%PDF-1.7', /PDF; convert it/],
    ['<svg xmlns="…">', /SVG or other XML/],
    ['BM6…', /BMP/],
    ['\0\0\0\x20ftypavif', /AVIF or HEIC/],
    ['II*\0', /TIFF/],
    ['plain text', /no image: it begins as none of JPEG, PNG, WebP and GIF/],
    ['', /empty/],
  ])('%j is no image', async (text, message) => {
    await expect(decodeImage(Buffer.from(text, 'latin1'))).rejects.toThrow(message);
  });

  describe('readImage', () => {
    const folder = mkdtempSync(join(tmpdir(), 'unrolled-images-'));
    afterAll(() => rmSync(folder, { recursive: true }));

    test('names the file, and says no to a very large one', async () => {
      const path = join(folder, 'a.jpg');
      writeFileSync(path, 'not a picture');
      await expect(readImage(path)).rejects.toThrow(`${path}: the file is no image`);
      await expect(readImage(path, { bytes: 5 })).rejects.toThrow(
        `${path}: the file has 13 bytes; an image may have 5`,
      );
      await expect(readImage(join(folder, 'b.png'))).rejects.toThrow('there is no such file or folder');
      await expect(readImage(folder)).rejects.toThrow('it is a folder');
    });

    test('goes by content, not by the name', async () => {
      const path = join(folder, 'png-in-disguise.jpg');
      writeFileSync(path, files.png);
      expect(withChannels(await readImage(path), 3)).toEqual(picture(12, 12));
    });
  });
});
