import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { UnrolledError } from '../../errors.ts';
import { Random } from '../../random.ts';
import {
  activation,
  attentionPooling,
  batchNormalization,
  bidirectional,
  concatenate,
  conv2D,
  dense,
  depthwiseConv2D,
  embedding,
  exportKeras,
  exportTfjs,
  globalAveragePooling1D,
  globalAveragePooling2D,
  globalMaxPooling1D,
  gru,
  gruCell,
  importKeras,
  importTfjs,
  input,
  type KerasLayer,
  layerNormalization,
  leakyRelu,
  lstm,
  lstmCell,
  type Model,
  masking,
  model,
  multiHeadAttention,
  multiply,
  repeatVector,
  rnn,
  sequential,
  timeDistributed,
} from '../index.ts';
import { inLayout } from './stored-weights.ts';

const text = (value: unknown): Uint8Array => new TextEncoder().encode(JSON.stringify(value));
const layerOf = (class_name: string, config: object) => ({ class_name, config });
const modelOf = (layers: readonly object[], version = '2.3.1') => ({
  class_name: 'Sequential',
  config: { name: 'model', layers },
  keras_version: version,
});
const lstmOf = (config: object) =>
  layerOf('LSTM', { name: 'lstm', units: 2, batch_input_shape: [null, null, 3], ...config });

describe('what a name means is decided by the version that wrote it', () => {
  const activationIn = (version: string) => {
    const { config } = importKeras(text(modelOf([lstmOf({ recurrent_activation: 'hard_sigmoid' })], version)));
    return (config as { layers: { recurrentActivation: string }[] }).layers[0].recurrentActivation;
  };

  test('hard_sigmoid', () => {
    expect(['1.2.2', '2.3.1', '2.15.0', '3.0.0'].map(activationIn)).toEqual([
      ...['hardSigmoidKeras2', 'hardSigmoidKeras2', 'hardSigmoidKeras2', 'hardSigmoid'],
    ]);
  });

  test('defaults of recurrent layers, where a file leaves them out', () => {
    const of = (version: string) =>
      importKeras(text(modelOf([layerOf('GRU', { units: 2, batch_input_shape: [null, null, 3] })], version))).config;
    expect(of('2.2.4')).toMatchObject({ layers: [{ resetAfter: false, recurrentActivation: 'hardSigmoidKeras2' }] });
    expect(of('3.1.0')).not.toMatchObject({ layers: [{ resetAfter: false }] });
  });

  test('names of Keras 1', () => {
    const config = { name: 'd', output_dim: 4, init: 'glorot_uniform', activation: 'relu', bias: true, input_dim: 3 };
    const { model } = importKeras(text(modelOf([layerOf('Dense', config)], '1.2.2')));
    expect(model.countParams()).toBe(16);
  });
});

describe('what cannot be computed alike is refused by name', () => {
  test.each<[string, object, string]>([
    ['code', layerOf('Lambda', { name: 'f', function: ['4wEAAAA='] }), "layer 'f' (Lambda): it holds code"],
    ['an unknown layer', layerOf('Conv3D', { name: 'c' }), "layer 'c' (Conv3D): it is not one of this library"],
    ['channels first', layerOf('Conv2D', { filters: 1, kernel_size: 1, data_format: 'channels_first' }), 'data_format'],
    ['an unknown option', lstmOf({ zoneout: 0.1 }), 'the option zoneout = 0.1 is not known'],
    ['an unknown activation', lstmOf({ activation: 'snake' }), "the activation 'snake' is not one"],
    [
      'a layer as an activation',
      lstmOf({ activation: layerOf('LeakyReLU', { alpha: 0.1 }) }),
      'is a layer or a function',
    ],
    ['a cell', layerOf('RNN', { cell: layerOf('PeepholeLSTMCell', { units: 2 }) }), "cell 'PeepholeLSTMCell'"],
    ['no shape', layerOf('Dense', { units: 2 }), 'before the shape of its input was known'],
  ])('%s', (_, layer, message) => {
    expect(() => importKeras(text(modelOf([layer])))).toThrow(message);
  });

  test('a graph model of TensorFlow.js, a model of its own class, a call with options', () => {
    const graph = text({ format: 'graph-model', modelTopology: { node: [] } });
    expect(() => importTfjs(graph, () => new Uint8Array())).toThrow('a graph model');
    expect(() => importKeras(text(layerOf('MyModel', {})))).toThrow("of the class 'MyModel'");
  });
});

