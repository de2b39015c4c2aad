import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { checkGradients } from '../nn/check-gradients.ts';
import { inference } from '../nn/layer.ts';
import {
  activation,
  activityRegularization,
  add,
  additiveAttention,
  alphaDropout,
  attention,
  attentionPooling,
  average,
  averagePooling1D,
  averagePooling2D,
  batchNormalization,
  bidirectional,
  concatenate,
  conv1D,
  conv2D,
  cropping1D,
  cropping2D,
  dense,
  depthwiseConv1D,
  depthwiseConv2D,
  dot,
  dropout,
  embedding,
  flatten,
  gaussianDropout,
  gaussianNoise,
  globalAveragePooling1D,
  globalAveragePooling2D,
  globalMaxPooling1D,
  globalMaxPooling2D,
  gru,
  gruCell,
  input,
  type KerasLayer,
  layerFrom,
  layerNormalization,
  leakyRelu,
  lstm,
  lstmCell,
  masking,
  maximum,
  maxPooling1D,
  maxPooling2D,
  minimum,
  model,
  multiHeadAttention,
  multiply,
  permute,
  prelu,
  relu,
  repeatVector,
  reshape,
  rnn,
  type SymbolicTensor,
  separableConv1D,
  separableConv2D,
  sequential,
  simpleRNN,
  softmax,
  spatialDropout,
  subtract,
  timeDistributed,
  upSampling1D,
  upSampling2D,
  zeroPadding1D,
  zeroPadding2D,
} from './index.ts';
import { outputsOf } from './training/forward.ts';

const device = await openDevice('reference');

/** Numbers without a pattern. */
const numbers = (count: number, seed = 1): number[] =>
  Array.from({ length: count }, (_, i) => Math.sin(seed * 91 + 7.3 * i) * 0.9);
const nested = (flat: readonly number[], [extent, ...rest]: readonly number[]): number[] => {
  if (rest.length === 0) return flat.slice(0, extent);
  const size = rest.reduce((a, b) => a * b, 1);
  return Array.from({ length: extent }, (_, i) => nested(flat.slice(i * size, (i + 1) * size), rest)) as never;
};
const some = (shape: readonly number[], seed = 1): never =>
  nested(
    numbers(
      shape.reduce((a, b) => a * b, 1),
      seed,
    ),
    shape,
  ) as never;

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** x·kernel[:, column] */
const product = (x: readonly number[], kernel: readonly (readonly number[])[], column: number): number =>
  x.reduce((sum, value, i) => sum + value * kernel[i][column], 0);

async function run(layer: KerasLayer, x: never, weights: readonly unknown[]): Promise<number[]> {
  const net = sequential([layer], { device });
  await net.predict(x);
  await net.setWeights(weights as never);
  return Array.from((await net.predict(x)).data);
}

const close = (actual: ArrayLike<number>, expected: readonly number[], digits = 6): void => {
  expect(actual.length).toBe(expected.length);
  expected.forEach((value, i) => {
    expect(actual[i]).toBeCloseTo(value, digits);
  });
};

