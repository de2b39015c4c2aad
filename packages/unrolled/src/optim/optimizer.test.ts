import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError } from '../errors.ts';
import { initialiseParameters } from '../nn/layer.ts';
import { Linear } from '../nn/linear.ts';
import { Declarations, Parameters } from '../nn/parameters.ts';
import { createDevice } from '../ops/create-device.ts';
import { Optimizer, type OptimizerName, type OptimizerOptions, optimizerNames } from './optimizer.ts';
import { learningRateAt } from './schedule.ts';

const device = createDevice(referenceBackend());

/** Parameters [3, −4] with given gradients. */
function model(gradients: readonly number[]): Parameters {
  const declarations = new Declarations();
  declarations.declare('weight', [2], { kind: 'constant', value: 0 });
  const parameters = new Parameters(device, declarations.declared, 1);
  device.backend.write(parameters.values, [3, -4]);
  device.backend.write(parameters.gradients, gradients);
  return parameters;
}

/** What one step of sgd at rate 1 took off: the gradient as it was after clipping. */
function applied(gradients: readonly number[], clip: { clipNorm?: number; clipValue?: number }): number[] {
  const parameters = model(gradients);
  new Optimizer(parameters, { method: 'sgd' }).update({ learningRate: 1, ...clip });
  return [...parameters.values.data()].map((value, i) => [3, -4][i] - value);
}

describe('clipping', () => {
  test('by norm scales a gradient to the norm and keeps its direction', () => {
    const [a, b] = applied([30, 40], { clipNorm: 5 });
    expect(a).toBeCloseTo(3, 5);
    expect(b).toBeCloseTo(4, 5);
  });

  test('by norm does not change a shorter gradient', () => {
    expect(applied([3, 4], { clipNorm: 6 })).toEqual([3, 4]);
  });

  test('by value clamps every number on its own', () => {
    expect(applied([30, -0.5], { clipValue: 2 })).toEqual([2, -0.5]);
    expect(applied([-30, 0.5], { clipValue: 2 })).toEqual([-2, 0.5]);
  });

  test('by norm comes before clipping by value', () => {
    const [a, b] = applied([30, 40], { clipNorm: 5, clipValue: 3.5 });
    expect(a).toBeCloseTo(3, 5);
    expect(b).toBe(3.5);
  });

  test('returns the norm from before', () => {
    for (const clipNorm of [0, 6, 1]) {
      const { norm } = new Optimizer(model([3, 4]), { method: 'sgd' }).update({ learningRate: 1, clipNorm });
      expect([norm.shape, norm.item()]).toEqual([[], 5]);
    }
  });

  test('reads nothing', () => {
    const optimizer = new Optimizer(model([3, 4]), { method: 'adam' });
    const before = device.transfers;
    optimizer.update({ learningRate: 1, clipNorm: 1, clipValue: 1, loss: device.ones([]) });
    expect(device.transfers).toBe(before);
  });
});

