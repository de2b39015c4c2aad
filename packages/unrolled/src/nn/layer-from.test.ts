import { describe, expect, test } from 'vitest';
import { laterBackend } from '../backend/conformance/later-backend.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, mul, square, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import { cellNames, defineCell } from './cells/index.ts';
import * as nn from './index.ts';
import { type AnyLayer, inference, initialiseParameters, type Layer, layerFrom, type Parameter } from './index.ts';

const device = createDevice(referenceBackend());

function random(shape: Shape, seed = 1): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => 2 * source.uniform() - 1),
    shape,
  );
}

/** Multiplies by a trained number for each feature: a layer of the user's own. */
class Scale extends Buildable<{ factor: Parameter }> implements Layer {
  readonly config = { layer: 'scale' };
  build(input: Shape, declarations: nn.Declarations): Shape {
    this.parts = { factor: declarations.declare('factor', [input.at(-1)!], { kind: 'normal', deviation: 1 }) };
    return input;
  }
  apply(x: Tensor): Tensor {
    return mul(x, this.parts.factor.value);
  }
}

const leaky = defineCell({
  name: 'leaky',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
  step(x, { h }, { linear }) {
    const next = h.mul(0.5).add(linear('in', [x, h]).tanh());
    return { output: next, state: { h: next } };
  },
});

interface Case {
  readonly layer: AnyLayer;
  readonly shapes: unknown;
  readonly inputs: unknown;
}

const [T, S, B, F, K] = [4, 3, 2, 5, 3];
const [xs, ids] = [random([T, B, F]), device.ids([2, 0, 1, 4, 3, 2, 0, 1], [T, B])];
const open = [-1, -1, F];
const single = (layer: AnyLayer): Case => ({ layer, shapes: open, inputs: xs });
const images = random([2, 5, 4, 6], 5);
const onImages = (...layers: readonly AnyLayer[]): Case[] =>
  layers.map((layer) => ({ layer, shapes: [-1, 5, 4, 6], inputs: images }));
const own = { layers: { scale: Scale }, cells: [leaky] };
const tags = { start: [true, true, false], end: [true, true, true], transitions: Array(K).fill(Array(K).fill(true)) };

const sizes = { cell: 'gru', hidden: F, layers: 1, dropout: 0.1 } as const;
const [decoder, encoder, target] = [
  { ...sizes, choices: 6 },
  { ...sizes, vocabularySize: 5, dimension: 3 },
  { ...sizes, vocabularySize: 7, dimension: 2 },
];
const encoded = { memory: random([S, B, F], 3), lengths: [2, 3], state: [{ h: random([B, F], 4) }] };

