import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { type Image, type LabelledImage, scenes } from '../../images/index.ts';
import { checkGradients } from '../../nn/check-gradients.ts';
import { inference } from '../../nn/layer.ts';
import { GlimpseSensor } from '../../nn/vision/glimpse-sensor.ts';
import { Random } from '../../random.ts';
import { train } from '../../train/train.ts';
import {
  evaluateGlimpses,
  type GlimpseConfig,
  GlimpseModel,
  glimpseLoss,
  glimpsePictures,
  glimpseTraining,
  type Reader,
  readImages,
} from './index.ts';

const reference = await openDevice('reference');
const wasm = await openDevice('wasm', { threads: 1 });
afterAll(() => wasm.close());

/** A cross, or a square, of 5 × 5 pixels. */
function shape(label: string): Image {
  const inside = (y: number, x: number): boolean =>
    label === 'cross' ? y === 2 || x === 2 : y === 0 || x === 0 || y === 4 || x === 4;
  const data = Uint8Array.from({ length: 25 }, (_, i) => (inside(Math.floor(i / 5), i % 5) ? 255 : 0));
  return { width: 5, height: 5, channels: 1, data };
}

const labels = ['cross', 'square'];
const shapes = (count: number): LabelledImage[] =>
  Array.from({ length: count }, (_, i) => ({ image: shape(labels[i % 2]), label: labels[i % 2] }));

const config = (reader: Reader, more: Partial<GlimpseConfig> = {}): GlimpseConfig => {
  return {
    height: 12,
    width: 12,
    reader,
    glimpses: 3,
    patch: 3,
    scales: 2,
    hidden: 16,
    units: 12,
    channels: 3,
    ...more,
  };
};
const translated = { kind: 'translated', size: 12 } as const;

describe('the glimpse sensor', () => {
  const image = reference.tensor(
    Array.from({ length: 30 }, (_, i) => Math.sin(i) + 2),
    [1, 5, 6],
  );
  const at = (y: number, x: number): number => (y < 0 || x < 0 || y > 4 || x > 5 ? 0 : image.data()[y * 6 + x]);
  const look = (sensor: GlimpseSensor, y: number, x: number): number[] => [
    ...sensor.apply(image, reference.tensor([(2 * y) / 4 - 1, (2 * x) / 5 - 1], [1, 2])).data(),
  ];

  test('reads the pixels of a patch on whole places, and 0 beyond the image', () => {
    const sensor = new GlimpseSensor({ patch: 3, scales: 1 });
    for (const [y, x] of [
      [2, 3],
      [0, 0],
      [4, 5],
      [9, 1],
    ]) {
      const patch = look(sensor, y, x);
      for (let i = 0; i < 9; i++) expect(patch[i]).toBeCloseTo(at(y - 1 + Math.floor(i / 3), x - 1 + (i % 3)), 10);
    }
  });

  test('between pixels reads what bilinear interpolation gives', () => {
    const [y, x] = [1.3, 2.6];
    const expected = 0.7 * 0.4 * at(1, 2) + 0.7 * 0.6 * at(1, 3) + 0.3 * 0.4 * at(2, 2) + 0.3 * 0.6 * at(2, 3);
    expect(look(new GlimpseSensor({ patch: 1, scales: 1 }), y, x)[0]).toBeCloseTo(expected, 10);
  });

  test('coarser patches are means of as many pixels', () => {
    const patches = look(new GlimpseSensor({ patch: 2, scales: 2 }), 1.5, 2.5);
    expect(patches).toHaveLength(8);
    let index = 4;
    for (const [top, left] of [
      [0, 1],
      [0, 3],
      [2, 1],
      [2, 3],
    ]) {
      const mean = (at(top, left) + at(top, left + 1) + at(top + 1, left) + at(top + 1, left + 1)) / 4;
      expect(patches[index++]).toBeCloseTo(mean, 10);
    }
  });
});