describe('weights in the order and layout of Keras give the outputs of plain loops', () => {
  const [F, H, T] = [3, 2, 4];
  const x = some([1, T, F]) as unknown as number[][][];

  test.each([
    ['tanh', 'sigmoid', Math.tanh, sigmoid],
    ['relu', 'hardSigmoid', (z: number) => Math.max(0, z), (z: number) => Math.min(1, Math.max(0, z / 6 + 0.5))],
    ['tanh', 'hardSigmoidKeras2', Math.tanh, (z: number) => Math.min(1, Math.max(0, 0.2 * z + 0.5))],
  ] as const)('lstm with %s and %s: gates i f c o', async (activation, recurrentActivation, phi, sigma) => {
    const [kernel, recurrent, bias] = [some([F, 4 * H], 2), some([H, 4 * H], 3), some([4 * H], 4)] as unknown as [
      number[][],
      number[][],
      number[],
    ];
    let [h, c] = [new Array<number>(H).fill(0), new Array<number>(H).fill(0)];
    for (const step of x[0]) {
      const gate = (g: number, j: number): number =>
        product(step, kernel, g * H + j) + product(h, recurrent, g * H + j) + bias[g * H + j];
      const next = Array.from({ length: H }, (_, j) => sigma(gate(1, j)) * c[j] + sigma(gate(0, j)) * phi(gate(2, j)));
      h = next.map((value, j) => sigma(gate(3, j)) * phi(value));
      c = next;
    }
    close(await run(lstm({ units: H, activation, recurrentActivation }), x as never, [kernel, recurrent, bias]), h);
  });

  test.each([true, false])('gru with resetAfter %s: gates z r h', async (resetAfter) => {
    const [kernel, recurrent] = [some([F, 3 * H], 2), some([H, 3 * H], 3)] as unknown as [number[][], number[][]];
    const bias = some(resetAfter ? [2, 3 * H] : [3 * H], 4) as unknown as number[] & number[][];
    const [bx, bh] = resetAfter ? (bias as number[][]) : [bias as number[], new Array<number>(3 * H).fill(0)];
    for (const activation of ['tanh', 'softsign'] as const) {
      const phi = activation === 'tanh' ? Math.tanh : (z: number) => z / (1 + Math.abs(z));
      let h = new Array<number>(H).fill(0);
      for (const step of x[0]) {
        const from = (g: number, j: number): number => product(step, kernel, g * H + j) + bx[g * H + j];
        const hidden = (g: number, j: number, state = h): number =>
          product(state, recurrent, g * H + j) + bh[g * H + j];
        const r = h.map((_, j) => sigmoid(from(1, j) + hidden(1, j)));
        const reset = h.map((value, j) => r[j] * value);
        h = h.map((value, j) => {
          const z = sigmoid(from(0, j) + hidden(0, j));
          const n = phi(from(2, j) + (resetAfter ? r[j] * hidden(2, j) : hidden(2, j, reset)));
          return z * value + (1 - z) * n;
        });
      }
      close(await run(gru({ units: H, resetAfter, activation }), x as never, [kernel, recurrent, bias]), h);
    }
  });

  test('simpleRNN, backwards: outputs in the order in which it ran', async () => {
    const [kernel, recurrent, bias] = [some([F, H], 2), some([H, H], 3), some([H], 4)] as unknown as [
      number[][],
      number[][],
      number[],
    ];
    let h = new Array<number>(H).fill(0);
    const all: number[] = [];
    for (const step of [...x[0]].reverse()) {
      h = h.map((_, j) => Math.tanh(product(step, kernel, j) + product(h, recurrent, j) + bias[j]));
      all.push(...h);
    }
    close(
      await run(simpleRNN({ units: H, goBackwards: true, returnSequences: true }), x as never, [
        kernel,
        recurrent,
        bias,
      ]),
      all,
    );
  });

  test('conv1D, causal and dilated, and depthwise', async () => {
    const [k, C, O] = [2, 3, 2];
    const kernel = some([k, C, O], 2) as unknown as number[][][];
    const at = (t: number, c: number): number => x[0][t]?.[c] ?? 0;
    const expected = Array.from({ length: T * O }, (_, i) => {
      const [t, o] = [Math.floor(i / O), i % O];
      let sum = 0.5;
      for (let a = 0; a < k; a++) for (let c = 0; c < C; c++) sum += kernel[a][c][o] * at(t - (k - 1 - a) * 2, c);
      return sum;
    });
    const layer = conv1D({ filters: O, kernelSize: k, padding: 'causal', dilationRate: 2 });
    close(await run(layer, x as never, [kernel, [0.5, 0.5]]), expected);
    const deep = some([k, C, 2], 5) as unknown as number[][][];
    const depthwise = Array.from({ length: (T - 1) * C * 2 }, (_, i) => {
      const [t, c, m] = [Math.floor(i / (C * 2)), Math.floor(i / 2) % C, i % 2];
      return deep[0][c][m] * at(t, c) + deep[1][c][m] * at(t + 1, c);
    });
    close(
      await run(depthwiseConv1D({ kernelSize: k, depthMultiplier: 2, useBias: false }), x as never, [deep]),
      depthwise,
    );
  });

  test('conv2D with stride', async () => {
    const [size, C, O] = [4, 2, 3];
    const image = some([1, size, size, C], 6) as unknown as number[][][][];
    const kernel = some([3, 3, C, O], 7) as unknown as number[][][][];
    const expected: number[] = [];
    // 'same' with stride 2 of 4 rows pads one row below.
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 2; j++)
        for (let o = 0; o < O; o++) {
          let sum = 0;
          for (let a = 0; a < 3; a++)
            for (let b = 0; b < 3; b++)
              for (let c = 0; c < C; c++) sum += kernel[a][b][c][o] * (image[0][2 * i + a]?.[2 * j + b]?.[c] ?? 0);
          expected.push(sum);
        }
    const layer = conv2D({ filters: O, kernelSize: 3, strides: 2, padding: 'same', useBias: false });
    close(await run(layer, image as never, [kernel]), expected);
  });

  test('batchNormalization: gamma, beta, moving mean and variance; ε is 0.001', async () => {
    const rows = some([3, 2], 8) as unknown as number[][];
    const [gamma, beta, mean, variance] = [
      [2, 3],
      [0.5, -1],
      [0.1, 0.2],
      [1.5, 0.7],
    ];
    const expected = rows.flatMap((row) =>
      row.map((v, j) => (gamma[j] * (v - mean[j])) / Math.sqrt(variance[j] + 1e-3) + beta[j]),
    );
    close(await run(batchNormalization(), rows as never, [gamma, beta, mean, variance]), expected);
  });
});

