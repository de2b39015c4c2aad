import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { openDevice } from '../device.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { add, mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Attention, type AttentionOptions, attentionScores, coverageLoss } from './attention.ts';
import { Declarations, Parameters } from './parameters.ts';

const exact = createDevice(referenceBackend({ float: 'float64' }));

function random(shape: Shape, seed: number, device = exact): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => 4 * source.uniform() - 2),
    shape,
  );
}

function create(options: AttentionOptions, query: number, depth: number, device = exact) {
  const attention = new Attention(options);
  const declarations = new Declarations();
  attention.build({ queries: [-1, -1, query], memory: [-1, -1, depth] }, declarations);
  const parameters = new Parameters(device, declarations.declared, 1);
  // Coverage counts for nothing at first; here it must be seen to count.
  const source = new Random(2);
  device.backend.write(
    parameters.values,
    Float64Array.from({ length: parameters.size }, () => source.normal()),
  );
  return { attention, parameters };
}

const [S, B, D, A] = [5, 3, 4, 6];
const lengths = [5, 1, 3];
const kinds: [AttentionOptions, number][] = attentionScores.flatMap((score) =>
  [false, true].map((coverage): [AttentionOptions, number] => [
    { score, coverage, ...(score === 'additive' ? { units: A } : {}) },
    score === 'dot' || score === 'scaled-dot' ? D : 7,
  ]),
);

type Matrix = number[][];
const dot = (a: number[], b: number[]): number => a.reduce((total, x, i) => total + x * b[i], 0);
const times = (w: Matrix, x: number[]): number[] => w.map((row) => dot(row, x));

/** The equations of the papers, one row and one position at a time. */
function byHand(
  { score }: AttentionOptions,
  parameters: Parameters,
  query: number[],
  memory: Matrix,
  past: number[] | null,
): { context: number[]; weights: number[] } {
  const weight = (name: string): Matrix => parameters.get(name).toArray() as Matrix;
  const covered = past && (parameters.get('coverage.weight').toArray() as number[]);
  const scores = memory.map((h, s) => {
    if (score === 'additive') {
      const [a, b] = [times(weight('query.weight'), query), times(weight('key.weight'), h)];
      const hidden = a.map((x, i) => Math.tanh(x + b[i] + (covered ? past[s] * covered[i] : 0)));
      return dot(weight('score.weight')[0], hidden);
    }
    const key = score.endsWith('general') ? times(weight('key.weight'), h) : h;
    const scale = score.startsWith('scaled') ? Math.sqrt(query.length) : 1;
    return dot(query, key) / scale + (covered ? past[s] * covered[0] : 0);
  });
  const e = scores.map((x) => Math.exp(x - Math.max(...scores)));
  const weights = e.map((x) => x / e.reduce((a, b) => a + b));
  return {
    weights,
    context: memory[0].map((_, d) =>
      dot(
        weights,
        memory.map((h) => h[d]),
      ),
    ),
  };
}

describe.each(kinds)('attention %j', (options, Q) => {
  const { attention, parameters } = create(options, Q, D);
  const memory = random([S, B, D], 3);
  const query = random([B, Q], 4);
  const past = options.coverage ? mul(random([B, S], 5), 0.5) : null;

  test('is what its equations say, and 0 beyond the end', () => {
    const { context, weights, coverage } = attention.step(query, attention.prepare(memory, lengths), {
      coverage: past,
    });
    const states = memory.toArray() as number[][][];
    for (let b = 0; b < B; b++) {
      const own = states.slice(0, lengths[b]).map((rows) => rows[b]);
      const before = past && (past.toArray() as Matrix)[b];
      const expected = byHand(options, parameters, (query.toArray() as Matrix)[b], own, before);
      (context.toArray() as Matrix)[b].forEach((x, i) => {
        expect(x).toBeCloseTo(expected.context[i], 12);
      });
      const row = (weights.toArray() as Matrix)[b];
      expected.weights.forEach((x, s) => {
        expect(row[s]).toBeCloseTo(x, 12);
      });
      expect(row.slice(lengths[b])).toEqual(new Array(S - lengths[b]).fill(0));
      if (before) expect((coverage!.toArray() as Matrix)[b]).toEqual(row.map((x, s) => before[s] + x));
      else expect(coverage).toBeNull();
    }
  });

  test('has the gradient of central differences', async () => {
    const leaves = [query, memory, ...(past ? [past] : []), parameters.values];
    const error = await gradientError(leaves, (inputs) => {
      const flat = inputs.at(-1)!;
      let position = 0;
      for (const parameter of parameters) {
        const size = sizeOf(parameter.shape);
        parameter.value = flat.slice(0, position, position + size).reshape(parameter.shape);
        position += size;
      }
      const prepared = attention.prepare(inputs[1], lengths);
      const { context, weights } = attention.step(inputs[0], prepared, { coverage: past && inputs[2] });
      return add(sum(mul(context, random([B, D], 8))), sum(mul(weights, random([B, S], 9))));
    });
    expect(error).toBeLessThan(1e-6);
  });
});

