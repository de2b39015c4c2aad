import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, mul, square, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { createCell } from './cells/index.ts';
import { Dropout } from './dropout.ts';
import { Embedding } from './embedding.ts';
import { Highway } from './highway.ts';
import { type Context, inference, initialiseParameters, type Layer } from './layer.ts';
import { LayerNorm } from './layer-norm.ts';
import { Linear } from './linear.ts';
import { crossEntropyLoss, gaussianLoss, quantileLoss, squaredErrorLoss } from './losses.ts';
import type { Declarations } from './parameters.ts';
import { Recurrent } from './recurrent.ts';
import { Sequential } from './sequential.ts';
import { TiedLinear } from './tied-linear.ts';

const device = createDevice(referenceBackend());
const training = (seed = 1): Context => ({ training: true, random: new Random(seed) });
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('dropout', () => {
  const x = device.full([100, 1000], 2);

  test.each([0.1, 0.5, 0.9])('at rate %d keeps the mean, and sets that share to 0', (rate) => {
    const y = new Dropout({ rate }).apply(x, training());
    const dropped = mean(Array.from(y.data(), (value) => Number(value === 0)));
    expect(Math.abs(dropped - rate)).toBeLessThan(0.01);
    expect(Math.abs(mean([...y.data()]) - 2)).toBeLessThan(0.05);
    expect(new Set(y.data())).toEqual(new Set([0, 2 / (1 - rate)]));
  });

  test('at rate 0, and when not training, leaves everything as it is', () => {
    expect(new Dropout({ rate: 0 }).apply(x, training())).toBe(x);
    expect(new Dropout({ rate: 0.5 }).apply(x, inference)).toBe(x);
  });

  test('draws another mask each time, and the same for the same seed', () => {
    const layer = new Dropout({ rate: 0.5 });
    const context = training();
    const masks = [context, context, training()].map((each) => layer.apply(x, each).data().join(''));
    expect(masks[1]).not.toBe(masks[0]);
    expect(masks[2]).toBe(masks[0]);
  });

  test('lets gradients through where numbers went through', () => {
    const leaf = device.ones([50]).track();
    const y = new Dropout({ rate: 0.5 }).apply(leaf, training());
    expect([...gradients(sum(y), [leaf])[0].data()]).toEqual([...y.data()]);
  });

  test.each([1, -0.1, Number.NaN])('at rate %d is refused', (rate) => {
    expect(() => new Dropout({ rate }).apply(x, training())).toThrow(ConfigError);
  });
});

describe('a highway layer', () => {
  const exact = createDevice(referenceBackend({ float: 'float64' }));
  const xs = [0.5, -1, 2, 0.25, -0.75, 1.5];

  test('gives g ⊙ φ(W x + b) + (1 − g) ⊙ x, with a gate that begins nearly shut', () => {
    const layer = new Highway({ activation: 'tanh', gateBias: -2 });
    const parameters = initialiseParameters(layer, [-1, 3], exact, 1);
    expect(parameters.names).toEqual(['transform.weight', 'transform.bias', 'gate.weight', 'gate.bias']);
    expect([...parameters.get('gate.bias').data()]).toEqual([-2, -2, -2]);
    const [transform, gate] = ['transform', 'gate'].map(
      (name) => parameters.get(`${name}.weight`).toArray() as number[][],
    );
    const y = layer.apply(exact.tensor(xs, [2, 3])).toArray() as number[][];
    for (const row of [0, 1]) {
      const x = xs.slice(3 * row, 3 * row + 3);
      const dot = (weights: number[]): number => weights.reduce((total, weight, k) => total + weight * x[k], 0);
      for (const unit of [0, 1, 2]) {
        const g = 1 / (1 + Math.exp(2 - dot(gate[unit])));
        expect(y[row][unit]).toBeCloseTo(g * Math.tanh(dot(transform[unit])) + (1 - g) * x[unit], 12);
      }
    }
  });

  test.each(['relu', 'tanh'] as const)('has the right gradient with %s', async (activation) => {
    const layer = new Highway({ activation });
    const parameters = [...initialiseParameters(layer, [-1, 3], exact, 2)];
    const inputs = [exact.tensor(xs, [2, 3]), ...parameters.map(({ value }) => value.detach())];
    const error = await gradientError(inputs, ([x, ...values]) => {
      parameters.forEach((parameter, k) => {
        parameter.value = values[k];
      });
      return layer.apply(x).square().sum();
    });
    expect(error).toBeLessThan(1e-6);
  });
});

