import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError, FormatError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, sum } from '../ops/index.ts';
import { Optimizer } from '../optim/index.ts';
import { Random } from '../random.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import { ones, zeros } from './initialisers.ts';
import { type Context, inference, initialiseParameters, type Layer } from './layer.ts';
import { Linear } from './linear.ts';
import { Declarations, type Parameter, Parameters } from './parameters.ts';
import { Recurrent } from './recurrent.ts';
import { Sequential } from './sequential.ts';

type LoadedValues = globalThis.Parameters<Parameters['load']>[0];
const device = createDevice(referenceBackend());
const wide = () => new Sequential([new Linear({ units: 3 }), new Linear({ units: 2 })]);
const build = (seed: number): Parameters => initialiseParameters(wide(), [-1, 4], device, seed);
const numbers = (parameters: Parameters, name: string): number[] => [...parameters.get(name).data()];

describe('first values', () => {
  test('are the same for the same seed, others for another one', () => {
    expect([...build(1).values.data()]).toEqual([...build(1).values.data()]);
    expect([...build(1).values.data()]).not.toEqual([...build(2).values.data()]);
  });

  test('of one layer do not change when another one is added or made wider', () => {
    const more = new Sequential([new Linear({ units: 3 }), new Linear({ units: 7 }), new Linear({ units: 2 })]);
    const parameters = initialiseParameters(more, [-1, 4], device, 1);
    expect(numbers(parameters, '0.weight')).toEqual(numbers(build(1), '0.weight'));
  });

  test('of parameters of one shape differ', () => {
    const twins = new Sequential([new Linear({ units: 4 }), new Linear({ units: 4 })]);
    const parameters = initialiseParameters(twins, [-1, 4], device, 1);
    expect(numbers(parameters, '0.weight')).not.toEqual(numbers(parameters, '1.weight'));
  });

  test('are given outside of scopes even when asked for inside of one', () => {
    const layer = new Linear({ units: 1 });
    device.scope(() => void initialiseParameters(layer, [-1, 2], device, 1));
    expect(layer.apply(device.ones([1, 2])).shape).toEqual([1, 1]);
  });

  test('are asked for too early when the layer was not built', () => {
    const declarations = new Declarations();
    const layer = new Linear({ units: 1 });
    layer.build([-1, 2], declarations);
    expect(() => layer.apply(device.ones([1, 2]))).toThrow('parameter weight has no values yet; call initialise');
  });
});

test('frozen layers have the same parameters by name and initial value, all of them buffers', () => {
  const declared = (frozen: boolean): Parameters => {
    const all = new Declarations();
    new Linear({ units: 2 }).build([-1, 3], (frozen ? all.frozen() : all).within('a').suffixed('_l0'));
    all.declare('own', [1], zeros);
    return new Parameters(device, all.declared, 4);
  };
  const [frozen, trained] = [declared(true), declared(false)];
  expect([...frozen].map((one) => [one.name, one.frozen])).toEqual([
    ['a.weight_l0', true],
    ['a.bias_l0', true],
    ['own', false],
  ]);
  expect(frozen.size).toBe(1);
  expect(numbers(frozen, 'a.weight_l0')).toEqual(numbers(trained, 'a.weight_l0'));
});

describe('buffers', () => {
  const layer = {
    build(input: Shape, declarations: Declarations): Shape {
      declarations.declare('weight', [2], zeros);
      declarations.within('given').buffer('table', [3]);
      return input;
    },
  };

  test('are saved and loaded with the others, but have no gradient and no place in what is updated', async () => {
    const parameters = initialiseParameters(layer, [], device, 1);
    expect(parameters.names).toEqual(['weight', 'given.table']);
    expect(parameters.size).toBe(2);
    expect(numbers(parameters, 'given.table')).toEqual([0, 0, 0]);
    parameters.load({ weight: { shape: [2], data: [1, 2] }, 'given.table': { shape: [3], data: [3, 4, 5] } });
    parameters.backward(sum(add(parameters.get('weight').slice(0, 0, 1), parameters.get('given.table'))));
    expect([...parameters.gradients.data()]).toEqual([3, 0]);
    expect(() => parameters.gradient('given.table')).toThrow("parameter 'given.table' is frozen: it has no gradient");
    expect(Object.entries(await parameters.save()).map(([name, { data }]) => [name, ...data])).toEqual([
      ['weight', 1, 2],
      ['given.table', 3, 4, 5],
    ]);
  });
});

/** Subtracts a running mean of what it has seen, updated while training: a layer of the user's own. */
class Centre extends Buildable<{ mean: Parameter; gain: Parameter }> implements Layer {
  readonly config = { layer: 'centre' };
  build(input: Shape, declarations: Declarations): Shape {
    const shape = [input.at(-1)!];
    this.parts = {
      gain: declarations.declare('gain', shape, ones),
      mean: declarations.buffer('mean', shape, { kind: 'constant', value: 8 }),
    };
    return input;
  }
  apply(x: Tensor, context: Context): Tensor {
    const { mean, gain } = this.parts;
    if (context.training) mean.assign(add(mean.value.mul(0.5), x.mean({ axes: 0 }).mul(0.5)));
    return x.sub(mean.value).mul(gain.value);
  }
}

