import { describe, expect, test } from 'vitest';
import { openDevice } from '../device.ts';
import { defineCell } from '../nn/cells/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import {
  add,
  batchNormalization,
  bidirectional,
  concatenate,
  dense,
  embedding,
  flatten,
  globalAveragePooling1D,
  gru,
  input,
  KerasLayer,
  lstm,
  lstmCell,
  model,
  modelFrom,
  rnn,
  sequential,
  type Weight,
} from './index.ts';

const device = await openDevice('reference');
const plain = (value: unknown): object => JSON.parse(JSON.stringify(value));

/** Two inputs and two outputs by name, as the multi-input example of a Keras book. */
function triage() {
  const title = input({ shape: [null], dtype: 'int32', name: 'title' });
  const tags = input({ shape: [2], name: 'tags' });
  const read = lstm({ units: 3 }).apply(embedding({ inputDim: 9, outputDim: 4, maskZero: true }).apply(title));
  const both = concatenate().apply([read, tags]);
  const priority = dense({ units: 1, activation: 'sigmoid' }).apply(both);
  const department = dense({ units: 3, activation: 'softmax' }).apply(both);
  return model({ inputs: { title, tags }, outputs: { priority, department }, device, seed: 4 });
}

const x = {
  title: [
    [1, 2, 0],
    [3, 4, 5],
    [6, 0, 0],
    [7, 8, 1],
  ],
  tags: [
    [0, 1],
    [1, 0],
    [1, 1],
    [0, 0],
  ],
};
const y = { priority: [1, 0, 1, 0], department: [0, 1, 2, 1] };

describe('several inputs and outputs', () => {
  test('by name: losses, weights, metrics and logs by output', async () => {
    const net = triage();
    net.compile({
      optimizer: { name: 'adam', learningRate: 0.05 },
      loss: { priority: 'binaryCrossentropy', department: 'sparseCategoricalCrossentropy' },
      lossWeights: { priority: 1, department: 0.5 },
      metrics: { priority: ['accuracy'], department: ['accuracy'] },
    });
    const { history } = await net.fit(x, y, { epochs: 30, verbose: 0 });
    expect(Object.keys(history)).toEqual([
      'loss',
      'priority_loss',
      'department_loss',
      'priority_accuracy',
      'department_accuracy',
    ]);
    const last = Object.fromEntries(Object.entries(history).map(([name, list]) => [name, list.at(-1)!]));
    expect(last.loss).toBeCloseTo(last.priority_loss + 0.5 * last.department_loss, 6);
    const scores = await net.evaluate(x, y);
    expect([scores.priority_accuracy, scores.department_accuracy]).toEqual([1, 1]);
    const { priority, department } = await net.predict(x);
    expect([priority.shape, department.shape]).toEqual([
      [4, 1],
      [4, 3],
    ]);
    // By order, too.
    expect((await net.predict([x.title, x.tags])).priority.toArray()).toEqual(priority.toArray());
  });

  test('that do not fit are refused by name', async () => {
    const net = triage();
    expect(() => net.compile({ loss: 'mes' as never })).toThrow("did you mean 'mse'");
    net.compile({ loss: { priority: 'mse', departmint: 'mse' } as never });
    await expect(net.fit(x, y, { verbose: 0 })).rejects.toThrow("names 'departmint', which is no output");
    await expect(net.predict({ title: x.title } as never)).rejects.toThrow("'tags' is missing");
    await expect(net.predict({ ...x, tags: [[1], [2], [3], [4]] })).rejects.toThrow(
      "input 'tags' takes samples of shape [2]",
    );
    await expect(net.predict({ ...x, tags: [[1, 2]] })).rejects.toThrow('samples');
  });

  test('its configuration makes the same model', async () => {
    const net = triage();
    const again = modelFrom(plain(net), {}, { device });
    expect(plain(again)).toEqual(plain(net));
    const [a, b] = [
      await net.predict(x),
      (await again.predict(x)) as unknown as Awaited<ReturnType<typeof net.predict>>,
    ];
    expect(b.priority.toArray()).toEqual(a.priority.toArray());
  });

  test('the summary shows what is connected', () => {
    const text = triage().summary({ printFn: null });
    expect(text).toMatch(/concatenate \(concatenate\)\s+\(null, 5\)\s+0\s+lstm, tags/);
    expect(text).toMatch(/title \(input\)\s+\(null, null\)/);
  });
});