/** At least one case of every layer, by the name of its class. */
const cases: Record<string, readonly Case[]> = {
  Activation: (['relu', 'relu6', 'sigmoid', 'tanh'] as const).map((kind) => single(new nn.Activation({ kind }))),
  AveragePool2d: onImages(
    new nn.AveragePool2d({ kernel: 2 }),
    new nn.AveragePool2d({ kernel: 3, stride: 2, padding: 1, ceil: true, countPadding: true }),
  ),
  BatchNorm: [single(new nn.BatchNorm()), ...onImages(new nn.BatchNorm({ epsilon: 0.1, momentum: 0.5 }))],
  ChannelDropout: onImages(new nn.ChannelDropout({ rate: 0.5 })),
  Conv1d: [
    single(new nn.Conv1d({ channels: 3, kernel: 3 })),
    single(
      new nn.Conv1d({ channels: 5, kernel: 2, stride: 2, dilation: 2, groups: 5, padding: 'causal', bias: false }),
    ),
  ],
  Conv2d: onImages(
    new nn.Conv2d({ channels: 3, kernel: 3 }),
    new nn.Conv2d({
      ...{ channels: 4, kernel: [3, 2], stride: [2, 1], dilation: [1, 2], groups: 2 },
      ...{ padding: [1, [0, 1]], bias: false, weight: { kind: 'xavier' } },
    } as never),
  ),
  ConvTranspose2d: onImages(
    new nn.ConvTranspose2d({ channels: 3, kernel: 2, stride: 2 }),
    new nn.ConvTranspose2d({ channels: 4, kernel: 3, stride: 2, padding: 1, outputPadding: 1, groups: 2, bias: false }),
  ),
  DepthwiseConv2d: onImages(
    new nn.DepthwiseConv2d({ kernel: 3, padding: 'same' }),
    new nn.DepthwiseConv2d({ kernel: [1, 3], stride: 2, multiplier: 2, bias: false }),
  ),
  FilterAttention: [
    {
      layer: new nn.FilterAttention({ filters: 3, height: 5, width: 4, intensity: 0.5 }),
      shapes: [-1, F],
      inputs: random([B, F], 6),
    },
  ],
  Fire: onImages(new nn.Fire({ squeeze: 2, expand: 3 })),
  Flatten: onImages(new nn.Flatten(), new nn.Flatten({ order: 'channelsLast' })),
  GlobalAveragePool: onImages(new nn.GlobalAveragePool()),
  InvertedResidual: onImages(
    new nn.InvertedResidual({ channels: 6 }),
    new nn.InvertedResidual({ channels: 6, expansion: 1, batchNorm: false }),
    new nn.InvertedResidual({ channels: 4, expansion: 2, kernel: 5, stride: 2, padding: 'same', squeezeExcite: 4 }),
  ),
  LayerGraph: onImages(
    new nn.LayerGraph({
      nodes: [
        [
          { from: 0, layer: new nn.Conv2d({ channels: 6, kernel: 3, padding: 1 }) },
          { from: 0, layer: null },
        ],
        [{ from: 0, layer: new nn.MaxPool2d({ kernel: 3, stride: 1, padding: 1 }) }],
      ],
      projection: new nn.Conv2d({ channels: 4, kernel: 1 }),
    }),
    new nn.LayerGraph({ nodes: [[{ from: 0, layer: new nn.Conv2d({ channels: 2, kernel: 2 }) }]] }),
  ),
  LayerMeans: onImages(
    new nn.LayerMeans({
      body: new nn.Sequential({ conv: new nn.Conv2d({ channels: 3, kernel: 3 }), pool: new nn.GlobalAveragePool() }),
      layers: { conv: 3 },
    }),
  ),
  MaxPool2d: onImages(
    new nn.MaxPool2d({ kernel: 2 }),
    new nn.MaxPool2d({ kernel: 3, stride: [2, 1], padding: 'same', ceil: true }),
  ),
  Residual: [
    single(new nn.Residual({ body: new nn.Linear({ units: F }) })),
    ...onImages(
      new nn.Residual({
        ...{ body: new nn.Sequential({ conv1: new nn.Conv2d({ channels: 3, kernel: 1, stride: 2 }) }) },
        ...{ shortcut: new nn.Conv2d({ channels: 3, kernel: 1, stride: 2 }), activation: 'relu' },
        ...{ names: { body: '', shortcut: 'downsample' } },
      }),
    ),
  ],
  SeparableConv2d: onImages(
    new nn.SeparableConv2d({ channels: 3, kernel: 3 }),
    new nn.SeparableConv2d({ channels: 3, kernel: 3, stride: 2, padding: 'same', multiplier: 2, bias: false }),
  ),
  SqueezeExcite: onImages(new nn.SqueezeExcite({ reduction: 4 }), new nn.SqueezeExcite()),
  AdaptiveSoftmax: [single(new nn.AdaptiveSoftmax({ classes: 9, cutoffs: [2, 5], divisor: 2 }))],
  Attention: [
    ...nn.attentionScores.map((score) => new nn.Attention({ score })),
    new nn.Attention({ score: 'additive', units: 7 }),
  ].map((layer) => ({
    layer,
    shapes: { queries: open, memory: open },
    inputs: { queries: xs, memory: random([S, B, F], 2), lengths: [3, 1] },
  })),
  AttentionPooling: [single(new nn.AttentionPooling()), single(new nn.AttentionPooling({ units: 2 }))],
  Bridge: [
    { state: [{ h: [1, F] }], from: [{ h: [1, F] }] },
    { state: [{ h: [1, 4], c: [1, F] }], from: [1, 2].map(() => ({ h: [1, 4], c: [1, F] })) },
  ].map(({ state, from }) => ({
    layer: new nn.Bridge({ state }),
    shapes: from,
    inputs: from.map((parts) =>
      Object.fromEntries(Object.entries(parts).map(([name, [, w]]) => [name, random([B, w])])),
    ),
  })),
  Decoder: [
    new nn.Decoder({ ...decoder, attention: null }),
    new nn.Decoder({ ...decoder, attention: { score: 'additive', units: 3, coverage: true }, feeding: 'context' }),
    new nn.Decoder({ ...decoder, attention: { score: 'general', hard: true }, feeding: 'output' }),
  ].map((layer) => ({ layer, shapes: { ys: open, memory: open }, inputs: { ys: xs, ...encoded } })),
  Dropout: [single(new nn.Dropout({ rate: 0.5 }))],
  Embedding: [{ layer: new nn.Embedding({ vocabularySize: 5, dimension: 3 }), shapes: [-1, -1], inputs: ids }],
  EncoderDecoder: [
    new nn.EncoderDecoder(new nn.RecurrentEncoder(encoder), target),
    new nn.EncoderDecoder(new nn.RecurrentEncoder({ ...encoder, cell: leaky, bidirectional: true }), {
      ...target,
      ...{ cell: leaky, attention: { score: 'additive' }, feeding: 'output' },
    }),
  ].map((layer) => ({
    layer,
    shapes: { source: [-1, -1], targets: [-1, -1] },
    inputs: { source: { xs: ids, lengths: [4, 1] }, targets: ids },
  })),
  FeatureEncoder: nn.conditionings.map((conditioning) => ({
    layer: new nn.FeatureEncoder({ ...sizes, cell: 'lstm', layers: 2, dimension: 3, conditioning, units: 4 }),
    shapes: open,
    inputs: xs,
  })),
  Highway: [single(new nn.Highway()), single(new nn.Highway({ activation: 'tanh', gateBias: -3 }))],
  LayerNorm: [single(new nn.LayerNorm({ epsilon: 0.1 }))],
  Linear: [
    single(new nn.Linear({ units: 3 })),
    single(new nn.Linear({ units: 3, biasInit: 2, weight: { kind: 'he' } })),
    single(new nn.Linear({ units: 3, bias: false })),
  ],
  LinearChainCrf: [new nn.LinearChainCrf({ tags: K }), new nn.LinearChainCrf({ tags: K, constraints: tags })].map(
    (layer) => ({
      layer,
      shapes: { emissions: [-1, -1, K] },
      inputs: { emissions: random([T, B, K]), tags: device.ids([0, 1, 2, 2, 1, 1, 0, 0], [T, B]), lengths: [4, 2] },
    }),
  ),
  Recurrent: [
    ...cellNames.map((cell) => single(new nn.Recurrent({ cell, hidden: 4, layers: 2, bidirectional: true }))),
    single(new nn.Recurrent({ cell: { cell: 'lstm', hidden: 4, peephole: true, projection: 2 }, dropout: 0.1 })),
    single(new nn.Recurrent({ cell: leaky, hidden: 4, recompute: true })),
  ],
  StackedAttention: [new nn.StackedAttention(), new nn.StackedAttention({ layers: 3, units: 2 })].map((layer) => ({
    layer,
    shapes: { query: [-1, F], memory: open },
    inputs: { query: random([B, F]), memory: random([S, B, F], 2), lengths: [3, 1] },
  })),
  RecurrentEncoder: [
    new nn.RecurrentEncoder(encoder),
    new nn.RecurrentEncoder({ ...encoder, multiLevel: true }),
    new nn.RecurrentEncoder({ ...encoder, cell: leaky }),
  ].map((layer) => ({ layer, shapes: [-1, -1], inputs: { xs: ids, lengths: [2, 4] } })),
  Sequential: [
    single(new nn.Sequential([])),
    ...onImages(
      new nn.Sequential({
        conv: new nn.Conv2d({ channels: 3, kernel: 3 }),
        bn: new nn.BatchNorm(),
        relu: new nn.Activation({ kind: 'relu6' }),
      }),
    ),
    single(
      new nn.Sequential([
        new nn.Linear({ units: 4 }),
        new nn.Sequential([new nn.Recurrent({ cell: leaky, hidden: 3 }), new Scale()]),
        new nn.AttentionPooling(),
      ]),
    ),
  ],
  SpellingEncoder: [
    {
      layer: new nn.SpellingEncoder({ vocabularySize: 5, dimension: 3 }),
      shapes: [-1, -1],
      inputs: { xs: ids, lengths: [4, 2] },
    },
  ],
  TiedLinear: [F, 3].flatMap((E) =>
    [undefined, false].map((bias) => ({
      layer: new nn.TiedLinear({ bias }),
      shapes: { xs: open, table: [7, E] },
      inputs: { xs, table: random([7, E], 2) },
    })),
  ),
  TransformerDecoder: [
    {
      layer: new nn.TransformerDecoder({ layers: 2, heads: 1, positions: 'none', choices: 6 }),
      shapes: { ys: open, memory: [-1, -1, 3] },
      inputs: { ys: xs, memory: random([S, B, 3], 3), lengths: [3, 2], state: [] },
    },
  ],
  TransformerReader: [
    {
      layer: new nn.TransformerReader({ vocabularySize: 6, dimension: 4, layers: 1, heads: 2 }),
      shapes: [-1, -1],
      inputs: { xs: ids, lengths: [4, 2] },
    },
  ],
  Transformer: [
    single(new nn.Transformer({ layers: 2, heads: 1, context: 8, positions: 'sinusoidal' })),
    single(new nn.Transformer({ layers: 1, heads: 5, context: 8, positions: 'learnt', norm: 'rms', gated: true })),
  ],
  TransformerEncoder: [
    {
      layer: new nn.TransformerEncoder({ ...{ layers: 2, heads: 1 }, positions: 'sinusoidal' }),
      ...{ shapes: open, inputs: { xs, lengths: [4, 2] } },
    },
    {
      layer: new nn.TransformerEncoder({
        ...{ layers: 1, heads: 2, positions: 'learnt', context: 6, postNorm: true, inputNorm: true },
        ...{ vocabularySize: 5, dimension: 4 },
      }),
      ...{ shapes: [-1, -1], inputs: { xs: ids } },
    },
  ],
  VisionTransformer: [
    {
      layer: new nn.VisionTransformer({ layers: 1, heads: 2, dimension: 4, patch: 2 }),
      ...{ shapes: [-1, 4, 6, 3], inputs: random([2, 4, 6, 3], 5) },
    },
  ],
  WordTable: [
    new nn.WordTable({ words: 4, dimension: 3 }),
    new nn.WordTable({ words: 1, further: 3, dimension: 2 }),
  ].map((layer) => ({ layer, shapes: [-1, -1], inputs: ids })),
};

