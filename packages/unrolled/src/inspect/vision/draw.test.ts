import { expect, test } from 'vitest';
import { diverging, sequential } from '../../charts/theme.ts';
import type { Image } from '../../images/image.ts';
import { drawGradient, drawMap, overlayMap } from './index.ts';

const map = (...values: number[]) => ({ height: 1, width: values.length, values: Float64Array.from(values) });
const image = (channels: 1 | 3, ...data: number[]): Image => ({
  height: 1,
  width: data.length / channels,
  channels,
  data: Uint8Array.from(data),
});
const pixels = ({ data }: Image): string[] =>
  Array.from(
    { length: data.length / 3 },
    (_, i) => `#${[0, 1, 2].map((c) => data[3 * i + c].toString(16).padStart(2, '0')).join('')}`,
  );

test('a map of one sign runs from dark blue at 0 to yellow; values beyond the most are yellow too', () => {
  expect(pixels(drawMap(map(0, 2, 4, 9), { most: 4 }))).toEqual([
    sequential(0),
    sequential(128 / 255),
    sequential(1),
    sequential(1),
  ]);
});

test('a map of both signs is white at 0, by default where it has values below 0', () => {
  const [below, zero, above] = pixels(drawMap(map(-3, 0, 3)));
  expect([below, above]).toEqual([diverging(-1), diverging(1)]);
  expect(zero).toMatch(/^#f[5-8]f[5-8]f[5-8]$/);
  expect(pixels(drawMap(map(-3, 0, 3), { signed: false }))).toEqual([sequential(0), sequential(0), sequential(1)]);
});

test('a single extreme value does not make the others pale', () => {
  const values = [...new Array(999).fill(1), 1000];
  expect(pixels(drawMap(map(...values)))[0]).toBe(sequential(1));
});

test('over an image in grey, 0 shows the image and the strongest value the colour', () => {
  const picture = image(3, 200, 100, 50, 10, 20, 30);
  expect(pixels(overlayMap(picture, map(0, 0), { most: 1 }))).toEqual(['#7c7c7c', '#121212']);
  expect(pixels(overlayMap(picture, map(1, 0), { most: 1, opacity: 1 }))).toEqual([sequential(1), '#121212']);
  expect(pixels(overlayMap(image(1, 7, 9), map(1, 1), { opacity: 0 }))).toEqual(['#070707', '#090909']);
  expect(() => overlayMap(picture, map(1))).toThrow(/1 × 1 pixels, the image 2 × 1/);
});

test('a gradient is grey at 0; blue, green and red are put in their order', () => {
  const gradient = { ...map(0, 1, -1), width: 1, channels: 3 };
  expect([...drawGradient(gradient, { most: 1 }).data]).toEqual([128, 255, 0]);
  expect([...drawGradient(gradient, { most: 1, order: 'bgr' }).data]).toEqual([0, 255, 128]);
  expect(() => drawGradient({ ...gradient, channels: 2 })).toThrow(/2 channels are no image/);
});

test('a map of zeros is drawn', () => {
  expect(pixels(drawMap(map(0, 0)))).toEqual([sequential(0), sequential(0)]);
});
