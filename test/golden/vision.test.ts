import { encodeSafetensors } from 'unrolled/io';
import {
  crossEntropyLoss,
  Declarations,
  initialiseParameters,
  type Layer,
  layerFrom,
  SqueezeExcite,
} from 'unrolled/nn';
import { networkConfig, openImageNetwork } from 'unrolled/vision';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Random } from '../../packages/unrolled/src/random.ts';
import type { Device } from '../../packages/unrolled/src/tensor/device.ts';
import type { Tensor } from '../../packages/unrolled/src/tensor/tensor.ts';
import { expectClose } from '../closeness.ts';
import { subjects } from '../devices.ts';
import { loadVision } from './load.ts';
import { images, ruledValue } from './vision.ts';

const golden = loadVision();
type Network = (typeof golden.networks)[number];

/** The names and shapes of a network's parameters and buffers. */
function declared(name: Parameters<typeof networkConfig>[0], width: number): Record<string, readonly number[]> {
  const declarations = new Declarations();
  const layer = layerFrom(networkConfig(name, { classes: 5, width })) as unknown as Layer;
  layer.build([-1, 224, 224, 3], declarations);
  return Object.fromEntries(declarations.declared.map((parameter) => [parameter.name, parameter.shape]));
}

/** A state dict as PyTorch writes it, with the weights of the golden values. */
function stateDict({ name }: Network): Uint8Array {
  const shapes = Object.entries(declared(name, name === 'mobilenet-v2' ? 0.35 : 1));
  const tensors = shapes.map(([parameter, shape]) => {
    const data = Float32Array.from(ruledValue(parameter, shape).data);
    return [parameter, { shape, data }] as const;
  });
  const counter = { 'features.0.1.num_batches_tracked': { shape: [], data: Int32Array.of(7) } };
  const counters = name === 'mobilenet-v2' ? counter : {};
  return encodeSafetensors({ tensors: { ...Object.fromEntries(tensors), ...counters }, metadata: { format: 'pt' } });
}

test('parameters of VGG-16 have the names and shapes of torchvision', () => {
  expect(declared('vgg16', 1)).toEqual(golden.shapes.vgg16);
});

// The reference computes the small network, in float64.
const devices = subjects.filter(({ name }) => name !== 'reference float32');

describe.each(devices)('$name', ({ name, open, float }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });
  afterAll(() => device.close());
  // PyTorch's own float32 differs from its float64 by up to 2e-4.
  const tolerance = float === 'float64' ? 1e-9 : 1e-3;
  const put = ({ data, shape }: ReturnType<typeof images>): Tensor => device.tensor(data, shape);
  const networks = golden.networks.filter((one) => name === 'wasm' || one.name === 'mobilenet-v2');

  test.each(networks)('$name opens from a state dict of torchvision as it is, and computes the same', (one) => {
    const network = openImageNetwork(stateDict(one), device);
    const x = put(images(one.count, one.size, one.size, 3));
    device.withoutGradients(() => {
      expectClose('logits', network.logits(x).data(), one.logits.data, tolerance);
      const maps = network.featureMaps(x, Object.keys(one.maps));
      for (const [layer, means] of Object.entries(one.maps)) {
        const map = maps[layer];
        const sums = [map, map.square()].flatMap((each) => [...each.sum({ axes: [0, 1, 2] }).data()]);
        const found = sums.map((sum) => sum / map.size);
        expectClose(layer, found, means.data, tolerance);
      }
    });
  });

  test.each(networks.filter(({ training }) => training))('$name takes a training step as there', (one) => {
    const network = openImageNetwork(stateDict(one), device);
    const { loss, buffers, gradients } = one.training!;
    const labels = device.ids(Array.from({ length: one.count }, (_, i) => i % 5));
    const { pool } = network.featureMaps(put(images(one.count, one.size, one.size, 3)), ['pool'], {
      training: true,
      random: new Random(1),
    });
    // Without the dropout, which draws other numbers.
    const found = crossEntropyLoss(network.classify(pool), labels);
    network.parameters.backward(found);
    expectClose('loss', [found.item()], [loss], tolerance);
    for (const [buffer, { data }] of Object.entries(buffers))
      expectClose(buffer, network.parameters.get(buffer).data(), data, tolerance);
    // In float32 the gradient of the first layers is noise, PyTorch's too (0.5 off): relu6 and the norms of three images jump.
    const compared = Object.entries(gradients).filter(([name]) => float === 'float64' || name.startsWith('classifier'));
    for (const [parameter, { data }] of compared)
      expectClose(parameter, network.parameters.gradient(parameter).data(), data, tolerance);
  });

  test('squeeze and excitation', () => {
    const layer = new SqueezeExcite({ reduction: 3 });
    const parameters = initialiseParameters(layer, [-1, 3, 4, 6], device, 1);
    parameters.load(Object.fromEntries(Array.from(parameters, ({ name, shape }) => [name, ruledValue(name, shape)])));
    const y = layer.apply(put(images(2, 3, 4, 6)), { training: false });
    expectClose('output', y.data(), golden.squeezeExcitation.data, tolerance);
  });
});
