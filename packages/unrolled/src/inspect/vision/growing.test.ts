import { describe, expect, test } from 'vitest';
import { largestDifference } from '../../../../../test/closeness.ts';
import { randomTensor, SmallConvnet } from '../../../../../test/small-convnet.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { openDevice } from '../../device.ts';
import { ShapeError } from '../../errors.ts';
import { createDevice } from '../../ops/create-device.ts';
import { mul, reshape, sum } from '../../ops/index.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import {
  type AscentOptions,
  ascent,
  blur,
  type Grown,
  gram,
  type InspectedNetwork,
  type Styled,
  type StyleOptions,
  styleLayers,
  styleTransfer,
  totalVariation,
} from './index.ts';
import { coarsen } from './picture.ts';

const device = createDevice(referenceBackend());
const network = new SmallConvnet(device);
const plain = { decay: 0, variation: 0, jitter: 0, basis: 'pixels' } as const;
const last = <One>(list: readonly One[]): One => list[list.length - 1];

async function all<One>(values: AsyncIterable<One>): Promise<One[]> {
  const found: One[] = [];
  for await (const value of values) found.push(value);
  return found;
}

async function grown(options: AscentOptions, target: Parameters<typeof ascent>[2] = 0, on = device): Promise<Grown[]> {
  const net = on === device ? network : new SmallConvnet(on);
  return all(ascent(on, net, target, { shape: [7, 6, 3], steps: 20, learningRate: 0.1, ...options }));
}

describe('gradient ascent', () => {
  test('raises the score of a class and the activation of a unit', async () => {
    for (const target of [0, 2, { layer: 'first', channel: 1, y: 3, x: 3 }, { layer: 'second', channel: 4 }]) {
      const steps = await grown({}, target);
      expect(last(steps).score, JSON.stringify(target)).toBeGreaterThan(steps[0].score + 0.5);
    }
  });

  test('of a linear score with decay goes to its weights over 2λ', async () => {
    const weights = randomTensor(device, [4, 4, 1], 3);
    const linear: InspectedNetwork = { logits: (x) => reshape(sum(mul(x, weights)), [1, 1]) };
    const options = { ...plain, shape: [4, 4, 1], decay: 0.5, learningRate: 0.05, steps: 200, every: 200 } as const;
    const [{ step, image }] = await all(ascent(device, linear, 0, options));
    expect(step).toBe(200);
    expect(largestDifference(image.values, weights.data())).toBeLessThan(0.01);
  });

  test('with more decay stays smaller, with more variation smoother, and in the basis of frequencies too', async () => {
    const energy = ({ image }: Grown): number => Array.from(image.values).reduce((total, v) => total + v * v, 0);
    const rough = ({ image }: Grown): number =>
      totalVariation(device.tensor(image.values, [1, 7, 6, 3])).item() / energy({ image } as Grown);
    const free = last(await grown(plain));
    expect(energy(last(await grown({ ...plain, decay: 0.2 })))).toBeLessThan(0.8 * energy(free));
    expect(rough(last(await grown({ ...plain, variation: 0.2 })))).toBeLessThan(0.8 * rough(free));
    expect(rough(last(await grown({ ...plain, basis: 'frequencies' })))).toBeLessThan(0.8 * rough(free));
    expect(rough(last(await grown({ ...plain, blurEvery: 4, blur: 1 })))).toBeLessThan(0.8 * rough(free));
  });

  test('keeps the range of every channel', async () => {
    const { image } = last(await grown({ low: [-0.1, -0.2, -0.3], high: 0.25 }));
    const channel = (c: number): number[] => Array.from(image.values).filter((_, i) => i % 3 === c);
    for (const [c, low] of [-0.1, -0.2, -0.3].entries()) {
      expect(Math.min(...channel(c))).toBeGreaterThanOrEqual(low);
      expect(Math.max(...channel(c))).toBe(0.25);
    }
  });

  test('follows from its seed, begins where it is told to, and ends with its signal', async () => {
    const [one, same, other] = await Promise.all(
      [{ seed: 3 }, { seed: 3 }, { seed: 4 }].map((options) => grown(options)),
    );
    expect(last(same)).toEqual(last(one));
    expect(last(other)).not.toEqual(last(one));
    const start = randomTensor(device, [7, 6, 3], 8);
    const [first] = await grown({ ...plain, start, steps: 1, learningRate: 1e-6 });
    expect(largestDifference(first.image.values, start.data())).toBeLessThan(2e-6);

    const stop = new AbortController();
    const steps: number[] = [];
    const work = async (): Promise<void> => {
      for await (const { step } of ascent(device, network, 0, { shape: [7, 6, 3], signal: stop.signal, every: 2 })) {
        steps.push(step);
        if (step === 4) stop.abort();
      }
    };
    await expect(work()).rejects.toThrow(/aborted/);
    expect(steps).toEqual([2, 4]);
  });

  test('needs a shape', async () => {
    await expect(ascent(device, network, 0).next()).rejects.toThrow(ShapeError);
  });
});

