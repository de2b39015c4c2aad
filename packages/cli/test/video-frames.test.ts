import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from 'unrolled/images';
import { afterAll, describe, expect, test } from 'vitest';
import { readFrames } from '../src/input/video-frames.ts';
import { encodePng } from '../src/output/png.ts';
import { workplace } from './command.ts';
import { gifAnimation, gifPalette, picture, webpAnimation, webpOf } from './image-fixtures.ts';

const { path: cwd, file } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);
const colour = (index: number): readonly number[] => gifPalette.slice(3 * index, 3 * index + 3);
const white = [255, 255, 255];
const pixelsOf = ({ data }: Image): readonly (readonly number[])[] =>
  Array.from({ length: data.length / 3 }, (_, i) => [...data.subarray(3 * i, 3 * i + 3)]);

describe('animated GIF', () => {
  const part = { left: 1, top: 0, width: 1, height: 1 };
  test('frames are drawn over those before them, which stay, are cleared or are taken back', async () => {
    const frames = (disposal: number) => [
      { indices: [1, 2, 3, 4] },
      { indices: [5], frame: part, disposal },
      { indices: [6], frame: { left: 0, top: 1, width: 1, height: 1 }, transparent: 7 },
    ];
    const last = async (disposal: number) => {
      const path = file(`d${disposal}.gif`, gifAnimation(2, 2, frames(disposal)));
      const found = await readFrames(path);
      expect(found).toHaveLength(3);
      expect(pixelsOf(found[1])).toEqual([colour(1), colour(5), colour(3), colour(4)]);
      return pixelsOf(found[2]);
    };
    expect(await last(0)).toEqual([colour(1), colour(5), colour(6), colour(4)]);
    expect(await last(1)).toEqual([colour(1), colour(5), colour(6), colour(4)]);
    expect(await last(2)).toEqual([colour(1), white, colour(6), colour(4)]);
    expect(await last(3)).toEqual([colour(1), colour(2), colour(6), colour(4)]);
  });

  test('takes every n-th frame, and keeps what it is told to', async () => {
    const frames = Array.from({ length: 7 }, (_, t) => ({ indices: [t % 8] }));
    const path = file('seven.gif', gifAnimation(1, 1, frames));
    const found = await readFrames(path, { every: 3 });
    expect(found.map(pixelsOf)).toEqual([[colour(0)], [colour(3)], [colour(6)]]);
    const small = await readFrames(path, {
      prepare: ({ width, height }) => ({ width, height, channels: 1, data: Uint8Array.of(9) }),
    });
    expect(small.map(({ data }) => data[0])).toEqual(new Array(7).fill(9));
  });

  test('cut off anywhere it is named, and nothing is made up', async () => {
    const whole = gifAnimation(
      5,
      4,
      Array.from({ length: 4 }, (_, t) => ({ indices: new Array<number>(20).fill(t) })),
    );
    for (let length = 0; length < whole.length; length++) {
      const path = file('cut.gif', whole.subarray(0, length));
      await expect(readFrames(path), `${length} bytes`).rejects.toThrow(/cut\.gif: .*(cut off|empty|no image|ffmpeg)/);
    }
    expect(await readFrames(file('cut.gif', whole))).toHaveLength(4);
  });

  test('many frames of a small file end at the limit', async () => {
    const one = { indices: [1] };
    const path = file('million.gif', gifAnimation(1, 1, [], { repeated: one, times: 1_000_000 }));
    const began = performance.now();
    await expect(readFrames(path)).rejects.toThrow(
      /million\.gif: it has more than 10,000 frames; cut it, or take fewer/,
    );
    expect(performance.now() - began).toBeLessThan(20_000);
    const fewer = file('fewer.gif', gifAnimation(1, 1, [], { repeated: one, times: 20_001 }));
    expect(await readFrames(fewer, { every: 10 })).toHaveLength(2001);
  });

  test('frames that take too much together are refused before they fill the memory', async () => {
    const big = { indices: new Array<number>(16).fill(1), frame: { left: 0, top: 0, width: 4, height: 4 } };
    const path = file('wide.gif', gifAnimation(100, 100, [], { repeated: big, times: 60 }));
    await expect(readFrames(path, { bytes: 1_000_000 })).rejects.toThrow(
      /wide\.gif: its first 33 frames take \d+ KiB of memory/,
    );
    const huge = file('huge.gif', gifAnimation(60_000, 60_000, [big]));
    await expect(readFrames(huge)).rejects.toThrow(/60000 × 60000 pixels; at most/);
  });
});

