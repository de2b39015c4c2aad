import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import {
  activation,
  additiveAttention,
  attentionPooling,
  batchNormalization,
  bidirectional,
  concatenate,
  conv1D,
  dense,
  dropout,
  embedding,
  flatten,
  globalAveragePooling1D,
  globalMaxPooling1D,
  gru,
  gruCell,
  input,
  type KerasLayer,
  layerNormalization,
  lstm,
  lstmCell,
  masking,
  model,
  multiHeadAttention,
  prelu,
  rnn,
  sequential,
  simpleRNN,
  timeDistributed,
} from './index.ts';

const device = await openDevice('reference');
const V = 6;

/** Layers from a sequence to a vector. */
const readers: readonly (readonly [string, () => KerasLayer[]])[] = [
  ['globalAveragePooling1D', () => [globalAveragePooling1D()]],
  ['globalMaxPooling1D', () => [globalMaxPooling1D()]],
  ['attentionPooling', () => [attentionPooling()]],
  ['simpleRNN', () => [simpleRNN({ units: 3 })]],
  ['lstm', () => [lstm({ units: 3 })]],
  ['lstm by its step', () => [lstm({ units: 3, recurrentActivation: 'hardSigmoid' })]],
  ['lstm backwards', () => [lstm({ units: 3, goBackwards: true })]],
  ['two lstm', () => [lstm({ units: 3, returnSequences: true }), lstm({ units: 2 })]],
  [
    'an lstm after one backwards',
    () => [lstm({ units: 3, returnSequences: true, goBackwards: true }), lstm({ units: 2 })],
  ],
  ['gru', () => [gru({ units: 3 })]],
  ['gru by its step', () => [gru({ units: 3, resetAfter: false, activation: 'softsign' })]],
  ['rnn of two cells', () => [rnn({ cell: [lstmCell({ units: 2 }), gruCell({ units: 3 })] })]],
  ['rnn of nas', () => [rnn({ cell: 'nas', units: 2 })]],
  ['bidirectional', () => [bidirectional(lstm({ units: 3 }))]],
  [
    'two bidirectional',
    () => [
      bidirectional(gru({ units: 2, returnSequences: true }), { mergeMode: 'ave' }),
      bidirectional(lstm({ units: 3 })),
    ],
  ],
  ['dense', () => [dense({ units: 3 }), lstm({ units: 2 })]],
  ['activation', () => [activation({ activation: 'elu' }), lstm({ units: 2 })]],
  ['dropout', () => [dropout({ rate: 0.5 }), lstm({ units: 2 })]],
  ['batchNormalization', () => [batchNormalization(), lstm({ units: 2 })]],
  ['layerNormalization', () => [layerNormalization(), lstm({ units: 2 })]],
  ['prelu', () => [prelu({ sharedAxes: [1] }), lstm({ units: 2 })]],
  ['timeDistributed', () => [timeDistributed(dense({ units: 3 })), gru({ units: 2 })]],
];

describe.each(readers)('%s', (_name, make) => {
  const net = sequential([embedding({ inputDim: V, outputDim: 3, maskZero: true }), ...make()], { device, seed: 2 });

  test('gives the same for a sequence alone and with padding of any content anywhere', async () => {
    await net.predict([[1, 2]]);
    const ids = fc.array(fc.integer({ min: 1, max: V - 1 }), { minLength: 1, maxLength: 5 });
    const places = fc.array(fc.integer({ min: 0, max: 5 }), { maxLength: 3 });
    const content = fc.constantFrom(0, 1, -1e6, Number.NaN);
    await fc.assert(
      fc.asyncProperty(ids, places, ids, content, async (row, gaps, other, padding) => {
        const padded = [...row];
        for (const place of gaps) padded.splice(Math.min(place, padded.length), 0, 0);
        const steps = Math.max(padded.length, other.length);
        const fill = (list: readonly number[]): number[] => [
          ...list,
          ...new Array<number>(steps - list.length).fill(0),
        ];
        const [table, ...rest] = await net.getWeights();
        const changed = Array.from(table.data, (value, i) => (i < 3 ? padding : value));
        await net.setWeights([{ data: changed, shape: table.shape }, ...rest]);
        const alone = await net.predict([row]);
        const [found] = (await net.predict([fill(padded), fill(other)])).toArray() as number[][];
        found.forEach((value, i) => {
          expect(value).toBeCloseTo(alone.data[i], 9);
        });
      }),
      { numRuns: 12, seed: 5 },
    );
  });
});