describe.each(optimizerNames)('%s', (method) => {
  test.each([Number.NaN, Number.POSITIVE_INFINITY])('changes nothing when the gradient holds %d', (wrong) => {
    const parameters = model([1, wrong]);
    const optimizer = new Optimizer(parameters, { method });
    const { norm } = optimizer.update({ learningRate: 0.1, clipNorm: 1 });
    expect(Number.isFinite(norm.item())).toBe(false);
    expect([...parameters.values.data()]).toEqual([3, -4]);
    expect(optimizer.steps.item()).toBe(0);
    for (const memory of Object.values(optimizer.memory)) expect([...memory.data()]).toEqual([0, 0]);
  });

  test('an update that a loss prevented leaves no trace in those after it', () => {
    const after = (losses: readonly number[]): number[] => {
      const parameters = model([1, -2]);
      const optimizer = new Optimizer(parameters, { method });
      for (const loss of losses) optimizer.update({ learningRate: 0.1, loss: device.full([], loss) });
      expect(optimizer.steps.item()).toBe(2);
      return [...parameters.values.data()];
    };
    expect(after([Number.NaN, 1, Number.NEGATIVE_INFINITY, 1])).toEqual(after([1, 1]));
  });

  test('moves against the gradient, and not at all if it is 0', () => {
    const parameters = model([1, 0]);
    new Optimizer(parameters, { method }).update({ learningRate: 0.01 });
    const [a, b] = parameters.values.data();
    expect(a).toBeLessThan(3);
    expect(b).toBe(-4);
  });

  test('resumes from its saved state bit for bit', async () => {
    const gradients = [
      [1, -2],
      [0.5, 3],
      [-1, 0.25],
      [2, 2],
    ];
    const step = (parameters: Parameters, optimizer: Optimizer, g: readonly number[]): void => {
      device.backend.write(parameters.gradients, g);
      optimizer.update({ learningRate: 0.1 });
    };
    const whole = model([0, 0]);
    const one = new Optimizer(whole, { method });
    for (const g of gradients) step(whole, one, g);

    const first = model([0, 0]);
    const before = new Optimizer(first, { method });
    for (const g of gradients.slice(0, 2)) step(first, before, g);
    const second = model([0, 0]);
    second.load(await first.save());
    const after = new Optimizer(second, { method });
    after.resumeAt(before.steps.item());
    for (const [name, memory] of Object.entries(before.memory)) {
      device.backend.write(after.memory[name], memory.data());
    }
    for (const g of gradients.slice(2)) step(second, after, g);
    expect([...second.values.data()]).toEqual([...whole.values.data()]);
    expect(after.steps.item()).toBe(4);
  });

  test('finds the bottom of a bowl', () => {
    const parameters = model([0, 0]);
    const optimizer = new Optimizer(parameters, { method });
    for (let i = 0; i < 3000; i++) {
      const rate = 0.1 * (1 - i / 3000) * (method === 'adagrad' ? 20 : 1);
      device.backend.write(parameters.gradients, parameters.values.data());
      optimizer.update({ learningRate: rate });
    }
    for (const value of parameters.values.data()) expect(Math.abs(value)).toBeLessThan(1e-2);
  });
});

describe('weight decay', () => {
  const decayed = (options: OptimizerOptions): number[] => {
    const parameters = model([0, 0]);
    new Optimizer(parameters, { weightDecay: 0.5, ...options }).update({ learningRate: 0.1 });
    return [...parameters.values.data()];
  };

  test('without a gradient shrinks weights in proportion, in sgd and in adamw', () => {
    for (const method of ['sgd', 'adamw'] as const) {
      const [a, b] = decayed({ method });
      expect(a).toBeCloseTo(3 * 0.95, 12);
      expect(b).toBeCloseTo(-4 * 0.95, 12);
    }
  });

  test('in adam goes through the means, so that every weight moves by the rate', () => {
    const [a, b] = decayed({ method: 'adam' });
    expect(a).toBeCloseTo(2.9, 6);
    expect(b).toBeCloseTo(-3.9, 6);
  });
});

