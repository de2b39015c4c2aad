import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { gradients } from '../../autodiff/gradients.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { createDevice } from '../../ops/create-device.ts';
import * as ops from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Cell, CellState, CellStep } from '../cells/cell.ts';
import { type UnrollForm, unroll } from '../unroll.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));
const [T, B, F] = [4, 3, 2];

function random(shape: Shape, seed: number, scale = 1): Tensor {
  const source = new Random(seed);
  const numbers = Array.from({ length: sizeOf(shape) }, () => source.normal() * scale);
  return device.tensor(numbers, shape);
}

type Step = (x: Tensor, state: CellState) => CellStep;

/** A cell that is nothing but a step, with state parts of the given widths. */
function cellOf(step: Step, widths: Record<string, number>): Cell {
  return {
    config: { cell: 'own', hidden: 1 },
    hidden: 1,
    width: 1,
    build: () => {},
    initialState: (batch: number, on: Device) =>
      Object.fromEntries(Object.entries(widths).map(([name, width]) => [name, on.zeros([batch, width])])),
    step,
  } as Cell;
}

interface Sources {
  readonly parameters?: readonly Tensor[];
  readonly lengths?: readonly number[] | null;
  readonly reverse?: boolean;
  /** Whether a probe looks on, for which states are kept that are otherwise overwritten. */
  readonly observed?: boolean;
}

/** All that a form computes: outputs, final state, what a probe sees, and gradients of x, the state and parameters. */
function everything(
  cell: Cell,
  form: UnrollForm,
  { parameters = [], lengths = null, reverse = false, observed = true }: Sources,
) {
  const xs = random([T, B, F], 1).track();
  const initial = Object.fromEntries(
    Object.entries(cell.initialState(B, device)).map(([name, part], i) => [name, random(part.shape, 10 + i).track()]),
  );
  const seen: Record<string, ArrayLike<number>> = {};
  const note = (name: string, t: number, tensors: Readonly<Record<string, Tensor>>): void => {
    for (const [part, tensor] of Object.entries(tensors)) seen[`${name} ${part} ${t}`] = tensor.data();
  };
  const { outputs, state } = unroll(cell, xs, initial, {
    form,
    lengths,
    reverse,
    ...(observed && {
      probe: {
        step: (t, step) => {
          note('state', t, step.state);
          note('gate', t, step.gates);
        },
        gradient: (t, gradient) => note('gradient', t, gradient),
      },
    }),
  });
  const parts = [outputs, ...Object.values(state)];
  const loss = parts.map((part, i) => ops.sum(ops.mul(part, random(part.shape, 20 + i)))).reduce(ops.add);
  const sources = [xs, ...Object.values(initial), ...parameters];
  gradients(loss, sources).forEach((gradient, i) => {
    seen[`gradient of ${i}`] = gradient.data();
  });
  return { ...seen, ...Object.fromEntries(parts.map((part, i) => [`part ${i}`, part.data()])) };
}

function expectSame(cell: Cell, sources: Sources): void {
  const traced = everything(cell, 'traced', sources) as Record<string, ArrayLike<number>>;
  const steps = everything(cell, 'steps', sources) as Record<string, ArrayLike<number>>;
  expect(Object.keys(traced)).toEqual(expect.arrayContaining(Object.keys(steps)));
  // Single steps say nothing of the gradient of a state that no tracked tensor or no loss depends on.
  for (const [name, values] of Object.entries(steps)) {
    Array.from(values).forEach((value, i) => {
      const error = Math.abs(traced[name][i] - value) / Math.max(1, Math.abs(value));
      if (!(error < 1e-9)) expect.fail(`${name}[${i}]: ${traced[name][i]} in place of ${value}`);
    });
  }
}

const layouts: readonly Sources[] = [
  {},
  { reverse: true },
  { lengths: [4, 0, 2] },
  { lengths: [1, 4, 3], reverse: true },
];

