import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Image } from 'unrolled/images';
import { afterAll, beforeEach, describe, expect, test } from 'vitest';
import { encodePng } from '../src/output/png.ts';
import { readEvents, tensorsOf, workplace } from './command.ts';
import { taskCommand } from './task-command.ts';

const { path: cwd, file } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);

const classify = taskCommand('classify');

/** Red or green, with a bright square somewhere. */
function picture(label: string, i: number): Image {
  const [width, height] = [12 + (i % 3), 10];
  const data = new Uint8Array(width * height * 3);
  for (let p = 0; p < width * height; p++) {
    data[3 * p + (label === 'red' ? 0 : 1)] = 120 + ((i * 37 + p * 11) % 100);
    data[3 * p + 2] = (i * 53 + p * 7) % 60;
  }
  return { width, height, channels: 3, data };
}

for (const [folder, count] of [
  ['shapes/train', 10],
  ['shapes/test', 3],
] as const) {
  for (const label of ['red', 'green']) {
    mkdirSync(at(`${folder}/${label}`), { recursive: true });
    for (let i = 0; i < count; i++) file(`${folder}/${label}/${i}.png`, encodePng(picture(label, i)));
  }
}
const tiny = ['--network', 'lenet', '--size', '16', '--batch', '5', '--augment', 'flip,shift=1'];
const first = ['train', at('shapes'), ...tiny, '--out', at('colours')];

beforeEach(() => {
  process.exitCode = undefined;
});

describe('a folder of images', () => {
  test('is recognised, trained on, evaluated and predicted from', async () => {
    const { out } = await classify(...first, '--epochs', '6', '--lr', '0.02');
    expect(out).toContain(`Recognised 2 folders of images in ${at('shapes/train')}`);
    expect(out).toContain(`6 images in ${at('shapes/test')} are left out: evaluate on them with classify eval`);
    expect(out).toContain('2 labels (green, red)');
    const config = JSON.parse(readFileSync(join(at('colours'), 'config.json'), 'utf8'));
    expect(config).toMatchObject({ task: 'classify-images', options: { network: 'lenet', augment: 'flip,shift=1' } });
    expect(config.files).toHaveLength(1);
    expect(readEvents(at('colours')).at(-1)).toMatchObject({ type: 'done', reason: 'finished' });

    const evaluated = await classify('eval', at('colours'), at('shapes'));
    expect(evaluated.out).toContain('accuracy 100.00% of 6');
    expect(evaluated.out).toMatch(/label +precision +recall +F1 +images/);
    const one = at('shapes/test/red/0.png');
    const predicted = await classify('predict', at('colours'), one, at('shapes/test/green'));
    expect(predicted.out).toMatch(new RegExp(`^red \\d\\.\\d\\d\\t${one}\\n(green .*\\n){3}$`));
    const json = JSON.parse((await classify('predict', at('colours'), one, '--json')).out);
    expect(json).toMatchObject({ type: 'classification', file: one, label: 'red' });
    expect(json.probabilities).toHaveLength(2);
    const bare = JSON.stringify({ width: 1, height: 1, channels: 3, data: [200, 0, 0] });
    expect((await classify('predict', at('colours'), bare, '--json-input')).out).toMatch(/^red /);
  });

  test('resumes to the same bits, with augmentation, mix-up and averaged weights', async () => {
    const more = ['--mix-up', '0.2', '--ema', '0.9', '--schedule', 'constant', '--warm-up', '0'];
    const [whole, parts] = [at('whole'), at('parts')];
    await classify('train', at('shapes'), ...tiny, ...more, '--steps', '7', '--out', whole);
    await classify('train', at('shapes'), ...tiny, ...more, '--steps', '3', '--out', parts);
    await classify('train', '--resume', parts, '--steps', '7');
    expect(tensorsOf(parts)).toEqual(tensorsOf(whole));
  });

  test('gives a head for a frozen backbone, whose file is another classifier', async () => {
    await classify('train', at('shapes'), ...tiny, '--steps', '4', '--out', at('backbone'));
    const weights = join(at('backbone'), 'checkpoints', 'latest.safetensors');
    const head = [
      'train',
      at('shapes'),
      '--backbone',
      weights,
      '--freeze',
      '--batch',
      '5',
      '--epochs',
      '3',
      '--head-hidden',
      '6',
    ];
    const { out } = await classify(...head, '--out', at('head'));
    expect(out).toContain('for images of 16 × 16');
    expect(out).toMatch(/Recognised[\s\S]*Features of (\d+) of \1 images/);
    await classify('train', '--resume', at('head'), '--epochs', '4');
    expect((await classify('eval', at('head'), at('shapes'))).out).toContain('of 6');
    await classify('train', at('shapes'), '--backbone', weights, '--epochs', '1', '--out', at('tuned'));
    expect((await classify('eval', at('tuned'), at('shapes'))).out).toContain('of 6');
  });
});