test('gelu is the exact one, and the names that other programs have for its form with tanh are read', () => {
  const activationOf = (activation: unknown) => {
    const dense = layerOf('Dense', { name: 'd', units: 1, batch_input_shape: [null, 2], activation });
    const { config } = importKeras(text(modelOf([dense], '3.1.0')));
    return (config as { layers: { activation: string }[] }).layers[0].activation;
  };
  const approximate = (value: boolean) => layerOf('GELU', { approximate: value });
  const names = ['gelu', 'gelu_new', 'keras_hub>gelu_approximate', approximate(true), approximate(false)];
  expect(names.map(activationOf)).toEqual(['gelu', 'geluTanh', 'geluTanh', 'geluTanh', 'gelu']);
  expect(() => activationOf('other>gelu_approximate')).toThrow('is not one of this library');
});

test('attention of tf.keras, whose value and key are options of the call', async () => {
  const inputOf = (name: string, shape: readonly (number | null)[]) => ({
    ...layerOf('InputLayer', { name, batch_input_shape: [null, ...shape], dtype: 'float32' }),
    name,
    inbound_nodes: [],
  });
  const attention = (options: object) => ({
    ...layerOf('MultiHeadAttention', { name: 'a', num_heads: 2, key_dim: 3, query_shape: null, attention_axes: [1] }),
    name: 'a',
    inbound_nodes: [[['q', 0, 0, { use_causal_mask: false, attention_mask: null, ...options }]]],
  });
  const open = (options: object) =>
    importKeras<never>(
      text({
        class_name: 'Functional',
        config: {
          name: 'model',
          layers: [inputOf('q', [5, 4]), inputOf('v', [3, 2]), inputOf('k', [3, 6]), attention(options)],
          input_layers: ['q', 'v', 'k'].map((name) => [name, 0, 0]),
          output_layers: [['a', 0, 0]],
        },
        keras_version: '2.11.0',
      }),
    ).model;
  const made = open({ key: ['k', 0, 0], value: ['v', 0, 0] });
  expect(made.weights.map(({ shape }) => shape[0])).toEqual([4, 2, 6, 2, 2, 2, 2, 4]);
  const mask = { value: ['v', 0, 0], attention_mask: ['k', 0, 0] };
  expect(() => open(mask)).toThrow("layer 'a' (MultiHeadAttention): it is called with attention_mask");
});

test('what concerns training alone is left out with a note', () => {
  const { notes, model } = importKeras(text(modelOf([lstmOf({ kernel_constraint: layerOf('WeightClip', { c: 1 }) })])));
  expect(notes[0]).toContain("'WeightClip'");
  expect(model.countParams()).toBe(48);
});

