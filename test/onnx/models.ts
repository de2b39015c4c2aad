/** Models of every kind that is written to ONNX, with inputs. */
import { Random } from 'unrolled';
import * as k from 'unrolled/keras';
import { defineCell } from 'unrolled/nn';
import type { OnnxOptions } from 'unrolled/onnx';

type AnyModel = k.Sequential | k.Functional<never>;
export type Numbers = { readonly shape: readonly number[]; readonly data: Float32Array | Int32Array };

export interface Case {
  readonly model: AnyModel;
  readonly inputs: readonly Numbers[];
  readonly options?: OnnxOptions;
}

const random = new Random(5);
export const floats = (...shape: number[]): Numbers => ({
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => random.normal()),
});
/** Ids from 1 below `most`, and 0 behind each row's length. */
export function ids(lengths: readonly number[], T: number, most: number): Numbers {
  const data = Int32Array.from({ length: lengths.length * T }, (_, i) =>
    i % T < lengths[Math.floor(i / T)] ? 1 + Math.floor(random.uniform() * (most - 1)) : 0,
  );
  return { shape: [lengths.length, T], data };
}
/** Sequences whose steps behind each row's length are 0. */
function padded(lengths: readonly number[], T: number, F: number): Numbers {
  const x = floats(lengths.length, T, F);
  return {
    ...x,
    data: (x.data as Float32Array).map((n, i) => (Math.floor(i / F) % T < lengths[Math.floor(i / (T * F))] ? n : 0)),
  };
}

const sequence = (...layers: Parameters<typeof k.sequential>[0]) =>
  k.sequential([k.input({ shape: [null, 3] }), ...layers]);
const image = (...layers: Parameters<typeof k.sequential>[0]) =>
  k.sequential([k.input({ shape: [8, 7, 2] }), ...layers]);
const onSequences = (model: AnyModel): Case => ({ model, inputs: [floats(2, 6, 3)] });
const onImages = (model: AnyModel): Case => ({ model, inputs: [floats(2, 8, 7, 2)] });
const onMasked = (...layers: Parameters<typeof k.sequential>[0]): Case => ({
  model: k.sequential([
    k.input({ shape: [null], dtype: 'int32' }),
    k.embedding({ inputDim: 9, outputDim: 4, maskZero: true }),
    ...layers,
  ]),
  inputs: [ids([6, 3, 0, 1], 6, 9)],
  options: { rightPadded: true },
});

const recurrent = { simpleRNN: k.simpleRNN, lstm: k.lstm, gru: k.gru } as const;
/** Biases that are not 0, so that their order counts. */
const bias = { biasInitializer: { name: 'randomNormal', stddev: 0.5 } } as const;

function recurrentCases(): Record<string, () => Case> {
  const cases: Record<string, () => Case> = {};
  for (const [kind, make] of Object.entries(recurrent)) {
    const layer = make as (options: object) => ReturnType<typeof k.lstm>;
    cases[kind] = () => onSequences(sequence(layer({ units: 5, ...bias })));
    cases[`${kind}, all steps`] = () => onSequences(sequence(layer({ units: 5, returnSequences: true, ...bias })));
    cases[`${kind}, backwards`] = () =>
      onSequences(sequence(layer({ units: 5, returnSequences: true, goBackwards: true, ...bias })));
    cases[`${kind}, no bias`] = () => onSequences(sequence(layer({ units: 5, useBias: false })));
    cases[`${kind}, both directions`] = () =>
      onSequences(sequence(k.bidirectional(layer({ units: 5, returnSequences: true, ...bias }))));
    cases[`${kind}, masked`] = () => onMasked(layer({ units: 5, ...bias }));
    cases[`${kind}, masked, all steps`] = () =>
      onMasked(layer({ units: 5, returnSequences: true, ...bias }), layer({ units: 4, ...bias }));
    cases[`${kind}, masked, both directions`] = () =>
      onMasked(k.bidirectional(layer({ units: 5, returnSequences: true, ...bias })));
    cases[`${kind}, other activations`] = () =>
      onSequences(
        sequence(
          layer({
            units: 5,
            activation: 'softsign',
            ...(kind !== 'simpleRNN' && { recurrentActivation: 'hardSigmoid' }),
            ...bias,
          }),
        ),
      );
    cases[`${kind}, linear`] = () => onSequences(sequence(layer({ units: 5, activation: 'linear', ...bias })));
  }
  cases['gru, reset before'] = () => onSequences(sequence(k.gru({ units: 5, resetAfter: false, ...bias })));
  cases['own cell lstm with peepholes'] = () =>
    onSequences(sequence(k.rnn({ cell: { cell: 'lstm', hidden: 5, peephole: true } as never, returnSequences: true })));
  cases['own cell gru, update replace'] = () =>
    onSequences(sequence(k.rnn({ cell: { cell: 'gru', hidden: 5, update: 'replace', reset: 'before' } as never })));
  cases['own cell rnn'] = () => onSequences(sequence(k.rnn({ cell: 'rnn', units: 4 })));
  cases['stack of cells'] = () =>
    onSequences(
      sequence(
        k.rnn({ cell: [k.lstmCell({ units: 4, ...bias }), k.gruCell({ units: 3, ...bias })], returnSequences: true }),
      ),
    );
  cases['states passed on'] = () => {
    const source = k.input({ shape: [null, 3], name: 'source' });
    const target = k.input({ shape: [null, 2], name: 'target' });
    const [, h, c] = k.lstm({ units: 4, returnState: true, ...bias }).apply(source);
    const decoded = k.lstm({ units: 4, returnSequences: true, ...bias }).apply(target, { initialState: [h, c] });
    const output = k.timeDistributed(k.dense({ units: 3, activation: 'softmax' })).apply(decoded);
    return {
      model: k.model({ inputs: [source, target], outputs: [output, h] }) as never,
      inputs: [floats(2, 5, 3), floats(2, 4, 2)],
    };
  };
  return cases;
}