test('a shared layer has its weights once, and the gradients of both uses', async () => {
  const [a, b] = [input({ shape: [2] }), input({ shape: [2] })];
  const shared = dense({ units: 1, useBias: false });
  const net = model({ inputs: [a, b], outputs: add().apply([shared.apply(a), shared.apply(b)]), device });
  expect(net.countParams()).toBe(2);
  net.compile({ optimizer: { name: 'sgd', learningRate: 0.5 }, loss: (_y, p) => p });
  const [before] = await net.getWeights();
  await net.trainOnBatch([[[1, 2]], [[3, 5]]], [0]);
  const [after] = await net.getWeights();
  Array.from(after.data).forEach((value, i) => {
    expect(value).toBeCloseTo(before.data[i] - 0.5 * [4, 7][i], 9);
  });
  expect(plain(modelFrom(plain(net), {}, { device }))).toEqual(plain(net));
});

describe('models in models', () => {
  test('share weights with the models that their layers are in, whoever trains', async () => {
    const encoder = sequential([input({ shape: [3] }), dense({ units: 2, activation: 'tanh' })], {
      device,
      name: 'encoder',
    });
    const from = input({ shape: [3] });
    const autoencoder = model({
      inputs: from,
      outputs: dense({ units: 3, name: 'decoder' }).apply(encoder.apply(from)),
      device,
    });
    const from2 = input({ shape: [3] });
    const classifier = model({ inputs: from2, outputs: dense({ units: 1 }).apply(encoder.apply(from2)), device });
    const data = [
      [1, 2, 3],
      [0, 1, -1],
    ];
    for (const one of [autoencoder, classifier]) one.compile({ optimizer: 'adam', loss: 'mse' });
    const encoded = async () => (await encoder.predict(data)).toArray();
    const seen: unknown[] = [await encoded()];
    for (const _ of [0, 1]) {
      await autoencoder.fit(data, data, { verbose: 0 });
      seen.push(await encoded());
      await classifier.fit(data, [1, 0], { verbose: 0 });
      seen.push(await encoded());
    }
    expect(new Set(seen.map((one) => JSON.stringify(one))).size).toBe(5);
    expect(Object.keys(await autoencoder.weightsByPath())).toEqual([
      'encoder/dense/kernel',
      'encoder/dense/bias',
      'decoder/kernel',
      'decoder/bias',
    ]);
    const again = modelFrom(plain(autoencoder), {}, { device });
    again.setWeightsByPath(await autoencoder.weightsByPath());
    expect(((await again.predict(data)) as { toArray(): unknown }).toArray()).toEqual(
      (await autoencoder.predict(data)).toArray(),
    );
  });

  test('that are frozen keep weights and running statistics', async () => {
    const base = sequential([input({ shape: [3] }), dense({ units: 2 }), batchNormalization()], { device });
    base.trainable = false;
    const net = sequential([input({ shape: [3] }), base, dense({ units: 1 })], { device });
    net.compile({ optimizer: 'adam', loss: 'mse' });
    const values = async () => (await base.getWeights()).map((one) => one.toArray());
    const before = await values();
    const head =
      (await net
        .getLayer('dense')
        .getWeights()
        .catch(() => [])) ?? [];
    await net.fit(
      [
        [1, 2, 3],
        [3, 2, 1],
      ],
      [1, 2],
      { epochs: 3, verbose: 0 },
    );
    expect(await values()).toEqual(before);
    expect(net.summary({ printFn: null })).toContain('Trainable parameters: 3');
    base.trainable = true;
    net.compile({ optimizer: 'adam', loss: 'mse' });
    await net.fit(
      [
        [1, 2, 3],
        [3, 2, 1],
      ],
      [1, 2],
      { epochs: 1, verbose: 0 },
    );
    expect(await values()).not.toEqual(before);
    expect(head).toBeDefined();
  });

  test('a part of a model is a model: the output of one of its layers', async () => {
    const net = sequential([input({ shape: [3] }), dense({ units: 2, name: 'middle' }), dense({ units: 1 })], {
      device,
    });
    const middle = net.graph.nodes[0].outputs[0];
    const part = model({ inputs: net.graph.inputs[0], outputs: middle, device });
    const [kernel, bias] = (await net.getWeights()).map((one) => one.toArray()) as [number[][], number[]];
    const [row] = (await part.predict([[1, 2, 3]])).toArray() as number[][];
    row.forEach((value, j) => {
      expect(value).toBeCloseTo(kernel[0][j] + 2 * kernel[1][j] + 3 * kernel[2][j] + bias[j], 9);
    });
  });
});

