import { describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { add, mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { type Cell, type CellConfig, createCell } from './cells/index.ts';
import { Declarations, Parameters } from './parameters.ts';
import { type UnrollOptions, unroll } from './unroll.ts';

const device = new Device(referenceBackend({ float: 'float64' }));
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
function loss(cell: Cell, xs: Tensor, options: UnrollOptions = {}): Tensor {
  const { outputs, state } = unroll(cell, xs, null, options);
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
  // A scan adds up in an order that depends on T.
  const expectSame = (received: Iterable<number>, expected: Iterable<number>): void => {
    const digits = config.cell.startsWith('min') ? 12 : 0;
    const rounded = (values: Iterable<number>) =>
      Array.from(values, (x) => (digits ? Number(x.toFixed(digits)) + 0 : x));
    expect(rounded(received)).toEqual(rounded(expected));
  };
  const xs = random([T, B, F], 1);

  const lengthsOf = { all: null, unequal: [5, 2, 0] };
  const forms = cell.sequence ? [true, false] : [false];
  for (const [kind, lengths] of Object.entries(lengthsOf)) {
    for (const reverse of [false, true]) {
      // Without a form of its own for sequences, a cell knows nothing of lengths and directions: two of four will do.
      if (!cell.sequence && reverse !== (lengths !== null)) continue;
      const options = { lengths, reverse };
      if (cell.sequence)
        test(`fused and step form agree, lengths ${kind}, reverse ${reverse}`, () => {
          const collect = (fused: boolean): number[] => {
            const x = xs.track();
            const total = loss(cell, x, { ...options, fused });
            parameters.backward(total);
            const { outputs } = unroll(cell, xs, null, { ...options, fused });
            return [total.item(), ...outputs.data(), ...parameters.gradients.data()];
          };
          const [fused, steps] = [collect(true), collect(false)];
          fused.forEach((value, i) => {
            expect(Math.abs(value - steps[i])).toBeLessThan(1e-9 * Math.max(1, Math.abs(value)));
          });
        });

      test(`gradients agree with central differences, lengths ${kind}, reverse ${reverse}`, () => {
        for (const fused of forms) {
          const inputs = [xs, ...names.map((name) => parameters.get(name).detach())];
          const error = gradientError(inputs, ([x, ...values]) => {
            for (const parameter of parameters) parameter.value = values[names.indexOf(parameter.name)];
            return loss(cell, x, { ...options, fused });
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

  if (cell.sequence)
    test('a probe sees the same from the fused layer as from single steps', () => {
      const watch = (fused: boolean, reverse: boolean): unknown[] => {
        const seen: unknown[] = [];
        const total = loss(cell, xs, {
          fused,
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
      for (const reverse of [false, true]) expect(watch(true, reverse)).toEqual(watch(false, reverse));
    });

  test('a probe is told the gradient of every step, also of parts of the state that nothing used', () => {
    for (const fused of forms) {
      const steps: number[] = [];
      const probe = { gradient: (t: number) => steps.push(t) };
      parameters.backward(sum(unroll(cell, xs, null, { fused, probe }).outputs));
      expect(steps).toEqual([4, 3, 2, 1, 0]);
    }
  });

  test('initial state is what comes before the first step', () => {
    const state = cell.initialState(B, device);
    expect([...unroll(cell, xs, state).outputs.data()]).toEqual([...unroll(cell, xs).outputs.data()]);
  });
});

const round = (x: Tensor): number[] => Array.from(x.data(), (value) => Math.round(value * 1e9) / 1e9 + 0);

test('a state of another batch is refused, whichever form is used', () => {
  const { cell } = build({ cell: 'lstm', hidden: H });
  const state = cell.initialState(1, device);
  for (const fused of [true, false]) {
    expect(() => unroll(cell, random([T, B, F], 1), state, { fused })).toThrow('state h has shape [1, 6]');
  }
});

test('wrong lengths are named', () => {
  const { cell } = build({ cell: 'lstm', hidden: H });
  expect(() => unroll(cell, random([T, B, F], 1), null, { lengths: [1, 2] })).toThrow(
    'lengths must be 3 whole numbers',
  );
  expect(() => unroll(cell, random([T, F], 1))).toThrow('must be [T, B, F], received [5, 4]');
});