describe("cuDNN's weights", () => {
  const numbers = (shape: readonly number[], start: number) => ({
    shape,
    data: Float32Array.from({ length: shape.reduce((all, n) => all * n) }, (_, i) => Math.sin(start + i)),
  });
  const [F, H] = [3, 2];

  test.each([
    ['CuDNNLSTM', 4],
    ['CuDNNGRU', 3],
  ])('of a %s give what its equations give', async (className, gates) => {
    const [kernel, recurrent, bias] = [[F, gates * H], [H, gates * H], [2 * gates * H]].map(numbers);
    const arrays = inLayout(layerOf(className, { units: H }), [kernel, recurrent, bias], {
      version: 2,
      isTurned: false,
    });
    const layer = gates === 4 ? lstm({ units: H }) : gru({ units: H });
    const model = sequential([layer]);
    model.buildShape([1, F]);
    await model.setWeights(arrays);
    const x = [0.5, -1, 2];
    const { data } = await model.predict([[x]]);
    // A gate's matrix, [H, F] row by row, is stored as the numbers of [F, H]: W[h][f] = flat[h·F + f].
    const flat = (g: number) =>
      Array.from({ length: F * H }, (_, i) => kernel.data[Math.floor(i / H) * gates * H + g * H + (i % H)]);
    const sum = (g: number, h: number) => x.reduce((all, value, f) => all + flat(g)[h * F + f] * value, 0);
    const [b, c] = [0, gates * H].map((from) => (g: number, h: number) => bias.data[from + g * H + h]);
    const sigmoid = (v: number) => 1 / (1 + Math.exp(-v));
    for (let h = 0; h < H; h++) {
      const z = (g: number) => sum(g, h) + b(g, h) + c(g, h);
      const expected =
        gates === 4
          ? sigmoid(z(3)) * Math.tanh(sigmoid(z(0)) * Math.tanh(z(2)))
          : (1 - sigmoid(z(0))) * Math.tanh(sum(2, h) + b(2, h) + sigmoid(z(1)) * c(2, h));
      expect(data[h]).toBeCloseTo(expected, 5);
    }
  });
});

test('any JSON in place of a configuration is an error of the library, or a model', () => {
  const good = modelOf([lstmOf({}), layerOf('Dense', { name: 'd', units: 2, activation: 'softmax' })]);
  const json = JSON.stringify(good);
  let refused = 0;
  fc.assert(
    fc.property(fc.nat(json.length - 1), fc.nat(12), fc.string({ maxLength: 6 }), (at, length, inserted) => {
      try {
        importKeras(new TextEncoder().encode(`{${json.slice(1, at + 1)}${inserted}${json.slice(at + 1 + length)}`));
      } catch (error) {
        refused++;
        expect(error).toBeInstanceOf(UnrolledError);
        expect((error as Error).message.length).toBeLessThan(600);
      }
    }),
    { numRuns: 300, seed: 1 },
  );
  expect(refused).toBeGreaterThan(150);
});