const unary = [ops.neg, ops.exp, ops.log, ops.sqrt, ops.abs, ops.square, ops.reciprocal, ops.sign] as const;
const smooth = [ops.tanh, ops.sigmoid, ops.relu, ops.softplus] as const;
const binary = [ops.add, ops.sub, ops.mul, ops.div, ops.maximum, ops.minimum, ops.greater, ops.lessEqual] as const;

/** A step made of random operations, the same at every call. */
function randomStep(seed: number): { cell: Cell; parameters: Tensor[] } {
  const widths = { h: 3, c: 4 };
  const parameters: Tensor[] = [];
  const parameter = (index: number, shape: Shape): Tensor => {
    parameters[index] ??= random(shape, seed + index, 0.5).track();
    return parameters[index];
  };
  const step: Step = (x, { h, c }) => {
    const draws = new Random(seed);
    const one = <One>(list: readonly One[]): One => list[draws.below(list.length)];
    const pool = [x, h, c];
    let used = 0;
    const fit = (value: Tensor, width: number): Tensor => {
      if (value.shape[1] === width) return value;
      if (value.shape[1] > width && draws.uniform() < 0.5) return value.slice(1, value.shape[1] - width);
      const bias = draws.uniform() < 0.5 ? parameter(used++, [width]) : null;
      return ops.linear(value, parameter(used++, [width, value.shape[1]]), bias);
    };
    const tame = (value: Tensor): Tensor => ops.add(ops.sigmoid(value), 0.1);
    for (let i = 0; i < 8; i++) {
      const a = one(pool);
      const width = a.shape[1];
      const b = draws.uniform() < 0.7 ? fit(one(pool), width) : parameter(used++, one([[width], [1], [], [1, width]]));
      switch (draws.below(9)) {
        case 0:
          pool.push(one(unary)(tame(a)));
          break;
        case 1:
          pool.push(one(smooth)(a));
          break;
        case 2:
          pool.push(one(binary)(a, tame(b)));
          break;
        case 3:
          pool.push(one(binary)(draws.uniform(), tame(a)));
          break;
        case 4:
          pool.push(ops.concat([one(pool), a, one(pool)], -1));
          break;
        case 5:
          pool.push(ops.select(ops.greater(a, 0), ops.broadcastTo(b, a.shape), draws.uniform()));
          break;
        case 6:
          pool.push(ops.matmul(a, parameter(used++, [width, 2])));
          break;
        case 7:
          pool.push(ops.mul(ops.matmul(a, parameter(used++, [width, 1])), ops.tanh(a)));
          break;
        default:
          pool.push(ops.scale(ops.slice(a, 1, width >> 1), 0.7));
      }
    }
    const bounded = (value: Tensor, width: number): Tensor => ops.tanh(fit(value, width));
    const next = { h: bounded(one(pool.slice(-4)), 3), c: bounded(one(pool.slice(-4)), 4) };
    const output = draws.uniform() < 0.4 ? next.h : fit(one(pool), 5);
    return { output, state: next, gates: { last: pool.at(-1)!, first: one(pool) } };
  };
  return { cell: cellOf(step, widths), parameters };
}

const weight = random([3, 3], 5, 0.5).track();
const fixed = random([B, 3], 6);
const single = random([1], 8).track();
/** Another parameter of the same value. */
const twin = random([1], 8).track();
const wide = random([3, F], 9, 0.5).track();
/** Both state and output. */
const both = (next: Tensor): CellStep => ({ output: next, state: { h: next } });