describe.each(kinds.filter(([{ coverage }]) => !coverage))('many queries, attention %j', (options, Q) => {
  const T = 7;
  const [queries, memory] = [random([T, B, Q], 3), random([S, B, D], 4)];

  test.each([1, 3, 100])('%d at a time are the same as one after the other', (chunk) => {
    const { attention } = create(options, Q, D);
    const prepared = attention.prepare(memory, lengths);
    const { context, weights } = attention.attend(queries, prepared, { weights: true, chunk });
    expect([context.shape, weights!.shape]).toEqual([
      [T, B, D],
      [T, B, S],
    ]);
    for (let t = 0; t < T; t++) {
      const step = attention.step(queries.at(t), prepared);
      expect(context.at(t).toArray()).toEqual(step.context.toArray());
      expect(weights!.at(t).toArray()).toEqual(step.weights.toArray());
    }
  });

  test.each([2, 100])('%d at a time: the gradient of central differences', async (chunk) => {
    const { attention, parameters } = create(options, Q, D);
    const loss = ([q, m]: readonly Tensor[]): Tensor => {
      const { context, weights } = attention.attend(q, attention.prepare(m, lengths), { weights: true, chunk });
      return add(sum(mul(context, random([T, B, D], 8))), sum(mul(weights!, random([T, B, S], 9))));
    };
    expect(await gradientError([queries, memory], loss)).toBeLessThan(1e-6);
    if (parameters.size === 0) return;
    // The parameters, too: all at once, chunked or not.
    parameters.backward(loss([queries, memory]));
    const chunked = [...parameters.gradients.data()];
    const { weights } = attention.attend(queries, attention.prepare(memory, lengths), { weights: true });
    const { context } = attention.attend(queries, attention.prepare(memory, lengths));
    parameters.backward(add(sum(mul(context, random([T, B, D], 8))), sum(mul(weights!, random([T, B, S], 9)))));
    parameters.gradients.data().forEach((x, i) => {
      expect(chunked[i]).toBeCloseTo(x, 10);
    });
  });
});

describe('on the wasm backend', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice('wasm', { threads: 1 });
  });
  afterAll(() => device.close());

  test.each(kinds)('a row is the same to the bit alone and in a padded batch, %j', (options, Q) => {
    const depth = Q === D ? Q : 9;
    const { attention } = create(options, Q, depth, device);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 }),
        fc.integer({ min: 0, max: 1500 }),
        fc.integer(),
        (lengths, more, seed) => {
          device.scope(() => {
            const longest = Math.max(...lengths) + more;
            const [memory, query] = [
              random([longest, lengths.length, depth], seed, device),
              random([lengths.length, Q], seed + 1, device),
            ];
            const past = options.coverage ? random([lengths.length, longest], seed + 2, device) : null;
            const whole = attention.step(query, attention.prepare(memory, lengths), { coverage: past });
            lengths.forEach((length, b) => {
              const own = memory.slice(0, 0, length).slice(1, b, b + 1);
              const before = past?.slice(0, b, b + 1).slice(1, 0, length);
              const alone = attention.step(query.slice(0, b, b + 1), attention.prepare(own), { coverage: before });
              expect(whole.context.at(b).data()).toEqual(alone.context.at(0).data());
              expect(whole.weights.at(b).data().slice(0, length)).toEqual(alone.weights.at(0).data());
              expect(
                whole.weights
                  .at(b)
                  .data()
                  .slice(length)
                  .every((x) => x === 0),
              ).toBe(true);
            });
          });
        },
      ),
      { numRuns: 15 },
    );
  });

  test.each([
    { score: 'scaled-dot', depth: 64 },
    { score: 'additive', depth: 8 },
  ] as const)('2,000 queries of 2,000 positions, $score, with their gradient', ({ score, depth }) => {
    const { attention, parameters } = create({ score }, depth, depth, device);
    const xs = mul(random([2000, 1, depth], 1, device), 0.3);
    const before = device.memory().bytes;
    const most = device.scope(() => {
      const leaf = xs.track();
      const { context } = attention.attend(leaf, attention.prepare(leaf));
      if (parameters.size > 0) parameters.backward(context.square().sum());
      expect(context.shape).toEqual([2000, 1, depth]);
      const step = attention.step(xs.at(1234), attention.prepare(xs));
      expect(context.at(1234).data()).toEqual(step.context.data());
      return device.memory().peakBytes - before;
    });
    // All scores at once would be 16 MB, the additive score's inner results 128 MB; several of them for the gradient.
    expect(most).toBeLessThan(48 * 2 ** 20);
  });
});

test('coverage loss counts what is attended to again', async () => {
  const weights = exact.tensor([
    [0.5, 0.5, 0],
    [0.1, 0.2, 0.7],
  ]);
  const coverage = exact.tensor([
    [1, 0.25, 3],
    [0, 0, 0],
  ]);
  expect(coverageLoss(weights, coverage).toArray()).toEqual([0.75, 0]);
  const inputs = [random([2, 3], 1), random([2, 3], 2)];
  expect(await gradientError(inputs, ([a, c]) => sum(mul(coverageLoss(a, c), random([2], 3))))).toBeLessThan(1e-6);
});

describe('is refused', () => {
  test('a score there is not', () => {
    expect(() => new Attention({ score: 'cosine' as 'dot' })).toThrow(
      "score must be 'additive', 'dot', 'general', 'scaled-dot' or 'scaled-general', received 'cosine'",
    );
    expect(() => new Attention({ score: 'cosine' as 'dot' })).toThrow(ConfigError);
  });
  test('a dot product of different widths', () => {
    expect(() => create({ score: 'dot' }, 3, 4)).toThrow("use 'scaled-general' or 'additive'");
  });
  test('coverage for many queries at once', () => {
    const { attention } = create({ score: 'dot', coverage: true }, D, D);
    expect(() => attention.attend(random([2, B, D], 1), attention.prepare(random([S, B, D], 2)))).toThrow('call step');
  });
  test.each([[[5, 0, 3]], [[5, 6, 3]], [[5, 5]]])('lengths %j', (wrong) => {
    const { attention } = create({ score: 'dot' }, D, D);
    expect(() => attention.prepare(random([S, B, D], 2), wrong)).toThrow(ShapeError);
    expect(() => attention.prepare(random([S, B, D], 2), wrong)).toThrow('3 whole numbers from 1 to 5');
  });
});
