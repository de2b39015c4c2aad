import { describe, expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { ConfigError } from '../errors.ts';
import {
  inference,
  initialiseParameters,
  Recurrent,
  type RecurrentLayerOptions,
  type StackState,
} from '../nn/index.ts';
import { initialise } from '../nn/initialisers.ts';
import { createDevice } from '../ops/create-device.ts';
import { square } from '../ops/index.ts';
import { Random } from '../random.ts';
import { gateStatistics, gradientFlow, inspectRecurrent } from './index.ts';

const device = createDevice(referenceBackend());
const [T, B, F, H] = [11, 2, 3, 4];
const xs = device.tensor(initialise({ kind: 'normal', deviation: 1 }, [T, B, F], new Random(1)), [T, B, F]);

function build(options: Omit<RecurrentLayerOptions, 'cell'> & { cell?: RecurrentLayerOptions['cell'] }): Recurrent {
  const recurrent = new Recurrent({ cell: { cell: 'lstm', hidden: H }, ...options });
  initialiseParameters(recurrent, [-1, -1, F], device, 4);
  return recurrent;
}

describe('gradientFlow', () => {
  test('at lag k is the gradient with respect to the state that the sequence is cut at', async () => {
    const recurrent = build({ layers: 1 });
    const position = T - 1;
    const { layers, positions } = await gradientFlow(inspectRecurrent(recurrent, xs), { lags: T - 1, positions: 1 });
    expect(positions).toEqual([position]);
    for (const lag of [1, 2, 5]) {
      const cut = position - lag + 1;
      const state: StackState = recurrent
        .run(xs.slice(0, 0, cut), inference)
        .state.map(({ h, c }) => ({ h: h.detach().track(), c: c.detach().track() }));
      const { outputs } = recurrent.run(xs.slice(0, cut), inference, { state });
      const loss = square(outputs.at(-1)).mean({ axes: -1 }).sum();
      const [dh, dc] = gradients(loss, [state[0].h, state[0].c]).map((d) => d.toArray() as number[][]);
      const rows = dh.map((row, b) => Math.hypot(...row, ...dc[b]));
      expect(layers[0].byPosition[0][lag]).toBeCloseTo((rows[0] + rows[1]) / B, 12);
      expect(layers[0].parts.c.mean[lag]).toBeCloseTo((Math.hypot(...dc[0]) + Math.hypot(...dc[1])) / B, 12);
    }
  });

  test('reports every layer and direction, lags counted in its own direction', async () => {
    const { layers } = await gradientFlow(inspectRecurrent(build({ layers: 2, bidirectional: true }), xs), { lags: 4 });
    expect(layers.map(({ layer, reverse }) => [layer, reverse])).toEqual([
      ...[
        [0, false],
        [0, true],
        [1, false],
        [1, true],
      ],
    ]);
    for (const { norms } of layers) {
      expect(norms.mean).toHaveLength(5);
      for (const value of norms.mean) expect(value).toBeGreaterThan(0);
    }
  });

  test('of the two directions is the same where one reads what the other reads, turned round', async () => {
    const recurrent = new Recurrent({ cell: { cell: 'gru', hidden: H }, bidirectional: true });
    const parameters = initialiseParameters(recurrent, [-1, -1, F], device, 4);
    for (const { name, value } of parameters) {
      if (name.endsWith('_reverse')) device.backend.copy(parameters.get(name.replace('_reverse', '')), value);
    }
    // A palindrome, and a loss in its middle.
    const half = xs.slice(0, 0, 5);
    const both = device.tensor([...half.data(), ...xs.at(5).data(), ...half.flip(0).data()], [T, B, F]);
    const inspected = inspectRecurrent(recurrent, both);
    const [forward, reverse] = (await gradientFlow(inspected, { lags: 5, positions: 1 })).layers;
    forward.norms.mean.forEach((norm, lag) => {
      expect(reverse.norms.mean[lag]).toBeCloseTo(norm, 12);
    });
  });

  test('orders its quantiles', async () => {
    const { norms } = (await gradientFlow(inspectRecurrent(build({}), xs), { lags: 6 })).layers[0];
    norms.median.forEach((median, lag) => {
      expect(norms.low[lag]).toBeLessThanOrEqual(median);
      expect(norms.high[lag]).toBeGreaterThanOrEqual(median);
    });
  });

  test('leaks no tensors', async () => {
    const inspected = inspectRecurrent(build({}), xs);
    const before = device.memory().bytes;
    await gradientFlow(inspected);
    await gateStatistics(inspected);
    expect(device.memory().bytes).toBe(before);
  });

  test('names invalid lags', async () => {
    const inspected = inspectRecurrent(build({}), xs);
    for (const lags of [0, -1, 1.5, T, Number.NaN]) {
      await expect(gradientFlow(inspected, { lags })).rejects.toThrow(
        `from 1 to ${T - 1} for a sequence of ${T} steps`,
      );
    }
    await expect(gradientFlow(inspected, { positions: 0 })).rejects.toThrow(ConfigError);
    await expect(gradientFlow(inspectRecurrent(build({}), xs.slice(0, 0, 1)))).rejects.toThrow('longer sequence');
    const unseen = { ...inspected, losses: () => build({}).apply(xs).sum({ axes: -1 }) };
    await expect(gradientFlow(unseen)).rejects.toThrow('no probe was told a gradient');
  });
});

describe('gateStatistics', () => {
  test('of gates that are held shut and open', async () => {
    const recurrent = new Recurrent({ cell: { cell: 'lstm', hidden: H } });
    const parameters = initialiseParameters(recurrent, [-1, -1, F], device, 4);
    const bias = parameters.get('bias_ih_l0');
    device.backend.write(
      bias,
      bias.data().map((_, i) => [-50, 50, 0, 0][Math.floor(i / H)]),
    );
    const gates = await gateStatistics(inspectRecurrent(recurrent, xs));
    expect(gates.map(({ gate }) => gate)).toEqual(['i', 'f', 'g', 'o']);
    const [i, f, g, o] = gates;
    expect(i).toMatchObject({ range: 'unit', low: 1, high: 0 });
    expect(f).toMatchObject({ range: 'unit', low: 0, high: 1 });
    expect(i.mean).toBeCloseTo(0, 10);
    expect(g.range).toBe('signed');
    expect(o.mean).toBeGreaterThan(0.2);
    for (const { histogram } of gates) expect(histogram.shares.reduce((a, b) => a + b)).toBeCloseTo(1, 10);
    expect(i.histogram.shares[0]).toBeCloseTo(1, 10);
    expect(f.histogram.shares.at(-1)).toBeCloseTo(1, 10);
  });

  test('takes the state of a cell without gates', async () => {
    const tanh = await gateStatistics(inspectRecurrent(build({ cell: { cell: 'rnn', hidden: H } }), xs));
    expect(tanh).toMatchObject([{ gate: 'h', range: 'signed' }]);
    const relu = { cell: 'rnn', hidden: H, activation: 'relu' } as const;
    const [open] = await gateStatistics(inspectRecurrent(build({ cell: relu }), xs.mul(20)));
    expect(open).toMatchObject({ gate: 'h', range: 'open', high: 0 });
    expect(open.low).toBeGreaterThan(0);
    expect(open.low).toBeLessThan(1);
    const [small] = await gateStatistics(inspectRecurrent(build({ cell: relu }), xs.mul(0.1)));
    expect(small.range).toBe('open');
    expect(small.histogram.shares.reduce((x, y) => x + y)).toBeCloseTo(1, 10);
  });
});