const activations = [
  ...[
    'relu',
    'relu6',
    'leakyRelu',
    'elu',
    'selu',
    'sigmoid',
    'tanh',
    'softmax',
    'logSoftmax',
    'softplus',
    'softsign',
    'exponential',
  ],
  ...[
    'silu',
    'gelu',
    'geluTanh',
    'mish',
    'hardSigmoid',
    'hardSigmoidKeras2',
    'hardSilu',
    'hardTanh',
    'tanhShrink',
    'logSigmoid',
  ],
] as const;

const plainCases: Record<string, () => Case> = {
  ...Object.fromEntries(
    activations.map((activation) => [
      `dense, ${activation}`,
      () => ({
        model: k.sequential([
          k.input({ shape: [4] }),
          k.dense({ units: 5, activation: activation as 'relu', ...bias }),
        ]),
        inputs: [floats(3, 4)],
      }),
    ]),
  ),
  'layers of numbers': () => {
    const x = k.input({ shape: [6] });
    const a = k.dense({ units: 4 }).apply(x);
    const b = k.relu({ negativeSlope: 0.1, maxValue: 1 }).apply(k.dense({ units: 4, useBias: false }).apply(x));
    const merged = [k.add(), k.subtract(), k.multiply(), k.average(), k.maximum(), k.minimum()].map((layer) =>
      layer.apply([a, b]),
    );
    const all = k
      .concatenate()
      .apply([...merged, k.prelu({ alphaInitializer: 'randomUniform' }).apply(a), k.layerNormalization().apply(b)]);
    return {
      model: k.model({ inputs: x, outputs: k.dropout({ rate: 0.5 }).apply(all) }) as never,
      inputs: [floats(3, 6)],
    };
  },
  'shapes of sequences': () =>
    onSequences(
      k.sequential([
        k.input({ shape: [6, 3] }),
        k.zeroPadding1D({ padding: [1, 2] }),
        k.cropping1D({ cropping: [0, 1] }),
        k.upSampling1D({ size: 2 }),
        k.permute({ dims: [2, 1] }),
        k.reshape({ targetShape: [4, -1] }),
        k.flatten(),
        k.repeatVector({ n: 2 }),
      ]),
    ),
  'convolutions over time': () =>
    onSequences(
      sequence(
        k.conv1D({ filters: 4, kernelSize: 3, padding: 'causal', dilationRate: 2, activation: 'relu', ...bias }),
        k.separableConv1D({ filters: 3, kernelSize: 2, padding: 'same' }),
        k.batchNormalization({ movingMeanInitializer: 'randomNormal', gammaInitializer: 'randomUniform' }),
        k.maxPooling1D({ poolSize: 2 }),
        k.gru({ units: 3 }),
      ),
    ),
  'convolutions of images': () =>
    onImages(
      image(
        k.zeroPadding2D({
          padding: [
            [1, 0],
            [0, 2],
          ],
        }),
        k.conv2D({ filters: 4, kernelSize: [3, 2], strides: 2, padding: 'same', ...bias }),
        k.depthwiseConv2D({ kernelSize: 3, padding: 'same', depthMultiplier: 2 }),
        k.averagePooling2D({ poolSize: 2, padding: 'same' }),
        k.upSampling2D(),
        k.separableConv2D({ filters: 3, kernelSize: 2 }),
        k.globalMaxPooling2D(),
        k.dense({ units: 2 }),
      ),
    ),
  'global means': () =>
    onImages(
      image(
        k.conv2D({ filters: 3, kernelSize: 3, groups: 1 }),
        k.cropping2D({ cropping: 1 }),
        k.globalAveragePooling2D({ keepdims: true }),
        k.flatten(),
      ),
    ),
  'masked mean': () => onMasked(k.dense({ units: 4, activation: 'tanh' }), k.globalAveragePooling1D()),
  'maximum with padding': () => onMasked(k.dense({ units: 4 }), k.globalMaxPooling1D({ useMask: false })),
  'masked maximum': () => onMasked(k.dense({ units: 4 }), k.globalMaxPooling1D()),
  'masking of features': () => ({
    model: k.sequential([k.input({ shape: [null, 3] }), k.masking(), k.lstm({ units: 4, ...bias })]),
    inputs: [padded([5, 2, 0], 5, 3)],
    options: { rightPadded: true },
  }),
  'norms over other axes': () => ({
    model: k.sequential([
      k.input({ shape: [4, 3, 2] }),
      k.layerNormalization({ axis: [1, 3], gammaInitializer: 'randomNormal' }),
      k.layerNormalization({ axis: [2, 3], betaInitializer: 'randomNormal' }),
    ]),
    inputs: [floats(2, 4, 3, 2)],
  }),
  attention: () => {
    const [q, m] = [k.input({ shape: [null, 3] }), k.input({ shape: [null, 3] })];
    const outputs = [
      k.multiHeadAttention({ numHeads: 2, keyDim: 3, valueDim: 2, outputShape: 5, ...bias }).apply([q, m]),
      k.multiHeadAttention({ numHeads: 1, keyDim: 3, useBias: false, causal: true }).apply([q, q]),
      k.attention({ useScale: true, causal: true }).apply([q, q]),
      k.attention({ scoreMode: 'concat' }).apply([q, m]),
      k.additiveAttention().apply([q, m]),
    ];
    return { model: k.model({ inputs: [q, m], outputs }) as never, inputs: [floats(2, 4, 3), floats(2, 5, 3)] };
  },
  'attention pooling': () => onSequences(sequence(k.attentionPooling({ units: 2 }))),
  'masked attention': () => {
    const words = k.input({ shape: [null], dtype: 'int32' });
    const q = k.input({ shape: [2, 4] });
    const m = k.embedding({ inputDim: 9, outputDim: 4, maskZero: true }).apply(words);
    const outputs = [
      k.multiHeadAttention({ numHeads: 2, keyDim: 3, ...bias }).apply([q, m]),
      k.attention().apply([q, m]),
      k.attentionPooling().apply(m),
    ];
    return {
      model: k.model({ inputs: [q, words], outputs }) as never,
      inputs: [floats(3, 2, 4), ids([6, 3, 1], 6, 9)],
      options: { rightPadded: true },
    };
  },
  'a model within a model': () => {
    const inner = k.sequential([k.input({ shape: [null, 3] }), k.lstm({ units: 4 })]);
    const x = k.input({ shape: [null, 3] });
    return onSequences(k.model({ inputs: x, outputs: k.dense({ units: 2 }).apply(inner.apply(x)) }) as never);
  },
};