describe('a traced step', () => {
  test('of any operations computes what its steps compute, with all gradients', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 30 }), fc.constantFrom(...layouts), (seed, layout) => {
        const { cell, parameters } = randomStep(seed);
        // Parameters are made when the step first asks for them.
        cell.step(random([B, F], 1), cell.initialState(B, device));
        expectSame(cell, { ...layout, parameters });
        expectSame(cell, { ...layout, parameters, observed: false });
      }),
      { numRuns: 100 },
    );
  });

  const known: Readonly<Record<string, readonly [step: Step, widths: Record<string, number>]>> = {
    'whose state is handed on as it is': [(x, s) => ({ output: ops.concat([x, s.h], 1), state: s }), { h: 3 }],
    'that shifts its state': [(x, { a, b }) => ({ output: b, state: { a: ops.tanh(x), b: a } }), { a: F, b: F }],
    'with two parts that are the same': [
      (_, { a, b }) => {
        const next = ops.tanh(ops.linear(ops.add(a, b), weight));
        return { output: next, state: { a: next, b: next } };
      },
      { a: 3, b: 3 },
    ],
    'that does not look at its state': [(x) => ({ output: ops.exp(x), state: { h: ops.tanh(x) } }), { h: F }],
    'that is one product of its input': [(x) => both(ops.linear(x, wide)), { h: 3 }],
    'that is its input': [(x) => both(x), { h: F }],
    'that is a sum of its input alone': [(x) => both(ops.add(x, 1)), { h: F }],
    'that is the same at every step': [() => both(ops.broadcastTo(single, [B, 3])), { h: 3 }],
    'whose state is one product of its input, and its output another': [
      (x, { h }) => ({ output: ops.mul(ops.linear(x, wide), h), state: { h: ops.linear(x, wide) } }),
      { h: 3 },
    ],
    'that multiplies with one matrix twice': [
      (_, { h }) => both(ops.tanh(ops.linear(ops.tanh(ops.linear(h, weight)), weight))),
      { h: 3 },
    ],
    'that multiplies with one matrix from both sides': [
      (_, { h }) => both(ops.tanh(ops.add(ops.linear(h, weight), ops.matmul(ops.sigmoid(h), weight)))),
      { h: 3 },
    ],
    'with equals in a maximum and a minimum': [
      (x, { h }) => {
        const ties = [ops.maximum, ops.minimum].map((one) => one(ops.mul(ops.sign(x), single), twin));
        return both(ops.add(h, ops.add(ties[0], ops.scale(ties[1], 3))));
      },
      { h: F },
    ],
    'that counts': [(x, { n }) => ({ output: ops.mul(x, ops.exp(ops.neg(n))), state: { n: ops.add(n, 1) } }), { n: F }],
    'whose gradient reads a function of a state that nothing else reads': [
      (x, { c }) => ({ output: ops.mul(x, ops.neg(c)), state: { c: ops.add(c, x) } }),
      { c: F },
    ],
    'that uses one trainable number twice': [
      (x, { h }) => {
        const next = ops.tanh(ops.add(ops.mul(x, single), ops.mul(h, single)));
        return { output: next, state: { h: next } };
      },
      { h: F },
    ],
    'with an output layer': [
      (_, { h }) => {
        const next = ops.tanh(ops.linear(h, weight));
        return { output: ops.sigmoid(ops.linear(next, weight)), state: { h: next } };
      },
      { h: 3 },
    ],
    'with constants that differ from row to row': [
      (_, { h }) => {
        const next = ops.mul(ops.tanh(ops.linear(h, weight)), fixed);
        return { output: next, state: { h: next } };
      },
      { h: 3 },
    ],
    'with weights that are computed': [
      (_, { h }) => {
        const next = ops.tanh(ops.matmul(h, ops.softmax(ops.transpose(weight))));
        return { output: next, state: { h: next } };
      },
      { h: 3 },
    ],
    'with weights that are computed and get no gradient': [
      (_, { h }) => {
        const next = ops.tanh(ops.matmul(h, ops.mul(weight.detach(), fixed)));
        return { output: next, state: { h: next } };
      },
      { h: 3 },
    ],
    'that sets a part of its state to a number': [
      (x, { h }) => ({ output: ops.add(h, 1), state: { h: x.device.full([x.shape[0], 3], 0.5) } }),
      { h: 3 },
    ],
  };
  test.each(Object.entries(known))('%s', (_, [step, widths]) => {
    for (const layout of layouts) {
      for (const observed of [true, false]) {
        expectSame(cellOf(step, widths), { ...layout, parameters: [weight, single, twin, wide], observed });
      }
    }
  });

  test('whose state begins with a parameter is told from the other parameters, which lie beside it', () => {
    const all = random([6], 7);
    const [h, recurrent] = [all.view([1, 2]).track(), all.view([2, 2], 2).track()];
    const step: Step = (_, before) => {
      const next = ops.tanh(ops.linear(before.h, recurrent));
      return { output: next, state: { h: next } };
    };
    const [traced, steps] = (['traced', 'steps'] as const).map((form) => {
      const { outputs } = unroll(cellOf(step, { h: 2 }), device.ones([T, 1, F]), { h }, { form });
      return gradients(ops.sum(outputs), [h, recurrent]).flatMap((gradient) => [...gradient.data()]);
    });
    traced.forEach((value, i) => {
      expect(value).toBeCloseTo(steps[i], 9);
    });
  });

  test('keeps nothing for a way back where none will be asked for', () => {
    const before = device.memory().bytes;
    const { cell } = randomStep(3);
    device.scope(() => {
      const xs = device.ones([200, B, F]);
      device.withoutGradients(() => unroll(cell, xs, null, { form: 'traced' }).state);
      expect((device.memory().bytes - before) / 8).toBeLessThan(200 * B * 60);
    });
  });
});