describe('animated WebP', () => {
  test('frames are drawn over those before them; opacity mixes, or replaces', async () => {
    const still = (value: number, size: number, alpha = 255) =>
      webpOf(
        { width: size, height: size, channels: 3, data: new Uint8Array(3 * size * size).fill(value) },
        { lossless: 1, exact: 1 },
        alpha,
      );
    const path = file(
      'moving.webp',
      webpAnimation(4, 4, [
        { file: await still(40, 4) },
        { file: await still(200, 2, 128), left: 2, top: 0 },
        { file: await still(200, 2, 128), left: 0, top: 2, replaces: true, disposed: true },
        { file: await still(10, 2), left: 2, top: 2 },
      ]),
    );
    const found = await readFrames(path);
    expect(found).toHaveLength(4);
    const pixel = (frame: number, x: number, y: number): number => found[frame].data[3 * (4 * y + x)];
    expect(pixel(0, 3, 3)).toBe(40);
    expect(pixel(1, 2, 0)).toBe(Math.round((200 * 128 + 40 * 127) / 255));
    expect(pixel(1, 0, 0)).toBe(40);
    expect(pixel(2, 0, 2)).toBe(Math.round((200 * 128 + 255 * 127) / 255));
    expect(pixel(3, 0, 2)).toBe(255);
    expect(pixel(3, 2, 2)).toBe(10);
    expect(pixel(3, 2, 0)).toBe(pixel(1, 2, 0));
  });

  test('cut off it is named', async () => {
    const one = { file: await webpOf(picture(6, 6), { lossless: 1 }) };
    const whole = webpAnimation(6, 6, [one, one, one]);
    for (let length = 1; length < whole.length; length += 7) {
      const path = file('cut.webp', whole.subarray(0, length));
      await expect(readFrames(path), `${length} bytes`).rejects.toThrow(
        /cut\.webp: .*(cut off|damaged|no image|ffmpeg)/i,
      );
    }
  });
});

describe('folders and strips', () => {
  const still = (value: number, width = 3, height = 2): Uint8Array =>
    encodePng({ width, height, channels: 3, data: new Uint8Array(3 * width * height).fill(value) });

  test('a folder has its frames in the order of their numbers', async () => {
    mkdirSync(at('frames'));
    for (const n of [1, 2, 10, 9]) file(`frames/frame${n}.png`, still(n));
    file('frames/readme.txt', 'not a frame');
    expect((await readFrames(at('frames'))).map(({ data }) => data[0])).toEqual([1, 2, 9, 10]);
    file('frames/frame11.png', still(1, 2, 2));
    await expect(readFrames(at('frames'))).rejects.toThrow(
      /frames: frame 5 has 2 × 2 pixels, the first 3 × 2; the frames of a video must have one size/,
    );
    mkdirSync(at('empty'));
    await expect(readFrames(at('empty'))).rejects.toThrow(/empty: there are no frames in the folder/);
    file('frames/frame11.png', still(1).subarray(0, 40));
    await expect(readFrames(at('frames'))).rejects.toThrow(/frame11\.png: .*cut off/);
    await expect(readFrames(at('frames'), { frames: 2 })).rejects.toThrow(
      /the folder has 5 frames; at most 2 are read/,
    );
    await expect(readFrames(at('nowhere'))).rejects.toThrow(/nowhere: there is no such file or folder/);
  });

  test('a strip holds frames below each other', async () => {
    const data = Uint8Array.from({ length: 3 * 2 * 6 }, (_, i) => Math.floor(i / 12));
    const path = file('strip.png', encodePng({ width: 2, height: 6, channels: 3, data }));
    expect((await readFrames(path, { stripHeight: 2 })).map((frame) => [frame.height, frame.data[0]])).toEqual([
      [2, 0],
      [2, 1],
      [2, 2],
    ]);
    expect(await readFrames(path)).toHaveLength(1);
    await expect(readFrames(path, { stripHeight: 4 })).rejects.toThrow(/6 pixels high, no multiple of 4/);
  });
});

