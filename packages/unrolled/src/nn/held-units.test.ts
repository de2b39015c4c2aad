import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type CellSource, type CellState, cellNames, createCell, defineCell } from './cells/index.ts';
import type { HeldUnit } from './held-units.ts';
import { inference, initialiseParameters } from './layer.ts';
import { Declarations, Parameters } from './parameters.ts';
import { Recurrent } from './recurrent.ts';
import { type Unrolled, unroll } from './unroll.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));
const [T, B, F, H] = [5, 3, 4, 6];

function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => source.normal()),
    shape,
  );
}

/** With a part of its state that is no row of units. */
const square = defineCell({
  name: 'square',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden), square: zeros(2, 2) }),
  step(x, { h, square }, { linear }) {
    const next = linear('in', [x, h, square.reshape([square.shape[0], 4])]).tanh();
    return { output: next, state: { h: next, square: square.mul(0.5).add(next.at(0).at(0)) } };
  },
});

function build(source: CellSource) {
  const cell = createCell(source, H);
  const declarations = new Declarations();
  cell.build(F, declarations);
  const parameters = new Parameters(device, declarations.declared, 7);
  device.backend.axpy(0.3, random([parameters.size], 8), parameters.values);
  return { cell, parameters };
}

const numbers = (state: CellState) => Object.values(state).map((part) => [...part.data()]);
const xs = random([T, B, F], 1);
const row = xs.slice(1, 0, 1);

const sources: [string, CellSource][] = [
  ...cellNames.map((name): [string, CellSource] => [name, name]),
  ['lstm with a projection', { cell: 'lstm', hidden: H, projection: 2 } as CellSource],
  ['one of your own', square],
];

describe.each(sources)('units of %s', (_, source) => {
  const { cell } = build(source);

  test('held at what they are anyway change nothing', () => {
    let state: CellState | null = null;
    for (let t = 0; t < T; t++) {
      const x = row.slice(0, t, t + 1);
      const free: Unrolled = unroll(cell, x, state);
      const hold = Object.entries(free.state).flatMap(([part, tensor]) =>
        Array.from(tensor.data(), (value, unit): HeldUnit => ({ part, unit, value })),
      );
      for (const form of [undefined, 'steps'] as const) {
        const held = unroll(cell, x, state, { hold, form });
        expect(numbers(held.state)).toEqual(numbers(free.state));
        expect([...held.outputs.data()]).toEqual([...free.outputs.data()]);
      }
      state = free.state;
    }
  });

  test('have their value after every step, and all forms agree', () => {
    const state = cell.initialState(B, device);
    const hold = Object.entries(state).map(
      ([part, { size }], index): HeldUnit => ({ part, unit: size / B - 1, value: 0.25 * index - 0.5 }),
    );
    const seen: CellState[] = [];
    const steps = unroll(cell, xs, null, { hold, form: 'steps', probe: { step: (_, at) => seen.push(at.state) } });
    expect(seen).toHaveLength(T);
    for (const at of seen) {
      for (const { part, unit, value } of hold) {
        const size = at[part].size / B;
        for (let b = 0; b < B; b++) expect(at[part].data()[b * size + unit]).toBe(value);
      }
    }
    const usual = unroll(cell, xs, null, { hold });
    [...usual.outputs.data()].forEach((value, i) => {
      expect(value).toBeCloseTo(steps.outputs.data()[i], 12);
    });
    const after = numbers(steps.state).flat();
    for (const [i, value] of numbers(usual.state).flat().entries()) expect(value).toBeCloseTo(after[i], 12);
  });

  test('are held across chunks as in one', () => {
    const [part] = Object.keys(cell.initialState(B, device));
    const hold = [{ part, unit: 1, value: 0.3 }];
    const whole = unroll(cell, xs, null, { hold, form: 'steps' });
    const first = unroll(cell, xs.slice(0, 0, 2), null, { hold, form: 'steps' });
    const second = unroll(cell, xs.slice(0, 2), first.state, { hold, form: 'steps' });
    expect(numbers(second.state)).toEqual(numbers(whole.state));
  });
});

test('a cut unit whose outgoing weights are 0 changes nothing else, one with weights does', () => {
  const layer = new Recurrent({ cell: 'lstm', hidden: H, layers: 2 });
  const parameters = initialiseParameters(layer, [-1, -1, F], device, 3);
  const unit = 2;
  const outputs = (cut: boolean): number[] =>
    Array.from(layer.run(xs, inference, { hold: cut ? [{ layer: 0, part: 'h', unit, value: 0 }] : [] }).outputs.data());
  const difference = (): number => Math.max(...outputs(true).map((value, i) => Math.abs(value - outputs(false)[i])));
  expect(difference()).toBeGreaterThan(1e-3);
  for (const name of ['weight_hh_l0', 'weight_ih_l1']) {
    const weight = parameters.get(name);
    device.backend.write(
      weight,
      Array.from(weight.data(), (value, i) => (i % H === unit ? 0 : value)),
    );
  }
  expect(difference()).toBeLessThan(1e-12);
});

test('in a stack that goes both ways only the direction that is named is held', () => {
  const layer = new Recurrent({ cell: 'gru', hidden: H, bidirectional: true });
  initialiseParameters(layer, [-1, -1, F], device, 3);
  const free = layer.run(xs).outputs.data();
  const held = layer
    .run(xs, inference, { hold: [{ layer: 0, reverse: true, part: 'h', unit: 0, value: 0.5 }] })
    .outputs.data();
  for (const [i, value] of held.entries()) {
    if (i % (2 * H) < H) expect(value).toBe(free[i]);
    if (i % (2 * H) === H) expect(value).toBe(0.5);
  }
});

test('what there is not is named', () => {
  const { cell } = build('lstm');
  const hold = (unit: Partial<HeldUnit>) => () =>
    unroll(cell, xs, null, { hold: [{ part: 'h', unit: 0, value: 0, ...unit }] });
  expect(hold({ part: 'z' })).toThrow("cell 'lstm' has no part 'z' in its state; it has h, c");
  expect(hold({ unit: 6 })).toThrow('has units 0 to 5, received 6');
  expect(hold({ value: Number.NaN })).toThrow('finite number, received NaN');
  const twice = [0, 1].map((value) => ({ part: 'c', unit: 1, value }));
  expect(() => unroll(cell, xs, null, { hold: twice })).toThrow('named twice');
  const layer = new Recurrent({ cell: 'lstm', hidden: H });
  initialiseParameters(layer, [-1, -1, F], device, 3);
  expect(() => layer.run(xs, inference, { hold: [{ layer: 1, part: 'h', unit: 0, value: 0 }] })).toThrow(
    'no layer 1; layers are 0 to 0',
  );
  expect(() => layer.run(xs, inference, { hold: [{ layer: 0, reverse: true, part: 'h', unit: 0, value: 0 }] })).toThrow(
    'walks from the end',
  );
});