describe('parts of the parameters', () => {
  /** Three parameters, of which the second is no matrix. */
  const three = (): Parameters => {
    const declarations = new Declarations();
    const value = (number: number) => ({ kind: 'constant', value: number }) as const;
    declarations.declare('features.weight', [2, 3], value(2));
    declarations.declare('features.bias', [3], value(2));
    declarations.buffer('features.mean', [3], value(7));
    declarations.declare('head.weight', [1, 5], value(2));
    const parameters = new Parameters(device, declarations.declared, 1);
    device.backend.write(
      parameters.gradients,
      [...parameters.gradients.data()].map((_, i) => (i % 4) - 1.5),
    );
    return parameters;
  };
  const updated = (options: OptimizerOptions, steps = 3): Parameters => {
    const parameters = three();
    const optimizer = new Optimizer(parameters, options);
    for (let step = 0; step < steps; step++) optimizer.update({ learningRate: 0.1, clipNorm: 1 });
    expect(optimizer.steps.item()).toBe(steps);
    return parameters;
  };
  const of = (parameters: Parameters, name: string): number[] => [...parameters.get(name).data()];

  test.each(optimizerNames)('%s: with decaying matrices, vectors are updated as without decay', (method) => {
    const [all, matrices, none] = [
      updated({ method, weightDecay: 0.3 }),
      updated({ method, weightDecay: 0.3, decaying: 'matrices' }),
      updated({ method }),
    ];
    expect(of(matrices, 'features.bias')).toEqual(of(none, 'features.bias'));
    for (const name of ['features.weight', 'head.weight']) {
      expect(of(matrices, name)).toEqual(of(all, name));
      expect(of(matrices, name)).not.toEqual(of(none, name));
    }
  });

  test.each(optimizerNames)('%s: a rate of 0 leaves parameters as they are, and others as ever', (method) => {
    const [slow, usual] = [updated({ method, rates: { features: 0 } }), updated({ method })];
    expect(of(slow, 'features.weight')).toEqual(of(three(), 'features.weight'));
    expect(of(slow, 'head.weight')).toEqual(of(usual, 'head.weight'));
  });

  test('the longest beginning of a name decides', () => {
    const change = (parameters: Parameters, name: string): number => of(parameters, name)[0] - 2;
    const rates = { features: 0.5, 'features.b': 3 };
    const [changed, usual] = [updated({ method: 'sgd', rates }, 1), updated({ method: 'sgd' }, 1)];
    for (const [name, factor] of [
      ['features.weight', 0.5],
      ['features.bias', 3],
      ['head.weight', 1],
    ] as const) {
      expect(change(changed, name)).toBeCloseTo(factor * change(usual, name), 6);
    }
  });

  test('a beginning that no parameter has is refused', () => {
    expect(() => updated({ method: 'sgd', rates: { backbone: 0.1 } })).toThrow(
      "no trainable parameter's name begins with 'backbone'",
    );
  });
});

test('an unknown method is answered with those that there are', () => {
  const wrong = () => new Optimizer(model([0, 0]), { method: 'adamm' as OptimizerName });
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow("received 'adamm'; did you mean 'adam'?");
});

describe('an optimizer refuses', () => {
  const parameters = initialiseParameters(new Linear({ units: 2 }), [-1, 2], device, 1);
  test.each([
    [() => new Optimizer(parameters, { method: 'Adam' as never }), "did you mean 'adam'?"],
    [() => new Optimizer(parameters, {} as never), 'optimizer: method must be'],
    [() => new Optimizer(parameters, { method: 'sgd', momentun: 0.9 } as never), "did you mean 'momentum'?"],
    [() => new Optimizer(parameters, { method: 'adam', beta1: 1 }), 'beta1 must be a finite number from 0, below 1'],
    [
      () => new Optimizer(parameters, { method: 'adam', weightDecay: -1 }),
      'weightDecay must be a finite number from 0',
    ],
    [() => new Optimizer(parameters, { method: 'sgd' }).update({} as never), 'update: learningRate must be'],
    [() => new Optimizer(parameters, { method: 'sgd' }).update({ learningRate: -1 }), 'received -1'],
    [() => new Optimizer(parameters, { method: 'sgd' }).update({ learningRate: Number.NaN }), 'received NaN'],
    [() => new Optimizer(parameters, { method: 'sgd' }).update({ learningRate: 1, clipNorm: -1 }), 'clipNorm'],
    [() => learningRateAt('cosin' as never, 1, 0), "did you mean 'cosine'?"],
  ])('%s', (use, message) => {
    expect(use).toThrow(ConfigError);
    expect(use).toThrow(message);
  });
});

test('sgd with momentum is momentum', () => {
  const after = (options: OptimizerOptions): number[] => {
    const layer = new Linear({ units: 2 });
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    const optimizer = new Optimizer(parameters, options);
    for (let step = 0; step < 3; step++) {
      parameters.backward(
        layer
          .apply(device.ones([1, 2]))
          .square()
          .sum(),
      );
      optimizer.update({ learningRate: 0.1 });
    }
    return [...parameters.values.data()];
  };
  for (const nesterov of [false, true]) {
    const expected = after({ method: 'momentum', momentum: 0.7, nesterov });
    expect(after({ method: 'sgd', momentum: 0.7, nesterov })).toEqual(expected);
    expect(after({ method: 'sgd' })).not.toEqual(expected);
  }
});