test('a training step is the same, too: padding has no gradient', async () => {
  const after = async (x: number[][]): Promise<number[]> => {
    const net = sequential(
      [
        embedding({ inputDim: V, outputDim: 3, maskZero: true }),
        bidirectional(lstm({ units: 2, returnSequences: true })),
        dense({ units: V, activation: 'softmax' }),
      ],
      { device, seed: 2 },
    );
    net.compile({
      optimizer: { name: 'sgd', learningRate: 1 },
      loss: { name: 'sparseCategoricalCrossentropy', ignoreClass: 0 },
    });
    await net.trainOnBatch(x, x);
    const weights = await net.getWeights();
    return weights.flatMap(({ data }, i) => Array.from(data).slice(i === 0 ? 3 : 0));
  };
  const [short, long] = [await after([[1, 2, 3]]), await after([[0, 1, 2, 0, 3, 0]])];
  long.forEach((value, i) => {
    expect(value).toBeCloseTo(short[i], 9);
  });
});

test('masking masks the steps whose features are all its value', async () => {
  const net = sequential([input({ shape: [null, 2] }), masking({ maskValue: -1 }), lstm({ units: 2 })], { device });
  const alone = await net.predict([
    [
      [1, 2],
      [3, -1],
    ],
  ]);
  const padded = await net.predict([
    [
      [-1, -1],
      [1, 2],
      [-1, -1],
      [3, -1],
      [-1, -1],
    ],
  ]);
  expect(padded.toArray()).toEqual(alone.toArray());
});

test('a masked step repeats the output before it, or gives 0', async () => {
  for (const zeroOutputForMask of [false, true]) {
    const net = sequential(
      [
        embedding({ inputDim: V, outputDim: 2, maskZero: true }),
        lstm({ units: 1, returnSequences: true, zeroOutputForMask }),
      ],
      { device },
    );
    const [[a, b, c, d]] = (await net.predict([[0, 3, 0, 4]])).toArray() as number[][][];
    expect(a).toEqual([0]);
    expect(c).toEqual(zeroOutputForMask ? [0] : b);
    expect(d).not.toEqual(b);
  }
});

test.each([
  ['additiveAttention', () => additiveAttention()],
  ['multiHeadAttention', () => multiHeadAttention({ numHeads: 2, keyDim: 2 })],
])('%s does not look at padding of the value, whatever it is', async (_, make) => {
  const [q, v] = [input({ shape: [null], dtype: 'int32' }), input({ shape: [null], dtype: 'int32' })];
  const tables = [q, v].map((ids) => embedding({ inputDim: V, outputDim: 3, maskZero: true }).apply(ids));
  const attended = make().apply(tables);
  const net = model({ inputs: [q, v], outputs: globalAveragePooling1D().apply(attended), device, seed: 1 });
  const short = await net.predict([[[1, 2]], [[3, 4]]]);
  const [first, second, ...rest] = await net.getWeights();
  const odd = Array.from(second.data, (value, i) => (i < 3 ? Number.NaN : value));
  await net.setWeights([first, { data: odd, shape: second.shape }, ...rest]);
  const long = await net.predict([[[1, 2, 0]], [[0, 3, 4, 0, 0]]]);
  Array.from(long.data).forEach((value, i) => {
    expect(value).toBeCloseTo(short.data[i], 9);
  });
});

test('globalMaxPooling1D takes padding in where useMask is false, as Keras does', async () => {
  const most = async (useMask: boolean): Promise<unknown> => {
    const table = embedding({ inputDim: 3, outputDim: 1, maskZero: true });
    const net = sequential([table, globalMaxPooling1D({ useMask })], { device });
    await net.predict([[1]]);
    await net.setWeights([[[9], [1], [2]]]);
    return (await net.predict([[1, 2, 0]])).toArray();
  };
  expect([await most(true), await most(false)]).toEqual([[[2]], [[9]]]);
});

test('concatenate joins masks along time', async () => {
  const [a, b] = [input({ shape: [null], dtype: 'int32' }), input({ shape: [null], dtype: 'int32' })];
  const table = embedding({ inputDim: V, outputDim: 3, maskZero: true });
  const joined = concatenate({ axis: 1 }).apply([table.apply(a), table.apply(b)]);
  const net = model({ inputs: [a, b], outputs: lstm({ units: 2 }).apply(joined), device, seed: 1 });
  const together = await net.predict([[[1, 2]], [[3]]]);
  const padded = await net.predict([[[1, 2, 0]], [[0, 3]]]);
  expect(padded.toArray()).toEqual(together.toArray());
});

test('layers that cannot use a mask say so, once', async () => {
  for (const layer of [flatten(), conv1D({ filters: 1, kernelSize: 1 })]) {
    const net = sequential([embedding({ inputDim: V, outputDim: 3, maskZero: true }), layer], { device });
    const said: string[] = [];
    net.warn = (message) => said.push(message);
    await net.predict([[1, 0]]);
    expect(said).toEqual([expect.stringContaining('cannot use the mask')]);
  }
});
