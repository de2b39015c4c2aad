import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { gradients } from '../autodiff/gradients.ts';
import { watchedBackend } from '../backend/conformance/later-backend.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Cell, type CellConfig, type CellState, createCell } from './cells/index.ts';
import { initialiseParameters } from './layer.ts';
import { Declarations, Parameters } from './parameters.ts';
import { Recurrent, type RunOptions } from './recurrent.ts';
import { type UnrollForm, type UnrollOptions, unroll } from './unroll.ts';

const { backend, nothingRead } = watchedBackend(referenceBackend({ float: 'float64' }));
const device = createDevice(backend);
const [T, B, F, H] = [5, 3, 4, 6];

function random(shape: Shape, seed: number): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => source.normal()),
    shape,
  );
}

function build(config: CellConfig): { cell: Cell; parameters: Parameters } {
  const cell = createCell(config);
  const declarations = new Declarations();
  cell.build(F, declarations);
  const parameters = new Parameters(device, declarations.declared, 7);
  // Away from zeros, where a relu has no derivative.
  device.backend.axpy(0.3, random([parameters.size], 8), parameters.values);
  return { cell, parameters };
}

/** A loss that every output and every part of the final state enters with a weight of its own. */
function loss(cell: Cell, xs: Tensor, options: UnrollOptions = {}, initial: CellState | null = null): Tensor {
  const { outputs, state } = unroll(cell, xs, initial, options);
  return Object.values(state).reduce(
    (total, part, index) => add(total, sum(mul(part, random(part.shape, 50 + index)))),
    sum(mul(outputs, random(outputs.shape, 49))),
  );
}

const configs: CellConfig[] = [
  { cell: 'rnn', hidden: H },
  { cell: 'rnn', hidden: H, activation: 'relu' } as CellConfig,
  { cell: 'rnn', hidden: H, activation: 'sigmoid', bias: false } as CellConfig,
  { cell: 'lstm', hidden: H },
  { cell: 'lstm', hidden: 3, peephole: true } as CellConfig,
  { cell: 'lstm', hidden: 4, projection: 2 } as CellConfig,
  { cell: 'lstm', hidden: 3, peephole: true, projection: 1, bias: false } as CellConfig,
  ...['after', 'before'].flatMap((reset) =>
    ['keep', 'replace'].map((update) => ({ cell: 'gru', hidden: H, reset, update }) as CellConfig),
  ),
  ...['mut1', 'mut2', 'mut3', 'mingru', 'minlstm'].map((cell) => ({ cell, hidden: 3 })),
  { cell: 'mut1', hidden: F },
  { cell: 'mut2', hidden: F },
  { cell: 'rhn', hidden: 3, depth: 2 } as CellConfig,
  { cell: 'nas', hidden: 2 },
  { cell: 'unitary', hidden: 3 },
];

describe.each(configs)('%j', (config) => {
  const { cell, parameters } = build(config);
  const names = parameters.names;
  const forms: UnrollForm[] = [...(cell.sequence ? (['fused'] as const) : []), 'traced', 'steps'];
  // A scan adds up in an order that depends on T.
  const expectSame = (received: Iterable<number>, expected: Iterable<number>): void => {
    const digits = config.cell.startsWith('min') ? 12 : 0;
    const rounded = (values: Iterable<number>) =>
      Array.from(values, (x) => (digits ? Number(x.toFixed(digits)) + 0 : x));
    expect(rounded(received)).toEqual(rounded(expected));
  };
  const xs = random([T, B, F], 1);

  const lengthsOf = { all: null, unequal: [5, 2, 0] };
  for (const [kind, lengths] of Object.entries(lengthsOf)) {
    for (const reverse of [false, true]) {
      const options = { lengths, reverse };
      test(`all forms agree, lengths ${kind}, reverse ${reverse}`, () => {
        const collect = (form: UnrollForm): number[] => {
          const x = xs.track();
          const state = mapValues(cell.initialState(B, device), (part, index) =>
            random(part.shape, 60 + index).track(),
          );
          const sources = [x, ...Object.values(state), ...names.map((name) => parameters.get(name))];
          const results = nothingRead(() => {
            const total = loss(cell, x, { ...options, form }, state);
            const { outputs } = unroll(cell, xs, state, { ...options, form });
            return [total, outputs, ...gradients(total, sources)];
          });
          return results.flatMap((result) => [...result.data()]);
        };
        const steps = collect('steps');
        for (const form of forms.filter((one) => one !== 'steps')) {
          const other = collect(form);
          other.forEach((value, i) => {
            expect(Math.abs(value - steps[i]), form).toBeLessThan(1e-9 * Math.max(1, Math.abs(value)));
          });
        }
      });

      // Central differences take long, and all forms agree: some will do.
      const exact = forms.filter((form) => {
        if (form === 'traced') return reverse && lengths !== null;
        return cell.sequence !== undefined || reverse === (lengths !== null);
      });
      if (exact.length === 0) continue;
      test(`gradients agree with central differences, lengths ${kind}, reverse ${reverse}`, async () => {
        for (const form of exact) {
          const inputs = [xs, ...names.map((name) => parameters.get(name).detach())];
          const error = await gradientError(inputs, ([x, ...values]) => {
            for (const parameter of parameters) parameter.value = values[names.indexOf(parameter.name)];
            return loss(cell, x, { ...options, form });
          });
          for (const parameter of parameters) {
            parameter.value = inputs[1 + names.indexOf(parameter.name)].track();
          }
          expect(error).toBeLessThan(1e-6);
        }
      });
    }
  }

  test('unrolling 2T steps equals twice T with the state carried', () => {
    const whole = unroll(cell, xs);
    const first = unroll(cell, xs.slice(0, 0, 2));
    const second = unroll(cell, xs.slice(0, 2), first.state);
    expectSame([...first.outputs.data(), ...second.outputs.data()], whole.outputs.data());
  });

  test('padding changes neither outputs nor gradients', () => {
    const short = xs.slice(0, 0, 2).slice(1, 1, 2);
    const row = unroll(cell, short);
    const padded = unroll(cell, xs, null, { lengths: [5, 2, 5] });
    expectSame(padded.outputs.slice(1, 1, 2).slice(0, 0, 2).data(), row.outputs.data());
    expect([...padded.outputs.slice(1, 1, 2).slice(0, 2).data()].every((value) => value === 0)).toBe(true);
    for (const [name, part] of Object.entries(row.state)) {
      expectSame(padded.state[name].slice(0, 1, 2).data(), part.data());
    }
    const x = xs.track();
    const [dx] = gradients(loss(cell, x, { lengths: [5, 2, 5] }), [x]);
    expect([...dx.slice(1, 1, 2).slice(0, 2).data()].every((value) => value === 0)).toBe(true);
  });

  test('a probe sees the same in all forms', () => {
    const watch = (form: UnrollForm, reverse: boolean): unknown[] => {
      const seen: unknown[] = [];
      const total = loss(cell, xs, {
        form,
        reverse,
        probe: {
          step: (t, { state, gates }) =>
            seen.push([t, ...[...Object.values(state), ...Object.values(gates)].map((x) => round(x))]),
          gradient: (t, state) => seen.push([t, ...Object.values(state).map((x) => round(x))]),
        },
      });
      parameters.backward(total);
      return seen;
    };
    for (const reverse of [false, true]) {
      for (const form of forms) expect(watch(form, reverse), form).toEqual(watch('steps', reverse));
    }
  });

  test('a probe is told the gradient of every step, also of parts of the state that nothing used', () => {
    for (const form of forms) {
      const steps: number[] = [];
      const probe = { gradient: (t: number) => steps.push(t) };
      parameters.backward(sum(unroll(cell, xs, null, { form, probe }).outputs));
      expect(steps).toEqual([4, 3, 2, 1, 0]);
    }
  });

  test('initial state is what comes before the first step', () => {
    const state = cell.initialState(B, device);
    expect([...unroll(cell, xs, state).outputs.data()]).toEqual([...unroll(cell, xs).outputs.data()]);
  });
});

