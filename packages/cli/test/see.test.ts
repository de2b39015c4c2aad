import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { openDevice } from 'unrolled';
import { ImageClassifier } from 'unrolled/tasks/classify-images';
import { encodeModel, storeModel } from 'unrolled/train';
import { ImageNetwork, imageNetworkFile, networkConfig } from 'unrolled/vision';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { seeCommand } from '../src/commands/see.ts';
import { styleCommand } from '../src/commands/style.ts';
import { decodeImage } from '../src/input/images.ts';
import { encodePng } from '../src/output/png.ts';
import { workplace } from './command.ts';
import { picture } from './image-fixtures.ts';
import { printedBy } from './in-process.ts';

const { path: cwd } = workplace(afterAll);
const at = (name: string): string => join(cwd, name);
const see = (...args: string[]): Promise<string> => printedBy(seeCommand(), ...args, '--threads', '1');
const labels = ['tabby, tabby cat', 'hot dog', 'chickadee'];

beforeAll(async () => {
  const device = await openDevice('reference');
  const preprocessing = { size: 16, mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] };
  const config = networkConfig('resnet20', { classes: 3, width: 0.25 });
  const network = new ImageNetwork(device, { config, preprocessing, labels }, 1);
  writeFileSync(at('network.safetensors'), await imageNetworkFile(network));
  const bare = new ImageNetwork(device, { config, preprocessing, labels: null }, 1);
  writeFileSync(at('bare.safetensors'), await imageNetworkFile(bare));
  const classifier = new ImageClassifier(device, { config: { network: config }, preprocessing, labels }, 1);
  classifier.temperature = 3;
  writeFileSync(at('classifier.safetensors'), encodeModel(await storeModel(classifier)));
  for (const name of ['one', 'two']) writeFileSync(at(`${name}.png`), encodePng(picture(24, 20)));
});

const decoded = (name: string) => decodeImage(readFileSync(at(name)));