describe('a model that is written and read again computes the same', () => {
  const random = new Random(3);
  const numbers = (...shape: number[]) => ({
    shape,
    data: Array.from({ length: shape.reduce((all, n) => all * n) }, () => random.normal()),
  });
  const sharedLayers = () => {
    const [a, b] = [input({ shape: [4], name: 'a' }), input({ shape: [3], name: 'b' })];
    const shared = dense({ units: 5, activation: 'tanh' });
    const [p, q] = [shared.apply(dense({ units: 4 }).apply(a)), shared.apply(dense({ units: 4 }).apply(b))];
    const inside = sequential([input({ shape: [10] }), dense({ units: 3, kernelRegularizer: 'l2' })], {
      name: 'inside',
    });
    return model({ inputs: [a, b], outputs: [inside.apply(concatenate().apply([p, q])), multiply().apply([p, q])] });
  };
  const cases: Record<string, [Model<never>, ...{ shape: number[]; data: number[] }[]]> = {
    recurrent: [
      sequential([
        input({ shape: [null, 4] }),
        bidirectional(lstm({ units: 3, returnSequences: true }), { mergeMode: 'sum' }),
        timeDistributed(dense({ units: 4, activation: 'relu' })),
        rnn({ cell: [lstmCell({ units: 3 }), gruCell({ units: 2, resetAfter: false })], returnSequences: true }),
        gru({ units: 3, resetAfter: false, goBackwards: true }),
      ]) as never,
      numbers(2, 5, 4),
    ],
    images: [
      sequential([
        input({ shape: [8, 8, 3] }),
        conv2D({ filters: 4, kernelSize: 3, padding: 'same' }),
        batchNormalization(),
        depthwiseConv2D({ kernelSize: 3 }),
        leakyRelu(),
        globalAveragePooling2D(),
      ]) as never,
      numbers(2, 8, 8, 3),
    ],
    'shared layers and a model inside': [sharedLayers() as never, numbers(2, 4), numbers(2, 3)],
  };

  test('attention, and norms over several axes, in files of Keras', async () => {
    const x = input({ shape: [5, 4] });
    const memory = input({ shape: [3, 2] });
    const attended = multiHeadAttention({ numHeads: 2, keyDim: 3, outputShape: 4 }).apply([x, memory]);
    const own = multiHeadAttention({ numHeads: 1, keyDim: 2, useBias: false, causal: true }).apply([
      attended,
      attended,
    ]);
    const made = model({
      inputs: [x, memory],
      outputs: activation({ activation: 'gelu' }).apply(layerNormalization({ axis: [1, 2] }).apply(own)),
    }) as never as Model<never>;
    const given = [numbers(2, 5, 4), numbers(2, 3, 2)];
    const weights = await made.getWeights();
    await made.setWeights(weights.map(({ shape }) => numbers(...shape)));
    const expected = await made.predict(given);
    for (const format of ['keras', 'h5'] as const) {
      expect(await importKeras<never>(await exportKeras(made, format)).model.predict(given)).toEqual(expected);
    }
    await expect(exportTfjs(made)).rejects.toThrow('TensorFlow.js has no such layer');
  });

  test('the maximum of masked steps is read as Keras computes it, and written only where it is the same there', async () => {
    const masked = (useMask?: boolean) =>
      sequential([
        input({ shape: [null], dtype: 'int32' }),
        embedding({ inputDim: 4, outputDim: 2, maskZero: true }),
        globalMaxPooling1D({ useMask }),
      ]) as unknown as Model<never>;
    await expect(exportKeras(masked())).rejects.toThrow('useMask: false');
    const made = masked(false);
    const x = { shape: [1, 3], data: [1, 2, 0] };
    const expected = await made.predict(x);
    expect(await importKeras<never>(await exportKeras(made)).model.predict(x)).toEqual(expected);
  });

  test.each(Object.keys(cases))('%s', async (name) => {
    const [made, ...inputs] = cases[name];
    const x = inputs.length === 1 ? inputs[0] : inputs;
    const weights = await made.getWeights();
    await made.setWeights(
      weights.map(({ shape }) => numbers(...shape)).map(({ shape, data }) => ({ shape, data: data.map(Math.abs) })),
    );
    const expected = await made.predict(x);
    const files = await exportTfjs(made);
    const again = [
      importKeras<never>(await exportKeras(made, 'keras')),
      importKeras<never>(await exportKeras(made, 'h5')),
      importTfjs<never>(files['model.json'], (file) => files[file]),
    ];
    for (const { model: read } of again) expect(await read.predict(x)).toEqual(expected);
  });

  test('what the other program lacks is refused by name', async () => {
    const of = (layer: KerasLayer) => sequential([input({ shape: [3, 4] }), layer]) as unknown as Model<never>;
    await expect(exportTfjs(of(gru({ units: 2 })))).rejects.toThrow('resetAfter: false');
    await expect(exportTfjs(of(lstm({ units: 2, recurrentActivation: 'hardSigmoid' })))).rejects.toThrow(
      "'hardSigmoid'",
    );
    await expect(exportKeras(of(lstm({ units: 2, activation: 'hardSigmoidKeras2' })))).rejects.toThrow(
      'not in Keras 3',
    );
    await expect(exportKeras(of(attentionPooling()))).rejects.toThrow('of this library alone');
    const masked = (...layers: KerasLayer[]) =>
      sequential([input({ shape: [3, 4] }), masking(), dense({ units: 2 }), ...layers]) as unknown as Model<never>;
    await expect(exportTfjs(masked(globalAveragePooling1D()))).rejects.toThrow('takes no mask there');
    const read = lstm({ units: 2 });
    expect(Object.keys(await exportTfjs(masked(read, repeatVector({ n: 2 }))))).toContain('model.json');
    await expect(exportKeras(of(rnn({ cell: 'mut1', units: 2 })))).rejects.toThrow('of this library alone');
  });
});
