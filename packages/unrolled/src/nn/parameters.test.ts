import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError, FormatError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, sum } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import { zeros } from './initialisers.ts';
import { inference, initialiseParameters } from './layer.ts';
import { Linear } from './linear.ts';
import { Declarations, Parameters } from './parameters.ts';
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

describe('frozen parameters', () => {
  const layer = {
    build(input: Shape, declarations: Declarations): Shape {
      declarations.declare('weight', [2], zeros);
      declarations.within('given').buffer('table', [3]);
      return input;
    },
  };

  test('are saved and loaded with the others, but have no gradient and no place in what is updated', () => {
    const parameters = initialiseParameters(layer, [], device, 1);
    expect(parameters.names).toEqual(['weight', 'given.table']);
    expect(parameters.size).toBe(2);
    expect(numbers(parameters, 'given.table')).toEqual([0, 0, 0]);
    parameters.load({ weight: { shape: [2], data: [1, 2] }, 'given.table': { shape: [3], data: [3, 4, 5] } });
    parameters.backward(sum(add(parameters.get('weight').slice(0, 0, 1), parameters.get('given.table'))));
    expect([...parameters.gradients.data()]).toEqual([3, 0]);
    expect(() => parameters.gradient('given.table')).toThrow("parameter 'given.table' is frozen: it has no gradient");
    expect(Object.entries(parameters.save()).map(([name, { data }]) => [name, ...data])).toEqual([
      ['weight', 1, 2],
      ['given.table', 3, 4, 5],
    ]);
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
  test('gives what save took, and the model computes the same', () => {
    const [first, second] = [wide(), wide()];
    const one = initialiseParameters(first, [-1, 4], device, 1);
    const two = initialiseParameters(second, [-1, 4], device, 2);
    two.load(one.save());
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
  ])('changes nothing and says so when %s', (_, change, message) => {
    const parameters = build(1);
    const before = [...parameters.values.data()];
    const whole: Record<string, { shape: Shape; data: ArrayLike<number> } | undefined> = build(2).save();
    const values = { ...whole, ...change } as LoadedValues;
    expect(() => parameters.load(values)).toThrow(FormatError);
    expect(() => parameters.load(values)).toThrow(message);
    expect([...parameters.values.data()]).toEqual(before);
  });
});
