import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { FormatError, UnrolledError } from '../errors.ts';
import {
  csvLogger,
  dense,
  dropout,
  earlyStopping,
  embedding,
  gru,
  history,
  loadModel,
  modelCheckpoint,
  type OptimizerConfig,
  reduceLROnPlateau,
  sequential,
} from './index.ts';

const device = await openDevice('wasm', { threads: 1 });
const ids = Array.from({ length: 40 }, (_, i) => [1 + (i % 4), 1 + ((i * 7) % 5), (i * 3) % 3]);
const y = ids.map(([a, b]) => Number(a > b));

function build(optimizer: OptimizerConfig = 'adam') {
  const net = sequential(
    [
      embedding({ inputDim: 6, outputDim: 4, maskZero: true }),
      gru({ units: 4, dropout: 0.2, recurrentDropout: 0.2, kernelRegularizer: 'l2' }),
      dropout({ rate: 0.3 }),
      dense({ units: 1, activation: 'sigmoid' }),
    ],
    { device, seed: 5 },
  );
  net.compile({ optimizer, loss: 'binaryCrossentropy', metrics: ['accuracy'] });
  return net;
}

const bits = async (net: { getWeights(): Promise<readonly { data: ArrayLike<number> }[]> }): Promise<number[][]> =>
  (await net.getWeights()).map(({ data }) => Array.from(data));

describe('training goes on from a file with the same bits', () => {
  test.each([
    'adam',
    { name: 'adam', amsgrad: true },
    'adamw',
    { name: 'sgd', momentum: 0.9, nesterov: true },
    { name: 'rmsprop', centered: true, momentum: 0.5 },
    'nadam',
    'adamax',
    'adadelta',
    'adagrad',
    'ftrl',
    'lion',
    {
      name: 'adam',
      learningRate: { name: 'exponentialDecay', initialLearningRate: 0.01, decaySteps: 3, decayRate: 0.9 },
      clipnorm: 0.1,
    },
  ] as const)('%o', async (optimizer) => {
    const options = { batchSize: 8, verbose: 0, validationSplit: 0.2 } as const;
    const whole = build(optimizer);
    const all = await whole.fit(ids, y, { ...options, epochs: 4 });
    const first = build(optimizer);
    await first.fit(ids, y, { ...options, epochs: 2 });
    const second = loadModel(await first.save(), { device });
    const rest = await second.fit(ids, y, { ...options, epochs: 4, initialEpoch: 2 });
    expect(await bits(second)).toEqual(await bits(whole));
    expect(rest.history).toEqual(all.history);
  });

  test('callbacks too: the best epoch, the patience and the learning rate', async () => {
    const callbacks = () => [
      earlyStopping({ patience: 2, restoreBestWeights: true, monitor: 'val_loss' }),
      reduceLROnPlateau({ patience: 1, factor: 0.5, monitor: 'loss', minDelta: 10 }),
    ];
    const options = { batchSize: 8, verbose: 0, validationSplit: 0.2, epochs: 8 } as const;
    const whole = build();
    await whole.fit(ids, y, { ...options, callbacks: callbacks() });
    const files: Uint8Array[] = [];
    const first = build();
    await first.fit(ids, y, {
      ...options,
      epochs: 3,
      callbacks: [modelCheckpoint({ save: (file) => void files.push(file) }), ...callbacks()],
    });
    expect(files).toHaveLength(3);
    const second = loadModel(files[1], { device });
    await second.fit(ids, y, {
      ...options,
      initialEpoch: 2,
      callbacks: [modelCheckpoint({ save: () => {} }), ...callbacks()],
    });
    expect(second.optimizer.learningRate).toBe(whole.optimizer.learningRate);
    expect(await bits(second)).toEqual(await bits(whole));
  });

  test('with stepsPerEpoch and states that are carried', async () => {
    const make = () => {
      const net = sequential(
        [embedding({ inputDim: 6, outputDim: 3 }), gru({ units: 3, stateful: true }), dense({ units: 1 })],
        { device, seed: 2 },
      );
      net.compile({ optimizer: 'sgd', loss: 'mse' });
      return net;
    };
    const options = { batchSize: 8, verbose: 0, shuffle: false, stepsPerEpoch: 3 } as const;
    const whole = make();
    await whole.fit(ids, y, { ...options, epochs: 4 });
    const first = make();
    await first.fit(ids, y, { ...options, epochs: 2 });
    const second = loadModel(await first.save(), { device });
    await second.fit(ids, y, { ...options, epochs: 4, initialEpoch: 2 });
    expect(await bits(second)).toEqual(await bits(whole));
  });
});

test('a file without training is smaller and predicts the same', async () => {
  const net = build();
  await net.fit(ids, y, { verbose: 0 });
  const [large, small] = [await net.save(), await net.save({ includeOptimizer: false })];
  expect(small.length).toBeLessThan(large.length);
  const again = loadModel(small, { device });
  expect(((await again.predict(ids)) as { toArray(): unknown }).toArray()).toEqual((await net.predict(ids)).toArray());
  expect(again.isCompiled).toBe(false);
});

test('two runs of one seed are equal, of another not', async () => {
  const run = async () => {
    const net = build();
    await net.fit(ids, y, { verbose: 0, epochs: 2, callbacks: [history(), csvLogger({ write: () => {} })] });
    return bits(net);
  };
  expect(await run()).toEqual(await run());
});

test('functions of your own cannot be saved, and that is said', async () => {
  const net = build();
  net.compile({ loss: (a, b) => b.sub(a).square().mean({ axes: -1 }) });
  await net.fit(ids, y, { verbose: 0 });
  await expect(net.save()).rejects.toThrow('a function of your own (loss)');
  expect((await net.save({ includeOptimizer: false })).length).toBeGreaterThan(100);
});

test('damaged files are refused by a named error', async () => {
  const net = build();
  await net.fit(ids, y, { verbose: 0 });
  const file = await net.save();
  let state = 1;
  const next = (n: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) & 0x7fffffff;
    return state % n;
  };
  for (let i = 0; i < 60; i++) {
    const changed = file.slice(0, i % 3 === 0 ? next(file.length) : file.length);
    if (changed.length > 0 && i % 3 !== 0) changed[next(changed.length)] ^= 1 << next(8);
    expect(() => loadModel(changed, { device })).toThrow(UnrolledError);
  }
  expect(() => loadModel(new Uint8Array(100), { device })).toThrow(FormatError);
});