test('a table of images and labels is trained on, resumed and evaluated', async () => {
  const rows = (folder: string, count: number): string[] =>
    ['red', 'green'].flatMap((label) =>
      Array.from({ length: count }, (_, i) => `shapes/${folder}/${label}/${i}.png,${label}`),
    );
  file('colours.csv', ['image,label', ...rows('train', 10)].join('\n'));
  file('test.csv', ['image,label', ...rows('test', 3)].join('\n'));
  const { out } = await classify('train', at('colours.csv'), ...tiny, '--steps', '4', '--out', at('listed'));
  expect(out).toContain(`Recognised a list of images in ${at('colours.csv')}`);
  await classify('train', '--resume', at('listed'), '--steps', '6');
  expect((await classify('eval', at('listed'), at('test.csv'))).out).toContain('of 6');
  file('colours.csv', ['image,label', ...rows('train', 9)].join('\n'));
  await expect(classify('train', '--resume', at('listed'), '--steps', '8')).rejects.toThrow('colours.csv');
});

describe('what is refused by name', () => {
  test.each([
    [['train', at('shapes'), '--cell', 'gru'], '--cell is an option for texts, and these are images'],
    [['train', at('shapes'), '--tokens', 'word'], '--tokens is an option for texts, and these are images'],
    [['train', at('text.txt'), '--network', 'lenet'], '--network is an option for images, and these are texts'],
    [['train', at('shapes'), '--freeze'], '--freeze needs pretrained weights; name a file with --backbone'],
    [['train', at('shapes'), '--backbone', at('text.txt')], 'text.txt: '],
    [['train', at('shapes'), at('shapes')], 'give one folder'],
    [['train', at('shapes/train/red/0.png')], 'it is a file; give the folder'],
    [['train', at('shapes/train/red')], 'the image lies in no folder of a label'],
    [['predict', at('colours'), at('text.txt')], 'text.txt: '],
    [['predict', at('colours'), at('shapes/test/red/0.png'), '--explain'], '--explain is an option for texts'],
    [['eval', at('colours'), at('text.txt')], 'it is a file; give the folder'],
  ])('%j: %s', async (args, message) => {
    await expect(classify(...args)).rejects.toThrow(message);
  });

  test('an augmentation that is none', async () => {
    for (const [given, message] of [
      ['flap', "'flap' is not one of none, flip, shift, rotate, zoom, crop, colour, cut-out"],
      ['shift=0', 'shift takes a number from 1 to 1000, as in shift=4'],
    ]) {
      await expect(classify('train', at('shapes'), '--augment', given)).rejects.toThrow(message);
    }
  });

  test('broken files, unless they are to be left out', async () => {
    for (const label of ['red', 'green']) {
      mkdirSync(at(`broken/${label}`), { recursive: true });
      for (let i = 0; i < 4; i++) file(`broken/${label}/${i}.png`, encodePng(picture(label, i)));
    }
    file('broken/red/9.png', encodePng(picture('red', 1)).subarray(0, 60));
    const args = [
      'train',
      at('broken'),
      ...tiny,
      '--steps',
      '1',
      '--validation-share',
      '0',
      '--out',
      at('from-broken'),
    ];
    await expect(classify(...args)).rejects.toThrow(/9\.png: .*; --skip-broken leaves such files out/);
    expect((await classify(...args, '--skip-broken')).out).toContain('Left out 1 broken file, the first: ');
    const left = await classify('predict', at('from-broken'), at('broken/red'), '--skip-broken');
    expect(left.out.split('\n')).toHaveLength(5);
    expect(left.err).toContain('left out');
  });
});