const [B, T] = [2, 4];
/** A layer, and the shapes of its inputs after the batch. */
type Case = readonly [name: string, make: () => KerasLayer<unknown>, ...shapes: (readonly number[])[]];
const layers: readonly Case[] = [
  ['dense', () => dense({ units: 3, activation: 'tanh' }), [4]],
  ['dense at each step', () => dense({ units: 3, activation: 'gelu' }), [T, 4]],
  ['geluTanh', () => dense({ units: 3, activation: 'geluTanh' }), [4]],
  ['activation', () => activation({ activation: 'mish' }), [4]],
  ['relu', () => relu({ maxValue: 0.5, negativeSlope: 0.1 }), [5]],
  ['leakyRelu', () => leakyRelu(), [5]],
  ['prelu', () => prelu({ alphaInitializer: { name: 'constant', value: 0.3 } }), [T, 3]],
  ['softmax', () => softmax(), [4]],
  ['dropout', () => dropout({ rate: 0.5 }), [4]],
  ['spatialDropout', () => spatialDropout({ rate: 0.5 }), [T, 4]],
  ['gaussianNoise', () => gaussianNoise({ stddev: 1 }), [4]],
  ['gaussianDropout', () => gaussianDropout({ rate: 0.3 }), [4]],
  ['alphaDropout', () => alphaDropout({ rate: 0.3 }), [4]],
  ['activityRegularization', () => activityRegularization({ l2: 0.1 }), [4]],
  ['masking', () => masking(), [T, 3]],
  ['flatten', () => flatten(), [T, 3]],
  ['reshape', () => reshape({ targetShape: [3, -1] }), [T, 3]],
  ['permute', () => permute({ dims: [2, 1] }), [T, 3]],
  ['repeatVector', () => repeatVector({ n: 3 }), [4]],
  ['zeroPadding1D', () => zeroPadding1D({ padding: [1, 2] }), [T, 3]],
  [
    'zeroPadding2D',
    () =>
      zeroPadding2D({
        padding: [
          [1, 0],
          [2, 1],
        ],
      }),
    [3, 4, 2],
  ],
  ['cropping1D', () => cropping1D({ cropping: [1, 1] }), [T, 3]],
  ['cropping2D', () => cropping2D({ cropping: 1 }), [4, 4, 2]],
  ['upSampling1D', () => upSampling1D(), [T, 3]],
  ['upSampling2D', () => upSampling2D({ size: [2, 3] }), [2, 2, 2]],
  ['conv1D', () => conv1D({ filters: 4, kernelSize: 3, padding: 'same', groups: 2, activation: 'tanh' }), [T, 4]],
  ['conv2D', () => conv2D({ filters: 2, kernelSize: [2, 3], strides: [1, 2] }), [4, 5, 2]],
  ['depthwiseConv1D', () => depthwiseConv1D({ kernelSize: 2, depthMultiplier: 2 }), [T, 3]],
  ['depthwiseConv2D', () => depthwiseConv2D({ kernelSize: 2 }), [3, 3, 2]],
  ['separableConv1D', () => separableConv1D({ filters: 3, kernelSize: 2 }), [T, 2]],
  ['separableConv2D', () => separableConv2D({ filters: 3, kernelSize: 2, depthMultiplier: 2 }), [3, 3, 2]],
  ['maxPooling1D', () => maxPooling1D(), [T, 3]],
  ['maxPooling2D', () => maxPooling2D({ poolSize: [2, 1] }), [4, 3, 2]],
  ['averagePooling1D', () => averagePooling1D({ poolSize: 3, strides: 1, padding: 'same' }), [T, 3]],
  ['averagePooling2D', () => averagePooling2D(), [4, 4, 2]],
  ['globalMaxPooling1D', () => globalMaxPooling1D(), [T, 3]],
  ['globalMaxPooling2D', () => globalMaxPooling2D({ keepdims: true }), [3, 3, 2]],
  ['globalAveragePooling1D', () => globalAveragePooling1D(), [T, 3]],
  ['globalAveragePooling2D', () => globalAveragePooling2D(), [3, 3, 2]],
  ['batchNormalization', () => batchNormalization(), [T, 3]],
  ['batchNormalization of axis 1', () => batchNormalization({ axis: 1, scale: false }), [T, 3]],
  ['layerNormalization', () => layerNormalization(), [T, 3]],
  ['layerNormalization of two axes', () => layerNormalization({ axis: [1, 3] }), [2, T, 3]],
  ['attentionPooling', () => attentionPooling({ units: 2 }), [T, 3]],
  ['attention', () => attention({ useScale: true, causal: true }), [T, 3], [T, 3]],
  ['attention by sums', () => attention({ scoreMode: 'concat', useScale: true }), [2, 3], [T, 3]],
  ['additiveAttention', () => additiveAttention(), [2, 3], [T, 2], [T, 3]],
  ['multiHeadAttention', () => multiHeadAttention({ numHeads: 2, keyDim: 3, causal: true }), [T, 4], [T, 4]],
  [
    'multiHeadAttention with a key',
    () => multiHeadAttention({ numHeads: 2, keyDim: 2, valueDim: 3, outputShape: 5, useBias: false }),
    ...([
      [2, 4],
      [T, 2],
      [T, 3],
    ] as const),
  ],
  ['add', () => add(), [T, 3], [T, 3], [1, 3]],
  ['subtract', () => subtract(), [3], [3]],
  ['multiply', () => multiply(), [3], [3]],
  ['average', () => average(), [3], [3]],
  ['maximum', () => maximum(), [3], [3]],
  ['minimum', () => minimum(), [3], [3]],
  ['concatenate', () => concatenate({ axis: 1 }), [T, 3], [2, 3]],
  ['dot', () => dot({ axes: [1, 2], normalize: true }), [T, 3], [2, T]],
  ['simpleRNN', () => simpleRNN({ units: 2, activation: 'relu' }), [T, 3]],
  ['lstm', () => lstm({ units: 2, returnSequences: true }), [T, 3]],
  ['lstm by its step', () => lstm({ units: 2, recurrentActivation: 'hardSigmoid', goBackwards: true }), [T, 3]],
  ['gru', () => gru({ units: 2 }), [T, 3]],
  ['gru by its step', () => gru({ units: 2, resetAfter: false, activation: 'softsign', useBias: false }), [T, 3]],
  ['rnn', () => rnn({ cell: [lstmCell({ units: 2 }), gruCell({ units: 3 })], returnSequences: true }), [T, 3]],
  ['rnn of a cell of the library', () => rnn({ cell: 'rhn', units: 2 }), [T, 3]],
  ['bidirectional', () => bidirectional(lstm({ units: 2, returnSequences: true }), { mergeMode: 'mul' }), [T, 3]],
  ['bidirectional stack', () => bidirectional(rnn({ cell: [lstmCell({ units: 2 }), lstmCell({ units: 2 })] })), [T, 3]],
  ['timeDistributed', () => timeDistributed(dense({ units: 2 })), [T, 3]],
  ['timeDistributed conv2D', () => timeDistributed(conv2D({ filters: 2, kernelSize: 2 })), [2, 3, 3, 1]],
];