const mapValues = (state: CellState, change: (part: Tensor, index: number) => Tensor): CellState =>
  Object.fromEntries(Object.entries(state).map(([name, part], index) => [name, change(part, index)]));

const round = (x: Tensor): number[] => Array.from(x.data(), (value) => Math.round(value * 1e9) / 1e9 + 0);

test('a state of another batch is refused, whichever form is used', () => {
  const { cell } = build({ cell: 'lstm', hidden: H });
  const state = cell.initialState(1, device);
  for (const form of ['fused', 'traced', 'steps'] as const) {
    expect(() => unroll(cell, random([T, B, F], 1), state, { form })).toThrow(
      "state h of cell 'lstm' has shape [1, 6]",
    );
  }
});

test('wrong lengths are named', () => {
  const { cell } = build({ cell: 'lstm', hidden: H });
  expect(() => unroll(cell, random([T, B, F], 1), null, { lengths: [1, 2] })).toThrow(
    'lengths must be 3 whole numbers',
  );
  expect(() => unroll(cell, random([T, F], 1))).toThrow('must be [T, B, F], received [5, 4]');
});

describe('recomputed', () => {
  const xs = random([7, B, F], 1);
  const lossOf = (layer: Recurrent, options: RunOptions): Tensor => {
    const { outputs, state } = layer.run(xs, { training: true, random: new Random(1) }, options);
    const parts = state.flatMap((each) => Object.values(each));
    return [outputs, ...parts].map((part, index) => sum(mul(part, random(part.shape, index)))).reduce(add);
  };

  test.each(configs)('%j: outputs are the same, and gradients to rounding', (config) => {
    for (const bidirectional of [false, true]) {
      for (const lengths of [null, [7, 2, 4]]) {
        const [kept, again] = [false, true].map((recompute) => {
          const layer = new Recurrent({ cell: config, layers: 2, bidirectional, recompute });
          const parameters = initialiseParameters(layer, [-1, -1, F], device, 3);
          const loss = lossOf(layer, { lengths });
          parameters.backward(loss);
          return { loss: loss.item(), gradients: [...parameters.gradients.data()] };
        });
        expect(again.loss).toBeCloseTo(kept.loss, 10);
        again.gradients.forEach((value, i) => {
          expect(value).toBeCloseTo(kept.gradients[i], 10);
        });
      }
    }
  });

  test('needs less memory, the more the longer the sequence is', () => {
    const peakOf = (recompute: boolean): number => {
      const own = createDevice(referenceBackend({ float: 'float64' }));
      const layer = new Recurrent({ cell: { cell: 'lstm', hidden: 8 }, recompute });
      const parameters = initialiseParameters(layer, [-1, -1, 2], own, 3);
      own.scope(() =>
        parameters.backward(sum(layer.apply(own.ones([400, 2, 2]), { training: true, random: new Random(1) }))),
      );
      return own.memory().peakBytes;
    };
    expect(peakOf(true)).toBeLessThan(0.5 * peakOf(false));
  });

  test('a probe sees all of it', () => {
    const layer = new Recurrent({ cell: { cell: 'lstm', hidden: 3 }, recompute: true });
    initialiseParameters(layer, [-1, -1, F], device, 3);
    const seen: number[] = [];
    lossOf(layer, { probe: () => ({ step: (t) => seen.push(t) }) });
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });
});