describe('states of recurrent layers', () => {
  const steps = [
    [[1], [2], [3], [4]],
    [[0], [-1], [1], [2]],
  ];

  test('returnState and initialState carry a sequence on: two halves give what the whole does', async () => {
    for (const make of [
      () => ({ layer: lstm({ units: 2, returnState: true }), parts: 2 }),
      () => ({ layer: gru({ units: 2, returnState: true }), parts: 1 }),
      () => ({ layer: rnn({ cell: [lstmCell({ units: 2 }), lstmCell({ units: 2 })], returnState: true }), parts: 4 }),
    ]) {
      const { layer, parts } = make();
      const first = input({ shape: [null, 1] });
      const [wholeOutput, ...wholeState] = layer.apply(first);
      const whole = model({ inputs: first, outputs: [wholeOutput, ...wholeState], device });
      const given = Array.from({ length: parts }, () => input({ shape: [2] }));
      const second = input({ shape: [null, 1] });
      const rest = layer.apply(second, { initialState: given });
      const continued = model({ inputs: [second, ...given], outputs: rest, device });
      const all = await whole.predict(steps);
      const [, ...middle] = await whole.predict(steps.map((row) => row.slice(0, 2)));
      const end = await continued.predict([steps.map((row) => row.slice(2)), ...middle]);
      end.forEach((one, i) => {
        Array.from(one.data).forEach((value, k) => {
          expect(value).toBeCloseTo(all[i].data[k], 6);
        });
      });
      expect(plain(modelFrom(plain(continued), {}, { device }))).toEqual(plain(continued));
    }
  });

  test('of bidirectional layers are the initial states of others', async () => {
    const [a, b] = [input({ shape: [null, 1] }), input({ shape: [null, 1] })];
    const [, ...states] = bidirectional(lstm({ units: 2, returnState: true })).apply(a);
    expect(states).toHaveLength(4);
    const read = bidirectional(lstm({ units: 2, returnSequences: true })).apply(b, { initialState: states });
    const net = model({ inputs: [a, b], outputs: read, device, seed: 2 });
    const y1 = await net.predict([steps, steps]);
    const y2 = await net.predict([steps.map((row) => row.map(([v]) => [v + 1])), steps]);
    expect(y1.shape).toEqual([2, 4, 4]);
    expect(y1.toArray()).not.toEqual(y2.toArray());
    expect(plain(modelFrom(plain(net), {}, { device }))).toEqual(plain(net));
  });

  test('a wrong initial state is refused', () => {
    const wrong = () => lstm({ units: 2 }).apply(input({ shape: [3, 1] }), { initialState: [input({ shape: [2] })] });
    expect(wrong).toThrow('initialState must be [-1, 2], [-1, 2]');
  });

  test('stateful: batches in turn are one long sequence; rows can be reset', async () => {
    const whole = sequential([input({ shape: [null, 1] }), lstm({ units: 2, stateful: true })], { device, seed: 1 });
    const once = await whole.predict(steps);
    whole.resetStates();
    const halves = (start: number) => steps.map((row) => row.slice(start, start + 2));
    await whole.predict(halves(0));
    expect((await whole.predict(halves(2))).toArray()).toEqual(once.toArray());
    await expect(whole.predict(steps.slice(0, 1))).rejects.toThrow('the batch before had 2 rows');
    whole.resetStates();
    const fresh = await whole.predict(halves(0));
    whole.resetStates([1]);
    const again = (await whole.predict(halves(0))).toArray() as number[][];
    expect(again[1]).toEqual((fresh.toArray() as number[][])[1]);
    expect(again[0]).not.toEqual((fresh.toArray() as number[][])[0]);
    expect(() => whole.resetStates([2])).toThrow('there is no row 2');
  });
});

