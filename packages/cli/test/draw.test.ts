import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Random } from 'unrolled';
import type { Image } from 'unrolled/images';
import { afterAll, describe, expect, test } from 'vitest';
import { taskCommands } from '../src/commands/task.ts';
import { Failure } from '../src/failure.ts';
import { decodeGif } from '../src/input/decoders/gif.ts';
import { decodePng } from '../src/input/decoders/png.ts';
import { encodeGif } from '../src/output/gif.ts';
import { encodePng } from '../src/output/png.ts';
import { workplace } from './command.ts';
import { printedBy } from './in-process.ts';

const { path: cwd, file } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);

const run = (name: string, ...args: string[]): Promise<string> =>
  printedBy(taskCommands().find((command) => command.name() === name)!, ...args, '--threads', '1');

/** A line across or down. */
function line(label: string, i: number): Image {
  const data = new Uint8Array(64);
  for (let p = 0; p < 8; p++) data[label === 'across' ? (i % 8) * 8 + p : p * 8 + (i % 8)] = 255;
  return { width: 8, height: 8, channels: 1, data };
}

for (const label of ['across', 'down']) {
  mkdirSync(at(`lines/${label}`), { recursive: true });
  for (let i = 0; i < 12; i++) file(`lines/${label}/${i}.png`, encodePng(line(label, i)));
}
mkdirSync(at('loose'), { recursive: true });
for (let i = 0; i < 8; i++) file(`loose/${i}.png`, encodePng(line('down', i)));
file('loose-but-one.png', encodePng(line('across', 3)));

const head = (path: string, bytes: number): string => readFileSync(at(path)).subarray(0, bytes).toString('latin1');

describe('draw', () => {
  test('trains on images without labels, draws, and gives the bound', async () => {
    const small = ['--glimpses', '3', '--hidden', '12', '--latent', '3', '--batch', '6', '--steps', '12'];
    const trained = await run(
      'draw',
      'train',
      at('loose'),
      ...small,
      '--out',
      at('drawer'),
      '--validation-share',
      '0.3',
    );
    expect(trained).toMatch(/validation \d/);
    const picture = at('out.gif');
    expect(await run('draw', 'sample', at('drawer'), '--count', '3', '--picture', picture)).toBe('');
    expect(head('out.gif', 6)).toBe('GIF89a');
    await run('draw', 'sample', at('drawer'), '--picture', at('out.png'), '--count', '2');
    expect(decodePng(readFileSync(at('out.png'))).channels).toBe(3);
    const [again] = (await run('draw', 'sample', at('drawer'), at('loose/3.png'), '--json')).trim().split('\n');
    expect(JSON.parse(again)).toMatchObject({ type: 'drawing', width: 8, height: 8 });
    expect(JSON.parse(again).steps).toHaveLength(3);
    const ends = ['--between', '--count', '3', '--json'];
    const between = await run('draw', 'sample', at('drawer'), at('loose/3.png'), at('loose/5.png'), ...ends);
    expect(
      between
        .trim()
        .split('\n')
        .map((one) => JSON.parse(one).of.split(', ')[1]),
    ).toEqual(['0%', '50%', '100%']);
    const scores = JSON.parse(await run('draw', 'eval', at('drawer'), at('loose'), '--log-likelihood', '3', '--json'));
    expect(scores.bound).toBeCloseTo(scores.reconstruction + scores.divergence, 5);
    expect(scores.negativeLogLikelihood).toBeLessThan(scores.bound + 1);
    await expect(run('draw', 'sample', at('drawer'), at('loose/3.png'), '--between')).rejects.toThrow(/two images/);
    await expect(run('draw', 'sample', at('drawer'), at('nowhere.png'))).rejects.toThrow(Failure);
  });

  test('says what is wrong with its files', async () => {
    await expect(run('draw', 'train', at('loose-but-one.png'))).rejects.toThrow(/it is a file; give the folder/);
    mkdirSync(at('empty'), { recursive: true });
    await expect(run('draw', 'train', at('empty'))).rejects.toThrow(/no images found; there must be image files/);
  });
});