describe.each(layers.map(([name, make, ...shapes]) => ({ name, make, shapes })))('$name', ({ make, shapes }) => {
  const build = (layer: KerasLayer<unknown>) => {
    const inputs = shapes.map((shape) => input({ shape }));
    const output = layer.apply(inputs.length === 1 ? inputs[0] : inputs) as never;
    return model<SymbolicTensor>({
      inputs: inputs.length === 1 ? inputs[0] : inputs,
      outputs: output,
      device,
      seed: 3,
    });
  };
  const data = shapes.map((shape, i) => some([B, ...shape], i + 5));
  const x = (data.length === 1 ? data[0] : data) as never;

  test('is the same layer made from its configuration, and gives the shape that it says', async () => {
    const layer = make();
    const net = build(layer);
    const y = await net.predict(x);
    expect(y.shape.slice(1)).toEqual(net.graph.outputs[0].shape.slice(1));
    const config = JSON.parse(JSON.stringify(layer.config));
    const again = layerFrom(config);
    expect(JSON.parse(JSON.stringify(again.config))).toEqual(config);
    const other = build(again);
    expect((await other.predict(x)).toArray()).toEqual(y.toArray());
  });

  test('has the gradients of differences', async () => {
    const net = build(make());
    await net.store.open();
    net.compile({ loss: 'mse' });
    const parameters = net.store.parameters();
    if (parameters.size === 0) return;
    const columns = data.map((one, i) => ({ data: (one as number[]).flat(4) as number[], shape: [B, ...shapes[i]] }));
    const loss = () => {
      const [{ tensor }] = outputsOf(net as never, columns, inference);
      return tensor.square().mean();
    };
    expect((await checkGradients(parameters, loss, { most: 6 })).error).toBeLessThan(1e-6);
  });
});

test('embedding looks up rows and makes a mask', async () => {
  const net = sequential([embedding({ inputDim: 4, outputDim: 2, maskZero: true }), globalAveragePooling1D()], {
    device,
  });
  await net.predict([[0, 1, 2]]);
  await net.setWeights([
    [
      [9, 9],
      [1, 2],
      [3, 4],
      [5, 6],
    ],
  ]);
  expect(
    (
      await net.predict([
        [0, 1, 3],
        [0, 0, 0],
      ])
    ).toArray(),
  ).toEqual([
    [3, 4],
    [0, 0],
  ]);
});