describe('what is your own', () => {
  class Scale extends KerasLayer {
    readonly config = { layer: 'scale' };
    factor!: Weight;
    override build([shape]: readonly Shape[]): void {
      this.factor = this.addWeight('factor', [shape.at(-1)!], { initializer: 'ones' });
    }
    call([value]: readonly Tensor[]): Tensor {
      return value.mul(this.factor.value);
    }
  }

  test('a layer in a dozen lines trains, and comes back from a configuration', async () => {
    const net = sequential([dense({ units: 2 }), new Scale()], { device });
    net.compile({ optimizer: { name: 'sgd', learningRate: 0.1 }, loss: 'mse' });
    await net.fit(
      [[1], [2]],
      [
        [1, 2],
        [3, 4],
      ],
      { epochs: 3, verbose: 0 },
    );
    const factor = (await net.getWeights()).at(-1)!;
    expect(factor.toArray()).not.toEqual([1, 1]);
    const again = modelFrom(plain(net), { layers: { scale: () => new Scale() } }, { device });
    again.setWeightsByPath(await net.weightsByPath());
    expect(((await again.predict([[3]])) as { toArray(): unknown }).toArray()).toEqual(
      (await net.predict([[3]])).toArray(),
    );
    expect(() => modelFrom(plain(net))).toThrow("there is no layer 'scale'");
  });

  test('a cell of defineCell', async () => {
    const leaky = defineCell({
      name: 'leaky',
      initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
      step(value, { h }, { linear, hidden, parameter }) {
        const keep = parameter('keep', [hidden]).sigmoid();
        const next = h.mul(keep).add(linear('in', [value, h]).tanh());
        return { output: next, state: { h: next } };
      },
    });
    const net = sequential(
      [
        embedding({ inputDim: 5, outputDim: 3 }),
        rnn({ cell: leaky, units: 4, returnSequences: true }),
        globalAveragePooling1D(),
      ],
      { device },
    );
    const y0 = await net.predict([[1, 2, 3]]);
    const again = modelFrom(plain(net), { cells: [leaky] }, { device });
    again.setWeightsByPath(await net.weightsByPath());
    expect(((await again.predict([[1, 2, 3]])) as { toArray(): unknown }).toArray()).toEqual(y0.toArray());
  });
});

test('names: the user’s stay, others are numbered in each model, and two of one are refused', () => {
  const net = sequential([dense({ units: 1 }), dense({ units: 1, name: 'dense' }), dense({ units: 1 }), flatten()], {
    device,
  });
  net.buildShape([2]);
  expect(net.layers.map((layer) => net.nameOf(layer))).toEqual(['dense_1', 'dense', 'dense_2', 'flatten']);
  const twice = sequential([dense({ units: 1, name: 'a' }), dense({ units: 1, name: 'a' })]);
  expect(() => twice.buildShape([2])).toThrow("two layers have the name 'a'");
  expect(() => net.getLayer('densee')).toThrow("there is no layer 'densee'");
  expect(() => sequential([dense({ units: 1 })]).summary()).toThrow('the shape of its input is not known yet');
});
