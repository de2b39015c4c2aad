import { beforeAll, describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError } from '../errors.ts';
import { type CellConfig, inference, initialiseParameters, Recurrent, type StackState } from '../nn/index.ts';
import { initialise } from '../nn/initialisers.ts';
import { createDevice } from '../ops/create-device.ts';
import { Random } from '../random.ts';
import {
  type Decomposition,
  gradientFlow,
  inspectRecurrent,
  jacobianSpectrum,
  spectralRadius,
  spectrumOf,
  stepJacobian,
  Trajectory,
  weightSpectra,
} from './index.ts';

const device = createDevice(referenceBackend());
const [T, F, H] = [9, 3, 4];
const xs = device.tensor(initialise({ kind: 'normal', deviation: 1 }, [T, 2, F], new Random(1)), [T, 2, F]);

/** What the tests need of one, for matrices with orthogonal rows: singular values are their lengths. */
const rowsOnly: Decomposition = {
  singularValues: ({ size, data }) =>
    Array.from({ length: size }, (_, i) => Math.hypot(...Array.from(data).slice(i * size, (i + 1) * size))).sort(
      (a, b) => b - a,
    ),
  eigenvalues: () => [],
};

const configs = [
  { cell: 'rnn', hidden: H },
  { cell: 'lstm', hidden: H },
  { cell: 'gru', hidden: H },
] satisfies CellConfig[];

describe.each(configs)('of a bidirectional stack of $cell', (cell) => {
  const recurrent = new Recurrent({ cell, layers: 2, bidirectional: true });
  initialiseParameters(recurrent, [-1, -1, F], device, 4);
  const inspected = inspectRecurrent(recurrent, xs);
  let trajectory: Trajectory;
  beforeAll(async () => {
    trajectory = await Trajectory.read(inspected);
  });

  test('the trajectory holds the states a step begins from', () => {
    const { state } = recurrent.run(xs, inference);
    const [forward, reverse] = [trajectory.before(T), trajectory.before(-1)];
    state.forEach((parts, place) => {
      const last = trajectory.places[place].reverse ? reverse[place] : forward[place];
      for (const [name, part] of Object.entries(parts))
        expect(last[name].toArray()).toEqual(part.slice(0, 0, 1).toArray());
    });
  });

  test.each([0, 1, 2, 3])('the Jacobian at place %i agrees with central differences', (place) => {
    const t = 5;
    const S = trajectory.size(place);
    const jacobian = stepJacobian(trajectory, place, t).toArray() as number[][];
    const before = trajectory.before(t);
    const names = Object.keys(before[place]);
    const after = (element: number, change: number): number[] => {
      const part = names[Math.floor(element / H)];
      const moved = before[place][part].data().map((value, i) => (i === element % H ? value + change : value));
      const states: StackState = before.with(place, { ...before[place], [part]: device.tensor(moved, [1, H]) });
      return Object.values(inspected.next(t, states)[place]).flatMap((one) => [...one.data()]);
    };
    const h = 1e-5;
    for (let column = 0; column < S; column++) {
      const [above, below] = [after(column, h), after(column, -h)];
      for (let row = 0; row < S; row++) {
        expect(jacobian[row][column]).toBeCloseTo((above[row] - below[row]) / (2 * h), 8);
      }
    }
  });

  test('has no step before the first one', () => {
    expect(() => stepJacobian(trajectory, 0, 0)).toThrow(ConfigError);
    expect(() => stepJacobian(trajectory, 1, T - 1)).toThrow(ConfigError);
    expect(() => stepJacobian(trajectory, 0, T)).toThrow(ConfigError);
  });
});

