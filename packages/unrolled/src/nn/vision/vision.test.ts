import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ConfigError, ShapeError } from '../../errors.ts';
import { createDevice } from '../../ops/create-device.ts';
import { square, sum } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkGradients } from '../check-gradients.ts';
import { type Context, inference, initialiseParameters, type Layer } from '../layer.ts';
import { layerFrom } from '../layer-from.ts';
import { Declarations, type Parameters } from '../parameters.ts';
import { Sequential } from '../sequential.ts';
import * as vision from './index.ts';

const device = createDevice(referenceBackend());
const training = (): Context => ({ training: true, random: new Random(1) });

function random(shape: Shape, seed = 1): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => 4 * source.uniform() - 2),
    shape,
  );
}

const numbers = (x: Tensor): number[] => [...x.data()];
function expectClose(a: Tensor, b: Tensor): void {
  expect(a.shape).toEqual(b.shape);
  const other = numbers(b);
  const errors = numbers(a).map((value, i) => Math.abs(value - other[i]));
  expect(Math.max(0, ...errors)).toBeLessThan(1e-10);
}

const copied = (from: Parameters, names: Readonly<Record<string, string>>, shape?: Shape) =>
  Object.fromEntries(
    Object.entries(names).map(([name, source]) => {
      const value = from.get(source);
      return [name, { shape: shape ?? value.shape, data: value.data() }];
    }),
  );

const x = random([2, 5, 4, 6]);
const open = [-1, 5, 4, 6];

