import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { AdaptiveSoftmax } from './adaptive-softmax.ts';
import { Attention } from './attention.ts';
import { cellNames, createCell } from './cells/index.ts';
import { LinearChainCrf } from './crf.ts';
import { Dropout } from './dropout.ts';
import { Embedding } from './embedding.ts';
import { Highway } from './highway.ts';
import { inference, initialiseParameters } from './layer.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { AttentionPooling } from './pooling.ts';
import { Recurrent } from './recurrent.ts';
import { unroll } from './unroll.ts';

describe('configurations saved by earlier versions still make the layer', () => {
  test.each([
    [() => new Embedding({ entries: 5, size: 3 } as never), { layer: 'embedding', vocabularySize: 5, dimension: 3 }],
    [() => new Linear({ units: 2, firstBias: 1 } as never), { layer: 'linear', units: 2, biasInit: 1 }],
  ])('%s', (create, config) => {
    expect(create().config).toEqual(config);
  });
});

describe('options that cannot work are refused with their name', () => {
  test.each([
    [() => new Linear({ units: 2, biass: false } as never), "linear: unknown option 'biass'; did you mean 'bias'?"],
    [() => new Linear({ units: 2.5 }), 'linear: units must be a whole number from 1, received 2.5'],
    [() => new Linear({ units: 2, biasInit: Number.NaN }), 'linear: biasInit must be a finite number, received NaN'],
    [() => new Embedding({ vocabularySize: 0, dimension: 3 }), 'vocabularySize must be a whole number from 1'],
    [() => new Recurrent({ cell: 'gru', hidden: 3, bidirectionl: true } as never), "did you mean 'bidirectional'?"],
    [() => new Recurrent({ cell: 'gru', hidden: 2.5 }), 'recurrent: hidden must be a whole number from 1'],
    [() => new Recurrent({ cell: 'gru', hidden: 3, dropout: 1 }), 'recurrent: dropout must be a number in [0, 1)'],
    [() => new Recurrent({ cell: 'gru', hidden: 3, layers: 0 }), 'recurrent: layers must be a whole number from 1'],
    [() => new Attention({ score: 'aditive' as never }), "did you mean 'additive'?"],
    [() => new Attention({ score: 'dot', unit: 3 } as never), "attention: unknown option 'unit'"],
    [() => new LinearChainCrf({ tags: 1.5 }), 'crf: tags must be a whole number from 1, received 1.5'],
    [() => new LinearChainCrf({ tags: 3, constraint: {} } as never), "did you mean 'constraints'?"],
    [() => new LayerNorm({ eps: 1e-3 } as never), "layerNorm: unknown option 'eps'"],
    [() => new Dropout({ rate: -0.1 }), 'dropout: rate must be a number in [0, 1), received -0.1'],
    [() => new Dropout({} as never), 'dropout: rate must be a number in [0, 1), received undefined'],
    [() => new Highway({ activation: 'gelu' as never }), "highway: activation must be 'relu' or 'tanh'"],
    [() => new AdaptiveSoftmax({ classes: 5, cutoffs: 2 as never }), 'cutoffs must be a list of whole numbers'],
    [() => new AttentionPooling({ unit: 3 } as never), "did you mean 'units'?"],
    [() => new Embedding({ vocabularySize: 4 } as never), 'embedding: dimension must be a whole number from 1'],
  ])('%s', (create, message) => {
    expect(create).toThrow(ConfigError);
    expect(create).toThrow(message);
  });
});

const device = await openDevice('reference');
const xs = device.ones([4, 2, 3]);

describe('a layer that is used before it is built says so in every method', () => {
  const uses: Record<string, () => unknown> = {
    attention: () => new Attention({ score: 'general' }).prepare(xs),
    'attention pooling': () => new AttentionPooling().run(xs, [1, 2]),
    crf: () => new LinearChainCrf({ tags: 3 }).scores(xs),
    'adaptive softmax': () =>
      new AdaptiveSoftmax({ classes: 5, cutoffs: [2] }).losses(xs, device.ids(new Array(8).fill(1))),
    recurrent: () => new Recurrent({ cell: 'gru', hidden: 3 }).run(xs),
    ...Object.fromEntries(cellNames.map((cell) => [cell, () => unroll(createCell(cell, 3), xs, null)])),
  };
  test.each(Object.entries(uses))('%s', (_, use) => {
    expect(use).toThrow(ConfigError);
    expect(use).toThrow('the layer is not built; call initialiseParameters(layer, inputShape, device, seed) first');
  });
});

describe('a state that is not the layer’s is refused', () => {
  const layer = new Recurrent({ cell: 'lstm', hidden: 4, layers: 2, bidirectional: true });
  initialiseParameters(layer, [-1, -1, 3], device, 1);
  const gru = new Recurrent({ cell: 'gru', hidden: 4 });
  initialiseParameters(gru, [-1, -1, 3], device, 1);
  const state = layer.initialState(2, device);
  const zeros = device.zeros([2, 4]);
  const stacked = device.zeros([4, 2, 4]);

  test('its own is taken', () => {
    expect(layer.run(xs, inference, { state }).state).toHaveLength(4);
    expect(gru.run(xs, inference, { state: gru.run(xs).state }).outputs.shape).toEqual([4, 2, 4]);
  });

  test.each([
    ['too short', () => layer.run(xs, inference, { state: state.slice(0, 1) }), ConfigError, 'a list of 4'],
    ['too long', () => layer.run(xs, inference, { state: [...state, ...state] }), ConfigError, 'received 8'],
    ["PyTorch's", () => layer.run(xs, inference, { state: [stacked, stacked] as never }), ConfigError, '[{ h, c }]'],
    ['of one layer', () => layer.run(xs, inference, { state: state[0] as never }), ConfigError, 'received { h, c }'],
    ['without c', () => layer.run(xs, inference, { state: state.map(({ h }) => ({ h })) }), ConfigError, '{ h, c }'],
    [
      "an LSTM's",
      () => gru.run(xs, inference, { state: [{ h: zeros, c: zeros }] }),
      ConfigError,
      "cell 'gru' is { h }",
    ],
    ['too narrow', () => gru.run(xs, inference, { state: [{ h: device.zeros([2, 3]) }] }), ShapeError, '[2, 4]'],
    ['of other rows', () => gru.run(xs, inference, { state: [{ h: device.zeros([3, 4]) }] }), ShapeError, '[2, 4]'],
    ['of numbers', () => gru.run(xs, inference, { state: [{ h: [0, 0] }] as never }), ConfigError, '{ h }'],
  ])('%s', (_, use, kind, message) => {
    expect(use).toThrow(kind);
    expect(use).toThrow(message);
  });

  test('and a misspelt option of a run', () => {
    expect(() => layer.run(xs, inference, { lengts: [1, 2] } as never)).toThrow("did you mean 'lengths'?");
  });
});
