import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { Random } from '../random.ts';
import { LengthBuckets, padSequences, type SequenceBatch } from './buckets.ts';

const lengthsOf = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 80 });
const options = fc.record({
  batch: fc.integer({ min: 1, max: 9 }),
  pool: fc.integer({ min: 1, max: 5 }),
  seed: fc.integer(),
});
const epochOf = (buckets: LengthBuckets): SequenceBatch[] =>
  Array.from({ length: buckets.batchesPerEpoch }, () => buckets.next());
const padded = (batches: readonly SequenceBatch[]): number =>
  batches.reduce((sum, { lengths }) => sum + lengths.reduce((own, n) => own + lengths[0] - n, 0), 0);

describe('length buckets', () => {
  test('give every sequence once an epoch, the longest of a batch first', () => {
    fc.assert(
      fc.property(lengthsOf, options, (lengths, given) => {
        const buckets = new LengthBuckets(lengths, given);
        for (let epoch = 0; epoch < 2; epoch++) {
          const batches = epochOf(buckets);
          const seen = batches.flatMap(({ indices }) => [...indices]);
          expect(seen.sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
          expect(batches.filter(({ indices }) => indices.length < given.batch).length).toBeLessThanOrEqual(1);
          for (const batch of batches) {
            expect(batch.lengths).toEqual(Array.from(batch.indices, (i) => lengths[i]));
            expect(batch.lengths).toEqual([...batch.lengths].sort((a, b) => b - a));
          }
        }
      }),
    );
  });

  test('resumed from a position give the same batches', () => {
    fc.assert(
      fc.property(lengthsOf, options, fc.nat(40), (lengths, given, steps) => {
        const [whole, resumed] = [new LengthBuckets(lengths, given), new LengthBuckets(lengths, given)];
        for (let i = 0; i < steps; i++) whole.next();
        resumed.seek(JSON.parse(JSON.stringify(whole.position)));
        for (let i = 0; i < 12; i++) expect(resumed.next()).toEqual(whole.next());
        expect(resumed.position).toEqual(whole.position);
      }),
    );
  });

  test('pad less the more is sorted together, and nothing more than they must when all is', () => {
    const random = new Random(1);
    const lengths = Array.from({ length: 1000 }, () => 1 + random.below(60));
    const of = (pool: number) => padded(epochOf(new LengthBuckets(lengths, { batch: 16, seed: 1, pool })));
    expect(of(8)).toBeLessThan(0.25 * of(1));
    const sorted = [...lengths].sort((a, b) => b - a);
    const least = Array.from({ length: 63 }, (_, i) => ({ lengths: sorted.slice(16 * i, 16 * i + 16) }));
    expect(of(63)).toBe(padded(least as unknown as SequenceBatch[]));
  });

  test('differ from epoch to epoch and seed to seed, and are the same for the same seed', () => {
    const lengths = Array.from({ length: 200 }, (_, i) => 1 + (i % 17));
    const shown = (buckets: LengthBuckets) => epochOf(buckets).map(({ indices }) => indices.join());
    const [one, again, other] = [1, 1, 2].map((seed) => new LengthBuckets(lengths, { batch: 8, seed }));
    const first = shown(one);
    expect(shown(again)).toEqual(first);
    expect(shown(one)).not.toEqual(first);
    expect(shown(other)).not.toEqual(first);
  });

  test.each([
    [[], { batch: 2, seed: 1 }, DataError, 'no sequences'],
    [[3, 0], { batch: 2, seed: 1 }, DataError, 'sequence 1 has length 0'],
    [[3], { batch: 0, seed: 1 }, ConfigError, 'batch must be'],
    [[3], { batch: 1, seed: 1, pool: 0.5 }, ConfigError, 'pool must be'],
  ] as const)('%j with %j is refused', (lengths, given, kind, words) => {
    expect(() => new LengthBuckets(lengths, given)).toThrow(kind);
    expect(() => new LengthBuckets(lengths, given)).toThrow(words);
  });
});

describe('padding', () => {
  test('stands beyond the end of each row, time first', () => {
    expect(padSequences([[1, 2, 3], [4], []], { padding: -1 })).toEqual({
      values: Float64Array.of(1, 4, -1, 2, -1, -1, 3, -1, -1),
      shape: [3, 3],
      lengths: [3, 1, 0],
    });
    const { values, shape, lengths } = padSequences(
      [
        [1, 2, 3, 4],
        [5, 6],
      ],
      { width: 2 },
    );
    expect([[...values], shape, lengths]).toEqual([
      [1, 2, 5, 6, 3, 4, 0, 0],
      [2, 2, 2],
      [2, 1],
    ]);
    expect(padSequences([])).toEqual({ values: new Float64Array(), shape: [0, 0], lengths: [] });
  });

  test('preserves every number', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.array(fc.nat(), { minLength: 3, maxLength: 3 }))), (rows) => {
        const { values, shape, lengths } = padSequences(
          rows.map((row) => row.flat()),
          { width: 3 },
        );
        expect(lengths).toEqual(rows.map((row) => row.length));
        rows.forEach((row, b) => {
          row.forEach((step, t) => {
            const place = (t * shape[1] + b) * 3;
            expect([...values.subarray(place, place + 3)]).toEqual(step);
          });
        });
      }),
    );
  });

  test('of half a step is refused', () => {
    expect(() => padSequences([[1, 2], [3]], { width: 2 })).toThrow('sequence 1 has 1 numbers, not a multiple of 2');
  });
});