describe('linear', () => {
  test('works on the last axis, whatever stands before it', () => {
    const layer = new Linear({ units: 2 });
    initialiseParameters(layer, [-1, 3], device, 1);
    const x = device.tensor([...new Array(12).keys()], [2, 2, 3]);
    expect([...layer.apply(x).data()]).toEqual([...layer.apply(x.reshape([4, 3])).data()]);
    expect(layer.apply(x).shape).toEqual([2, 2, 2]);
    expect(layer.apply(device.zeros([0, 3])).shape).toEqual([0, 2]);
  });

  test('names input and weight where they do not fit', () => {
    const layer = new Linear({ units: 2 });
    initialiseParameters(layer, [-1, 3], device, 1);
    expect(() => layer.apply(device.ones([2, 4]))).toThrow(ShapeError);
    expect(() => layer.apply(device.ones([2, 4]))).toThrow('input [2, 4] does not fit weight [2, 3]');
  });

  test('without a bias takes 0 to 0', () => {
    const layer = new Linear({ units: 2, bias: false });
    expect(initialiseParameters(layer, [-1, 3], device, 1).names).toEqual(['weight']);
    expect([...layer.apply(device.zeros([1, 3])).data()]).toEqual([0, 0]);
  });
});

describe('tied linear', () => {
  test.each([3, 5])('scores an input of width %i with the vectors of the embedding', async (width) => {
    const embedding = new Embedding({ vocabularySize: 4, dimension: 3 });
    const tied = new TiedLinear();
    const both = {
      build(input: readonly number[], declarations: Declarations) {
        embedding.build(input, declarations.within('embedding'));
        return tied.build({ xs: [-1, width], table: [4, 3] }, declarations.within('output'));
      },
    };
    const parameters = initialiseParameters(both, [-1], device, 1);
    const projection = width === 3 ? [] : ['output.projection.weight'];
    expect(parameters.names).toEqual(['embedding.weight', ...projection, 'output.bias']);
    const x = device.tensor(
      Array.from({ length: 2 * width }, (_, i) => Math.sin(i)),
      [2, width],
    );
    const fitting = width === 3 ? x : x.matmul(parameters.get('output.projection.weight'), { transposeB: true });
    expect([...tied.apply({ xs: x, table: embedding.table }).data()]).toEqual([
      ...fitting.matmul(embedding.table, { transposeB: true }).data(),
    ]);
    const error = await gradientError(
      [x, ...[...parameters].map(({ value }) => value.detach())],
      ([input, ...values]) => {
        [...parameters].forEach((parameter, i) => {
          parameter.value = values[i];
        });
        // The matrix gets gradients from both of its uses.
        return add(
          sum(square(tied.apply({ xs: input, table: embedding.table }))),
          sum(square(embedding.apply(device.ids([1, 3])))),
        );
      },
    );
    expect(error).toBeLessThan(1e-6);
  });
});

describe('embedding', () => {
  const layer = new Embedding({ vocabularySize: 4, dimension: 3 });
  const parameters = initialiseParameters(layer, [-1, -1], device, 1);

  test('is the table row of every id', () => {
    const y = layer.apply(device.ids([[2, 0, 2]]));
    expect(y.shape).toEqual([1, 3, 3]);
    const table = parameters.get('weight').toArray() as number[][];
    expect(y.toArray()).toEqual([[table[2], table[0], table[2]]]);
  });

  test('names ids that are not in the table, and tensors that hold no ids', () => {
    expect(() => layer.apply(device.ids([1, 4]))).toThrow('embedding: id 4 at position 1 is not below 4');
    expect(() => layer.apply(device.ids([-1]))).toThrow(ShapeError);
    expect(() => layer.apply(device.tensor([1]))).toThrow('make ids with device.ids');
  });
});

describe('layer norm', () => {
  test('gives every row mean 0 and variance 1, whatever its offset and scale', () => {
    const layer = new LayerNorm();
    initialiseParameters(layer, [-1, 4], device, 1);
    const row = [1, 2, 4, 7];
    const y = layer.apply(device.tensor([row, row.map((x) => 1000 * x - 300)])).toArray() as number[][];
    for (const values of y) {
      expect(values.reduce((a, b) => a + b)).toBeCloseTo(0, 10);
      expect(values.reduce((a, b) => a + b * b, 0) / 4).toBeCloseTo(1, 4);
    }
    y[0].forEach((value, i) => {
      expect(value).toBeCloseTo(y[1][i], 4);
    });
  });
});