describe('a model that reads by glimpses', () => {
  test('has the gradient of its differences where its places have one', async () => {
    const options = { config: config('bilinear', { hidden: 4, units: 3 }), labels, scene: translated };
    const model = new GlimpseModel(reference, options, 3);
    // Off the corners of bilinear interpolation and relu, on which a new model and black pixels lie.
    const random = new Random(7);
    for (const { value } of model.parameters) {
      reference.backend.write(
        value,
        Array.from({ length: value.size }, () => 0.4 * random.normal()),
      );
    }
    const images = scenes(shapes(2), translated, [], new Random(2)).map(({ image }) => image);
    const { error } = await checkGradients(
      model.parameters,
      () => glimpseLoss(model, model.input(images), [[0], [1]], inference),
      { most: 5 },
    );
    expect(error).toBeLessThan(1e-6);
  });

  test('with reinforce, the class has no gradient into the places, and the places have one', async () => {
    const model = new GlimpseModel(reference, { config: config('reinforce'), labels, scene: translated }, 1);
    const images = model.input(scenes(shapes(4), translated, [], new Random(2)).map(({ image }) => image));
    const ids = [[0], [1], [0], [1]];
    const sizeOf = (training: boolean): number => {
      const context = training ? ({ training, random: new Random(5) } as const) : inference;
      reference.scope(() => model.parameters.backward(glimpseLoss(model, images, ids, context)));
      return Math.max(...Array.from(model.parameters.gradient('locate.weight').data(), Math.abs));
    };
    expect(sizeOf(false)).toBe(0);
    expect(sizeOf(true)).toBeGreaterThan(0);
  });

  test('counts its operations', () => {
    const dense = new GlimpseModel(reference, { config: config('dense', { hidden: 7 }), labels });
    expect(dense.multiplyAdds).toBe(144 * 7 + 7 * 2);
    const glimpses = new GlimpseModel(reference, { config: config('random', { glimpses: 1, scales: 1 }), labels });
    // Sensor, what, where, glimpse, cell, classify.
    const sensor = 12 * 12 * 3 + 3 * 12 * 3;
    expect(glimpses.multiplyAdds).toBe(sensor + 9 * 12 + 2 * 12 + 24 * 24 + 16 * (24 + 16) + 16 * 2);
  });

  test('looks first at the middle, and its path is drawn on the image', async () => {
    const model = new GlimpseModel(reference, { config: config('reinforce'), labels, scene: translated }, 1);
    const [{ image }] = scenes(shapes(1), translated, [], new Random(2));
    const [reading] = await readImages(model, [image]);
    expect(reading.path).toHaveLength(3);
    expect([reading.path[0].y, reading.path[0].x]).toEqual([5.5, 5.5]);
    const pictures = glimpsePictures(image, reading);
    expect(pictures).toHaveLength(4);
    expect(new Set(pictures.map(({ width }) => width)).size).toBe(1);
  });

  test('begins to look at places spread around the middle, which stay where they are with fixed', async () => {
    const model = new GlimpseModel(wasm, { config: config('fixed', { glimpses: 5 }), labels }, 1);
    const images = shapes(2).map(({ image }) => image);
    const before = await readImages(model, images);
    const places = (reading: (typeof before)[number]) => reading.path.map(({ y, x }) => [y / 5.5 - 1, x / 5.5 - 1]);
    for (const [i, [y, x]] of places(before[0]).entries()) expect(Math.hypot(y, x)).toBeCloseTo(0.25 * Math.sqrt(i), 5);
    expect(places(before[1])).toEqual(places(before[0]));
    // A policy begins there too, but for weights of 0.01.
    const policy = new GlimpseModel(wasm, { config: config('reinforce', { glimpses: 5 }), labels }, 1);
    const chosen = places((await readImages(policy, images))[0]);
    for (const [i, place] of places(before[0]).entries()) {
      expect(Math.hypot(place[0] - chosen[i][0], place[1] - chosen[i][1])).toBeLessThan(0.05);
    }
    const training = glimpseTraining(model, shapes(8), { batch: 4, seed: 1 });
    const options = { optimizer: { method: 'adam' }, learningRate: 0.01, steps: 3 } as const;
    for await (const _ of train(training, options));
    expect(places((await readImages(model, images))[0])).toEqual(places(before[0]));
  });

  test('refuses what cannot be', async () => {
    expect(() => new GlimpseModel(reference, { config: config('dense'), labels: ['one'] })).toThrow(ConfigError);
    expect(() => new GlimpseModel(reference, { config: config('sharp' as Reader), labels })).toThrow(/reader must be/);
    const model = new GlimpseModel(reference, { config: config('dense'), labels });
    const cell = config('fixed', { cell: 'circuit' });
    expect(() => new GlimpseModel(reference, { config: cell, labels })).toThrow(/cell must be/);
    await expect(evaluateGlimpses(model, [])).rejects.toThrow(DataError);
    await expect(evaluateGlimpses(model, [{ image: shape('cross'), label: 'star' }])).rejects.toThrow(/unknown label/);
  });
});

describe('scenes', () => {
  const examples = shapes(2);

  test('are the same for the same seed, and hold the image somewhere', () => {
    const make = (seed: number) =>
      scenes(examples, { kind: 'cluttered', size: 15, part: 2 }, examples, new Random(seed));
    expect(make(3)).toEqual(make(3));
    expect(make(3)).not.toEqual(make(4));
    const [{ image }] = scenes(examples, translated, [], new Random(1));
    expect(image.data.reduce((sum, byte) => sum + byte, 0)).toBe(9 * 255);
  });

  test('pairs do not overlap, and are labelled from left to right', () => {
    for (let seed = 0; seed < 40; seed++) {
      const [{ image, labels: found }] = scenes(
        [examples[0]],
        { kind: 'pair', size: 12 },
        [examples[1]],
        new Random(seed),
      );
      expect(image.data.reduce((sum, byte) => sum + byte, 0)).toBe((9 + 16) * 255);
      expect([...found].sort()).toEqual(labels);
      // A square has a full column at its left, a cross not.
      const columns = Array.from(
        { length: 12 },
        (_, x) => image.data.filter((byte, i) => i % 12 === x && byte > 0).length,
      );
      const first = columns.find((count) => count > 0)!;
      expect(first === 5).toBe(found[0] === 'square');
    }
  });

  test('a square that is too small is refused', () => {
    expect(() => scenes(examples, { kind: 'pair', size: 9 }, examples, new Random(1))).toThrow(/square of 10 pixels/);
    expect(() => scenes(examples, { kind: 'translated', size: 4 }, examples, new Random(1))).toThrow(ConfigError);
  });
});

test.each<Reader>(['reinforce', 'bilinear'])('learns to find shapes (%s)', async (reader) => {
  const model = new GlimpseModel(wasm, { config: config(reader), labels, scene: translated }, 1);
  const training = glimpseTraining(model, shapes(64), { batch: 32, seed: 1 });
  const options = { optimizer: { method: 'adam' }, learningRate: 0.01, clipNorm: 5, steps: 150 } as const;
  for await (const _ of train(training, options));
  const { accuracy, byGlimpses } = await evaluateGlimpses(model, shapes(200), { seed: 9 });
  expect(accuracy).toBeGreaterThan(0.9);
  expect(byGlimpses).toHaveLength(3);
});
