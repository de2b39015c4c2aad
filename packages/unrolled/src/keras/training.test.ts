import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { DataError, DivergenceError } from '../errors.ts';
import {
  type Callback,
  csvLogger,
  dense,
  earlyStopping,
  embedding,
  input,
  lambdaCallback,
  learningRateScheduler,
  lstm,
  model,
  modelCheckpoint,
  type OptimizerConfig,
  reduceLROnPlateau,
  sequential,
  terminateOnNaN,
} from './index.ts';
import { scheduledRate } from './training/schedules.ts';

const device = await openDevice('reference');
const quiet = { verbose: 0 } as const;

/** y = w·x, from w = 0.5. */
async function line(optimizer: OptimizerConfig = { name: 'sgd', learningRate: 0.1 }, options: object = {}) {
  const net = sequential([input({ shape: [1] }), dense({ units: 1, useBias: false, ...options })], { device });
  net.compile({ optimizer, loss: 'mse' });
  await net.setWeights([[[0.5]]]);
  return net;
}
const weight = async (net: Awaited<ReturnType<typeof line>>): Promise<number> => (await net.getWeights())[0].data[0];

describe('sample weights', () => {
  test('count in fit: Σ w·loss over the batch', async () => {
    const net = await line();
    await net.fit([[1], [1]], [1, 3], { ...quiet, sampleWeight: [2, 0] });
    // gradient: mean of 2·2·(0.5 − 1) and 0
    expect(await weight(net)).toBeCloseTo(0.5 - 0.1 * ((2 * 2 * -0.5) / 2), 9);
  });

  test('count in validation, given as data or held out', async () => {
    const expected = (2 * 0.25 + 0) / 2;
    const net = await line({ name: 'sgd', learningRate: 0 });
    const given = await net.fit([[1]], [1], {
      ...quiet,
      validationData: [
        [[1], [1]],
        [1, 3],
        [2, 0],
      ],
    });
    expect(given.history.val_loss[0]).toBeCloseTo(expected, 9);
    const held = await net.fit([[1], [1], [1], [1]], [0, 0, 1, 3], {
      ...quiet,
      validationSplit: 0.5,
      sampleWeight: [1, 1, 2, 0],
    });
    expect(held.history.val_loss[0]).toBeCloseTo(expected, 9);
  });

  test('of steps, by class, and together', async () => {
    const net = await line({ name: 'sgd', learningRate: 0 });
    const one = await net.fit([[1], [1]], [1, 3], { ...quiet, classWeight: { 3: 4 } });
    expect(one.history.loss[0]).toBeCloseTo((0.25 + 4 * 6.25) / 2, 9);
    const both = await net.fit([[1], [1]], [1, 3], { ...quiet, classWeight: { 3: 4 }, sampleWeight: [1, 0.5] });
    expect(both.history.loss[0]).toBeCloseTo((0.25 + 2 * 6.25) / 2, 9);
  });

  test('only weighted metrics see them', async () => {
    const net = await line({ name: 'sgd', learningRate: 0 });
    net.compile({
      optimizer: { name: 'sgd', learningRate: 0 },
      loss: 'mse',
      metrics: ['mae'],
      weightedMetrics: [{ name: 'mae', as: 'weighted' }],
    });
    const { history } = await net.fit([[1], [1]], [1, 3], { ...quiet, sampleWeight: [3, 1] });
    expect(history.mae[0]).toBeCloseTo((0.5 + 2.5) / 2, 9);
    expect(history.weighted[0]).toBeCloseTo((3 * 0.5 + 2.5) / 4, 9);
  });
});