describe('a stack of recurrent layers', () => {
  const xs = device.tensor(
    Array.from({ length: 4 * 2 * 3 }, (_, i) => Math.sin(i)),
    [4, 2, 3],
  );
  const build = (layers: number, dropout = 0): Recurrent => {
    const layer = new Recurrent({ cell: { cell: 'gru', hidden: 5 }, layers, dropout });
    initialiseParameters(layer, [-1, -1, 3], device, 1);
    return layer;
  };

  test('drops out between layers while training: not in one layer, not after the last, not otherwise', () => {
    const outputs = (layer: Recurrent, context: Context): number[] => [...layer.apply(xs, context).data()];
    expect(outputs(build(1, 0.5), training())).toEqual(outputs(build(1, 0.5), inference));
    expect(outputs(build(2, 0.5), inference)).toEqual(outputs(build(2, 0), inference));
    expect(outputs(build(2, 0.5), training())).not.toEqual(outputs(build(2, 0.5), inference));
    expect(outputs(build(2, 0.2), training())).not.toContain(0);
  });

  test('backwards is forwards over the sequence turned round', () => {
    const both = new Recurrent({ cell: { cell: 'lstm', hidden: 4 }, bidirectional: true });
    const parameters = initialiseParameters(both, [-1, -1, 3], device, 1);
    for (const name of ['weight_ih_l0', 'weight_hh_l0', 'bias_ih_l0', 'bias_hh_l0']) {
      device.backend.copy(parameters.get(name), parameters.get(`${name}_reverse`));
    }
    const y = both.apply(xs);
    const turned = both.apply(xs.flip(0)).flip(0);
    expect([...y.slice(-1, 4, 8).data()]).toEqual([...turned.slice(-1, 0, 4).data()]);
  });

  test('over no steps gives no outputs and the state it began with', () => {
    const { outputs, state } = build(2).run(device.zeros([0, 2, 3]));
    expect(outputs.shape).toEqual([0, 2, 5]);
    expect(state.map(({ h }) => h.shape)).toEqual([
      [2, 5],
      [2, 5],
    ]);
  });

  test('is refused without layers, with a cell nobody knows, or with no units', () => {
    expect(() => build(0)).toThrow('layers must be a whole number from 1, received 0');
    expect(() => createCell({ cell: 'lstn', hidden: 4 })).toThrow("unknown cell 'lstn'; use rnn, irnn, lstm, gru");
    expect(() => createCell({ cell: 'toString', hidden: 4 })).toThrow(ConfigError);
    expect(() => createCell({ cell: 'lstm', hidden: 0 })).toThrow('hidden must be a whole number from 1, received 0');
  });

  test('names the part of the state or of the input that does not fit', () => {
    const layer = build(1);
    expect(() => layer.apply(device.ones([4, 2, 7]))).toThrow('weight_ih must be [15, 7], received [15, 3]');
    const state = [{ h: device.zeros([3, 5]) }];
    expect(() => layer.run(xs, inference, { state })).toThrow('has shape [3, 5], the input needs [');
  });
});

describe('sequential', () => {
  test('applies its layers in order, and can be written down', () => {
    const layers: Layer[] = [new Linear({ units: 3 }), new Dropout({ rate: 0.5 }), new LayerNorm()];
    const model = new Sequential(layers);
    const parameters = initialiseParameters(model, [-1, 2], device, 1);
    expect(parameters.names).toEqual(['0.weight', '0.bias', '2.weight', '2.bias']);
    expect(JSON.parse(JSON.stringify(model.config))).toEqual({
      layer: 'sequential',
      layers: [{ layer: 'linear', units: 3 }, { layer: 'dropout', rate: 0.5 }, { layer: 'layerNorm' }],
    });
    const x = device.tensor([[1, 2]]);
    const byHand = layers.reduce((value, layer) => layer.apply(value, inference), x);
    expect([...model.apply(x, inference).data()]).toEqual([...byHand.data()]);
  });
});