describe('the basis of frequencies', () => {
  const [H, W] = [7, 6];
  const wave = (ky: number, kx: number, colour: readonly number[] = [1]): Tensor => {
    const at = (k: number, i: number, n: number): number => Math.cos((Math.PI * (2 * i + 1) * k) / (2 * n));
    const values = Array.from({ length: H * W }, (_, i) => at(ky, Math.floor(i / W), H) * at(kx, i % W, W));
    return device.tensor(
      values.flatMap((value) => colour.map((share) => share * value)),
      [1, H, W, colour.length],
    );
  };

  test('divides each wave by the square of its frequency', () => {
    const { of, close } = coarsen(device, [1, H, W, 1]);
    for (const [ky, kx] of [
      [0, 0],
      [1, 0],
      [3, 0],
      [0, 4],
      [6, 5],
    ]) {
      const share = Math.min(1, 1 / (H * Math.hypot(ky / (2 * H), kx / (2 * W)))) ** 2;
      expect(largestDifference(of(wave(ky, kx)).data(), mul(wave(ky, kx), share).data())).toBeLessThan(1e-12);
    }
    close();
  });

  test('of colours, lets grey grow most, and red and blue alike', () => {
    const { of, close } = coarsen(device, [1, H, W, 3]);
    const gain = (...colour: readonly number[]): number =>
      Math.hypot(...of(wave(1, 0, colour)).data()) / Math.hypot(...wave(1, 0, colour).data());
    expect(gain(1, 1, 1)).toBeGreaterThan(5 * gain(1, 0, -1));
    expect(gain(1, 1, 1)).toBeGreaterThan(5 * gain(1, -2, 1));
    expect(gain(1, 0, 0)).toBeCloseTo(gain(0, 0, 1), 12);
    close();
  });
});

describe('a blur', () => {
  test('leaves a constant image as it is, up to the border, and keeps apart what its channels have', () => {
    const flat = mul(device.ones([1, 6, 5, 2]), device.tensor([3, -1]));
    expect(largestDifference(blur(flat, 1).data(), flat.data())).toBeLessThan(1e-12);
  });
});

describe('style transfer', () => {
  const images = { content: randomTensor(device, [12, 10, 3], 1), style: randomTensor(device, [9, 11, 3], 2) };
  const layers = { contentLayers: ['second'], styleLayers: ['first', 'second'] };
  const styled = (options: StyleOptions, on: { content: Tensor; style: Tensor } = images): Promise<Styled[]> =>
    all(styleTransfer(network, on, { ...layers, steps: 60, every: 20, ...options }));

  test('with the weight of the content alone goes to the content, from noise', async () => {
    // A layer that loses nothing: a mixture of the channels.
    const mixing = device.keep(device.tensor([1, 1, 0, -1, 1, 0, 0, 0, 1], [3, 3]));
    const mixed: InspectedNetwork = { logits: (x, { observe }) => observe!('mixed', x.matmul(mixing)) };
    const options = {
      styleWeight: 0,
      variationWeight: 0,
      start: 'noise',
      seed: 5,
      learningRate: 0.05,
      steps: 200,
      every: 200,
    } as const;
    const [{ content, image }] = await all(styleTransfer(mixed, images, options));
    expect(content).toBeLessThan(1e-3);
    expect(largestDifference(image.values, images.content.data())).toBeLessThan(0.1);
  });

  test('from the content, with its weight alone, stays there', async () => {
    const [{ image, content }] = await styled({ styleWeight: 0, variationWeight: 0, steps: 3, every: 3 });
    expect(content).toBeLessThan(1e-12);
    expect(largestDifference(image.values, images.content.data())).toBeLessThan(1e-6);
  });

  test('lowers both losses on the way from noise; the image has the size of the content', async () => {
    const steps = await styled({ start: 'noise' });
    expect(last(steps).style).toBeLessThan(0.5 * steps[0].style);
    expect(last(steps).content).toBeLessThan(steps[0].content);
    expect([last(steps).image.height, last(steps).image.width]).toEqual([12, 10]);
  });

  test('sees no difference between a texture and itself', async () => {
    const [{ style }] = await styled({ steps: 1, every: 1 }, { content: images.style, style: images.style });
    expect(style).toBeLessThan(1e-20);
  });

  test('chooses the last layer at each resolution', () => {
    expect(styleLayers(network, images.content)).toEqual({ style: ['first', 'second'], content: ['first'] });
  });

  test('follows from its seed', async () => {
    const options = { start: 'noise', steps: 2, seed: 4 } as const;
    expect(await styled(options)).toEqual(await styled(options));
  });

  test('names a layer that does not exist', async () => {
    await expect(styled({ styleLayers: ['relu1_1'] })).rejects.toThrow(/no layer 'relu1_1'; it has first, second/);
  });

  test('runs no layer behind the last that it compares', async () => {
    // A head for images of one size only, as VGG has.
    const fixed: InspectedNetwork = {
      logits(x, context) {
        network.logits(x, context);
        throw new Error('too far');
      },
    };
    const [one] = await all(styleTransfer(fixed, images, { ...layers, steps: 1 }));
    expect(one.step).toBe(1);
  });
});

test('the Gram matrix of maps does not ask where they are active', () => {
  const maps = randomTensor(device, [1, 3, 4, 2], 7);
  const shuffled = device.tensor(
    Array.from({ length: 12 }, (_, i) => [...maps.data().slice(2 * ((5 * i) % 12), 2 * ((5 * i) % 12) + 2)]).flat(),
    [1, 4, 3, 2],
  );
  expect(largestDifference(gram(maps).data(), gram(shuffled).data())).toBeLessThan(1e-12);
  expect(gram(maps).shape).toEqual([2, 2]);
});

test('wasm grows the images of the reference', async () => {
  const wasm: Device = await openDevice('wasm', { threads: 1 });
  const options = { basis: 'frequencies', blurEvery: 2, steps: 4 } as const;
  const [one, two] = await Promise.all([grown(options), grown(options, 0, wasm)]);
  expect(largestDifference(last(one).image.values, last(two).image.values)).toBeLessThan(1e-3);
  wasm.close();
});

test('nothing is left on the device', async () => {
  const images = { content: randomTensor(device, [8, 8, 3], 1), style: randomTensor(device, [8, 8, 3], 2) };
  const before = device.memory();
  await grown({ steps: 2, basis: 'frequencies', low: 0 });
  await all(styleTransfer(network, images, { steps: 2 }));
  expect(device.memory()).toEqual(before);
});