describe('films by ffmpeg', () => {
  const searched = process.env.PATH;
  const withPath = async <Result>(path: string, action: () => Promise<Result>): Promise<Result> => {
    process.env.PATH = path;
    try {
      return await action();
    } finally {
      process.env.PATH = searched;
    }
  };
  /** A program in the place of ffmpeg. */
  const standIn = (script: string): string => {
    mkdirSync(at('bin'), { recursive: true });
    writeFileSync(at('bin/ffmpeg'), `#!${process.execPath}\n${script}`);
    chmodSync(at('bin/ffmpeg'), 0o755);
    return at('bin');
  };
  const film = file('a.mp4', 'not empty');

  test('without it, what to install is said', async () => {
    const none = withPath(at('empty'), () => readFrames(film));
    await expect(none).rejects.toThrow(/a\.mp4: reading it needs ffmpeg, which is not installed: apt install ffmpeg/);
  });

  test('its frames are read as it writes them, in pieces of any size', async () => {
    const bin = standIn(`
      const frame = (v) => Buffer.concat([Buffer.from('P6\\n3 2\\n255\\n'), Buffer.alloc(18, v)]);
      const all = Buffer.concat([1, 2, 3, 4, 5].map(frame));
      const write = (at) => at < all.length && process.stdout.write(all.subarray(at, at + 7), () => setTimeout(write, 1, at + 7));
      write(0);`);
    const frames = await withPath(bin, () => readFrames(film, { every: 2 }));
    expect(frames.map(({ width, height, data }) => [width, height, data[17]])).toEqual([
      [3, 2, 1],
      [3, 2, 3],
      [3, 2, 5],
    ]);
  });

  test('frames without end stop at the limit, and the program with them', async () => {
    const bin = standIn(`
      const one = Buffer.concat([Buffer.from('P6\\n1 1\\n255\\n'), Buffer.alloc(3)]);
      const many = Buffer.concat(new Array(1000).fill(one));
      const go = () => process.stdout.write(many, go);
      process.stdout.on('error', () => process.exit(0));
      go();`);
    await expect(withPath(bin, () => readFrames(film))).rejects.toThrow(/more than 10,000 frames/);
  });

  test.each<[string, string, RegExp]>([
    [
      'it says why it cannot',
      `console.error('moov atom not found\\u001b[31m'); process.exit(1)`,
      /ffmpeg cannot read it: moov atom not found/,
    ],
    ['it writes no frame', '', /ffmpeg cannot read it: it found no frame/],
    ['it writes something else', `process.stdout.write('x'.repeat(200))`, /something that is no frame/],
    [
      'frames are too large',
      `process.stdout.write('P6\\n90000 90000\\n255\\n' + 'x'.repeat(99))`,
      /90000 × 90000 pixels; at most/,
    ],
    [
      'it fails after a frame',
      `process.stdout.write('P6\\n1 1\\n255\\nabc'); console.error('broken'); process.exitCode = 1`,
      /more than 1 frames: broken/,
    ],
  ])('%s', async (_, script, message) => {
    await expect(withPath(standIn(script), () => readFrames(film))).rejects.toThrow(message);
  });
});
