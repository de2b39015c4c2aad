import { describe, expect, test } from 'vitest';
import { largestDifference } from '../../../../../test/closeness.ts';
import { randomTensor, SmallConvnet } from '../../../../../test/small-convnet.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { openDevice } from '../../device.ts';
import { ConfigError, ShapeError } from '../../errors.ts';
import { createDevice } from '../../ops/create-device.ts';
import { linear, matmul, reshape, slice, sum } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  featureMaps,
  gradCam,
  guidedBackpropagation,
  type InspectedNetwork,
  imageGradient,
  imageLayers,
  occlusion,
  saliency,
  smoothGrad,
  strongestChannel,
} from './index.ts';

const device = createDevice(referenceBackend());
const network = new SmallConvnet(device);
const image = randomTensor(device, [7, 6, 3], 99);
const numbers = (values: ArrayLike<number>): number[] => Array.from(values);

/** Sees only the upper left 4×3 pixels. */
const corner: InspectedNetwork = { logits: (x, context) => network.logits(slice(slice(x, 1, 0, 4), 2, 0, 3), context) };

const weights = randomTensor(device, [3, 7 * 6 * 3], 5);
const linearNetwork: InspectedNetwork = { logits: (x) => linear(reshape(x, [x.shape[0], -1]), weights) };

describe('occlusion', () => {
  test('of a region that the network does not see changes nothing', async () => {
    const { patches } = await occlusion(corner, image, 1, { patch: 2, stride: 1 });
    const outside = patches.filter(({ y, x }) => y >= 4 || x >= 3);
    expect(outside).toHaveLength(18);
    expect(outside.every(({ fall }) => fall === 0)).toBe(true);
    expect(patches.filter(({ fall }) => fall !== 0)).toHaveLength(12);
    const { values } = await occlusion(corner, image, 1, { patch: 1 });
    const unseen = numbers(values).filter((_, i) => Math.floor(i / 6) >= 4 || i % 6 >= 3);
    expect(unseen.every((value) => value === 0)).toBe(true);
  });

  test('of single pixels of a linear network is weight times difference from the filling', async () => {
    const fill = [0.5, -1, 0.25];
    const { values, score } = await occlusion(linearNetwork, image, 2, { patch: 1, fill });
    const row = weights.data().slice(2 * 126);
    const pixels = image.data();
    const expected = numbers(values).map((_, i) =>
      [0, 1, 2].reduce((total, c) => total + row[3 * i + c] * (pixels[3 * i + c] - fill[c]), 0),
    );
    expect(largestDifference(values, expected)).toBeLessThan(1e-12);
    expect(score).toBeCloseTo(
      numbers(pixels).reduce((total, value, i) => total + value * row[i], 0),
      10,
    );
  });

  test('does not depend on the batch, and covers every pixel', async () => {
    const one = await occlusion(network, image, 0, { patch: 3, stride: 2, batch: 1 });
    const many = await occlusion(network, image, 0, { patch: 3, stride: 2, batch: 7 });
    expect(largestDifference(one.values, many.values)).toBe(0);
    expect(one.patches.map(({ y, x }) => [y, x])).toEqual([0, 2, 4].flatMap((y) => [0, 2, 3].map((x) => [y, x])));
  });

  test('asks for a patch that fits, and a filling for each channel', async () => {
    await expect(occlusion(network, image, 0, { patch: 7 })).rejects.toThrow(/does not fit into an image of 7×6/);
    await expect(occlusion(network, image, 0, { fill: [1, 2] })).rejects.toThrow(/2 numbers for 3 channels/);
  });

  test('ends with its signal, and says how far it is', async () => {
    const stop = new AbortController();
    const shares: number[] = [];
    const onProgress = (share: number): void => {
      shares.push(share);
      if (share > 0.5) stop.abort();
    };
    const work = occlusion(network, image, 0, { patch: 2, batch: 10, signal: stop.signal, onProgress });
    await expect(work).rejects.toThrow(/aborted/);
    expect(shares.at(-1)).toBeLessThan(1);
  });
});