describe('data', () => {
  const batches = [
    [
      [[1], [2]],
      [1, 2],
    ],
    [[[3]], [3]],
  ] as const;
  async function* stream() {
    for (const batch of batches) yield batch as never;
  }

  test('from an asynchronous iterable, an epoch at a time', async () => {
    const net = await line();
    const seen: number[] = [];
    const callback = lambdaCallback({ onTrainBatchEnd: (batch) => void seen.push(batch) });
    await net.fit(stream, null, { ...quiet, epochs: 2, callbacks: [callback] });
    expect(seen).toEqual([0, 1, 0, 1]);
    await expect(net.fit(stream(), null, { ...quiet, epochs: 2 })).rejects.toThrow(
      'give a function that makes a new one',
    );
    expect((await net.evaluate(stream)).loss).toBeGreaterThan(0);
    await expect(net.fit(stream, [1] as never, quiet)).rejects.toThrow('y cannot be given');
  });

  test('stepsPerEpoch cuts epochs out of them, and out of arrays', async () => {
    const net = await line();
    const counts: number[] = [];
    const count = lambdaCallback({ onTrainBatchEnd: (batch) => void counts.push(batch) });
    await net.fit(stream, null, { ...quiet, epochs: 2, stepsPerEpoch: 3, callbacks: [count] });
    expect(counts).toEqual([0, 1, 2, 0, 1, 2]);
    counts.length = 0;
    await net.fit([[1], [2], [3]], [1, 2, 3], {
      ...quiet,
      epochs: 2,
      stepsPerEpoch: 2,
      batchSize: 2,
      callbacks: [count],
    });
    expect(counts).toEqual([0, 1, 0, 1]);
  });

  test('typed arrays, arrays with a shape and tensors are the same data', async () => {
    const net = await line();
    const rows = [[1], [2], [3]];
    const expected = (await net.predict(rows)).toArray();
    expect((await net.predict(Float32Array.of(1, 2, 3))).toArray()).toEqual(expected);
    expect((await net.predict({ data: [1, 2, 3], shape: [3, 1] })).toArray()).toEqual(expected);
    expect((await net.predict(device.tensor(rows))).toArray()).toEqual(expected);
    await expect(net.predict([[1], [2, 3]])).rejects.toThrow('sample 1 is not of shape [1]');
    await expect(net.predict([['a']] as never)).rejects.toThrow(DataError);
  });

  test('validationSplit takes the tail, and warns where it has other classes', async () => {
    const net = sequential([input({ shape: [1] }), dense({ units: 3, activation: 'softmax' })], { device });
    net.compile({ loss: 'sparseCategoricalCrossentropy' });
    const said: string[] = [];
    net.warn = (message) => said.push(message);
    const x = Array.from({ length: 30 }, (_, i) => [i]);
    await net.fit(
      x,
      x.map((_, i) => Math.floor(i / 10)),
      { ...quiet, validationSplit: 1 / 3 },
    );
    expect(said).toEqual([expect.stringContaining('classes 2 are in it alone, classes 0, 1 are not in it')]);
    await net.fit(
      x,
      x.map((_, i) => i % 3),
      { ...quiet, validationSplit: 1 / 3 },
    );
    expect(said).toHaveLength(1);
    await expect(
      net.fit(
        x,
        x.map(() => 3),
        quiet,
      ),
    ).rejects.toThrow('target 3 is none of the 3 classes');
  });
});