export const cases: Readonly<Record<string, () => Case>> = { ...recurrentCases(), ...plainCases };

const leaky = defineCell({
  name: 'leaky',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
  step: (x, { h }, { linear }) => {
    const next = linear('in', [x, h]).tanh();
    return { output: next, state: { h: next } };
  },
});

/** Models that the format does not hold, and what the refusal names. */
export const refused: Readonly<Record<string, { readonly model: () => AnyModel; readonly names: RegExp }>> = {
  ...Object.fromEntries(
    ['mut1', 'nas', 'rhn', 'unitary', 'mingru', 'minlstm'].map((cell) => [
      `cell ${cell}`,
      { model: () => sequence(k.rnn({ cell, units: 4 })), names: new RegExp(`'rnn'.*'${cell}'`) },
    ]),
  ),
  'a cell of your own': { model: () => sequence(k.rnn({ cell: leaky, units: 4 })), names: /'rnn'.*'leaky'/ },
  'a projected lstm': {
    model: () => sequence(k.rnn({ cell: { cell: 'lstm', hidden: 4, projection: 2 } as never })),
    names: /projects/,
  },
  'a mask that may be anywhere': {
    model: () => onMasked(k.lstm({ units: 3 })).model,
    names: /'embedding'.*rightPadded/,
  },
  'a stateful layer': { model: () => sequence(k.lstm({ units: 3, stateful: true })), names: /'lstm'.*stateful/ },
  'an activation': { model: () => sequence(k.lstm({ units: 3, activation: 'gelu' })), names: /'lstm'.*'gelu'/ },
  'a dot product': {
    model: () => {
      const x = k.input({ shape: [4, 3] });
      return k.model({ inputs: x, outputs: k.dot({ axes: [2, 2] }).apply([x, x]) }) as never;
    },
    names: /'dot'/,
  },
};