describe('the gradient', () => {
  test('of a linear network is its weights, and saliency their largest channel', async () => {
    const row = weights.data().slice(126, 252);
    expect(numbers((await imageGradient(linearNetwork, image, 1)).values)).toEqual(numbers(row));
    const { values, height, width } = await saliency(linearNetwork, image, 1);
    expect([height, width]).toEqual([7, 6]);
    const strongest = strongestChannel({ height, width, channels: 3, values: row });
    expect(numbers(values)).toEqual(numbers(strongest.values));
  });

  test('times the input of a linear network adds up to its score', async () => {
    const { values } = await imageGradient(linearNetwork, image, 0);
    const pixels = image.data();
    const score = linearNetwork.logits(reshape(image, [1, 7, 6, 3]), { training: false }).data()[0];
    expect(numbers(values).reduce((total, d, i) => total + d * pixels[i], 0)).toBeCloseTo(score, 10);
    const times = await saliency(linearNetwork, image, 0, { timesInput: true });
    const products = { height: 7, width: 6, channels: 3, values: values.map((d, i) => d * pixels[i]) };
    expect(largestDifference(times.values, strongestChannel(products).values)).toBeLessThan(1e-12);
  });

  test('is that of central differences, of a class and of a unit', async () => {
    for (const target of [
      { class: 2, of: 'probability' },
      { layer: 'second', channel: 1, y: 1, x: 2 },
    ] as const) {
      const { values } = await imageGradient(network, image, target);
      const score = async (at: number, by: number): Promise<number> => {
        const moved = image.data();
        moved[at] += by;
        return (await occlusion(network, device.tensor(moved, [7, 6, 3]), target, { patch: 6 })).score;
      };
      for (const at of [0, 37, 64]) {
        expect(values[at]).toBeCloseTo(((await score(at, 1e-5)) - (await score(at, -1e-5))) / 2e-5, 7);
      }
    }
  });

  test('of a channel is the mean of those of its units', async () => {
    const whole = await imageGradient(network, image, { layer: 'second', channel: 3 });
    const total = new Float64Array(126);
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 3; x++) {
        const { values } = await imageGradient(network, image, { layer: 'second', channel: 3, y, x });
        for (let i = 0; i < 126; i++) total[i] += values[i] / 12;
      }
    }
    expect(largestDifference(whole.values, total)).toBeLessThan(1e-12);
  });

  test('of a unit ends where its receptive field does', async () => {
    const { values } = await imageGradient(network, image, { layer: 'first', channel: 0, y: 1, x: 1 });
    const outside = numbers(values).filter((_, i) => Math.floor(i / 18) > 2 || Math.floor(i / 3) % 6 > 2);
    expect(outside.every((d) => d === 0)).toBe(true);
  });

  test('leaves a recording network as it was: no weight gets a gradient, and the next one is the same', async () => {
    const first = await imageGradient(network, image, 0);
    expect(numbers((await imageGradient(network, image, 0)).values)).toEqual(numbers(first.values));
  });
});

describe('guided backpropagation', () => {
  test('is the gradient where weights and images are positive', async () => {
    const positive = new SmallConvnet(device, 2, true);
    const light = randomTensor(device, [5, 5, 3], 3, true);
    for (const target of [1, { layer: 'second', channel: 0, y: 1, x: 1 }]) {
      const guided = await guidedBackpropagation(positive, light, target);
      expect(largestDifference(guided.values, (await imageGradient(positive, light, target)).values)).toBe(0);
      expect(Math.max(...guided.values)).toBeGreaterThan(0);
    }
  });

  test('lets only positive parts through a rectifier, alone or within a convolution', async () => {
    // Through `second` (relu) and `first` (activation of conv2d): every weight is positive, only the head's are not.
    const positive = new SmallConvnet(device, 2, true);
    const light = randomTensor(device, [5, 5, 3], 3, true);
    const mixed: InspectedNetwork = {
      logits: (x, context) => matmul(positive.logits(x, context), device.tensor([-1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3])),
    };
    expect(Math.max(...(await imageGradient(mixed, light, 0)).values)).toBeLessThan(0);
    expect(numbers((await guidedBackpropagation(mixed, light, 0)).values).every((d) => d === 0)).toBe(true);
  });
});

describe('SmoothGrad', () => {
  test('of a linear network is its saliency', async () => {
    const smooth = await smoothGrad(linearNetwork, image, 0, { samples: 5, batch: 2 });
    expect(largestDifference(smooth.values, (await saliency(linearNetwork, image, 0)).values)).toBeLessThan(1e-12);
  });

  test('without noise is saliency, and with it follows from the seed and not from the batch', async () => {
    const still = await smoothGrad(network, image, 0, { samples: 3, noise: 0 });
    expect(largestDifference(still.values, (await saliency(network, image, 0)).values)).toBeLessThan(1e-12);
    const [one, two, other] = await Promise.all(
      [{ batch: 1 }, { batch: 4 }, { seed: 2 }].map((more) => smoothGrad(network, image, 0, { samples: 6, ...more })),
    );
    expect(largestDifference(one.values, two.values)).toBeLessThan(1e-12);
    expect(largestDifference(one.values, other.values)).toBeGreaterThan(1e-3);
  });
});