describe('convolutions', () => {
  test('with a delta beside the centre shift the image', () => {
    const layer = new vision.Conv2d({ channels: 1, kernel: 3, padding: 'same', bias: false });
    const delta = device.tensor([0, 0, 0, 0, 0, 1, 0, 0, 0], [1, 1, 3, 3]);
    initialiseParameters(layer, [-1, 3, 4, 1], device, { weight: { shape: delta.shape, data: delta.data() } });
    const image = device.tensor([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [1, 3, 4, 1]);
    expect(numbers(layer.apply(image))).toEqual([2, 3, 4, 0, 6, 7, 8, 0, 10, 11, 12, 0]);
  });

  test.each([1, 2])(
    'of each channel by itself are grouped ones with as many groups as channels (multiplier %d)',
    (m) => {
      const depthwise = new vision.DepthwiseConv2d({ kernel: 3, stride: 2, padding: 1, multiplier: m });
      const grouped = new vision.Conv2d({ channels: 6 * m, groups: 6, kernel: 3, stride: 2, padding: 1 });
      const parameters = initialiseParameters(depthwise, open, device, 3);
      initialiseParameters(grouped, open, device, copied(parameters, { weight: 'weight', bias: 'bias' }));
      expect(numbers(depthwise.apply(x))).toEqual(numbers(grouped.apply(x)));
    },
  );

  test('that are separable are depthwise, then of 1 × 1', () => {
    const separable = new vision.SeparableConv2d({ channels: 5, kernel: 3, stride: 2, padding: 'same' });
    const parameters = initialiseParameters(separable, open, device, 3);
    expect(parameters.names).toEqual(['depthwise.weight', 'pointwise.weight', 'pointwise.bias']);
    const [depthwise, pointwise] = [
      new vision.DepthwiseConv2d({ kernel: 3, stride: 2, padding: 'same', bias: false }),
      new vision.Conv2d({ channels: 5, kernel: 1 }),
    ];
    initialiseParameters(depthwise, open, device, copied(parameters, { weight: 'depthwise.weight' }));
    const names = { weight: 'pointwise.weight', bias: 'pointwise.bias' };
    initialiseParameters(pointwise, [-1, 3, 2, 6], device, copied(parameters, names));
    expect(numbers(separable.apply(x, inference))).toEqual(numbers(pointwise.apply(depthwise.apply(x))));
  });

  test('over time are those of images one pixel wide', () => {
    const options = { channels: 4, stride: 2, groups: 2 };
    const layer = new vision.Conv1d({ ...options, kernel: 3, padding: 1 });
    const image = new vision.Conv2d({ ...options, kernel: [3, 1], stride: [2, 1], padding: [1, 0] });
    const parameters = initialiseParameters(layer, [-1, -1, 6], device, 3);
    const bias = copied(parameters, { bias: 'bias' });
    initialiseParameters(image, [-1, 7, 3, 6], device, {
      ...bias,
      ...copied(parameters, { weight: 'weight' }, [4, 3, 3, 1]),
    });
    const xs = random([7, 3, 6]);
    expectClose(layer.apply(xs), image.apply(xs.reshape([1, 7, 3, 6])).reshape([4, 3, 4]));
  });

  test('that are causal see no later step', () => {
    const layer = new vision.Conv1d({ channels: 2, kernel: 3, dilation: 2, padding: 'causal' });
    initialiseParameters(layer, [-1, -1, 3], device, 3);
    const [whole, part] = [layer.apply(random([9, 1, 3])), layer.apply(random([9, 1, 3]).slice(0, 0, 5))];
    expect(numbers(whole.slice(0, 0, 5))).toEqual(numbers(part));
  });

  test.each([
    [new vision.Conv2d({ channels: 3, kernel: 7 }), open, ShapeError, 'conv2d: a window of 7×7 does not fit'],
    [new vision.Conv2d({ channels: 3, kernel: 1 }), [-1, 6], ShapeError, 'conv2d: needs images [B, H, W, C]'],
    [new vision.Conv2d({ channels: 3, kernel: 1, groups: 2 }), open, ConfigError, '3 output channels do not divide'],
    [new vision.Conv1d({ channels: 3, kernel: 1 }), open, ShapeError, 'conv1d: needs sequences [T, B, C]'],
    [new vision.Flatten(), [-1, -1, 4, 6], ShapeError, 'flatten: needs images of a known size'],
  ])('are refused where they do not fit: %o on %j', (layer, shape, kind, message) => {
    const build = () => layer.build(shape as Shape, new Declarations());
    expect(build).toThrow(kind);
    expect(build).toThrow(message);
  });

  test.each([
    [{ channels: 3 }, 'conv2d: kernel must be a whole number from 1, or [rows, columns], received undefined'],
    [{ channels: 3, kernel: [1, 2, 3] }, 'conv2d: kernel must be'],
    [{ channels: 3, kernel: 1, padding: 'full' }, "conv2d: padding must be 'valid', 'same'"],
    [{ filters: 3, kernel: 1 }, "conv2d: unknown option 'filters'"],
  ])('name a wrong option: %j', (options, message) => {
    expect(() => new vision.Conv2d(options as never)).toThrow(message);
  });
});

describe('batch norm', () => {
  test('in inference is affine: scale ⊙ x + shift with the running statistics', () => {
    const layer = new vision.BatchNorm({ epsilon: 0.01 });
    const values = { weight: [2, 1, -1], bias: [0, 3, 1], running_mean: [1, 2, 3], running_var: [4, 1, 0.25] };
    const saved = Object.fromEntries(Object.entries(values).map(([name, data]) => [name, { shape: [3], data }]));
    initialiseParameters(layer, [-1, 3], device, saved);
    const y = layer.apply(device.tensor([[5, 6, 7]]), inference);
    const expected = [5, 6, 7].map((value, c) => {
      const normalised = (value - values.running_mean[c]) / Math.sqrt(values.running_var[c] + 0.01);
      return normalised * values.weight[c] + values.bias[c];
    });
    expectClose(y, device.tensor([expected]));
  });

  test('in training has mean 0 and variance 1, and its running statistics follow, the variance unbiased', () => {
    const layer = new vision.BatchNorm({ epsilon: 0 });
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    const y = layer.apply(
      device.tensor([
        [1, 10],
        [2, 10],
        [6, 40],
      ]),
      training(),
    );
    const [deviation] = [Math.sqrt(14 / 3)];
    expectClose(y.slice(1, 0, 1), device.tensor([[-2 / deviation], [-1 / deviation], [3 / deviation]]));
    expectClose(parameters.get('running_mean'), device.tensor([0.3, 2]));
    expectClose(parameters.get('running_var'), device.tensor([0.9 + 0.1 * 7, 0.9 + 0.1 * 300]));
  });

  test('needs two values a channel to train', () => {
    const layer = new vision.BatchNorm();
    initialiseParameters(layer, [-1, 2], device, 1);
    expect(() => layer.apply(device.ones([1, 2]), training())).toThrow(ShapeError);
    expect(layer.apply(device.ones([1, 2]), inference).shape).toEqual([1, 2]);
  });

  test('takes what PyTorch saves, whose counter it ignores', () => {
    const layer = new Sequential({ bn: new vision.BatchNorm() });
    const one = (value: number) => ({ shape: [1], data: [value] });
    const saved = { 'bn.weight': one(1), 'bn.bias': one(2), 'bn.running_mean': one(3), 'bn.running_var': one(4) };
    const counter = { 'bn.num_batches_tracked': { shape: [], data: [7] } };
    const parameters = initialiseParameters(layer, [-1, 1], device, { ...saved, ...counter });
    expect(parameters.names).toEqual(Object.keys(saved));
  });
});

describe('what is fused is what its layers compute one by one', () => {
  const relu = (kind: 'relu' | 'relu6' | 'tanh' = 'relu') => new vision.Activation({ kind });
  const conv = (bias = false) => new vision.Conv2d({ channels: 4, kernel: 3, padding: 1, bias });
  const cases: Record<string, readonly Layer[]> = {
    'convolution, norm, activation': [conv(), new vision.BatchNorm(), relu()],
    'with a bias, and relu6': [conv(true), new vision.BatchNorm(), relu('relu6'), conv()],
    'convolution, activation': [conv(true), relu(), conv(), new vision.BatchNorm()],
    'norm, activation, convolution': [new vision.BatchNorm(), relu(), conv(true)],
    'an activation that is not fused': [conv(), new vision.BatchNorm(), relu('tanh'), relu('tanh'), relu()],
    'depthwise, separable': [
      ...[new vision.DepthwiseConv2d({ kernel: 3 }), new vision.BatchNorm(), relu()],
      ...[new vision.SeparableConv2d({ channels: 3, kernel: 2 }), new vision.BatchNorm(), relu()],
    ],
  };
  test.each(Object.entries(cases))('%s', (_, layers) => {
    for (const context of [inference, training()]) {
      const outputs = [undefined, (_name: string, value: Tensor) => value].map((observe) => {
        const model = layerFrom(new Sequential(layers).config) as Sequential;
        const parameters = initialiseParameters(model, open, device, 3);
        for (const { name, value } of parameters)
          if (name.endsWith('running_mean')) device.backend.write(value, random(value.shape).data());
        const y = model.apply(x, { ...context, observe });
        parameters.backward(sum(square(y)));
        const buffers = parameters.names.filter((name) => name.includes('running'));
        return [y, parameters.gradients, ...buffers.map((name) => parameters.get(name))];
      });
      outputs[0].forEach((one, i) => {
        expectClose(one, outputs[1][i]);
      });
    }
  });
});

describe('blocks', () => {
  test('squeeze and excitation weights each channel by one number', () => {
    const layer = new vision.SqueezeExcite({ reduction: 4 });
    const parameters = initialiseParameters(layer, open, device, 3);
    const shapes = Array.from(parameters, ({ name, shape }) => [name, shape]);
    expect(Object.fromEntries(shapes)).toEqual({
      'fc1.weight': [2, 6, 1, 1],
      'fc1.bias': [2],
      'fc2.weight': [6, 2, 1, 1],
      'fc2.bias': [6],
    });
    const matrix = (name: string) => parameters.get(name).reshape(parameters.get(name).shape.slice(0, 2));
    const means = x.mean({ axes: [1, 2] });
    const hidden = means.matmul(matrix('fc1.weight').transpose()).relu();
    const scale = hidden.matmul(matrix('fc2.weight').transpose()).sigmoid();
    expectClose(layer.apply(x, inference), x.mul(scale.reshape([2, 1, 1, 6])));
  });

  test('a residual connection adds its input, or what the shortcut makes of it', () => {
    const body = new vision.Conv2d({ channels: 6, kernel: 3, padding: 1 });
    const plain = new vision.Residual({ body });
    expect(initialiseParameters(plain, open, device, 3).names).toEqual(['body.weight', 'body.bias']);
    expectClose(plain.apply(x, inference), body.apply(x).add(x));

    const [half, shortcut] = [3, 1].map(
      (kernel) => new vision.Conv2d({ channels: 2, kernel, stride: 2, padding: (kernel - 1) / 2, bias: false }),
    );
    const names = { body: '', shortcut: 'downsample' };
    const projected = new vision.Residual({ body: half, shortcut, activation: 'relu', names });
    expect(initialiseParameters(projected, open, device, 3).names).toEqual(['weight', 'downsample.weight']);
    expectClose(projected.apply(x, inference), half.apply(x).add(shortcut.apply(x)).relu());
    expect(() => new vision.Residual({ body: half }).build(open, new Declarations())).toThrow(
      'residual: the body turns [-1, 5, 4, 6] into [-1, 3, 2, 2], the shortcut into [-1, 5, 4, 6]; give a shortcut',
    );
  });

  test("an inverted residual has torchvision's names, and adds its input where the shapes are the same", () => {
    const layer = new vision.InvertedResidual({ channels: 6, expansion: 2, batchNorm: false });
    const parameters = initialiseParameters(layer, open, device, 3);
    const shapes = Array.from(parameters, ({ name, shape }) => [name, shape]).filter(([name]) =>
      `${name}`.endsWith('t'),
    );
    expect(Object.fromEntries(shapes)).toEqual({
      'conv.0.0.weight': [12, 6, 1, 1],
      'conv.1.0.weight': [12, 1, 3, 3],
      'conv.2.weight': [6, 12, 1, 1],
    });
    device.backend.fill(parameters.get('conv.2.weight'), 0);
    expect(numbers(layer.apply(x, inference))).toEqual(numbers(x));
    const wider = new vision.InvertedResidual({ channels: 7 });
    initialiseParameters(wider, open, device, 3);
    expect(wider.apply(x, inference).shape).toEqual([2, 5, 4, 7]);
    const narrow = new vision.InvertedResidual({ channels: 5, expansion: 1, stride: 2 });
    const names = initialiseParameters(narrow, open, device, 3).names.filter((name) => /weight$/.test(name));
    expect(names).toEqual(['conv.0.0.weight', 'conv.0.1.weight', 'conv.1.weight', 'conv.2.weight']);
    expect(narrow.apply(x, inference).shape).toEqual([2, 3, 2, 5]);
  });

  test('a fire module lays the outputs of two convolutions side by side, and shows both to an observer', () => {
    const layer = new Sequential({ fire: new vision.Fire({ squeeze: 2, expand: 3 }) });
    initialiseParameters(layer, open, device, 3);
    const seen: Record<string, Tensor> = {};
    const observe = (name: string, value: Tensor) => {
      seen[name] = value;
      return value;
    };
    const y = layer.apply(x, { training: false, observe });
    const relu = ['', '_activation'];
    expect(Object.keys(seen)).toEqual([
      ...['squeeze', 'expand1x1', 'expand3x3'].flatMap((name) => relu.map((end) => `fire.${name}${end}`)),
      'fire',
    ]);
    expect(numbers(y.slice(3, 3))).toEqual(numbers(seen['fire.expand3x3_activation']));
    expect(y.shape).toEqual([2, 5, 4, 6]);
  });
});

test("flatten orders features as PyTorch does, or leaves Keras' order", () => {
  const image = device.tensor([1, 10, 2, 20, 3, 30, 4, 40], [1, 2, 2, 2]);
  expect(numbers(new vision.Flatten().apply(image))).toEqual([1, 2, 3, 4, 10, 20, 30, 40]);
  expect(numbers(new vision.Flatten({ order: 'channelsLast' }).apply(image))).toEqual(numbers(image));
});

test('channel dropout leaves or drops whole channels, in training only', () => {
  const layer = new vision.ChannelDropout({ rate: 0.5 });
  const dropped = layer.apply(device.ones([3, 2, 2, 9]), training());
  expect(new Set(numbers(dropped.mean({ axes: [1, 2] })))).toEqual(new Set([0, 2]));
  expect(layer.apply(x, inference)).toBe(x);
});

/** Each kind of layer with a window, on several sizes. */
test('a graph of layers adds the branches of a node and joins what no node reads', () => {
  const same = { from: 0, layer: null };
  const graph = new vision.LayerGraph({ nodes: [[same, same], [{ from: 1, layer: null }, same], [same]] });
  expect(graph.build([-1, 1, 1, 2], new Declarations())).toEqual([-1, 1, 1, 4]);
  expect(graph.apply(device.tensor([1, 5], [1, 1, 1, 2]), inference).toArray()).toEqual([[[[3, 15, 1, 5]]]]);
  expect(() => new vision.LayerGraph({ nodes: [[{ from: 1, layer: null }]] })).toThrow('node 0 reads from 1');
  const other = { from: 0, layer: new vision.Conv2d({ channels: 3, kernel: 1 }) };
  expect(() => new vision.LayerGraph({ nodes: [[same, other]] }).build([-1, 2, 2, 2], new Declarations())).toThrow(
    'give branches of equal shape',
  );
});

const sliding: readonly Layer[] = [
  new vision.Conv2d({ channels: 2, kernel: [3, 2], stride: 2, padding: 'same' }),
  new vision.Conv2d({
    channels: 2,
    kernel: 3,
    dilation: [1, 2],
    padding: [
      [1, 0],
      [2, 2],
    ],
  }),
  new vision.ConvTranspose2d({ channels: 2, kernel: 3, stride: 2, padding: 1, outputPadding: [1, 0] }),
  new vision.MaxPool2d({ kernel: 3, stride: 2, ceil: true }),
  new vision.AveragePool2d({ kernel: 2, padding: 1 }),
  new vision.SeparableConv2d({ channels: 2, kernel: 2 }),
  new vision.InvertedResidual({ channels: 2, stride: 2 }),
];

test.each(sliding)('the shape found when building is that of the output: %o', (layer) => {
  for (const [H, W] of [
    [3, 3],
    [4, 7],
    [5, 6],
    [17, 5],
  ]) {
    const sizes = layer.build([-1, H, W, 2], new Declarations());
    initialiseParameters(layer, [-1, H, W, 2], device, 1);
    expect(layer.apply(device.ones([2, H, W, 2]), inference).shape.slice(1)).toEqual(sizes.slice(1));
  }
  expect(layer.build([-1, -1, 6, 2], new Declarations())[1]).toBe(-1);
});

test.each([
  { padding: 'valid', dilation: 2 },
  { padding: 'same', stride: 2 },
  { padding: 'causal', stride: 3 },
  { padding: 1 },
  { padding: [2, 0], stride: 2 },
] as const)('so it is over time: %j', (options) => {
  const layer = new vision.Conv1d({ channels: 2, kernel: 3, ...options });
  for (const T of [5, 6, 9]) {
    const steps = layer.build([T, -1, 2], new Declarations());
    initialiseParameters(layer, [T, -1, 2], device, 1);
    expect(layer.apply(device.ones([T, 3, 2])).shape).toEqual([steps[0], 3, 2]);
  }
});

test.each([
  new vision.Conv1d({ channels: 2, kernel: 2, dilation: 2 }),
  new vision.ConvTranspose2d({ channels: 2, kernel: 2, stride: 2 }),
  new vision.SqueezeExcite({ reduction: 2 }),
  new vision.InvertedResidual({ channels: 3, expansion: 2 }),
  new vision.Fire({ squeeze: 2, expand: 2 }),
  new vision.LayerGraph({
    nodes: [
      [
        { from: 0, layer: new vision.Conv2d({ channels: 3, kernel: 3, padding: 1 }) },
        { from: 0, layer: null },
      ],
      [
        { from: 1, layer: new vision.Conv2d({ channels: 3, kernel: 1 }) },
        { from: 0, layer: new vision.AveragePool2d({ kernel: 3, stride: 1, padding: 1 }) },
      ],
      [{ from: 0, layer: null }],
    ],
    projection: new vision.Conv2d({ channels: 2, kernel: 1 }),
  }),
])('gradients agree with differences, in training too: %o', async (layer: Layer) => {
  const shape = layer instanceof vision.Conv1d ? [4, 2, 3] : [2, 3, 3, 3];
  const parameters = initialiseParameters(layer, shape, device, 4);
  // With biases of 0, a unit of which all inputs are 0 stands on the edge of relu.
  device.backend.write(parameters.values, random([parameters.size], 4).data());
  const input = random(shape, 9);
  const { error } = await checkGradients(parameters, () => sum(square(layer.apply(input, training()))));
  expect(error).toBeLessThan(1e-6);
});
