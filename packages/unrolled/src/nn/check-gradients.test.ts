import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { apply, type Operation } from '../autodiff/operation.ts';
import { openDevice } from '../device.ts';
import { ConfigError } from '../errors.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { defineCell } from './cells/index.ts';
import { checkGradients } from './check-gradients.ts';
import { inference, initialiseParameters } from './layer.ts';
import { Linear } from './linear.ts';
import { Recurrent } from './recurrent.ts';

const device = await openDevice('reference');
const xs = device.tensor([0.1, -0.4, 0.3, 0.2, 0.5, -0.1, 0.7, 0.9, -0.8, 0.6, -0.2, 0.4], [3, 2, 2]);

/** x with a gradient that is a tenth too large. */
const wrong: Operation<[Tensor], null, null> = {
  name: 'wrong',
  forward: ([x]) => ({ outputs: [x.view(x.shape)], saved: null }),
  backward: ({ gradients: [dy] }) => [dy!.mul(1.1)],
};

describe('checking the parameters of a layer', () => {
  test.each(['lstm', 'gru', 'mut1', 'minlstm'])('passes a %s, whose values it leaves as they were', async (cell) => {
    const layer = new Recurrent({ cell, hidden: 3, layers: 2 });
    const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
    const before = [...parameters.values.data()];
    const { error, errors } = await checkGradients(parameters, () => layer.run(xs, inference).outputs.square().sum());
    expect(error).toBeLessThan(1e-6);
    expect(Object.keys(errors)).toEqual(parameters.names);
    expect([...parameters.values.data()]).toEqual(before);
  });

  test('names the parameter behind a wrong gradient', async () => {
    const cell = defineCell({
      name: 'wrong',
      initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
      step(x, { h }, { linear, parameter, hidden }) {
        const next = linear('n', [x, h])
          .mul(apply(wrong, [parameter('keep', [hidden])], null))
          .tanh();
        return { output: next, state: { h: next } };
      },
    });
    const layer = new Recurrent({ cell, hidden: 3 });
    const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
    const check = (most?: number) =>
      checkGradients(parameters, () => layer.run(xs, inference).outputs.sum().mul(9), { most });
    expect((await check()).parameter).toBe('keep_l0');
    expect((await check()).error).toBeGreaterThan(0.01);
    expect((await check(1)).error).toBeGreaterThan(0.01);
    expect((await check()).errors.weight_n_l0).toBeLessThan(1e-6);
  });

  test('fails where the loss depends on no parameter, or a number is NaN', async () => {
    const layer = new Linear({ units: 2 });
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    await expect(checkGradients(parameters, () => device.ones([1]).sum())).rejects.toThrow(ConfigError);
    expect((await checkGradients(parameters, () => layer.apply(xs).mul(Number.NaN).sum())).error).toBe(Infinity);
  });
});

describe('gradientError', () => {
  test('refuses a loss that does not use what it is given', async () => {
    const layer = new Recurrent({ cell: 'lstm', hidden: 3 });
    const parameters = initialiseParameters(layer, [-1, -1, 2], device, 1);
    const weight = parameters.get('weight_hh_l0');
    const loss = () => layer.run(xs, inference).outputs.square().sum();
    await expect(gradientError([weight], loss)).rejects.toThrow(ConfigError);
    await expect(gradientError([device.ones([2])], () => device.ones([1]).sum())).rejects.toThrow(
      'gradientError: the loss does not depend on input 0, of shape [2]; compute it from the tensors that the function receives',
    );
    await expect(gradientError([xs, device.ones([2])], ([x]) => x.sum())).rejects.toThrow('input 1');
    await expect(gradientError([], () => device.ones([]))).rejects.toThrow(ConfigError);
  });

  test('is large where a loss uses an input without a gradient', async () => {
    expect(await gradientError([xs], ([x]) => x.detach().square().sum())).toBeGreaterThan(0.1);
  });
});

describe('backward', () => {
  test('of a loss that depends on no parameter is an error', () => {
    const layer = new Linear({ units: 2 });
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    for (const loss of [
      () => device.ones([]),
      () => device.withoutGradients(() => layer.apply(xs).sum()),
      () => layer.apply(xs).detach().sum(),
    ]) {
      expect(() => parameters.backward(loss())).toThrow('backward: the loss depends on no parameter of this model');
    }
  });

  test('of a loss that depends on some gives the others 0', () => {
    const layer = new Linear({ units: 2 });
    const parameters = initialiseParameters(layer, [-1, 2], device, 1);
    parameters.backward(parameters.get('bias').sum());
    expect([...parameters.gradient('weight').data()]).toEqual([0, 0, 0, 0]);
    expect([...parameters.gradient('bias').data()]).toEqual([1, 1]);
  });
});

test('a device that was not awaited is named', () => {
  const make = () => initialiseParameters(new Linear({ units: 2 }), [-1, 2], openDevice('reference') as never, 1);
  expect(make).toThrow(ConfigError);
  expect(make).toThrow('initialiseParameters: the device is a promise; use await openDevice()');
});

test.each([1.5, Number.NaN, '1', undefined, null])('a seed must be a whole number, not %s', (seed) => {
  expect(() => initialiseParameters(new Linear({ units: 2 }), [-1, 2], device, seed as never)).toThrow(ConfigError);
});