describe('Grad-CAM', () => {
  test('of pooling and a linear layer is the class activation map over the number of positions', async () => {
    const { coarse, layer, height, width } = await gradCam(network, image, 2);
    expect(layer).toBe('second');
    expect([coarse.height, coarse.width, height, width]).toEqual([4, 3, 7, 6]);
    const maps = await featureMaps(network, image, 'second');
    const row = network.head.data().slice(10, 15);
    const cam = numbers(coarse.values).map((_, i) => {
      const value = numbers(row).reduce((total, weight, k) => total + weight * maps.values[5 * i + k], 0);
      return Math.max(0, value) / 12;
    });
    expect(largestDifference(coarse.values, cam)).toBeLessThan(1e-12);
    expect(Math.max(...cam)).toBeGreaterThan(0);
  });

  test('of an earlier layer is as large as that', async () => {
    const { coarse, values } = await gradCam(network, image, { class: 0, of: 'logProbability' }, { layer: 'first' });
    // The layer has the size of the image: nothing is enlarged.
    expect(numbers(values)).toEqual(numbers(coarse.values));
  });

  test('is for layers with positions', async () => {
    await expect(gradCam(network, image, 0, { layer: 'pooled' })).rejects.toThrow(/'pooled' has no positions/);
    await expect(gradCam(network, image, 0, { layer: 'third' })).rejects.toThrow(
      /no layer 'third'; it has first, second/,
    );
    await expect(gradCam(linearNetwork, image, 0)).rejects.toThrow(/observes no layer with positions/);
  });
});

describe('a target', () => {
  test('is a class or a unit that exists', async () => {
    await expect(saliency(network, image, 3)).rejects.toThrow(/no class 3; the network has 3/);
    await expect(saliency(network, image, { layer: 'x', channel: 0 })).rejects.toThrow(/no layer 'x'/);
    await expect(saliency(network, image, { layer: 'first', channel: 4 })).rejects.toThrow(
      /4 channels of 7×6 positions/,
    );
    await expect(saliency(network, image, { layer: 'first', channel: 0, y: 7 })).rejects.toThrow(
      /no channel 0 at 7, any/,
    );
    await expect(saliency(network, image, { layer: 'pooled', channel: 5 })).rejects.toThrow(
      /5 channels without positions/,
    );
    await expect(saliency(network, image, -1)).rejects.toThrow(ConfigError);
    await expect(saliency(network, image, { class: 0, off: 1 } as { class: number })).rejects.toThrow(
      /unknown option 'off'/,
    );
    await expect(featureMaps(network, image, 'pooled')).rejects.toThrow(/no positions/);
  });

  test('is asked of one image', async () => {
    await expect(saliency(network, randomTensor(device, [2, 5, 5, 3], 1), 0)).rejects.toThrow(ShapeError);
  });
});

test('layers are listed with the shape of their output', () => {
  expect(imageLayers(network, image)).toEqual([
    { name: 'first', shape: [7, 6, 4] },
    { name: 'second', shape: [4, 3, 5] },
    { name: 'pooled', shape: [5] },
    { name: 'head', shape: [3] },
  ]);
});

test('wasm gives the maps of the reference', async () => {
  const wasm = await openDevice('wasm', { threads: 1 });
  const other = new SmallConvnet(wasm);
  const same = wasm.tensor(image.data(), [7, 6, 3]);
  const maps = (net: InspectedNetwork, of: Tensor) =>
    Promise.all([
      occlusion(net, of, 0, { patch: 2 }),
      saliency(net, of, 0),
      guidedBackpropagation(net, of, { layer: 'second', channel: 2, y: 1, x: 1 }),
      smoothGrad(net, of, 0, { samples: 2 }),
      gradCam(net, of, 2),
    ]);
  const [found, expected] = await Promise.all([maps(other, same), maps(network, image)]);
  const differences = found.map(({ values }, i) => largestDifference(values, expected[i].values));
  expect(Math.max(...differences)).toBeLessThan(1e-4);
  wasm.close();
});

test('nothing is left on the device', async () => {
  const before = device.memory();
  await saliency(network, image, 0);
  await occlusion(network, image, 0, { patch: 3 });
  await gradCam(network, image, 0);
  expect(device.memory()).toEqual(before);
  expect(sum(image).item()).toBe(sum(image).item());
});
