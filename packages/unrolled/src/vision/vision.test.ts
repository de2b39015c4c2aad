import { beforeAll, describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError, FormatError } from '../errors.ts';
import type { Preprocessing } from '../images/preprocessing.ts';
import { decodeSafetensors, encodeSafetensors } from '../io/safetensors.ts';
import { inference, type Layer } from '../nn/layer.ts';
import { layerFrom } from '../nn/layer-from.ts';
import { Declarations } from '../nn/parameters.ts';
import { createDevice } from '../ops/create-device.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  type BlockKind,
  blockConfig,
  blockKinds,
  blockNetworkConfig,
  ImageNetwork,
  imageNetworkFile,
  type NetworkName,
  networkConfig,
  networkNames,
  openImageNetwork,
  profile,
  withClasses,
} from './index.ts';

const device = createDevice(referenceBackend({ float: 'float32' }));
const preprocessing: Preprocessing = { size: 16, mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

function random(shape: Shape, seed = 1): Tensor {
  const source = new Random(seed);
  const numbers = Array.from({ length: sizeOf(shape) }, () => 2 * source.uniform() - 1);
  return device.tensor(numbers, shape);
}

describe('networks', () => {
  test.each([
    ['lenet', 10, [28, 28, 1], 61_706, 416_520],
    ['resnet20', 10, [32, 32, 3], 272_474, 40_813_184],
    ['resnet18', 1000, [224, 224, 3], 11_689_512, 1_814_073_344],
    ['resnet34', 1000, [224, 224, 3], 21_797_672, 3_663_761_408],
    ['mobilenet-v1', 1000, [224, 224, 3], 4_231_976, 568_740_352],
    ['mobilenet-v2', 1000, [224, 224, 3], 3_504_872, 300_774_272],
    ['squeezenet-1.1', 1000, [224, 224, 3], 1_235_496, 349_151_936],
    ['vit-tiny', 1000, [224, 224, 3], 5_717_416, 1_253_683_200],
    ['vgg16', 1000, [224, 224, 3], 138_357_544, 15_470_264_320],
  ] as const)(
    '%s has the parameters and multiply-adds that are published',
    (name, classes, shape, parameters, adds) => {
      const found = profile(networkConfig(name, { classes }), [1, ...shape]);
      expect([found.parameters, found.multiplyAdds]).toEqual([parameters, adds]);
      expect(found.layers.at(-1)!.shape).toEqual([1, classes]);
    },
  );

  test('MobileNet v2 rounds its channels as torchvision does', () => {
    const count = (width: number) =>
      profile(networkConfig('mobilenet-v2', { classes: 1000, width }), [1, 32, 32, 3]).parameters;
    expect([0.35, 1.4].map(count)).toEqual([1_677_128, 6_108_776]);
  });

  test.each(networkNames)('%s can be built narrow, for small images, and for one class', (name) => {
    for (const size of [32, 40, 64]) {
      if (name.startsWith('vgg1') && size < 64) continue;
      const config = networkConfig(name, { classes: 1, width: 0.1, size });
      const shape = (layerFrom(config) as unknown as Layer).build([-1, size, size, 3], new Declarations());
      expect(shape).toEqual([-1, 1]);
      expect(JSON.parse(JSON.stringify(config))).toEqual(config);
    }
  });

  test('of small images keep a map of several places before they take its mean', () => {
    for (const name of ['resnet18', 'mobilenet-v1', 'mobilenet-v2', 'squeezenet-1.1'] as const) {
      for (const size of [32, 48, 64, 96, 224]) {
        const { layers } = profile(networkConfig(name, { classes: 3, width: 0.25, size }), [1, size, size, 3]);
        const last = layers.filter(({ shape }) => shape.length === 4).at(-1)!;
        expect(last.shape[1], `${name} ${size}`).toBeGreaterThanOrEqual(2);
        expect(last.shape[1], `${name} ${size}`).toBeLessThanOrEqual(14);
      }
    }
  });

  test('are refused by name where they or their options do not exist', () => {
    expect(() => networkConfig('resnet21' as NetworkName, { classes: 2 })).toThrow("did you mean 'resnet20'?");
    expect(() => networkConfig('lenet', {} as never)).toThrow("networkConfig 'lenet': classes must be a whole number");
    expect(() => networkConfig('lenet', { classes: 2, depth: 3 } as never)).toThrow(ConfigError);
  });
});

describe('networks of blocks', () => {
  test('with residual blocks are ResNet-20, with squeeze and excitation SE-ResNet-20', () => {
    expect(blockNetworkConfig('residual', { classes: 10 })).toEqual(networkConfig('resnet20', { classes: 10 }));
    expect(blockNetworkConfig('squeeze-excite', { classes: 10 })).toEqual(
      networkConfig('se-resnet20', { classes: 10 }),
    );
  });

  test('cost what is known of their blocks, in 3 × 3 and 1 × 1 convolutions', () => {
    const [C, H, W] = [32, 5, 6];
    const cost = (kind: BlockKind) => profile(blockConfig(kind, { channels: C }), [1, H, W, C]).multiplyAdds / (H * W);
    expect(cost('standard')).toBe(18 * C * C);
    expect(cost('residual')).toBe(18 * C * C);
    expect(cost('separable')).toBe(2 * (9 * C + C * C));
    expect(cost('squeeze-excite')).toBeCloseTo(18 * C * C + (2 * C * 2) / (H * W));
    expect(cost('inverted-residual')).toBe(12 * C * C + 54 * C);
    expect(() => blockConfig('dense' as BlockKind, { channels: C })).toThrow(ConfigError);
  });

  test.each(blockKinds)('of kind %s end with the classes', (kind) => {
    const { layers } = profile(blockNetworkConfig(kind, { classes: 7, channels: 8, blocks: 1 }), [2, 12, 12, 3]);
    expect(layers.at(-1)!.shape).toEqual([2, 7]);
  });
});

describe('a profile', () => {
  const [C, H, W] = [6, 5, 7];
  const cost = (config: { layer: string }) => profile(config, [1, H, W, C]);
  test('counts 9C²HW for a convolution of 3 × 3, and 9CHW + C²HW for a separable one', () => {
    const options = { channels: C, kernel: 3, padding: 'same', bias: false } as const;
    const full = cost({ layer: 'conv2d', ...options } as never);
    expect([full.multiplyAdds, full.parameters]).toEqual([9 * C * C * H * W, 9 * C * C]);
    const separable = cost({ layer: 'separableConv2d', ...options } as never);
    expect([separable.multiplyAdds, separable.parameters]).toEqual([9 * C * H * W + C * C * H * W, 9 * C + C * C]);
    const costs = separable.layers.map(({ name, multiplyAdds }) => [name, multiplyAdds]);
    expect(Object.fromEntries(costs)).toEqual({
      'separableConv2d.depthwise': 9 * C * H * W,
      'separableConv2d.pointwise': C * C * H * W,
    });
  });

  test('is proportional to the batch, but for the parameters', () => {
    const config = networkConfig('resnet20', { classes: 3, width: 0.25 });
    const [one, three] = [1, 3].map((B) => profile(config, [B, 16, 16, 3]));
    expect(three.multiplyAdds).toBe(3 * one.multiplyAdds);
    expect(three.parameters).toBe(one.parameters);
    expect(one.memory.training).toBeGreaterThan(one.memory.inference);
  });

  test('needs every extent', () => {
    expect(() => profile(networkConfig('lenet', { classes: 2 }), [-1, 28, 28, 1])).toThrow('profile: needs a shape');
  });
});

const labels = ['cat', 'dog', 'owl'];
const config = networkConfig('resnet20', { classes: 3, width: 0.25 });
let network: ImageNetwork;
const x = random([2, 16, 16, 3]);
const numbers = (tensor: Tensor): number[] => [...tensor.data()];

beforeAll(() => {
  network = new ImageNetwork(device, { config, preprocessing, labels }, 1);
});

describe('a network', () => {
  test('classifies its features', () => {
    expect([network.classes, network.featureCount, network.classifierName]).toEqual([3, 16, 'fc']);
    const features = network.features(x);
    expect(features.shape).toEqual([2, 16]);
    expect(numbers(network.classify(features))).toEqual(numbers(network.logits(x)));
  });

  test('whose classifier takes a map has its mean as features', () => {
    const squeezed = networkConfig('squeezenet-1.1', { classes: 3, width: 0.1, size: 32 });
    const other = new ImageNetwork(device, { config: squeezed, preprocessing, labels: null }, 1);
    expect(other.features(x).shape).toEqual([2, other.featureCount]);
  });

  test('gives the outputs of layers by name, and computes nothing behind them', () => {
    const maps = network.featureMaps(x, ['layer2.0.downsample.0', 'relu', 'layer1']);
    expect(maps.relu.shape).toEqual([2, 16, 16, 4]);
    expect(maps['layer2.0.downsample.0'].shape).toEqual([2, 8, 8, 8]);
    const seen: string[] = [];
    const observe = (name: string, value: Tensor) => {
      seen.push(name);
      return value;
    };
    network.featureMaps(x, ['layer1.1'], { training: false, observe });
    expect(seen.at(-1)).toBe('layer1');
    expect(seen).not.toContain('layer1.2.conv1');
    const all: string[] = [];
    network.logits(x, {
      training: false,
      observe(name, value) {
        all.push(name);
        return value;
      },
    });
    expect(network.layerNames).toEqual(all);
    expect(() => network.featureMaps(x, ['layer1.3'])).toThrow("the network has no layer 'layer1.3'");
  });

  test('for other labels has the same weights but for the classifier', () => {
    const other = network.withLabels(['a', 'b', 'c', 'd', 'e'], 2);
    expect(other.logits(x).shape).toEqual([2, 5]);
    expect(numbers(other.features(x))).toEqual(numbers(network.features(x)));
    expect(network.classes).toBe(3);
  });

  test('with several layers in its classifier keeps all but the last for other labels', () => {
    const lenet = networkConfig('lenet', { classes: 3, width: 0.25, size: 16 });
    const { flatten, fc1, fc2, fc3, ...first } = lenet.layers;
    const classifier = { layer: 'sequential', layers: { flatten, fc1, fc2, fc3 } };
    const nested = { ...lenet, layers: { ...first, classifier } };
    const one = new ImageNetwork(device, { config: nested, preprocessing, labels }, 1);
    const other = one.withLabels(['a', 'b', 'c'], 2);
    const same = (name: string) =>
      JSON.stringify(numbers(one.parameters.get(name))) === JSON.stringify(numbers(other.parameters.get(name)));
    expect(['classifier.fc1.weight', 'classifier.fc2.weight', 'classifier.fc3.weight'].map(same)).toEqual([
      true,
      true,
      false,
    ]);
  });

  test('that ends with a convolution takes other labels, too', () => {
    const squeezed = networkConfig('squeezenet-1.1', { classes: 3, width: 0.1, size: 32 });
    expect(withClasses(squeezed, 7)).toEqual(networkConfig('squeezenet-1.1', { classes: 7, width: 0.1, size: 32 }));
    expect(() => withClasses({ layer: 'globalAveragePool' }, 2)).toThrow(ConfigError);
  });

  test('is refused if it gives no logits, or as many labels', () => {
    const make = (description: object) => () =>
      new ImageNetwork(device, { config, preprocessing, labels: null, ...description }, 1);
    expect(make({ labels: ['one'] })).toThrow('must give logits [B, K] of 1 labels, it gives [-1, 3]');
    expect(make({ config: { layer: 'linear', units: 3 } })).toThrow('needs a sequence of layers');
    const map = { layer: 'sequential', layers: [{ layer: 'conv2d', channels: 3, kernel: 1 }] };
    expect(make({ config: map })).toThrow('must give logits [B, K], it gives [-1, 16, 16, 3]');
  });
});

describe('a file', () => {
  test('keeps the network: weights, running statistics, preprocessing and labels', async () => {
    network.logits(x, { training: true, random: new Random(1) });
    const again = openImageNetwork(await imageNetworkFile(network), device);
    expect(again.describe()).toEqual(network.describe());
    expect(numbers(again.logits(x))).toEqual(numbers(network.logits(x)));
    const half = openImageNetwork(await imageNetworkFile(network, { half: true }), device);
    expect(Math.abs(numbers(half.logits(x))[0] - numbers(network.logits(x))[0])).toBeLessThan(0.05);
  });

  test('that was altered is refused', async () => {
    const { tensors, metadata } = decodeSafetensors(await imageNetworkFile(network));
    const altered = (change: object) => () =>
      openImageNetwork(encodeSafetensors({ tensors, metadata: { ...metadata, ...change } }), device);
    const described = JSON.parse(metadata.network);
    const wrong = [
      { ...described, labels: ['one'] },
      { ...described, config: { layer: 'sequential', layers: null } },
      { ...described, config: { ...described.config, layers: { fc: { layer: 'linear', units: 1e9 } } } },
      { ...described, preprocessing: { size: 16 } },
      { ...described, config: 7 },
      [],
    ];
    for (const one of wrong)
      expect(altered({ network: JSON.stringify(one) }), JSON.stringify(one)).toThrow(FormatError);
    expect(altered({ network: '{' })).toThrow('the description is not JSON');
    expect(altered({ format: 'unrolled model 1' })).toThrow("the file is an 'unrolled model 1', not an image network");
  });
});

describe('a state dict', () => {
  const all = async () => decodeSafetensors(await imageNetworkFile(network)).tensors;
  const open = (tensors: Awaited<ReturnType<typeof all>>, options = {}) =>
    openImageNetwork(encodeSafetensors({ tensors, metadata: {} }), device, options);

  test("is recognised whatever its width and classes, with ImageNet's preprocessing or one's own", async () => {
    const opened = open(await all());
    expect(opened.config).toEqual(networkConfig('resnet20', { classes: 3, width: 0.25, size: 32 }));
    expect(opened.labels).toBe(null);
    expect(opened.preprocessing).toMatchObject({ size: 32, mean: [0.485, 0.456, 0.406] });
    const mine = open(await all(), { preprocessing, labels });
    expect(mine.describe()).toEqual(network.describe());
    expect(numbers(mine.logits(x, inference))).toEqual(numbers(network.logits(x)));
  });

  test('under a prefix of several devices is the same', async () => {
    const prefixed = Object.entries(await all()).map(([name, tensor]) => [`module.${name}`, tensor]);
    expect(open(Object.fromEntries(prefixed)).classes).toBe(3);
  });

  test('with something missing, left over or of another shape names it', async () => {
    const { 'layer1.0.conv1.weight': _, ...less } = await all();
    expect(() => open(less)).toThrow("it is most like resnet20, but 'layer1.0.conv1.weight' [4, 4, 3, 3] is missing");
    const more = { ...(await all()), extra: { shape: [1], data: Float32Array.of(1) } };
    expect(() => open(more)).toThrow("it has no place for 'extra'");
    const other = { ...(await all()), 'bn1.bias': { shape: [2], data: Float32Array.of(1, 2) } };
    expect(() => open(other)).toThrow("'bn1.bias' is [2] and not [4]");
    expect(() => open({ 'lstm.weight': { shape: [1], data: Float32Array.of(1) } })).toThrow(
      "its 1 tensors ('lstm.weight') are of no network that is known: resnet18",
    );
  });
});
