import { describe, expect, test } from 'vitest';
import { gradientError } from '../../autodiff/check.ts';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { ConfigError, ScopeError, ShapeError } from '../../errors.ts';
import { createDevice } from '../../ops/create-device.ts';
import { Random } from '../../random.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { inference, initialiseParameters } from '../layer.ts';
import { Recurrent } from '../recurrent.ts';
import { unroll } from '../unroll.ts';
import { type CellDefinition, createCell, type DefinedCell, defineCell } from './index.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));
const [T, B, F, H] = [4, 3, 2, 5];

/** PyTorch's GRU without its second biases, as one would write it oneself. */
const gru = defineCell({
  name: 'my-gru',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
  step(x, { h }, { linear }) {
    const r = linear('r', [x, h]).sigmoid();
    const z = linear('z', [x, h]).sigmoid();
    const n = linear('n', x)
      .add(r.mul(linear('hn', h)))
      .tanh();
    const next = h.mul(z).add(n.mul(z.mul(-1).add(1)));
    return { output: next, state: { h: next }, gates: { r, z, n } };
  },
});

function random(shape: readonly number[], seed: number): Tensor {
  const source = new Random(seed);
  const size = shape.reduce((a, b) => a * b, 1);
  return device.tensor(
    Array.from({ length: size }, () => source.normal()),
    shape,
  );
}

const layerOf = (cell: DefinedCell, options: object = {}, seed = 1) => {
  const layer = new Recurrent({ cell, hidden: H, ...options });
  return { layer, parameters: initialiseParameters(layer, [-1, -1, F], device, seed) };
};

const xs = random([T, B, F], 1);

describe('a defined cell', () => {
  test('declares what its step uses, under names of its layer', () => {
    const { parameters } = layerOf(gru, { layers: 2, bidirectional: true });
    expect(parameters.names.slice(0, 3)).toEqual(['weight_r_l0', 'bias_r_l0', 'weight_z_l0']);
    expect(parameters.names).toContain('bias_hn_l1_reverse');
    expect(parameters.get('weight_r_l0').shape).toEqual([H, F + H]);
    expect(parameters.get('weight_n_l1').shape).toEqual([H, 2 * H]);
  });

  test('computes what the built-in cell of the same equations computes', () => {
    const { layer, parameters } = layerOf(gru);
    const builtIn = new Recurrent({ cell: 'gru', hidden: H });
    const theirs = initialiseParameters(builtIn, [-1, -1, F], device, 2);
    const w = (name: string): number[][] => parameters.get(`${name}_l0`).toArray() as number[][];
    const rows = (start: number, end?: number) => [
      ...w('weight_r').map((row) => row.slice(start, end)),
      ...w('weight_z').map((row) => row.slice(start, end)),
    ];
    theirs.load({
      weight_ih_l0: { shape: [3 * H, F], data: [...rows(0, F), ...w('weight_n')].flat() },
      weight_hh_l0: { shape: [3 * H, H], data: [...rows(F), ...w('weight_hn')].flat() },
      bias_ih_l0: { shape: [3 * H], data: new Float64Array(3 * H) },
      bias_hh_l0: { shape: [3 * H], data: new Float64Array(3 * H) },
    });
    const [mine, other] = [layer, builtIn].map((each) => each.apply(xs, inference).data());
    for (const [k, value] of mine.entries()) expect(value).toBeCloseTo(other[k], 12);
  });

  test('has the gradients of its equations, stacked, in both directions, with unequal lengths', async () => {
    const { layer, parameters } = layerOf(gru, { layers: 2, bidirectional: true, hidden: 2 });
    const names = parameters.names;
    const inputs = [xs, ...names.map((name) => parameters.get(name).detach())];
    const all = [...parameters];
    const error = await gradientError(inputs, ([x, ...values]) => {
      for (const parameter of all) parameter.value = values[names.indexOf(parameter.name)];
      const { outputs } = layer.run(x, inference, { lengths: [4, 1, 3] });
      return outputs.mul(random([T, B, 4], 3)).sum();
    });
    expect(error).toBeLessThan(1e-6);
  });

  test('has the first values it asks for, and uniform ones with limit 1/√H where it says nothing', () => {
    const cell = defineCell({
      initialState: ({ zeros }) => ({ h: zeros(2) }),
      step(x, { h }, { linear, parameter }) {
        const gain = parameter('gain', [2], { kind: 'constant', value: 3 });
        const next = linear('in', [x, h], { width: 2, bias: -1, init: { kind: 'identity' } }).mul(gain);
        return { output: linear('out', next, { width: 7, bias: false }), state: { h: next } };
      },
    });
    const { layer, parameters } = layerOf(cell);
    expect(parameters.names).toEqual(['gain_l0', 'weight_in_l0', 'bias_in_l0', 'weight_out_l0']);
    expect(layer.width).toBe(7);
    expect([...parameters.get('bias_in_l0').data()]).toEqual([-1, -1]);
    expect(parameters.get('weight_in_l0').toArray()).toEqual([
      [1, 0, 0, 0],
      [0, 1, 0, 0],
    ]);
    const largest = parameters.get('weight_out_l0').abs().max().item();
    expect(largest).toBeLessThan(1 / Math.sqrt(H));
    expect(largest).toBeGreaterThan(0.5 / Math.sqrt(H));
    expect(layer.apply(xs, inference).shape).toEqual([T, B, 7]);
  });

  test('shares a parameter that it asks for twice', () => {
    const cell = defineCell({
      initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
      step(_, { h }, { linear }) {
        const next = linear('w', linear('w', h));
        return { output: next, state: { h: next } };
      },
    });
    expect(layerOf(cell).parameters.names).toEqual(['weight_w_l0', 'bias_w_l0']);
  });

  test('is its name as JSON, and keeps a name of its own', () => {
    expect(JSON.stringify({ cell: gru })).toBe('{"cell":"my-gru"}');
    const step: CellDefinition['step'] = (_, state) => ({ output: state.h, state });
    const initialState: CellDefinition['initialState'] = ({ zeros }) => ({ h: zeros(1) });
    expect(() => createCell(defineCell({ name: 'lstm', initialState, step }), 4)).toThrow(
      "'lstm' is the name of a built-in",
    );
    expect(() => defineCell({ name: 'my gru', initialState, step })).toThrow("'my gru' is no name");
    expect(() => defineCell({ initialState } as unknown as CellDefinition)).toThrow('step must be a function');
    expect(() => new Recurrent({ cell: gru })).toThrow('hidden must be a whole number from 1, received undefined');
  });
});