describe('callbacks', () => {
  const losses = (net: Awaited<ReturnType<typeof line>>, epochs: number, callbacks: Callback[]) =>
    net.fit([[1]], [1], { ...quiet, epochs, callbacks });

  test('earlyStopping stops, and gives the best weights back', async () => {
    const net = await line({ name: 'sgd', learningRate: 1.2 }); // diverges from the first epoch
    const stopping = earlyStopping({ monitor: 'loss', patience: 2, restoreBestWeights: true });
    const after: number[] = [];
    const look = lambdaCallback({ onEpochEnd: async () => void after.push(await weight(net)) });
    const { epoch } = await losses(net, 10, [look, stopping]);
    expect(epoch).toEqual([0, 1, 2]);
    expect(await weight(net)).toBe(after[0]);
    await expect(losses(net, 1, [earlyStopping()])).rejects.toThrow("there is no 'val_loss' to watch");
  });

  test('reduceLROnPlateau, learningRateScheduler, csvLogger and modelCheckpoint', async () => {
    const net = await line({ name: 'sgd', learningRate: 0.1 });
    const reduced: number[] = [];
    await losses(net, 6, [
      reduceLROnPlateau({
        monitor: 'loss',
        patience: 2,
        factor: 0.5,
        minDelta: 100,
        onReduce: (epoch) => reduced.push(epoch),
      }),
    ]);
    expect(reduced).toEqual([2, 4]);
    expect(net.optimizer.learningRate).toBeCloseTo(0.025, 12);
    await losses(net, 2, [learningRateScheduler((epoch, rate) => rate / (epoch + 1))]);
    expect(net.optimizer.learningRate).toBeCloseTo(0.0125, 12);
    const parts: string[] = [];
    const saved: number[] = [];
    const checkpoint = modelCheckpoint({
      monitor: 'loss',
      saveBestOnly: true,
      save: (_, epoch) => void saved.push(epoch),
    });
    await losses(net, 2, [csvLogger({ write: (part) => void parts.push(part) }), checkpoint]);
    expect(parts.join('')).toMatch(/^epoch,loss\n0,[\d.e-]+\n1,[\d.e-]+\n$/);
    expect(saved).toEqual([0, 1]);
  });

  test('a loss that is not finite is a DivergenceError, or a quiet end', async () => {
    const net = await line();
    const wild = (callbacks: Callback[]) => net.fit([[1]], [Number.NaN], { ...quiet, epochs: 3, callbacks });
    await expect(wild([])).rejects.toThrow(DivergenceError);
    expect(await weight(net)).toBe(0.5);
    const { epoch } = await wild([terminateOnNaN()]);
    expect(epoch).toEqual([0]);
  });

  test('validationFreq says after which epochs there is a validation', async () => {
    for (const [validationFreq, epochs] of [
      [2, [1, 3]],
      [
        [1, 4],
        [0, 3],
      ],
    ] as const) {
      const net = await line();
      const seen: number[] = [];
      const look = lambdaCallback({
        onEpochEnd: (epoch, logs) => {
          if ('val_loss' in logs) seen.push(epoch);
        },
      });
      const options = { ...quiet, epochs: 4, validationFreq, callbacks: [look] };
      await net.fit([[1]], [1], { ...options, validationData: [[[1]], [1]] });
      expect(seen).toEqual(epochs);
    }
  });

  test('see logs of the run in their order', async () => {
    const net = await line();
    const calls: string[] = [];
    const names = [
      'onTrainBegin',
      'onEpochBegin',
      'onTrainBatchBegin',
      'onTrainBatchEnd',
      'onTestBegin',
      'onTestEnd',
      'onEpochEnd',
      'onTrainEnd',
    ] as const;
    const all = Object.fromEntries(names.map((name) => [name, () => void calls.push(name)]));
    await net.fit([[1]], [1], { ...quiet, validationData: [[[1]], [1]], callbacks: [all] });
    expect(calls).toEqual(names);
  });
});

describe('one update of each optimizer follows its formula', () => {
  // The gradient of (w·1 − 1)² at w = 0.5 is −1, at the second step less.
  const g1 = -1;
  const cases: readonly (readonly [OptimizerConfig, number])[] = [
    [{ name: 'sgd', learningRate: 0.1 }, 0.5 - 0.1 * g1],
    [{ name: 'sgd', learningRate: 0.1, momentum: 0.9, nesterov: true }, 0.5 + 0.9 * 0.1 + 0.1],
    [
      { name: 'adam', learningRate: 0.1 },
      0.5 + ((0.1 * Math.sqrt(1 - 0.999)) / (1 - 0.9)) * (0.1 / (Math.sqrt(0.001) + 1e-7)),
    ],
    [
      { name: 'adam', learningRate: 0.1, amsgrad: true },
      0.5 + ((0.1 * Math.sqrt(1 - 0.999)) / (1 - 0.9)) * (0.1 / (Math.sqrt(0.001) + 1e-7)),
    ],
    [
      { name: 'adamw', learningRate: 0.1, weightDecay: 0.5 },
      0.5 * (1 - 0.05) + 0.1 * (1 / (1 + 1e-7 / Math.sqrt(0.001))),
    ],
    [{ name: 'rmsprop', learningRate: 0.1 }, 0.5 + 0.1 / Math.sqrt(0.1 + 1e-7)],
    [{ name: 'rmsprop', learningRate: 0.1, centered: true }, 0.5 + 0.1 / Math.sqrt(0.1 - 0.01 + 1e-7)],
    [{ name: 'adagrad', learningRate: 0.1 }, 0.5 + 0.1 / Math.sqrt(1.1 + 1e-7)],
    [{ name: 'adadelta', learningRate: 1 }, 0.5 + Math.sqrt(1e-7) / Math.sqrt(0.05 + 1e-7)],
    [{ name: 'adamax', learningRate: 0.1 }, 0.5 + 0.1 / (1 + 1e-7)],
    [{ name: 'lion', learningRate: 0.1 }, 0.5 + 0.1],
    [{ name: 'sgd', learningRate: 0.1, clipnorm: 0.5 }, 0.55],
    [{ name: 'sgd', learningRate: 0.1, globalClipnorm: 0.25 }, 0.525],
    [{ name: 'sgd', learningRate: 0.1, clipvalue: 0.125 }, 0.5125],
    [{ name: 'sgd', learningRate: 0.1, weightDecay: 0.5 }, 0.5 * 0.95 + 0.1],
  ];
  test.each(cases)('%o', async (optimizer, expected) => {
    const net = await line(optimizer);
    await net.trainOnBatch([[1]], [1]);
    expect(await weight(net)).toBeCloseTo(expected, 7);
  });

  test.each(['nadam', 'ftrl', 'adam', 'rmsprop', 'adadelta', 'lion'] as const)('%s finds the bottom', async (name) => {
    const net = await line({ name, learningRate: name === 'adadelta' ? 30 : name === 'ftrl' ? 0.5 : 0.02 });
    await net.fit([[1]], [1], { ...quiet, epochs: 150 });
    expect(Math.abs((await weight(net)) - 1)).toBeLessThan(0.1);
  });
});

