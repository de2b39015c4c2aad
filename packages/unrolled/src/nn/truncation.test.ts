import { describe, expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { inference, initialiseParameters } from './layer.ts';
import type { Parameters } from './parameters.ts';
import { Recurrent, type RecurrentLayerOptions } from './recurrent.ts';
import type { StackState } from './sequence-layer.ts';

const device = createDevice(referenceBackend());
const [T, B, F, H] = [12, 3, 4, 5];

function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => source.normal()),
    shape,
  );
}

const xs = random([T, B, F], 1);
const weights = random([T, B, H], 2);

type Carry = 'connected' | 'cut';

/**
 * The loss Σ weights ⊙ outputs and its gradient, by chunks of k steps with the state carried from chunk to chunk:
 * connected, one graph for all of them; cut, each chunk differentiated on its own and the gradients added up.
 */
function learn(
  layer: Recurrent,
  parameters: Parameters,
  k: number,
  carry: Carry,
): { loss: number; gradient: number[] } {
  let state: StackState | null = null;
  let total: Tensor | null = null;
  let loss = 0;
  const gradient = new Array<number>(parameters.size).fill(0);
  const collect = (part: Tensor): void => {
    loss += part.item();
    parameters.backward(part);
    parameters.gradients.data().forEach((value, i) => {
      gradient[i] += value;
    });
  };
  for (let t = 0; t < T; t += k) {
    const run = layer.run(xs.slice(0, t, t + k), inference, { state });
    const part = sum(mul(run.outputs, weights.slice(0, t, t + k)));
    if (carry === 'connected') {
      total = total === null ? part : add(total, part);
      state = run.state;
    } else {
      collect(part);
      state = run.state.map((parts) =>
        Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, value.detach()])),
      );
    }
  }
  if (total !== null) collect(total);
  return { loss, gradient };
}

const far = (a: readonly number[], b: readonly number[]): number =>
  Math.max(...a.map((value, i) => Math.abs(value - b[i])));

const cells: RecurrentLayerOptions['cell'][] = [
  { cell: 'rnn', hidden: H },
  { cell: 'lstm', hidden: H },
  { cell: 'gru', hidden: H },
];

describe.each(cells)('truncated backpropagation through time, $cell, two layers', (cell) => {
  const layer = new Recurrent({ cell, layers: 2 });
  const parameters = initialiseParameters(layer, [-1, -1, F], device, 3);
  const full = learn(layer, parameters, T, 'connected');

  test('with k = T equals full backpropagation', () => {
    const truncated = learn(layer, parameters, T, 'cut');
    expect(truncated.loss).toBe(full.loss);
    expect(truncated.gradient).toEqual(full.gradient);
  });

  test.each([1, 3, 4, 12])('in chunks of %i with nothing cut equals full backpropagation', (k) => {
    const chunks = learn(layer, parameters, k, 'connected');
    expect(chunks.loss).toBeCloseTo(full.loss, 10);
    expect(far(chunks.gradient, full.gradient)).toBeLessThan(1e-10);
  });

  test.each([1, 3, 4])('with k = %i sees the same losses, and only the gradient across the cut is missing', (k) => {
    const truncated = learn(layer, parameters, k, 'cut');
    expect(truncated.loss).toBeCloseTo(full.loss, 10);
    expect(far(truncated.gradient, full.gradient)).toBeGreaterThan(1e-3);
  });

  test('what the cut leaves out is the gradient of the carried state, to the last term', () => {
    const k = T / 2;
    const first = layer.run(xs.slice(0, 0, k));
    const leaves = first.state.map((parts) =>
      Object.fromEntries(Object.entries(parts).map(([name, value]) => [name, value.track()])),
    );
    const second = layer.run(xs.slice(0, k), inference, { state: leaves });
    const states = (stack: StackState): Tensor[] => stack.flatMap((parts) => Object.values(parts));
    const across = gradients(sum(mul(second.outputs, weights.slice(0, k))), states(leaves));
    parameters.backward(
      states(first.state)
        .map((state, i) => sum(mul(state, across[i])))
        .reduce((a, b) => add(a, b)),
    );
    const missing = parameters.gradients.data();
    const truncated = learn(layer, parameters, k, 'cut').gradient;
    const together = truncated.map((value, i) => value + missing[i]);
    expect(far(together, full.gradient)).toBeLessThan(1e-10);
  });
});