describe('losses', () => {
  const logits = device.tensor(
    [
      [2, 0, 1],
      [0, 1, 0],
      [3, 1, 1],
    ],
    [3, 3],
  );
  const targets = device.ids([0, -1, 2]);

  test('the mean is the sum over the positions that count, by weight', () => {
    const each = crossEntropyLoss(logits, targets, { reduction: 'none' }).data();
    expect(each[1]).toBe(0);
    expect(crossEntropyLoss(logits, targets, { reduction: 'sum' }).item()).toBeCloseTo(each[0] + each[2], 12);
    expect(crossEntropyLoss(logits, targets).item()).toBeCloseTo((each[0] + each[2]) / 2, 12);
    const weights = device.tensor([3, 5, 1]);
    expect(crossEntropyLoss(logits, targets, { weights }).item()).toBeCloseTo((3 * each[0] + each[2]) / 4, 12);
  });

  test('where no position counts the loss is 0, and so is its gradient', () => {
    const leaf = logits.track();
    const loss = crossEntropyLoss(leaf, device.ids([-1, -1, -1]));
    expect(loss.item()).toBe(0);
    expect([...gradients(loss, [leaf])[0].data()]).toEqual(new Array(9).fill(0));
  });

  test('of a uniform guess is ln V', () => {
    expect(crossEntropyLoss(device.zeros([2, 5]), device.ids([0, 3])).item()).toBeCloseTo(Math.log(5), 12);
  });

  test('squared error is that of each number, and its mean that of all', () => {
    const [a, b] = [device.tensor([1, 2]), device.tensor([3, 5])];
    expect([...squaredErrorLoss(a, b, { reduction: 'none' }).data()]).toEqual([4, 9]);
    expect(squaredErrorLoss(a, b).item()).toBe(6.5);
  });

  test('of a normal distribution is −log of its density, and least where the deviation is that of the errors', () => {
    const [mean, target] = [device.tensor([1, 2]), device.tensor([4, 2])];
    const at = (deviation: number): number[] => [
      ...gaussianLoss(mean, device.full([2], deviation), target, { reduction: 'none' }).data(),
    ];
    const density = (x: number, s: number): number => Math.exp(-(x ** 2) / (2 * s ** 2)) / (s * Math.sqrt(2 * Math.PI));
    expect(at(3)[0]).toBeCloseTo(-Math.log(density(3, 3)), 12);
    expect(at(3)[1]).toBeCloseTo(-Math.log(density(0, 3)), 12);
    const total = (deviation: number): number => at(deviation)[0] + at(deviation)[1];
    expect(total(Math.sqrt(4.5))).toBeLessThan(Math.min(total(2.1), total(2.15)));
  });

  test('of quantiles costs q for what is above, 1 − q for what is below', () => {
    const prediction = device.tensor([[3, 3]], [1, 2]);
    const loss = (target: number): number[] => [
      ...quantileLoss(prediction, device.tensor([target], [1, 1]), [0.1, 0.9], { reduction: 'none' }).data(),
    ];
    const close = (found: number[], expected: number[]): void => {
      found.forEach((value, i) => {
        expect(value).toBeCloseTo(expected[i], 12);
      });
    };
    close(loss(5), [0.2, 1.8]);
    close(loss(1), [1.8, 0.2]);
    expect(() => quantileLoss(prediction, device.zeros([1, 1]), [0.5])).toThrow(ConfigError);
    expect(() => quantileLoss(prediction, device.zeros([1, 1]), [0.5, 1])).toThrow('received [0.5, 1]');
  });

  test('of normal distributions and quantiles have the gradients of central differences', async () => {
    const target = device.tensor([0.3, -1, 2.5], [3, 1]);
    const weights = device.tensor([1, 0, 3], [3, 1]);
    const inputs = [device.tensor([0.1, 1, -2], [3, 1]), device.tensor([0.5, 2, 1], [3, 1])];
    expect(
      await gradientError(inputs, ([mean, deviation]) => gaussianLoss(mean, deviation, target, { weights })),
    ).toBeLessThan(1e-6);
    const quantiles = device.tensor([-1, 0, 1, -2, 0.5, 1, 2, 2.2, 3], [3, 3]);
    expect(await gradientError([quantiles], ([x]) => quantileLoss(x, target, [0.1, 0.5, 0.9]))).toBeLessThan(1e-6);
  });

  test('gradients agree with central differences, with weights and every reduction', async () => {
    const weights = device.tensor([3, 5, 1]);
    for (const reduction of ['mean', 'sum', 'none'] as const) {
      const error = await gradientError([logits, device.tensor([1, 0.5, 2])], ([x, w]) => {
        const loss = crossEntropyLoss(mul(x, w.reshape([3, 1])), targets, { reduction, weights });
        return loss.size === 1 ? loss : sum(loss);
      });
      expect(error).toBeLessThan(1e-6);
    }
  });
});