test('regularizers and constraints of recurrent kernels', async () => {
  const make = (options: object) => {
    const net = sequential([input({ shape: [null, 2] }), lstm({ units: 2, ...options })], { device, seed: 1 });
    net.compile({ optimizer: { name: 'sgd', learningRate: 0.1 }, loss: 'mse' });
    return net;
  };
  const [x, y] = [
    [
      [
        [1, 2],
        [3, 4],
      ],
    ],
    [[0, 0]],
  ];
  const plain = await make({}).evaluate(x, y);
  const net = make({ recurrentRegularizer: { name: 'l1l2', l1: 0.1, l2: 0.2 } });
  const [, recurrent] = await net.getWeights();
  const penalty = Array.from(recurrent.data).reduce((sum, w) => sum + 0.1 * Math.abs(w) + 0.2 * w * w, 0);
  expect((await net.evaluate(x, y)).loss).toBeCloseTo(plain.loss + penalty, 9);
  const bound = make({ recurrentConstraint: { name: 'maxNorm', maxValue: 0.3 }, kernelConstraint: 'nonNeg' });
  await bound.trainOnBatch(x, y);
  const [kernel, bounded] = await bound.getWeights();
  expect(Math.min(...Array.from(kernel.data))).toBe(0);
  for (let column = 0; column < 8; column++) {
    expect(Math.hypot(bounded.data[column], bounded.data[8 + column])).toBeLessThan(0.3 + 1e-6);
  }
});

test('schedules follow their formulas', () => {
  const at = (schedule: Parameters<typeof scheduledRate>[0], steps: number[]) =>
    steps.map((step) => scheduledRate(schedule, step));
  const close = (found: number[], expected: number[]) =>
    found.forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 10);
    });
  close(
    at(
      { name: 'exponentialDecay', initialLearningRate: 1, decaySteps: 10, decayRate: 0.5, staircase: true },
      [0, 9, 10, 25],
    ),
    [1, 1, 0.5, 0.25],
  );
  close(
    at({ name: 'inverseTimeDecay', initialLearningRate: 1, decaySteps: 10, decayRate: 1 }, [0, 10, 30]),
    [1, 0.5, 0.25],
  );
  close(
    at({ name: 'piecewiseConstantDecay', boundaries: [2, 5], values: [3, 2, 1] }, [0, 2, 3, 5, 6]),
    [3, 3, 2, 2, 1],
  );
  close(
    at({ name: 'polynomialDecay', initialLearningRate: 1, decaySteps: 10, endLearningRate: 0 }, [0, 5, 20]),
    [1, 0.5, 0],
  );
  close(
    at(
      { name: 'cosineDecay', initialLearningRate: 0, decaySteps: 10, warmupTarget: 1, warmupSteps: 4 },
      [0, 2, 4, 9, 14],
    ),
    [0, 0.5, 1, 0.5, 0],
  );
  close(
    at({ name: 'cosineDecayRestarts', initialLearningRate: 1, firstDecaySteps: 10, mMul: 0.5 }, [0, 5, 10, 20, 30]),
    [1, 0.5, 0.5, 0.25, 0.25],
  );
});

test('a model of ids and numbers takes both from one input', async () => {
  const x = input({ shape: [2] });
  const read = lstm({ units: 2 }).apply(embedding({ inputDim: 4, outputDim: 2 }).apply(x));
  const net = model({ inputs: x, outputs: [read, dense({ units: 1 }).apply(x)], device });
  expect((await net.predict([[1, 3]])).map(({ shape }) => shape)).toEqual([
    [1, 2],
    [1, 1],
  ]);
});
