import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import { ImageNetwork, imageNetworkFile, networkConfig } from 'unrolled/vision';
import { afterAll, expect, test } from 'vitest';
import { convnetCommand } from '../src/commands/convnet.ts';
import { encodePng } from '../src/output/png.ts';
import { workplace } from './command.ts';
import { picture } from './image-fixtures.ts';
import { printedBy } from './in-process.ts';

const { path: cwd } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);

const convnet = (...args: string[]): Promise<string> => printedBy(convnetCommand(), ...args);

test('summary lists the layers of a network by name, with their sums', async () => {
  const lines = (await convnet('summary', 'lenet')).split('\n').map((line) => line.trim().split(/\s{2,}/));
  expect(lines).toContainEqual(['conv2', '10 × 10 × 16', '16 × 6 × 5 × 5', '2,416', '240,000']);
  expect(lines).toContainEqual(['pool2', '5 × 5 × 16']);
  expect(lines).toContainEqual(['61,706', '416,520']);
  const json = JSON.parse(await convnet('summary', 'mobilenet-v2', '--size', '96', '--width', '0.35', '--json'));
  expect(json.input).toEqual([96, 96, 3]);
  expect(json.layers.at(-1)).toMatchObject({ name: 'classifier.1', shape: [1, 1000], weight: [1000, 1280] });
});

test('summary reads a file, and names a network that does not exist', async () => {
  const device = await openDevice('reference');
  const preprocessing = { size: 16, mean: [0.5], std: [0.5] };
  const config = networkConfig('resnet20', { classes: 3, width: 0.25 });
  const file = await imageNetworkFile(new ImageNetwork(device, { config, preprocessing, labels: null }, 1));
  writeFileSync(at('mine.safetensors'), file);
  expect(await convnet('summary', at('mine.safetensors'))).toContain('images of 16 × 16 × 1');
  await expect(convnet('summary', at('mine.safetensors'), '--classes', '2')).rejects.toThrow('a file has its own');
  await expect(convnet('summary', 'resnet21')).rejects.toThrow('there is no such network, and no such file');
});

test('compare counts and measures blocks, and trains networks of them on images', async () => {
  for (const folder of ['train/a', 'train/b', 'test/a', 'test/b']) {
    mkdirSync(at(`pictures/${folder}`), { recursive: true });
    for (let i = 0; i < 4; i++) {
      const image = picture(8, 8 + i);
      if (folder.endsWith('a')) image.data.fill(10 * i);
      writeFileSync(at(`pictures/${folder}/${i}.png`), encodePng(image));
    }
  }
  const tiny = ['--blocks', 'separable,residual', '--channels', '4', '--size', '8', '--batch', '4', '--runs', '1'];
  const networks = ['--width', '4', '--depth', '1', '--epochs', '2', '--threads', '1', '--plot', at('blocks.svg')];
  const found = JSON.parse(await convnet('compare', at('pictures'), ...tiny, ...networks, '--json'));
  const [separable, residual] = found.costs;
  expect(separable).toMatchObject({ block: 'separable', multiplyAdds: 64 * (18 * 4 + 2 * 16) });
  expect(residual).toMatchObject({ block: 'residual', multiplyAdds: 64 * 18 * 16 });
  for (const { forwardMs, trainingMs, trainingBytes } of found.costs)
    expect(Math.min(forwardMs, trainingMs, trainingBytes)).toBeGreaterThan(0);
  expect(found.networks.map(({ block }: { block: string }) => block)).toEqual(['separable', 'residual']);
  for (const { accuracy } of found.networks) expect(accuracy).toBeGreaterThanOrEqual(0);
  expect(readFileSync(at('blocks.svg'), 'utf8')).toContain('multiply-adds per image');
  expect(await convnet('compare', ...tiny, '--threads', '1')).toContain('One block, 4 channels in and out, 8 × 8');
});

test('compare refuses a block that does not exist', async () => {
  await expect(convnet('compare', '--blocks', 'dense')).rejects.toThrow("'dense' is not one of standard");
});