describe('what cannot be traced', () => {
  const noisy = new Random(1);
  const steps: Readonly<Record<string, readonly [step: Step, reason: string]>> = {
    'an operation that is not one of a step': [(x, { h }) => next(h, ops.softmax(x)), 'it uses softmax'],
    'reading a number': [(x, { h }) => next(h, ops.mul(x, x.data()[0])), 'it reads numbers'],
    'numbers of its own at every step': [
      (x, { h }) => next(h, ops.mul(x, x.device.tensor(Array.from({ length: F }, () => noisy.uniform())))),
      'makes tensors of numbers',
    ],
    'dropout at every step': [(x, { h }) => next(h, ops.dropout(x, 0.5, noisy)), 'it uses dropout'],
    'a detached state': [(x, { h }) => next(h.detach(), x), 'through which no gradient flows'],
    'a detached result': [(x, { h }) => next(ops.tanh(h).detach(), x), 'through which no gradient flows'],
    'rows that meet': [(x, { h }) => next(h, ops.flip(x, 0)), 'it uses flip'],
    'an error in the step': [(x) => next(ops.linear(x, fixed), x), 'does not fit weight'],
    'a step that gives no tensors': [() => ({ output: 1 }) as unknown as CellStep, 'it gives something else'],
    'a product of two activations': [
      (x, { h }) => next(ops.matmul(ops.matmul(h, h, { transposeB: true }), h), x),
      'it multiplies two activations',
    ],
  };
  const next = (h: Tensor, x: Tensor): CellStep => {
    const state = ops.tanh(ops.add(h, x));
    return { output: state, state: { h: state } };
  };

  test.each(Object.entries(steps))(
    '%s runs step by step, and says why if it is told to be traced',
    (name, [step, reason]) => {
      const cell = cellOf(step, { h: F });
      const xs = random([T, B, F], 1);
      expect(() => unroll(cell, xs, null, { form: 'traced' })).toThrow(reason);
      if (/own|dropout|error|no tensors/.test(name)) return;
      const [own, plain] = [unroll(cell, xs), unroll(cell, xs, null, { form: 'steps' })];
      expect([...own.outputs.data()]).toEqual([...plain.outputs.data()]);
    },
  );

  test('a cell without a fused form says so', () => {
    const cell = cellOf((x, { h }) => next(h, x), { h: F });
    expect(() => unroll(cell, random([T, B, F], 1), null, { form: 'fused' })).toThrow(
      "has no fused form; use form 'traced'",
    );
  });
});