const each = Object.entries(cases).flatMap(([name, all]) =>
  all.map((one) => [`${name} ${JSON.stringify(one.layer.config)}`, one] as const),
);

/** All numbers of the tensors in a value, and their shapes. */
function contentsOf(value: unknown): unknown {
  if (value instanceof Tensor) return { shape: value.shape, data: [...value.data()] };
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, contentsOf(part)]));
}

const built = ({ layer, shapes, inputs }: Case) => {
  const parameters = initialiseParameters(layer, shapes as never, device, 7);
  return {
    shapes: Array.from(parameters, ({ name, shape }) => [name, shape]),
    output: contentsOf(layer.apply(inputs as never, inference)),
  };
};

test('there is a case of every layer that is exported', () => {
  const exported = Object.entries(nn as Record<string, unknown>).filter(
    ([name, value]) =>
      name !== 'Buildable' &&
      typeof value === 'function' &&
      typeof value.prototype?.apply === 'function' &&
      'build' in value.prototype,
  );
  expect(exported.map(([name]) => name).sort()).toEqual(Object.keys(cases).sort());
});

describe('a layer made from its written configuration', () => {
  test.each(each)('is the same: %s', (_, one) => {
    const again = layerFrom(JSON.parse(JSON.stringify(one.layer.config)), own) as AnyLayer;
    expect(again.constructor).toBe(one.layer.constructor);
    expect(JSON.stringify(again.config)).toBe(JSON.stringify(one.layer.config));
    expect(built({ ...one, layer: again })).toEqual(built(one));
  });

  test('has the type of its class', () => {
    const layer = layerFrom({ layer: 'linear', units: 3 } as const);
    expect(layer.config.units).toBe(3);
  });

  test.each([
    [{ layer: 'scale' }, "unknown layer 'scale'; Use activation, adaptiveSoftmax, attention"],
    [{ layer: 'scale' }, "pass the class of your own: { layers: { 'scale': MyLayer } }"],
    [{ layer: 'liner', units: 2 }, "did you mean 'linear'?"],
    [{ layer: 'toString' }, "unknown layer 'toString'"],
    [{}, 'unknown layer undefined'],
    [{ layer: 'sequential', layers: [{ layer: 'scale' }] }, "unknown layer 'scale'"],
    [{ layer: 'linear', units: 0 }, 'linear: units must be a whole number from 1'],
    [{ layer: 'recurrent', cell: 'leaky', hidden: 2 }, "cell 'leaky' is not built in"],
  ])('is refused where it cannot be: %j', (config, message) => {
    expect(() => layerFrom(config as never)).toThrow(ConfigError);
    expect(() => layerFrom(config as never)).toThrow(message);
  });
});