describe('see', () => {
  test('prints the likeliest classes and draws every map alone and over the image', async () => {
    const methods = ['occlusion', 'saliency', 'smoothgrad', 'guided', 'gradcam'];
    const options = ['--method', methods.join(','), '--samples', '2', '--out', at('maps')];
    const out = await see(at('network.safetensors'), at('one.png'), at('two.png'), ...options);
    expect(out).toMatch(/one\.png\n +\d+\.\d% {2}(tabby|hot dog|chickadee)/);
    for (const method of methods) expect(out).toMatch(new RegExp(`${method} of '.*': .*(strongest at|falls most)`));
    const files = ['one', 'two'].flatMap((stem) =>
      methods.flatMap((m) => [`${stem}.${m}.png`, `${stem}.${m}.over.png`]),
    );
    expect(readdirSync(at('maps')).sort()).toEqual(files.sort());
    // Small networks' maps are enlarged, so that they can be seen.
    expect(await decoded('maps/one.guided.png')).toMatchObject({ width: 224, height: 224, channels: 3 });
  });

  test('prints the probabilities that a classifier predicts, with its temperature', async () => {
    const device = await openDevice('wasm', { threads: 1 });
    const classifier = ImageClassifier.load(device, readFileSync(at('classifier.safetensors')));
    const [{ probabilities }] = await classifier.predict([await decoded('one.png')]);
    device.close();
    const options = ['--method', 'saliency', '--out', at('agreeing'), '--json'];
    const { classes } = JSON.parse(await see(at('classifier.safetensors'), at('one.png'), ...options));
    expect(classes).toMatchObject(probabilities);
  });

  test('takes classes by name, by a part of it, or by index, and gives files of several their names', async () => {
    const options = ['--method', 'saliency', '--out', at('several'), '--json'];
    const classes = ['--class', 'Tabby', '--class', '2'];
    const line = JSON.parse(await see(at('classifier.safetensors'), at('one.png'), ...options, ...classes));
    expect(line).toMatchObject({ type: 'see', image: at('one.png') });
    expect(line.classes).toHaveLength(3);
    expect(line.maps.map(({ title, target }: { title: string; target: object }) => [title, target])).toEqual([
      ['tabby, tabby cat', { class: 0 }],
      ['chickadee', { class: 2 }],
    ]);
    expect(readdirSync(at('several'))).toContain('one.tabby-tabby-cat.saliency.over.png');
  });

  test('explains a unit at its most active place, or where it is told to', async () => {
    const unit = ['--method', 'guided', '--layer', 'layer1.0.conv1', '--out', at('unit'), '--json', '--unit'];
    const [strongest, given] = [
      await see(at('network.safetensors'), at('one.png'), ...unit, '1'),
      await see(at('network.safetensors'), at('one.png'), ...unit, '1,2,3'),
    ].map((line) => JSON.parse(line).maps[0]);
    expect(given.target).toEqual({ layer: 'layer1.0.conv1', channel: 1, y: 2, x: 3 });
    expect(strongest.target).toMatchObject({ layer: 'layer1.0.conv1', channel: 1, y: expect.any(Number) });
  });

  test('lists the layers', async () => {
    const out = await see(at('bare.safetensors'), '--layers');
    expect(out).toMatch(/^layer +output\n/);
    expect(out).toMatch(/^layer2\.0\.conv1 +8 × 8 × \d+$/m);
    expect(out).toMatch(/^fc +3$/m);
  });

  test('grows an image of a class from noise, and one from each image', async () => {
    const options = ['--method', 'ascent', '--class', 'class 1', '--steps', '3', '--out', at('grown'), '--json'];
    const grown = JSON.parse(await see(at('bare.safetensors'), ...options));
    expect(grown).toMatchObject({ type: 'ascent', title: 'class 1', steps: 3, file: at('grown/class-1.ascent.png') });
    expect(grown.score).toEqual(expect.any(Number));
    await see(at('bare.safetensors'), at('one.png'), ...options, '--start', 'image');
    expect(existsSync(at('grown/one.class-1.ascent.png'))).toBe(true);
    expect(existsSync(at('grown/class-1.ascent.png.new'))).toBe(false);
  });

  test('takes names of classes from a file', async () => {
    writeFileSync(at('labels.txt'), 'a\nb\nc\n');
    const out = await see(at('bare.safetensors'), at('one.png'), '--labels', at('labels.txt'), '--out', at('named'));
    expect(out).toMatch(/gradcam of '[abc]'/);
  });

  test('says what is missing', async () => {
    const [network, image] = [at('network.safetensors'), at('one.png')];
    await expect(see(network)).rejects.toThrow('name the images to explain');
    await expect(see(network, image, '--class', 'cat')).rejects.toThrow("no such class; there are 'tabby, tabby cat'");
    await expect(see(network, image, '--unit', '3')).rejects.toThrow('name its layer');
    await expect(see(network, image, '--method', 'ascent')).rejects.toThrow('name a class with --class');
    await expect(see(network, image, '--layer', 'fc', '--method', 'gradcam')).rejects.toThrow("'fc' has no positions");
    await expect(see(network, image, '--labels', at('one.png'))).rejects.toThrow();
    await expect(see(network, at('none.png'))).rejects.toThrow('no such file');
    await expect(see(at('nowhere'), image)).rejects.toThrow('no such run folder');
    const unit = ['--layer', 'conv1', '--unit', '0'];
    await expect(see(network, image, ...unit, '--method', 'gradcam')).rejects.toThrow('explains a class, not a unit');
  });
});

describe('style', () => {
  test('paints an image of the wanted size and reports how near it came', async () => {
    const images = [at('one.png'), at('two.png'), '--backbone', at('network.safetensors'), '--threads', '1'];
    const options = ['--size', '48', '--steps', '3', '--out', at('styled.png')];
    const out = await printedBy(styleCommand(), ...images, ...options);
    expect(out).toMatch(/styled\.png: after 3 steps the content differs by [\d.]+%, the style by [\d.]+%\n$/);
    expect(await decoded('styled.png')).toMatchObject({ width: 40, height: 48 });
    const json = await printedBy(styleCommand(), ...images, ...options, '--json', '--style-weight', '0');
    expect(JSON.parse(json)).toMatchObject({ type: 'style', step: 3, file: at('styled.png') });
  });
});
