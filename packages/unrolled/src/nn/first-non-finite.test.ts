import { expect, test } from 'vitest';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { defineCell } from './cells/index.ts';
import { firstNonFinite } from './first-non-finite.ts';
import { inference, initialiseParameters } from './layer.ts';
import { Recurrent, type RunOptions } from './recurrent.ts';

const device = createDevice(referenceBackend());

/** Counts, and takes √(2.5 − count): NaN from the fourth step on. */
const counting = (what: 'gate' | 'state') =>
  defineCell({
    initialState: ({ zeros, hidden }) => ({ h: zeros(hidden), count: zeros(1) }),
    step(x, { h, count }, { linear }) {
      const root = count.mul(-1).add(2.5).sqrt();
      const next = linear('in', [x, h]).tanh();
      const state = { h: what === 'state' ? next.mul(root) : next, count: count.add(1) };
      return { output: next, state, gates: { root: what === 'gate' ? root : next } };
    },
  });

test.each([
  ['gate', "gate 'root'", 0],
  ['state', "state part 'h'", 0],
] as const)('finds the %s that is the first not to be finite', async (what, part, layer) => {
  const stack = new Recurrent({ cell: counting(what), hidden: 3, layers: 2, bidirectional: true });
  initialiseParameters(stack, [-1, -1, 2], device, 1);
  const run = (steps: number) => (probe: RunOptions['probe']) =>
    void stack.run(device.ones([steps, 2, 2]), inference, { probe });
  expect(await firstNonFinite(run(3))).toBe(null);
  expect(await firstNonFinite(run(6))).toEqual({ layer, reverse: false, step: 3, part, value: Number.NaN });
});

test('finds it in a layer that is one operation, and on the way back', async () => {
  const stack = new Recurrent({ cell: { cell: 'rnn', hidden: 2, activation: 'relu' }, layers: 2, bidirectional: true });
  const parameters = initialiseParameters(stack, [-1, -1, 1], device, 1);
  device.backend.fill(parameters.get('bias_ih_l1_reverse'), Number.POSITIVE_INFINITY);
  const found = await firstNonFinite((probe) => void stack.run(device.ones([4, 1, 1]), inference, { probe }));
  expect(found).toEqual({ layer: 1, reverse: true, step: 3, part: "state part 'h'", value: Number.POSITIVE_INFINITY });
});
