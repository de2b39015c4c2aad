import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { gatherRows } from '../../decode/tensor-step.ts';
import { ConfigError } from '../../errors.ts';
import { concat, createDevice, slice } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { checkGradients } from '../check-gradients.ts';
import { inference, initialiseParameters } from '../layer.ts';
import type { StackState } from '../sequence-layer.ts';
import { Transformer, type TransformerOptions } from './transformer.ts';

const device = createDevice(referenceBackend());
const E = 8;

function random(shape: readonly number[], seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Float64Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => source.normal()),
    shape,
  );
}

function built(options: Partial<TransformerOptions>) {
  const layer = new Transformer({ layers: 2, heads: 4, context: 64, ...options });
  const parameters = initialiseParameters(layer, [-1, -1, E], device, 3);
  return { layer, parameters };
}

const expectClose = (actual: Tensor, expected: Tensor, digits = 10): void => {
  expect(actual.shape).toEqual(expected.shape);
  const values = expected.data();
  actual.data().forEach((value, i) => {
    expect(value).toBeCloseTo(values[i], digits);
  });
};

const variants: Record<string, Partial<TransformerOptions>> = {
  'rotary positions, pre-norm': {},
  "GPT-2's": { positions: 'learnt', activation: 'geluTanh' },
  "Vaswani's": { positions: 'sinusoidal', postNorm: true, activation: 'relu' },
  "Llama's": { norm: 'rms', gated: true, activation: 'silu', bias: false, groups: 2 },
};

describe.each(Object.entries(variants))('a Transformer with %s', (_, options) => {
  const { layer, parameters } = built(options);
  const { layer: short } = built({ ...options, context: 6 });

  test('step by step is what it is at once', () => {
    const xs = random([9, 2, E], 1);
    const whole = layer.apply(xs, inference);
    let state: StackState | null = null;
    const steps = Array.from({ length: 9 }, (_, t) => {
      const run = layer.run(slice(xs, 0, t, t + 1), inference, { state });
      state = run.state;
      return run.outputs;
    });
    expectClose(concat(steps), whole);
  });

  test('a step depends on no later one', () => {
    const xs = random([7, 1, E], 1);
    const other = concat([slice(xs, 0, 0, 4), random([3, 1, E], 2)]);
    expectClose(slice(layer.apply(other, inference), 0, 0, 4), slice(layer.apply(xs, inference), 0, 0, 4), 12);
  });

  test('beyond its context it reads on, however the steps are cut', () => {
    const xs = random([23, 2, E], 1);
    const whole = short.apply(xs, inference);
    for (const cuts of [
      [0, 1, 2, 9, 17, 23],
      [0, 6, 12, 23],
      [0, 11, 23],
    ]) {
      let state: StackState | null = null;
      const parts = cuts.slice(1).map((end, i) => {
        const run = short.run(slice(xs, 0, cuts[i], end), inference, { state });
        state = run.state;
        return run.outputs;
      });
      expectClose(concat(parts), whole);
      expect(Math.max(...state!.slice(0, -1).map(({ k }) => k.shape[1]))).toBeLessThanOrEqual(6);
    }
  });

  test('rows of different lengths go on as each alone', () => {
    const [first, second] = [random([5, 3, E], 1), random([8, 3, E], 2)];
    const lengths = [5, 2, 4];
    for (const one of [layer, short]) {
      const before = one.run(first, inference, { lengths }).state;
      const parents = Int32Array.of(2, 0, 1);
      const together = one.run(second, inference, { state: gatherRows(before, parents) }).outputs;
      parents.forEach((row, place) => {
        const alone = (x: Tensor, b: number): Tensor => slice(x, 1, b, b + 1);
        const own = one.run(slice(alone(first, row), 0, 0, lengths[row]), inference).state;
        const expected = one.run(alone(second, place), inference, { state: own }).outputs;
        // Padding counts as steps of the context, so that rows forget at other steps; until then they are the same.
        const same = one === layer ? 8 : 1;
        expectClose(slice(alone(together, place), 0, 0, same), slice(expected, 0, 0, same));
      });
    }
  });

  test('has the gradients of central differences', async () => {
    const small = built({ ...options, layers: 1 });
    const xs = random([3, 2, E], 1);
    const weights = random([3, 2, E], 2);
    const loss = (): Tensor => small.layer.apply(xs, inference).mul(weights).sum();
    expect((await checkGradients(small.parameters, loss, { most: 4 })).error).toBeLessThan(1e-6);
  });

  test('shows the weights of every head, each step of which has the sum 1', () => {
    const maps: Tensor[] = [];
    layer.run(random([5, 2, E], 1), inference, { seen: (_block, weights) => maps.push(weights) });
    expect(maps.map(({ shape }) => shape)).toEqual([
      [2, 4, 5, 5],
      [2, 4, 5, 5],
    ]);
    for (const sum of maps[1].sum({ axes: [-1] }).data()) expect(sum).toBeCloseTo(1, 10);
  });

  test('has parameters named by their block', () => {
    expect(parameters.names).toContain('blocks.1.attention.query.weight');
  });
});

test('says what cannot work', () => {
  expect(() => built({ heads: 3 })).toThrow(ConfigError);
  expect(() => built({ heads: 3 })).toThrow('a width of 8 does not divide into 3 heads');
  expect(() => built({ groups: 3 })).toThrow('or these not into 3 groups');
  expect(() => built({ heads: 8 })).toThrow('rotary positions need heads of an even width, these have 1');
  expect(() => built({ context: 1 })).toThrow('context must be a whole number from 2');
  expect(() => built({ activation: 'gelux' as never })).toThrow("did you mean 'gelu'?");
});
