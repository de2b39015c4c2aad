import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openDevice } from 'unrolled';
import { ImageClassifier } from 'unrolled/tasks/classify-images';
import { encodeModel, storeModel } from 'unrolled/train';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { shapeExamples } from '../models/shapes.ts';
import type { GrowingImage, SeeMethod } from '../protocol-see.ts';
import { Seeing } from './seeing.ts';

const file = readFileSync(fileURLToPath(new URL('../models/shapes.safetensors', import.meta.url)));
let trained: Seeing;
let untrained: Seeing;

beforeAll(async () => {
  trained = await Seeing.open(file, false);
  untrained = await Seeing.open(file, true);
});
afterAll(() => {
  trained.close();
  untrained.close();
});

/** Spearman's: the correlation of ranks. */
function rankCorrelation(a: Float32Array, b: Float32Array): number {
  const ranks = (values: Float32Array): number[] => {
    const order = Array.from(values.keys()).sort((i, j) => values[i] - values[j]);
    const result = new Array<number>(values.length);
    order.forEach((place, rank) => {
      result[place] = rank;
    });
    return result;
  };
  const [x, y] = [ranks(a), ranks(b)];
  const n = x.length;
  const squares = x.reduce((sum, rank, i) => sum + (rank - y[i]) ** 2, 0);
  return 1 - (6 * squares) / (n * (n * n - 1));
}

/** How alike the maps of two classes are, over two examples. */
async function likeness(method: SeeMethod): Promise<number> {
  const found: number[] = [];
  for (const [index, { image }] of shapeExamples().slice(0, 2).entries()) {
    await trained.look(image);
    const maps: Float32Array[] = [];
    for (const target of [{ class: index }, { class: (index + 2) % 5 }]) {
      const map = await trained.map({ method, target }, trained.begin(), () => {});
      maps.push(map!.values);
    }
    found.push(rankCorrelation(maps[0], maps[1]));
  }
  return found.reduce((sum, one) => sum + one, 0) / found.length;
}

test('the network that comes with the page knows every example', async () => {
  for (const { name, image } of shapeExamples()) {
    const { classes, picture } = await trained.look(image);
    expect(classes[0].label).toBe(name);
    expect([picture.width, picture.height]).toEqual([48, 48]);
  }
});

test('its probabilities are those that the classifier predicts, with its temperature and mirror image', async () => {
  const device = await openDevice('wasm', { threads: 1 });
  const found = ImageClassifier.load(device, file);
  const description = found.describe();
  const config = { ...description.config, mirror: true };
  const saved = await found.parameters.save();
  const classifier = ImageClassifier.from(device, { ...description, config, temperature: 20 }, saved);
  const seeing = await Seeing.open(encodeModel(await storeModel(classifier)), false);
  for (const { image } of shapeExamples()) {
    const { classes } = await seeing.look(image);
    const [{ probabilities }] = await classifier.predict([image]);
    expect(classes.map(({ label, probability }) => ({ label, probability }))).toEqual(probabilities);
    expect(probabilities[0].probability).toBeLessThan(0.9);
  }
  seeing.close();
  device.close();
});

test('guided backpropagation hardly depends on the class; Grad-CAM and occlusion do (Adebayo 2018)', async () => {
  const [guided, gradCam, occlusion] = [
    await likeness('guided'),
    await likeness('gradcam'),
    await likeness('occlusion'),
  ];
  expect(guided).toBeGreaterThan(0.6);
  expect(guided).toBeGreaterThan(Math.max(gradCam, occlusion) + 0.3);
});

test('untrained it has other weights, and maps of its own', async () => {
  const maps: Float32Array[] = [];
  for (const network of [trained, untrained]) {
    await network.look(shapeExamples()[0].image);
    const map = await network.map({ method: 'gradcam', target: { class: 0 } }, network.begin(), () => {});
    maps.push(map!.values);
  }
  expect(maps[0]).not.toEqual(maps[1]);
});

test('a picture grows until it is stopped', async () => {
  await trained.look(shapeExamples()[0].image);
  const parts: GrowingImage[] = [];
  const ended = await trained.grow({ target: { class: 2 }, steps: 200, seed: 1 }, trained.begin(), (part) => {
    parts.push(part);
    if (parts.length === 40) trained.stop();
  });
  expect(ended).toBe(false);
  expect(parts.map(({ step }) => step)).toEqual(Array.from({ length: 40 }, (_, i) => i + 1));
  expect(parts[39].score).toBeGreaterThan(parts[0].score + 1);
});
