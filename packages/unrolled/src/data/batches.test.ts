import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { Random } from '../random.ts';
import {
  type BatchOrder,
  BatchSequence,
  type BatchStrategy,
  byGroup,
  byLength,
  type ExampleLengths,
  inOrder,
  shuffled,
} from './batches.ts';

const lengthsOf = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 80 });
const options = fc.record({ batch: fc.integer({ min: 1, max: 9 }), seed: fc.integer() });
const pool = fc.integer({ min: 1, max: 5 });
const known = (lengths: readonly number[]): ExampleLengths => ({
  length: lengths.length,
  lengthOf: (index) => lengths[index],
});
const padded = (batches: readonly (readonly number[])[]): number =>
  batches.reduce((sum, lengths) => sum + lengths.reduce((own, n) => own + lengths[0] - n, 0), 0);
const shown = (order: BatchOrder, epoch: number): string[] => order.batches(epoch).map((indices) => indices.join());

const strategies: readonly (readonly [string, BatchStrategy])[] = [
  ['in order', inOrder],
  ['shuffled', shuffled],
  ['by length', byLength],
];

describe.each(strategies)('batches %s', (_, strategy) => {
  test('give every example once an epoch', () => {
    fc.assert(
      fc.property(lengthsOf, options, fc.nat(3), (lengths, given, epoch) => {
        const order = strategy(known(lengths), given);
        const batches = order.batches(epoch);
        expect(batches).toHaveLength(order.batchesPerEpoch);
        expect(batches.flatMap((indices) => [...indices]).sort((a, b) => a - b)).toEqual(lengths.map((_, i) => i));
        expect(batches.filter(({ length }) => length < given.batch).length).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('are the same from any position', () => {
    fc.assert(
      fc.property(lengthsOf, options, fc.nat(40), (lengths, given, steps) => {
        const whole = new BatchSequence(strategy(known(lengths), given));
        let position = { epoch: 0, batch: 0 };
        for (let i = 0; i < steps; i++) position = whole.at(position).next;
        expect(position.epoch * whole.batchesPerEpoch + position.batch).toBe(steps);
        const resumed = new BatchSequence(strategy(known(lengths), given));
        for (let i = 0; i < 12; i++) {
          const batch = whole.at(position);
          expect(resumed.at(JSON.parse(JSON.stringify(position)))).toEqual(batch);
          position = batch.next;
        }
      }),
    );
  });

  test('of no examples, or of none each, are refused', () => {
    expect(() => strategy(known([]), { batch: 2, seed: 1 })).toThrow(DataError);
    expect(() => strategy(known([3]), { batch: 0, seed: 1 })).toThrow(
      'batch must be a whole number from 1, received 0',
    );
    expect(() => strategy(known([3]), { batch: 1, seed: 0.5 })).toThrow(ConfigError);
  });
});

test('in order they are those stored next to each other, in every epoch', () => {
  expect(shown(inOrder({ length: 5 }, { batch: 2, seed: 9 }), 3)).toEqual(['0,1', '2,3', '4']);
});

test.each(strategies.slice(1))('%s they differ from epoch to epoch and seed to seed', (_, strategy) => {
  const lengths = known(Array.from({ length: 200 }, (_, i) => 1 + (i % 17)));
  const [one, again, other] = [1, 1, 2].map((seed) => strategy(lengths, { batch: 8, seed }));
  expect(shown(again, 0)).toEqual(shown(one, 0));
  expect(shown(one, 1)).not.toEqual(shown(one, 0));
  expect(shown(other, 0)).not.toEqual(shown(one, 0));
});

describe('batches by length', () => {
  test('have the longest first', () => {
    fc.assert(
      fc.property(lengthsOf, options, pool, (lengths, given, pool) => {
        for (const indices of byLength(known(lengths), { ...given, pool }).batches(1)) {
          const own = Array.from(indices, (i) => lengths[i]);
          expect(own).toEqual([...own].sort((a, b) => b - a));
        }
      }),
    );
  });

  test('pad less the more is sorted together, and nothing more than they must when all is', () => {
    const random = new Random(1);
    const lengths = Array.from({ length: 1000 }, () => 1 + random.below(60));
    const of = (pool: number) => {
      const batches = byLength(known(lengths), { batch: 16, seed: 1, pool }).batches(0);
      return padded(batches.map((indices) => Array.from(indices, (i) => lengths[i])));
    };
    expect(of(8)).toBeLessThan(0.25 * of(1));
    const sorted = [...lengths].sort((a, b) => b - a);
    expect(of(63)).toBe(padded(Array.from({ length: 63 }, (_, i) => sorted.slice(16 * i, 16 * i + 16))));
  });

  test('need lengths, of at least one step', () => {
    expect(() => byLength({ length: 3 }, { batch: 2, seed: 1 })).toThrow('the lengths of the examples are unknown');
    expect(() => byLength(known([3, 0]), { batch: 2, seed: 1 })).toThrow('sequence 1 has length 0');
    expect(() => byLength(known([3]), { batch: 1, seed: 1, pool: 0.5 })).toThrow('pool must be');
  });
});

describe('batches by group', () => {
  const groups = [3, 1, 3, 2, 1, 3, 2, 2, 5, 1];
  const order = byGroup({ length: 10 }, { batch: 4, seed: 1, groupOf: (i) => groups[i] });

  test('have every example once, those of a group one after the other, in another order each epoch', () => {
    const orders = [0, 1, 2].map((epoch) => order.batches(epoch).flatMap((batch) => Array.from(batch)));
    for (const all of orders) {
      expect(all.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
      const seen = all.map((i) => groups[i]).filter((group, i, list) => group !== list[i - 1]);
      expect(seen.toSorted()).toEqual([1, 2, 3, 5]);
    }
    expect(new Set(orders.map(String)).size).toBeGreaterThan(1);
    expect(order.batches(1)).toEqual(order.batches(1));
    expect(order.batchesPerEpoch).toBe(3);
    expect(order.batches(0).map(({ length }) => length)).toEqual([4, 4, 2]);
  });
});