describe('glimpse', () => {
  test('trains, reads images with a picture of its path, and is evaluated', async () => {
    const small = [
      '--glimpses',
      '2',
      '--hidden',
      '12',
      '--units',
      '8',
      '--patch',
      '4',
      '--batch',
      '6',
      '--steps',
      '12',
    ];
    const trained = await run(
      'glimpse',
      'train',
      at('lines'),
      ...small,
      '--out',
      at('reader'),
      '--validation-share',
      '0.3',
    );
    expect(trained).toMatch(/accuracy [\d.]+/);
    const found = await run('glimpse', 'predict', at('reader'), at('lines/down/3.png'), '--picture', at('path.gif'));
    expect(found).toMatch(/^(across|down)\t\(3\.5, 3\.5\) \([\d.-]+, [\d.-]+\)\t.*3\.png\n$/);
    expect(head('path.gif', 6)).toBe('GIF89a');
    const scores = JSON.parse(await run('glimpse', 'eval', at('reader'), at('lines'), '--json'));
    expect(scores).toMatchObject({ type: 'evaluation', examples: 24 });
    expect(scores.byGlimpses).toHaveLength(2);
  });

  test('reads two images in one, and the whole image for comparison', async () => {
    const scene = [
      '--scene',
      'pair',
      '--size',
      '20',
      '--batch',
      '6',
      '--steps',
      '4',
      '--hidden',
      '8',
      '--glimpses',
      '2',
    ];
    await run('glimpse', 'train', at('lines'), ...scene, '--out', at('pairs'));
    const made = await run(
      'glimpse',
      'predict',
      at('pairs'),
      at('lines/down/3.png'),
      at('lines/across/1.png'),
      '--scene',
      '--json',
    );
    const readings = made
      .trim()
      .split('\n')
      .map((one) => JSON.parse(one));
    expect(readings.map(({ labels, path }) => [labels.length, path.length])).toEqual([
      [2, 4],
      [2, 4],
    ]);
    await run('glimpse', 'train', at('lines'), ...scene, '--reader', 'convolution', '--out', at('whole'));
    const text = await run('glimpse', 'eval', at('whole'), at('lines'));
    expect(text).toMatch(/accuracy [\d.]+% of 24, [\d.]+% of the labels\n.*\n[\d,]+ multiply-adds an image\n$/);
    await expect(
      run('glimpse', 'train', at('lines'), '--scene', 'pair', '--size', '12', '--out', at('x')),
    ).rejects.toThrow(/square of 16 pixels/);
  });
});

describe('GIF files', () => {
  test.each([
    [1, 1],
    [3, 2],
    [64, 48],
    [200, 150],
  ])('of %d × %d pixels hold the image, in the nearest colours', (width, height) => {
    const random = new Random(width);
    const data = Uint8Array.from({ length: width * height * 3 }, () => 51 * random.below(6));
    const image: Image = { width, height, channels: 3, data };
    const found = decodeGif(encodeGif([{ image, milliseconds: 100 }]));
    expect([found.width, found.height]).toEqual([width, height]);
    expect(Buffer.compare(found.data, data)).toBe(0);
  });

  test('keep greys to within 4, and all frames', () => {
    const data = Uint8Array.from({ length: 256 }, (_, i) => i);
    const image: Image = { width: 16, height: 16, channels: 1, data };
    const bytes = encodeGif([image, image, image].map((one) => ({ image: one, milliseconds: 50 })));
    const found = decodeGif(bytes);
    for (let i = 0; i < 256; i++) expect(Math.abs(found.data[3 * i] - i)).toBeLessThanOrEqual(4);
    expect(Buffer.from(bytes).toString('latin1').split('\x21\xf9\x04').length - 1).toBe(3);
  });
});