describe('a buffer that a training step updates', () => {
  const x = device.tensor([
    [1, 2],
    [3, 6],
  ]);
  const build = () => {
    const layer = new Centre();
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    return { layer, parameters, mean: () => numbers(parameters, 'mean') };
  };
  const step = ({ layer, parameters }: ReturnType<typeof build>) =>
    device.scope(() => {
      parameters.backward(sum(layer.apply(x, { training: true, random: new Random(1) })));
      new Optimizer(parameters, { method: 'sgd' }).update({ learningRate: 0.5 });
    });

  test('begins with the values it was declared with, and keeps what each step writes', () => {
    const made = build();
    expect(made.mean()).toEqual([8, 8]);
    step(made);
    expect(made.mean()).toEqual([5, 6]);
    step(made);
    expect(made.mean()).toEqual([3.5, 5]);
    made.layer.apply(x, inference);
    expect(made.mean()).toEqual([3.5, 5]);
  });

  test('is no part of what the optimizer changes', () => {
    const made = build();
    expect(made.parameters.size).toBe(2);
    step(made);
    // Σ_b (x − mean) after the mean was updated.
    expect([...made.parameters.gradients.data()]).toEqual([-6, -4]);
    expect([...made.parameters.values.data()]).toEqual([4, 3]);
  });

  test('is saved and loaded with the model, which then computes the same', async () => {
    const [made, again] = [build(), build()];
    step(made);
    again.parameters.load(await made.parameters.save());
    expect(again.mean()).toEqual([5, 6]);
    expect([...again.layer.apply(x, inference).data()]).toEqual([...made.layer.apply(x, inference).data()]);
  });

  test('of another shape, and a trained parameter, are not written', () => {
    const { parameters } = build();
    const [gain, mean] = [...parameters];
    expect(() => mean.assign(device.zeros([3]))).toThrow('assign: buffer mean has shape [2], received [3]');
    expect(() => gain.assign(device.zeros([2]))).toThrow('parameter gain is trained; declare it with buffer(…)');
  });
});

describe('the flat buffer', () => {
  test('holds all values one after the other in the order of declaration, and so do the gradients', () => {
    const parameters = build(1);
    expect(parameters.names).toEqual(['0.weight', '0.bias', '1.weight', '1.bias']);
    expect(parameters.size).toBe(4 * 3 + 3 + 3 * 2 + 2);
    expect(parameters.names.flatMap((name) => numbers(parameters, name))).toEqual([...parameters.values.data()]);
    parameters.backward([...parameters].map(({ value }, i) => sum(value.mul(i + 1))).reduce((a, b) => add(a, b)));
    expect([...parameters.gradients.data()]).toEqual([1, 2, 3, 4].flatMap((n, i) => Array([12, 3, 6, 2][i]).fill(n)));
    expect([...parameters.gradient('1.bias').data()]).toEqual([4, 4]);
  });

  test('is what the layers read: a change there changes their output', () => {
    const layer = new Linear({ units: 1 });
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    device.backend.write(parameters.values, [1, 10, 100]);
    expect(layer.apply(device.tensor([[2, 3]])).item()).toBe(132);
  });

  test('of a model without parameters is empty', () => {
    const none = new Parameters(device, [], 1);
    expect(none.size).toBe(0);
    none.backward(sum(device.ones([1]).track()));
  });
});

describe('backward', () => {
  test('replaces the gradients of before, and gives 0 where the loss does not reach', () => {
    const parameters = build(1);
    parameters.backward(sum(parameters.get('0.weight')));
    parameters.backward(sum(parameters.get('1.bias')));
    expect([...parameters.gradients.data()]).toEqual([...new Array(21).fill(0), 1, 1]);
  });
});

describe('names', () => {
  test('of a recurrent layer are those of PyTorch', () => {
    const layer = new Recurrent({ cell: { cell: 'gru', hidden: 2 }, layers: 2, bidirectional: true });
    const { names } = initialiseParameters(layer, [-1, -1, 3], device, 1);
    const ends = ['_l0', '_l0_reverse', '_l1', '_l1_reverse'];
    expect(names).toEqual(
      ends.flatMap((end) => ['weight_ih', 'weight_hh', 'bias_ih', 'bias_hh'].map((name) => name + end)),
    );
  });

  test('are taken once', () => {
    const declarations = new Declarations();
    declarations.within('a').declare('weight', [1], zeros);
    expect(() => declarations.declare('a.weight', [1], zeros)).toThrow('parameter a.weight is declared twice');
  });

  test('that do not exist are answered with those that do', () => {
    expect(() => build(1).get('2.weight')).toThrow(ConfigError);
    expect(() => build(1).gradient('2.weight')).toThrow(
      "no parameter '2.weight'; there are 0.weight, 0.bias, 1.weight",
    );
  });
});

describe('load', () => {
  test('gives what save took, and the model computes the same', async () => {
    const [first, second] = [wide(), wide()];
    const one = initialiseParameters(first, [-1, 4], device, 1);
    const two = initialiseParameters(second, [-1, 4], device, 2);
    two.load(await one.save());
    const x = device.tensor([[1, 2, 3, 4]]);
    expect([...second.apply(x, inference).data()]).toEqual([...first.apply(x, inference).data()]);
  });

  test.each([
    ['a parameter is missing', { '1.bias': undefined }, "parameter '1.bias' is missing"],
    ['there is one too many', { '2.bias': { shape: [1], data: [1] } }, "this model has no parameter '2.bias'"],
    ['a shape differs', { '1.bias': { shape: [3], data: [1, 2, 3] } }, "'1.bias' has shape [3], the model needs [2]"],
    [
      'there are too few numbers',
      { '1.bias': { shape: [2], data: [1] } },
      "'1.bias' has 1 numbers, its shape [2] needs 2",
    ],
  ])('changes nothing and says so when %s', async (_, change, message) => {
    const parameters = build(1);
    const before = [...parameters.values.data()];
    const whole: Record<string, { shape: Shape; data: ArrayLike<number> } | undefined> = await build(2).save();
    const values = { ...whole, ...change } as LoadedValues;
    expect(() => parameters.load(values)).toThrow(FormatError);
    expect(() => parameters.load(values)).toThrow(message);
    expect([...parameters.values.data()]).toEqual(before);
  });
});