test.each(configs)('the product of Jacobians of $cell takes the gradient back by so many steps', async (cell) => {
  const recurrent = new Recurrent({ cell });
  initialiseParameters(recurrent, [-1, -1, F], device, 4);
  const one = xs.slice(1, 0, 1);
  const weights = device.tensor(initialise({ kind: 'normal', deviation: 1 }, [H], new Random(2)), [H]);
  const inspected = inspectRecurrent(recurrent, one, (outputs) => outputs.mul(weights).sum({ axes: -1 }));
  const trajectory = await Trajectory.read(inspected);
  const flow = (await gradientFlow(inspected, { lags: T - 1, positions: 1 })).layers[0];
  // ∂L_t/∂s_t: the loss asks for h, which comes first.
  const S = trajectory.size(0);
  let gradient = device.tensor([...weights.data(), ...new Array<number>(S - H).fill(0)], [1, S]);
  for (let lag = 1; lag < T; lag++) {
    gradient = gradient.matmul(stepJacobian(trajectory, 0, T - lag));
    expect(Math.hypot(...gradient.data()) / flow.norms.mean[lag]).toBeCloseTo(1, 10);
  }
});

test('the growth of an orthogonal recurrence is its gain, at every lag, however long', async () => {
  const gain = 1e-30;
  const recurrent = new Recurrent({ cell: { cell: 'rnn', hidden: H, activation: 'relu', bias: false } });
  const parameters = initialiseParameters(recurrent, [-1, -1, F], device, 4);
  // Units stay active: W_hh = gain times a permutation, inputs and their weights are positive.
  const cycle = Float64Array.from({ length: H * H }, (_, i) => (i % H === (Math.floor(i / H) + 1) % H ? gain : 0));
  device.backend.write(parameters.get('weight_hh_l0'), cycle);
  device.backend.fill(parameters.get('weight_ih_l0'), 1);
  const trajectory = await Trajectory.read(inspectRecurrent(recurrent, device.ones([40, 1, F])));
  const { size, steps, products } = await jacobianSpectrum(trajectory, 0, rowsOnly, { steps: 2, lags: 30 });
  expect(size).toBe(H);
  expect(steps.map(({ t }) => t)).toEqual([10, 30]);
  expect(products.map(({ lag }) => lag)).toEqual([1, 2, 4, 8, 16, 30]);
  for (const { lag, logLargest, logSmallest, growthPerStep } of products) {
    expect(logLargest / lag).toBeCloseTo(Math.log(gain), 8);
    expect(logSmallest! / lag).toBeCloseTo(Math.log(gain), 8);
    expect(growthPerStep / gain).toBeCloseTo(1, 8);
  }
});

test('where all units are switched off there is no product', async () => {
  const recurrent = new Recurrent({ cell: { cell: 'rnn', hidden: H, activation: 'relu' } });
  const parameters = initialiseParameters(recurrent, [-1, -1, F], device, 4);
  device.backend.fill(parameters.get('bias_ih_l0'), -100);
  const trajectory = await Trajectory.read(inspectRecurrent(recurrent, xs));
  expect((await jacobianSpectrum(trajectory, 0, rowsOnly)).products).toEqual([]);
});

test('a matrix with a number that is not finite is refused by its place', () => {
  const matrix = { size: 2, data: [1, 2, Number.NaN, 4] };
  expect(() => spectrumOf(matrix, rowsOnly)).toThrow('element 2 of a matrix [2, 2] is NaN');
});

describe('weightSpectra', () => {
  test('takes every gate of every layer and direction, as they stand in memory', async () => {
    const recurrent = new Recurrent({ cell: { cell: 'gru', hidden: H }, layers: 2, bidirectional: true });
    const parameters = initialiseParameters(recurrent, [-1, -1, F], device, 4);
    const seen: ArrayLike<number>[] = [];
    const spectra = await weightSpectra(parameters, {
      singularValues: ({ data }) => {
        seen.push(data);
        return [seen.length];
      },
      eigenvalues: () => [{ re: 3, im: -4 }],
    });
    expect(spectra.map(({ layer, reverse, block }) => `${layer} ${reverse} ${block}`)).toEqual(
      [0, 1].flatMap((layer) => [false, true].flatMap((reverse) => [0, 1, 2].map((b) => `${layer} ${reverse} ${b}`))),
    );
    expect(Array.from(seen[4])).toEqual([
      ...parameters
        .get('weight_hh_l0_reverse')
        .data()
        .slice(H * H, 2 * H * H),
    ]);
    expect(spectra[4]).toMatchObject({ parameter: 'weight_hh_l0_reverse', singularValues: [5] });
    expect(spectralRadius(spectra[0])).toBe(5);
  });
});
