import { afterAll, describe, expect, test } from 'vitest';
import { openDevice } from '../../device.ts';
import { ConfigError, DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import { checkGradients } from '../../nn/check-gradients.ts';
import { binaryCrossEntropyLoss } from '../../nn/losses.ts';
import { Random } from '../../random.ts';
import { train } from '../../train/train.ts';
import {
  type DrawConfig,
  DrawModel,
  drawingFrames,
  drawingSheet,
  drawings,
  drawTraining,
  evaluateDraw,
} from './index.ts';

const tiny: DrawConfig = { height: 2, width: 3, glimpses: 2, hidden: 4, latent: 1, read: 2, write: 2 };
const reference = await openDevice('reference');
const wasm = await openDevice('wasm', { threads: 1 });
afterAll(() => wasm.close());

/** Parameters far from zero, so that z matters. */
function lively(model: DrawModel, seed: number): DrawModel {
  const random = new Random(seed);
  for (const { value } of model.parameters) {
    model.device.backend.write(
      value,
      Array.from({ length: value.size }, () => 0.5 * random.normal()),
    );
  }
  return model;
}

/** −log p(x) by integration over z_1 and z_2. */
function exactLikelihood(model: DrawModel, pixels: readonly number[]): number {
  const { device, network, config } = model;
  const grid = Array.from({ length: 41 }, (_, i) => -5 + i / 4);
  const pairs = grid.flatMap((a) => grid.map((b) => [a, b] as const));
  const logs = device.scope(() => {
    let state = network.begin(pairs.length, device);
    for (let t = 0; t < 2; t++) {
      const z = device.tensor(
        pairs.map((pair) => pair[t]),
        [pairs.length, 1],
      );
      state = network.decode(z, state).state;
    }
    const x = device.tensor(pixels, [1, config.height, config.width]).broadcastTo(state.canvas.shape);
    const losses = binaryCrossEntropyLoss(state.canvas, x, { reduction: 'none' }).sum({ axes: [1, 2] });
    return [...losses.data()];
  });
  const density = (z: number): number => Math.exp(-(z ** 2) / 2) / Math.sqrt(2 * Math.PI);
  const total = pairs.reduce((sum, [a, b], i) => sum + density(a) * density(b) * (1 / 16) * Math.exp(-logs[i]), 0);
  return -Math.log(total);
}

const black: Image = { width: 3, height: 2, channels: 1, data: new Uint8Array(6) };
const imageOfPixels = (pixels: readonly number[]): Image => {
  return { ...black, data: Uint8Array.from(pixels, (one) => 255 * one) };
};

describe('the variational bound', () => {
  test.each([
    [0, 1],
    [2, 2],
  ])('is no smaller than −log p(x), which importance sampling approaches (%d filters)', async (filters, seed) => {
    const model = lively(new DrawModel(wasm, { ...tiny, read: filters, write: filters }, seed), seed);
    const pixels = [1, 0, 1, 1, 0, 0];
    const exact = exactLikelihood(model, pixels);
    // The bound is a mean over z: of many copies of the image it is known well.
    const copies = new Array<Image>(2000).fill(imageOfPixels(pixels));
    const { bound, reconstruction, divergence } = await evaluateDraw(model, copies, { batch: 2000 });
    expect(bound).toBeCloseTo(reconstruction + divergence, 10);
    expect(bound).toBeGreaterThan(exact - 0.01);
    const few = copies.slice(0, 500);
    const { negativeLogLikelihood } = await evaluateDraw(model, few, { samples: 60, batch: 500 });
    expect(Math.abs(negativeLogLikelihood! - exact)).toBeLessThan(0.05);
    expect(negativeLogLikelihood!).toBeLessThan(bound);
  });

  test('with one sample for each image, the importance weight is the bound on average', async () => {
    const model = lively(new DrawModel(wasm, tiny, 1), 5);
    const copies = new Array<Image>(2000).fill(imageOfPixels([0, 1, 1, 0, 1, 0]));
    const { bound, negativeLogLikelihood } = await evaluateDraw(model, copies, { samples: 1, batch: 2000 });
    expect(negativeLogLikelihood! / bound).toBeCloseTo(1, 1);
  });

  test('the divergence of Q = N(0, 1) is 0, and the bound then the reconstruction', async () => {
    const model = new DrawModel(reference, tiny, 1);
    for (const name of ['latent.weight', 'latent.bias']) {
      const value = model.parameters.get(name);
      reference.backend.write(value, new Float64Array(value.size));
    }
    const { divergence, bound, reconstruction, bySteps } = await evaluateDraw(model, [black]);
    expect([divergence, bySteps]).toEqual([0, [0, 0]]);
    expect(bound).toBe(reconstruction);
  });

  test('has the gradient of its differences, through the random z', async () => {
    const { height, width } = tiny;
    for (const [read, write] of [
      [2, 2],
      [0, 3],
    ]) {
      const model = lively(new DrawModel(reference, { ...tiny, read, write }, 1), 3);
      const x = reference.tensor([1, 0, 0, 1, 1, 0, 0, 0, 1, 1, 0, 1], [2, height, width]);
      const { error } = await checkGradients(model.parameters, () => model.loss(x, new Random(2)), { most: 6 });
      expect(error).toBeLessThan(1e-6);
    }
  });

  test('does not depend on how images are batched', async () => {
    const model = new DrawModel(reference, tiny, 1);
    const images = [0, 1, 2].map((i) => imageOfPixels([0, 1, 1, 0, i % 2, 1]));
    const [one, two] = await Promise.all([1, 3].map((batch) => evaluateDraw(model, images, { batch })));
    expect(two.bySteps[0]).toBeCloseTo(one.bySteps[0], 10);
  });

  test('needs images, and known options', async () => {
    const model = new DrawModel(reference, tiny, 1);
    await expect(evaluateDraw(model, [])).rejects.toThrow(DataError);
    await expect(evaluateDraw(model, [black], { samples: -1 })).rejects.toThrow(ConfigError);
    expect(() => drawTraining(model, [], { batch: 1, seed: 1 })).toThrow(/no images/);
    expect(() => new DrawModel(reference, { ...tiny, height: 0 })).toThrow(/height must be a whole number/);
  });
});

describe('drawings', () => {
  const model = lively(new DrawModel(reference, tiny, 1), 2);

  test('the ends of what lies between two images are these images, drawn once more', async () => {
    const [from, to] = [imageOfPixels([1, 1, 0, 0, 0, 1]), imageOfPixels([0, 0, 1, 0, 1, 0])];
    const found = await drawings(model, [
      { image: from },
      { image: to },
      ...[0, 1].map((share) => ({ from, to, share })),
    ]);
    expect(found[2]).toEqual(found[0]);
    expect(found[3]).toEqual(found[1]);
    expect(found[0].steps).toHaveLength(tiny.glimpses);
  });

  test('are shown as a sheet of steps, and as frames with the finished drawings at last', async () => {
    const found = await drawings(model, [{ seed: 1 }, { seed: 2 }, { seed: 3 }]);
    const sheet = drawingSheet(found);
    expect([sheet.width, sheet.height]).toEqual([2 * 14 * 3 + 6, 3 * 14 * 2 + 8]);
    const frames = drawingFrames(found);
    expect(frames).toHaveLength(3);
    expect(new Set(frames.map(({ width, height }) => `${width} ${height}`)).size).toBe(1);
    const isRed = ({ data }: Image): boolean =>
      data.some((value, i) => i % 3 === 0 && value === 230 && data[i + 1] === 60);
    expect(frames.map(isRed)).toEqual([true, true, false]);
  });
});

/** A line across or down a square of 6 × 6 pixels. */
function line(random: Random): Image {
  const data = new Uint8Array(36);
  const [at, across] = [random.below(6), random.uniform() < 0.5];
  for (let i = 0; i < 6; i++) data[across ? at * 6 + i : i * 6 + at] = 255;
  return { width: 6, height: 6, channels: 1, data };
}

test.each([0, 4])(
  'learns lines: far better than pixels by themselves (%d filters)',
  async (filters) => {
    const random = new Random(1);
    const images = Array.from({ length: 120 }, () => line(random));
    const sizes = { height: 6, width: 6, glimpses: 3, hidden: 24, latent: 4, read: filters, write: filters };
    const model = new DrawModel(wasm, sizes, 1);
    const training = drawTraining(model, images, { batch: 30, seed: 1 });
    const options = {
      optimizer: { method: 'adam' },
      learningRate: 0.01,
      clipNorm: 5,
      steps: filters > 0 ? 400 : 200,
    } as const;
    for await (const _ of train(training, options));
    const { bound, divergence } = await evaluateDraw(model, images);
    // A pixel is white in 1 of 6: 36 of them have an entropy of 16.2 nats. A line has ln 12 = 2.5.
    expect(bound).toBeLessThan(10);
    expect(divergence).toBeGreaterThan(1.5);
  },
  60_000,
);