describe('what goes wrong in a step names the cell, the step, and', () => {
  /** A cell of one part h whose step is `step`. */
  const cellOf = (step: CellDefinition['step'], initialState?: CellDefinition['initialState']): (() => unknown) => {
    const wrong = defineCell({ name: 'wrong', initialState: initialState ?? (({ zeros }) => ({ h: zeros(4) })), step });
    return () => layerOf(wrong).layer.apply(xs, inference);
  };
  const start = "cell 'wrong', its step: ";

  test('the part that changes shape, with both shapes', () => {
    const wrong = cellOf((x, { h }) => ({ output: h, state: { h: x } }));
    expect(wrong).toThrow(ShapeError);
    expect(wrong).toThrow(`${start}state part 'h' has shape [2, 4] before it and [2, 2] after it`);
  });

  test('the part that is missing, renamed or new', () => {
    const renamed = cellOf((_, { h }) => ({ output: h, state: { hidden: h } }));
    expect(renamed).toThrow(ConfigError);
    expect(renamed).toThrow(
      `${start}state part 'h' is missing after it; it had shape [2, 4] before, and the step returned 'hidden'`,
    );
    expect(cellOf((_, { h }) => ({ output: h, state: { h, c: h } }))).toThrow(
      `${start}state part 'c' was not in the state`,
    );
  });

  test('an output that is none', () => {
    expect(cellOf((_, { h }) => ({ state: { h } }) as never)).toThrow(
      `${start}output must be a tensor [2, width], received nothing`,
    );
    expect(cellOf((_, { h }) => ({ output: h.sum(), state: { h } }))).toThrow('received []');
    expect(cellOf((_, { h }) => h as never)).toThrow('it must return { output, state } with tensors, received [2, 4]');
  });

  test('shapes that do not meet, and whatever else is thrown', () => {
    expect(cellOf((x, { h }) => ({ output: h.mul(x), state: { h } }))).toThrow(`${start}mul: shapes [2, 4] and [2, 2]`);
    const thrown = cellOf((_, { h }) => ({ output: (h as never as { nope(): Tensor }).nope(), state: { h } }));
    expect(thrown).toThrow(`${start}h.nope is not a function`);
    expect(thrown).toThrow(ConfigError);
    expect(cellOf((_, { h }, { parameter }) => ({ output: h.mul(parameter('a b', [4])), state: { h } }))).toThrow(
      "'a b' is no name",
    );
    expect(cellOf((x, { h }, { linear }) => ({ output: linear('w', x).add(linear('w', h)), state: { h } }))).toThrow(
      "'weight_w' is requested with shape [5, 4], but has shape [5, 2]",
    );
  });

  test('an initial state that is none', () => {
    const step: CellDefinition['step'] = (_, state) => ({ output: state.h, state });
    const place = "cell 'wrong', initialState: it must return the parts of the state by name";
    expect(cellOf(step, () => undefined as never)).toThrow(`${place}, such as { h: zeros(hidden) }; it returned none`);
    expect(cellOf(step, () => ({ h: 3 as never }))).toThrow("'h' is not made by zeros");
  });

  test('a state that does not fit', () => {
    const { layer } = layerOf(gru);
    expect(() => layer.run(xs, inference, { state: [{ h: device.zeros([B, H + 1]) }] })).toThrow(
      `unroll: state h of cell 'my-gru' has shape [${B}, ${H + 1}], the input needs [${B}, ${H}]`,
    );
    expect(() => layer.run(xs, inference, { state: [{ c: device.zeros([B, H]) }] })).toThrow("cell 'my-gru' is { h }");
  });

  test('a value kept from an earlier call, whose scope has ended', () => {
    let kept: Tensor | null = null;
    const cell = defineCell({
      name: 'leaky',
      initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
      step(x, { h }, { linear }) {
        const next = linear('in', [x, h]);
        const output = kept?.device === next.device ? next.add(kept) : next;
        kept = next;
        return { output, state: { h: next } };
      },
    });
    const { layer } = layerOf(cell);
    device.scope(() => void layer.apply(xs, inference));
    const wrong = (): unknown => layer.apply(xs, inference);
    expect(wrong).toThrow(ScopeError);
    expect(wrong).toThrow("cell 'leaky', step 0: tensor: this tensor of shape [3, 5] was used after its scope ended");
    expect(wrong).toThrow('A step must compute from x, its state and its parameters alone');
  });

  test('a parameter that comes up only later', () => {
    let calls = 0;
    const wrong = cellOf((_, { h }, { parameter }) => ({
      output: h.mul(parameter(calls++ > 0 ? 'late' : 'early', [4])),
      state: { h },
    }));
    expect(wrong).toThrow("cell 'wrong', step 0: 'late' was not requested when the cell was built");
  });

  test('also for cells that are built in', () => {
    const cell = createCell('mut1', 3);
    expect(() => unroll(cell, xs)).toThrow("cell 'mut1', step 0: cell 'mut1': the layer is not built");
  });
});
