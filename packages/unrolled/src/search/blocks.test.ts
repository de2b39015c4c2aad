import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { checkGradients } from '../nn/check-gradients.ts';
import { initialiseParameters, type Layer } from '../nn/layer.ts';
import { layerFrom } from '../nn/layer-from.ts';
import { Declarations } from '../nn/parameters.ts';
import { Random } from '../random.ts';
import { profile } from '../vision/profile.ts';
import {
  type BlockArchitecture,
  blockArchitecture,
  blockArchitectureSchema,
  blockEquations,
  blockGraph,
  blockReward,
  blockSpace,
  measureNetwork,
  networkOf,
  randomChoices,
  referenceMultiplyAdds,
  searchedBlock,
} from './index.ts';

const device = await openDevice('reference');
const space = blockSpace(3);
const drawn = (seed: number): BlockArchitecture => blockArchitecture(space, randomChoices(space, new Random(seed)));
const block: BlockArchitecture = {
  nodes: [
    [
      { from: 0, operation: 'conv', kernel: 3 },
      { from: 0, operation: 'identity', kernel: 5 },
    ],
    [
      { from: 0, operation: 'separable', kernel: 5 },
      { from: 0, operation: 'max pool', kernel: 1 },
    ],
  ],
};

describe('blocks', () => {
  test('every one that can be drawn keeps size and channels', () => {
    for (let seed = 0; seed < 60; seed++) {
      const layer = layerFrom(JSON.parse(JSON.stringify(searchedBlock(drawn(seed), 4)))) as Layer;
      expect(layer.build([-1, 5, 6, 4], new Declarations())).toEqual([-1, 5, 6, 4]);
    }
  });

  test.each([1, 2, 3])('gradients agree with differences: draw %d', async (seed) => {
    const layer = layerFrom(searchedBlock(drawn(seed), 2)) as Layer;
    const parameters = initialiseParameters(layer, [-1, 3, 3, 2], device, seed);
    const random = new Random(seed + 10);
    const x = device.tensor(
      Array.from({ length: 36 }, () => random.normal()),
      [2, 3, 3, 2],
    );
    expect(parameters.size).toBeGreaterThan(0);
    device.backend.write(
      parameters.values,
      Float64Array.from({ length: parameters.size }, () => random.normal()),
    );
    const context = { training: true, random: new Random(1) } as const;
    const { error } = await checkGradients(parameters, () => layer.apply(x, context).square().sum(), { most: 12 });
    expect(error).toBeLessThan(1e-5);
  });

  test('those that compute the same have the same key, others another', () => {
    const key = (change: (choices: number[]) => void): string => {
      const choices = [0, 0, 1, 0, 1, 2, ...Array(12).fill(0)];
      change(choices);
      return space.key!(choices);
    };
    const plain = key(() => {});
    expect(key((choices) => choices.splice(2, 1, 2))).toBe(plain); // the kernel of an identity
    expect(key((choices) => choices.splice(0, 6, 0, 1, 2, 0, 3, 0))).toBe(plain); // branches swapped, a pool of 1 × 1
    expect(key((choices) => choices.splice(5, 1, 1))).not.toBe(plain); // the kernel of a convolution
  });

  test('cost what their convolutions cost', () => {
    const size = 6 * 6;
    const [conv, separable, projection] = [9 * 16, 25 * 4 + 16, 2 * 16];
    expect(profile(searchedBlock(block, 4), [1, 6, 6, 4]).multiplyAdds).toBe(size * (conv + separable + projection));
    const preprocessing = { size: 6, mean: [0], std: [1] };
    const sizes = { channels: 4, blocks: 1, classes: 2 };
    const reference = referenceMultiplyAdds(sizes, preprocessing);
    expect(blockReward({ accuracy: 0.8, multiplyAdds: reference / 2 }, reference, 0.1)).toBeCloseTo(0.75, 12);
  });

  test('are written in words and as graphs, and read from JSON', () => {
    expect(blockEquations(block)).toEqual([
      'n0 = conv 3 × 3 (in) + identity (in)',
      'n1 = separable 5 × 5 (in) + identity (in)',
      'out = conv 1 × 1 ([n0; n1])',
    ]);
    const { nodes, edges } = blockGraph(block);
    expect(nodes.map(({ id }) => id)).toEqual(['in', 'n0.0', 'n0.1', 'n0', 'n1.0', 'n1.1', 'n1', 'joined', 'out']);
    expect(edges).toContainEqual({ from: 'joined', to: 'out' });
    expect(blockArchitectureSchema(JSON.parse(JSON.stringify(block)), 'it')).toEqual(block);
    const odd = { nodes: [[block.nodes[0][0], { from: 1, operation: 'conv', kernel: 3 }]] };
    expect(() => blockArchitectureSchema(odd, 'block')).toThrow(
      'block.nodes[0][1].from must be a whole number from 0 to 0',
    );
    expect(() => blockSpace(0)).toThrow('nodes must be a whole number from 1 to 8, received 0');
  });

  test('a network of them learns to tell images apart', async () => {
    const wasm = await openDevice('wasm', { threads: 1 });
    const random = new Random(3);
    const images = Array.from({ length: 40 }, (_, i) => {
      const data = Uint8Array.from(
        { length: 64 },
        (__, at) => ((i % 2 ? at % 8 : at >> 3) < 4 ? 200 : 40) + random.below(30),
      );
      return { image: { width: 8, height: 8, channels: 1, data } as const, label: ['left', 'top'][(i + 1) % 2] };
    });
    const set = { labels: ['left', 'top'], preprocessing: { size: 8, mean: [0.5], std: [0.3] } };
    const network = networkOf(block, { channels: 4, blocks: 1, classes: 2 });
    const measured = await measureNetwork(
      wasm,
      network,
      { ...set, train: images.slice(0, 30), validation: images.slice(30) },
      { channels: 4, blocks: 1, batch: 10, learningRate: 0.05, steps: 40, seed: 1 },
    );
    expect(measured).toMatchObject({ accuracy: 1, diverged: false, steps: 40 });
    wasm.close();
  });
});
