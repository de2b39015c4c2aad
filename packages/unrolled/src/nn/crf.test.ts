import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { gradientError } from '../autodiff/check.ts';
import { referenceBackend } from '../backend/reference/reference-backend.ts';
import { openDevice } from '../device.ts';
import { DataError, ShapeError } from '../errors.ts';
import { createDevice } from '../ops/create-device.ts';
import { mul, sum } from '../ops/index.ts';
import { Random } from '../random.ts';
import { type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { LinearChainCrf, type TagConstraints } from './crf.ts';
import { Declarations, Parameters } from './parameters.ts';
import { viterbi } from './viterbi.ts';

const exact = createDevice(referenceBackend({ float: 'float64' }));

function random(shape: Shape, seed: number, device = exact): Tensor {
  const source = new Random(seed);
  return device.tensor(
    Array.from({ length: sizeOf(shape) }, () => 4 * source.uniform() - 2),
    shape,
  );
}

/** Decodes at once, inside of a scope. */
function decoded(crf: LinearChainCrf, emissions: Tensor, lengths: readonly number[]) {
  const { start, end, transitions } = crf.scores(emissions);
  const numbers = { emissions: emissions.data(), start: start.data(), end: end.data() };
  return viterbi({ ...numbers, transitions: transitions.data() }, lengths);
}

function create(tags: number, constraints?: TagConstraints, device = exact, seed = 1) {
  const crf = new LinearChainCrf({ tags, constraints });
  const declarations = new Declarations();
  crf.build({ emissions: [-1, -1, tags] }, declarations);
  const parameters = new Parameters(device, declarations.declared, 1);
  const source = new Random(seed);
  device.backend.write(
    parameters.values,
    Float64Array.from({ length: parameters.size }, () => source.normal()),
  );
  return { crf, parameters };
}

/** O B I: I only after B or I. */
const bio: TagConstraints = {
  start: [true, true, false],
  end: [true, true, true],
  transitions: [
    [true, true, false],
    [true, true, true],
    [true, true, true],
  ],
};
/** 0 and 1 in turn, from 0 to 1: half of all tags cannot be reached at every step. */
const turns: TagConstraints = {
  start: [true, false, false],
  end: [false, true, false],
  transitions: [
    [false, true, false],
    [true, false, false],
    [false, false, false],
  ],
};

interface Sequence {
  readonly tags: number[];
  readonly score: number;
}

/** Every allowed tag sequence of one row with its score, by the definition. */
function enumerate(parameters: Parameters, emissions: number[][], constraints?: TagConstraints): Sequence[] {
  const vector = (name: string): number[] => parameters.get(name).toArray() as number[];
  const [start, end] = [vector('start_transitions'), vector('end_transitions')];
  const transitions = parameters.get('transitions').toArray() as number[][];
  const K = start.length;
  let all: number[][] = [[]];
  for (const _ of emissions) all = all.flatMap((tags) => Array.from({ length: K }, (_, k) => [...tags, k]));
  return all
    .filter(
      (tags) =>
        !constraints ||
        (constraints.start[tags[0]] &&
          constraints.end[tags.at(-1)!] &&
          tags.every((tag, t) => t === 0 || constraints.transitions[tags[t - 1]][tag])),
    )
    .map((tags) => {
      const steps = tags.map((tag, t) => emissions[t][tag] + (t > 0 ? transitions[tags[t - 1]][tag] : 0));
      return { tags, score: start[tags[0]] + end[tags.at(-1)!] + steps.reduce((a, b) => a + b) };
    });
}

const logSum = (scores: number[]): number => {
  const most = Math.max(...scores);
  return most + Math.log(scores.reduce((total, score) => total + Math.exp(score - most), 0));
};

describe.each([
  ['free', 4, [5, 1, 3], undefined],
  ['constrained as BIO', 3, [6, 1, 4], bio],
  ['with few ways', 3, [6, 2, 4], turns],
] as const)('%s: agrees with all tag sequences', (_, K, lengths, constraints) => {
  const [T, B] = [Math.max(...lengths), lengths.length];
  const { crf, parameters } = create(K, constraints);
  const emissions = random([T, B, K], 7);
  const rows = emissions.toArray() as number[][][];
  const all = lengths.map((length, b) =>
    enumerate(
      parameters,
      rows.slice(0, length).map((step) => step[b]),
      constraints,
    ),
  );
  /** The i-th sequence of each row, padded with a tag that must not count. */
  const tagsOf = (i: number): Tensor =>
    exact.ids(Array.from({ length: T }, (_, t) => all.map((one) => one[i % one.length].tags[t] ?? 1)));

  test('log-partition', () => {
    crf
      .logPartition(emissions, lengths)
      .data()
      .forEach((value, b) => {
        expect(Math.abs(value - logSum(all[b].map(({ score }) => score)))).toBeLessThan(1e-10);
      });
  });

  test('score and likelihood; the likelihoods of all sequences have the sum 1', () => {
    const most = Math.max(...all.map((one) => one.length));
    const total = new Array<number>(B).fill(0);
    for (let i = 0; i < most; i++) {
      const [scores, losses] = [
        crf.score(emissions, tagsOf(i), lengths).data(),
        crf.negativeLogLikelihood(emissions, tagsOf(i), lengths).data(),
      ];
      all.forEach((one, b) => {
        expect(Math.abs(scores[b] - one[i % one.length].score)).toBeLessThan(1e-10);
        if (i < one.length) total[b] += Math.exp(-losses[b]);
      });
    }
    for (const sum of total) expect(Math.abs(sum - 1)).toBeLessThan(1e-10);
  });

  test('Viterbi', async () => {
    const { tags, scores } = await crf.decode(emissions, lengths);
    all.forEach((one, b) => {
      const best = one.reduce((a, x) => (x.score > a.score ? x : a));
      expect(tags[b]).toEqual(best.tags);
      expect(Math.abs(scores[b] - best.score)).toBeLessThan(1e-10);
    });
  });

  test('marginals', () => {
    const found = crf.marginals(emissions, lengths).toArray() as number[][][];
    all.forEach((one, b) => {
      const total = logSum(one.map(({ score }) => score));
      for (let t = 0; t < T; t++) {
        for (let k = 0; k < K; k++) {
          const paths = one.filter(({ tags }) => tags[t] === k);
          const expected = paths.reduce((mass, { score }) => mass + Math.exp(score - total), 0);
          expect(Math.abs(found[t][b][k] - expected)).toBeLessThan(1e-10);
        }
      }
    });
  });

  test('the gradient is that of central differences', async () => {
    const inputs = [emissions, ...[...parameters].map(({ value }) => value.detach())];
    const error = await gradientError(inputs, ([x, ...values]) => {
      [...parameters].forEach((parameter, i) => {
        parameter.value = values[i];
      });
      return sum(mul(crf.negativeLogLikelihood(x, tagsOf(2), lengths), random([B], 3)));
    });
    expect(error).toBeLessThan(1e-6);
  });
});

describe('on the wasm backend', () => {
  let device: Device;
  beforeAll(async () => {
    device = await openDevice('wasm', { threads: 1 });
  });
  afterAll(() => device.close());

  test('a row is the same to the bit alone and in a padded batch', () => {
    const { crf } = create(7, undefined, device);
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 4 }),
        fc.integer(),
        (lengths, seed) => {
          device.scope(() => {
            const [T, B] = [Math.max(...lengths) + 1, lengths.length];
            const emissions = random([T, B, 7], seed, device);
            const source = new Random(seed);
            const tags = device.ids(
              Array.from({ length: T * B }, () => source.below(7)),
              [T, B],
            );
            const [losses, whole] = [
              crf.negativeLogLikelihood(emissions, tags, lengths),
              decoded(crf, emissions, lengths),
            ];
            const marginals = crf.marginals(emissions, lengths);
            lengths.forEach((length, b) => {
              const own = <X extends Tensor>(x: X): Tensor => x.slice(0, 0, length).slice(1, b, b + 1);
              expect(losses.data()[b]).toBe(crf.negativeLogLikelihood(own(emissions), own(tags)).item());
              expect(whole.tags[b]).toEqual(decoded(crf, own(emissions), [length]).tags[0]);
              expect(own(marginals).data()).toEqual(crf.marginals(own(emissions)).data());
            });
          });
        },
      ),
      { numRuns: 10 },
    );
  });

  test('marginals of a long sequence stay probabilities', () => {
    const { crf } = create(9, undefined, device);
    const sums = crf
      .marginals(random([500, 2, 9], 1, device))
      .sum({ axes: -1 })
      .data();
    for (const sum of sums) expect(Math.abs(sum - 1)).toBeLessThan(1e-4);
  });
});

describe('is refused', () => {
  const emissions = random([2, 1, 3], 1);
  const { crf } = create(3, bio);
  test.each([
    [[[2], [2]], 'row 0 has tag 2 at step 0, with which no sequence may start'],
    [[[0], [2]], 'tag 2 at step 1, which may not follow 0'],
    [[[0], [3]], 'tags run from 0 to 2'],
  ])('tags %j', (tags, words) => {
    expect(() => crf.score(emissions, exact.ids(tags))).toThrow(DataError);
    expect(() => crf.score(emissions, exact.ids(tags))).toThrow(words);
  });
  test('a forbidden end', () => {
    expect(() => create(3, turns).crf.score(random([1, 1, 3], 1), exact.ids([[0]]))).toThrow('no sequence may end');
  });
  test('sizes that do not fit', () => {
    expect(() => crf.logPartition(random([2, 1, 4], 1))).toThrow('emissions must be [T, B, 3]');
    expect(() => crf.logPartition(emissions, [3])).toThrow(ShapeError);
    expect(() => crf.score(emissions, exact.ids([0, 0]))).toThrow('int32 tags [2, 1]');
    expect(() => new LinearChainCrf({ tags: 4, constraints: bio })).toThrow('constraints must be for 4 tags');
  });
});