describe('a layer with parameters that is used before it is built says so', () => {
  test.each(each)('%s', (_, { layer, shapes, inputs }) => {
    const fresh = layerFrom(layer.config, own) as AnyLayer;
    const use = () => fresh.apply(inputs as never, inference);
    if (initialiseParameters(layer, shapes as never, device, 1).names.length === 0 && !(layer instanceof Buildable))
      return;
    expect(use).toThrow(ConfigError);
    expect(use).toThrow('the layer is not built; call initialiseParameters(layer, inputShape, device, seed) first');
  });
});

/** The same inputs on another device. */
function moved(value: unknown, to: Device): unknown {
  if (value instanceof Tensor) return to.tensor(value.data(), value.shape, value.dtype);
  if (Array.isArray(value)) return value.map((part) => moved(part, to));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, moved(part, to)]));
}

function tensorsIn(value: unknown): Tensor[] {
  if (value instanceof Tensor) return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(tensorsIn) : [];
}

describe('a training step of a layer reads nothing in order to go on', () => {
  const step = async ({ layer, shapes, inputs }: Case, on: Device) => {
    const fresh = layerFrom(layer.config, own) as AnyLayer;
    const parameters = initialiseParameters(fresh, shapes as never, on, 7);
    const context = { training: true, random: new Random(1) } as const;
    const outputs = tensorsIn(fresh.apply(moved(inputs, on) as never, context));
    if (parameters.size > 0) parameters.backward(outputs.map((one) => sum(square(one))).reduce((a, b) => add(a, b)));
    return Promise.all([...outputs, parameters.gradients].map(async (one) => [...(await one.read())]));
  };
  test.each(each)('%s', async (_, one) => {
    const later = createDevice(laterBackend(referenceBackend()));
    expect(await step(one, later)).toEqual(await step(one, createDevice(referenceBackend())));
  });
});
