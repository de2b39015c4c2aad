import { afterAll, describe, expect, test } from 'vitest';
import { gradients } from '../autodiff/gradients.ts';
import { openDevice } from '../device.ts';
import { add, mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { AdaptiveSoftmax } from './adaptive-softmax.ts';
import { Attention, attentionScores } from './attention.ts';
import { type CellSource, defineCell } from './cells/index.ts';
import { LinearChainCrf } from './crf.ts';
import { initialiseParameters } from './layer.ts';
import { binaryCrossEntropyLoss, crossEntropyLoss, gaussianLoss, quantileLoss, squaredErrorLoss } from './losses.ts';
import { AttentionPooling, pool, poolings } from './pooling.ts';
import { Recurrent, type RecurrentLayerOptions } from './recurrent.ts';
import type { UnrollForm } from './unroll.ts';
import { viterbi } from './viterbi.ts';

/*
 * The law: what stands beyond a row's length changes no bit of any result or gradient, whatever it is, and its own
 * gradient is exactly 0.
 */

const devices = {
  'reference float64': await openDevice('reference'),
  'reference float32': await openDevice('reference', { float: 'float32' }),
  'wasm simd, 1 thread': await openDevice('wasm', { simd: 'simd', threads: 1 }),
  'wasm, 1 thread': await openDevice('wasm', { threads: 1 }),
  'wasm, 2 threads': await openDevice('wasm', { threads: 2, parallelFrom: 0 }),
};

afterAll(() => {
  for (const device of Object.values(devices)) device.close();
});

const contents = {
  zeros: () => 0,
  NaN: () => Number.NaN,
  infinities: (i: number) => (i % 2 === 0 ? Number.POSITIVE_INFINITY : Number.NEGATIVE_INFINITY),
  'huge numbers': (i: number) => (i % 2 === 0 ? 3e38 : -3e38),
};

const [T, B, F] = [5, 3, 4];
/** With an empty row, and without for what takes none. */
const lengths = [3, 5, 0];
const counts = [3, 5, 1];
const isPadding = (place: number, of: readonly number[]): boolean => Math.floor(place / B) >= of[place % B];

function numbers(shape: Shape, seed: number): number[] {
  const random = new Random(seed);
  return Array.from({ length: sizeOf(shape) }, () => random.normal());
}

/** Positive numbers of shape `[T, B, width]` with such content beyond each row's length. */
function padded(device: Device, width: number, of: readonly number[], content: (i: number) => number): Tensor {
  const values = numbers([T, B, width], 1).map((value, i) =>
    isPadding(Math.floor(i / width), of) ? content(i) : Math.abs(value) + 0.1,
  );
  return device.tensor(values, [T, B, width]);
}

/** Everything that comes of an input: results, then the gradients of the input and of the parameters. */
type Run = (input: Tensor) => { readonly results: readonly Tensor[]; readonly parameters: readonly Tensor[] };

function holds(device: Device, width: number, of: readonly number[], run: Run): void {
  const collect = (content: (i: number) => number): { all: number[]; dx: number[] } => {
    const input = padded(device, width, of, content).track();
    const { results, parameters } = run(input);
    const weighted = results.map((result, i) =>
      sum(mul(result, device.tensor(numbers(result.shape, 9 + i), result.shape))),
    );
    const [dx, ...others] = gradients(weighted.reduce(add), [input, ...parameters]);
    const all = [...results, dx, ...others].flatMap((tensor) => [...tensor.data()]);
    return { all, dx: [...dx.data()] };
  };
  const expected = collect(contents.zeros);
  expect(expected.all.every(Number.isFinite)).toBe(true);
  for (const [name, content] of Object.entries(contents)) {
    const { all, dx } = collect(content);
    // As numbers, for 0 and −0 are equal.
    expect(
      all.every((value, i) => value === expected.all[i]),
      name,
    ).toBe(true);
    expect(
      dx.every((value, i) => !isPadding(Math.floor(i / width), of) || value === 0),
      name,
    ).toBe(true);
  }
}

/** Its step divides by x and takes its logarithm: not for zeros. */
const logarithmic = defineCell({
  name: 'logarithmic',
  initialState: ({ zeros, hidden }) => ({ h: zeros(hidden) }),
  step(x, { h }, { linear }) {
    const next = linear('n', [x.square().log().div(x.abs().sqrt()), h]).tanh();
    return { output: next, state: { h: next } };
  },
});

const cells: Record<string, CellSource> = {
  rnn: { cell: 'rnn', hidden: 3 },
  relu: { cell: 'rnn', hidden: 3, activation: 'relu' },
  irnn: { cell: 'irnn', hidden: 3 },
  lstm: { cell: 'lstm', hidden: 3 },
  peephole: { cell: 'lstm', hidden: 3, peephole: true },
  projection: { cell: 'lstm', hidden: 3, projection: 2 },
  gru: { cell: 'gru', hidden: 3 },
  'gru before': { cell: 'gru', hidden: 3, reset: 'before', update: 'replace' },
  mut1: { cell: 'mut1', hidden: 3 },
  mut2: { cell: 'mut2', hidden: 3 },
  mut3: { cell: 'mut3', hidden: 3 },
  nas: { cell: 'nas', hidden: 3 },
  rhn: { cell: 'rhn', hidden: 3, depth: 2 },
  unitary: { cell: 'unitary', hidden: 3 },
  mingru: { cell: 'mingru', hidden: 3 },
  minlstm: { cell: 'minlstm', hidden: 3 },
  logarithmic,
};
const fused = ['rnn', 'relu', 'irnn', 'lstm', 'gru', 'gru before', 'mingru', 'minlstm'];

describe.each(Object.entries(devices))('%s', (_, device) => {
  const layerOf = (options: RecurrentLayerOptions) => {
    const layer = new Recurrent(options);
    const parameters = initialiseParameters(layer, [-1, -1, F], device, 1);
    return { layer, sources: parameters.names.map((name) => parameters.get(name)) };
  };

  describe.each(Object.entries(cells))('a layer of %s', (name, cell) => {
    const forms: UnrollForm[] = ['traced', 'steps', ...(fused.includes(name) ? (['fused'] as const) : [])];
    test.each(forms)('run as %s, in both directions', (form) => {
      const { layer, sources } = layerOf({ cell, hidden: 3, layers: 2, bidirectional: true });
      holds(device, F, lengths, (xs) => {
        const { outputs, state } = layer.run(xs, undefined, { lengths, form });
        return { results: [outputs, ...state.flatMap((parts) => Object.values(parts))], parameters: sources };
      });
    });

    test('computed again on the way back, with dropout', () => {
      const { layer, sources } = layerOf({
        cell,
        hidden: 3,
        layers: 2,
        bidirectional: true,
        recompute: true,
        dropout: cell === logarithmic ? 0 : 0.3,
      });
      holds(device, F, lengths, (xs) => {
        const context = { training: true, random: new Random(3) } as const;
        const { outputs, state } = layer.run(xs, context, { lengths });
        return { results: [outputs, ...state.flatMap((parts) => Object.values(parts))], parameters: sources };
      });
    });
  });

  test('a layer that starts from a state, with a unit held and dropout on its recurrence', () => {
    const { layer, sources } = layerOf({ cell: 'gru', hidden: 3, recurrentDropout: 0.4 });
    const h = device.tensor(numbers([B, 3], 5), [B, 3]);
    holds(device, F, lengths, (xs) => {
      const context = { training: true, random: new Random(3) } as const;
      const hold = [{ layer: 0, part: 'h', unit: 1, value: 0.5 }];
      const { outputs, state } = layer.run(xs, context, { lengths, state: [{ h }], hold });
      return { results: [outputs, state[0].h], parameters: sources };
    });
  });

  test('what comes back at padded outputs, a NaN, say, reaches no gradient', () => {
    const { layer, sources } = layerOf({ cell: 'lstm', hidden: 3 });
    const xs = padded(device, F, lengths, contents.NaN).track();
    const { outputs } = layer.run(xs, undefined, { lengths });
    // 0 log 0: NaN at the padding only.
    const loss = sum(outputs.square().log());
    const found = gradients(loss, [xs, ...sources]).flatMap((gradient) => [...gradient.data()]);
    expect(found.every(Number.isFinite)).toBe(true);
  });

  test.each(poolings)('%s pooling', (kind) => {
    holds(device, F, counts, (xs) => ({ results: [pool(kind, xs, counts)], parameters: [] }));
  });

  test('attention pooling', () => {
    const pooling = new AttentionPooling();
    const parameters = initialiseParameters(pooling, [-1, -1, F], device, 1);
    holds(device, F, counts, (xs) => {
      const { pooled, weights } = pooling.run(xs, counts);
      return { results: [pooled, weights], parameters: parameters.names.map((name) => parameters.get(name)) };
    });
  });

  test.each(attentionScores)('%s attention, one query and many', (score) => {
    const attention = new Attention({ score });
    const shape = [-1, -1, F];
    const parameters = initialiseParameters(attention, { queries: shape, memory: shape }, device, 1);
    const queries = device.tensor(numbers([2, B, F], 3), [2, B, F]);
    holds(device, F, counts, (xs) => {
      const memory = attention.prepare(xs, counts);
      const { context, weights } = attention.step(queries.at(0), memory);
      const all = attention.attend(queries, memory, { chunk: 1 });
      const sources = parameters.names.map((name) => parameters.get(name));
      return { results: [context, weights, all.context], parameters: sources };
    });
  });

  test('a CRF: likelihood, score and marginals', () => {
    const crf = new LinearChainCrf({ tags: F });
    const parameters = initialiseParameters(crf, { emissions: [-1, -1, F] }, device, 1);
    const tags = device.ids(
      Array.from({ length: T * B }, (_, place) => (isPadding(place, counts) ? -9 : place % F)),
      [T, B],
    );
    holds(device, F, counts, (emissions) => {
      const results = [crf.negativeLogLikelihood(emissions, tags, counts), crf.marginals(emissions.detach(), counts)];
      const { start, end, transitions } = crf.scores(emissions);
      const decoded = viterbi(
        { emissions: emissions.data(), start: start.data(), end: end.data(), transitions: transitions.data() },
        counts,
      );
      results.push(device.tensor([...decoded.scores, ...decoded.tags.flat()]));
      return { results, parameters: parameters.names.map((name) => parameters.get(name)) };
    });
  });

  describe('losses', () => {
    const weightsOf = (width: number): Tensor =>
      device.tensor(
        Array.from({ length: T * B * width }, (_, i) => (isPadding(Math.floor(i / width), counts) ? 0 : 1 + i)),
        [T, B, width],
      );
    const targets = device.tensor(numbers([T, B, F], 4), [T, B, F]);
    const one = device.tensor(numbers([T, B, 1], 4), [T, B, 1]);
    const ids = device.ids(
      Array.from({ length: T * B }, (_, place) => (isPadding(place, counts) ? -1 : place % F)),
      [T, B],
    );
    const every = device.ids(
      Array.from({ length: T * B }, (_, place) => place % F),
      [T, B],
    );
    const reductions = ['mean', 'sum', 'none'] as const;

    test.each(reductions)('of the positions that count, %s', (reduction) => {
      const weights = weightsOf(F);
      const rows = weightsOf(1).reshape([T, B]);
      const losses: ((x: Tensor) => Tensor)[] = [
        (x) => crossEntropyLoss(x, ids, { reduction }),
        (x) => crossEntropyLoss(x, every, { reduction, weights: rows }),
        (x) => squaredErrorLoss(x, targets, { reduction, weights }),
        (x) => squaredErrorLoss(targets, x, { reduction, weights }),
        (x) => binaryCrossEntropyLoss(x, targets, { reduction, weights }),
        (x) => gaussianLoss(x, targets.abs().add(0.1), targets, { reduction, weights }),
        (x) => gaussianLoss(one, x, targets, { reduction, weights }),
        (x) => quantileLoss(x, one, [0.1, 0.4, 0.5, 0.9], { reduction, weights: weightsOf(1) }),
      ];
      for (const loss of losses) holds(device, F, counts, (x) => ({ results: [loss(x)], parameters: [] }));
    });

    test('of an adaptive softmax where no target is given', () => {
      const softmax = new AdaptiveSoftmax({ classes: 7, cutoffs: [2, 4] });
      const parameters = initialiseParameters(softmax, [-1, -1, F], device, 1);
      const sources = parameters.names.map((name) => parameters.get(name));
      holds(device, F, counts, (x) => ({ results: [softmax.losses(x, ids)], parameters: sources }));
    });
  });
});
