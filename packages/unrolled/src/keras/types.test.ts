import { expect, test } from 'vitest';
import { dense, earlyStopping, gru, input, lstm, model, type NumberArray, sequential } from './index.ts';

/** Never called: what must not compile, and what must. */
async function compiles(): Promise<unknown> {
  // @ts-expect-error: units is missing
  dense({});
  // @ts-expect-error: there is no such option
  dense({ units: 3, activaton: 'relu' });
  // @ts-expect-error: there is no such activation
  dense({ units: 3, activation: 'rellu' });
  // @ts-expect-error: an option of GRU, not of LSTM
  lstm({ units: 3, resetAfter: true });
  gru({ units: 3, resetAfter: false });
  // @ts-expect-error: glorotUniform has no option
  dense({ units: 3, kernelInitializer: { name: 'glorotUniform', stddev: 1 } });
  dense({
    units: 3,
    kernelInitializer: { name: 'randomNormal', stddev: 1 },
    kernelRegularizer: { name: 'l2', l2: 1e-4 },
  });
  // @ts-expect-error: a mode that there is not
  earlyStopping({ mode: 'least' });
  const x = input({ shape: [null, 3] });
  const [sequence, h, c] = lstm({ units: 2, returnState: true }).apply(x);
  const y = lstm({ units: 2 }).apply(x);
  // @ts-expect-error: one output is no list
  const [none] = lstm({ units: 2 }).apply(x);
  const one = model({ inputs: x, outputs: y });
  const named = model({ inputs: x, outputs: { y, h } });
  const list = model({ inputs: x, outputs: [sequence, c] });
  // @ts-expect-error: there is no such optimizer
  one.compile({ optimizer: 'adamm' });
  // @ts-expect-error: an option of another optimizer
  one.compile({ optimizer: { name: 'sgd', beta1: 0.9 } });
  // @ts-expect-error: there is no such loss
  one.compile({ loss: 'mean_squared_error' });
  // @ts-expect-error: there is no such option of fit
  await one.fit([], [], { epoch: 3 });
  const a: NumberArray = await one.predict([]);
  const b: NumberArray = (await named.predict([])).h;
  const [d]: readonly NumberArray[] = await list.predict([]);
  // @ts-expect-error: there is no such output
  (await named.predict([])).z;
  return [none, a, b, d, sequential([dense({ units: 1 })])];
}

test('wrong options do not compile, and are refused where types are not looked at', () => {
  expect(compiles).toBeTypeOf('function');
  expect(() => dense({ units: 3, activaton: 'relu' } as never)).toThrow("did you mean 'activation'?");
  expect(() => dense({ units: 3, activation: 'rellu' as never })).toThrow("did you mean 'relu'?");
  expect(() => dense({ units: 3, kernelInitializer: { name: 'glorotUniform', stddev: 1 } as never })).toThrow('stddev');
  expect(() => dense({ units: 3, kernelRegularizer: 'l3' as never })).toThrow("did you mean 'l1'?");
  expect(() => lstm({ units: 0 })).toThrow('units must be a whole number from 1');
});
