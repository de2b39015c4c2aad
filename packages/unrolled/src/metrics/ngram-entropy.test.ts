import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError, DataError } from '../errors.ts';
import { ngramCrossEntropy } from './ngram-entropy.ts';

const hello = Int32Array.from([1, 0, 2, 2, 3]);

describe('n-grams', () => {
  test('of "hello", counted as they are: the letter before leaves one bit open at each l, two letters leave nothing', () => {
    const [even, one, two, three] = ngramCrossEntropy(hello, hello, { order: 3, vocabulary: 4, smoothing: 'none' });
    expect(even).toBeCloseTo(Math.log(4), 12);
    expect(one).toBeCloseTo((2 * Math.log(5) + 2 * Math.log(2.5)) / 4, 12);
    expect(two).toBeCloseTo((2 * Math.log(2)) / 4, 12);
    expect(three).toBe(0);
  });

  test('are smoothed as by hand', () => {
    // Counted: 0 1 0 0. After 0 come 1 and 0, once each. p_1(0) = (3 + 2/3)/(4 + 2), p_1(1) = (1 + 2/3)/6, p_1(2) = (2/3)/6.
    const p1 = [11 / 18, 5 / 18, 2 / 18];
    const p2 = (w: number) => (Number(w < 2) + 2 * p1[w]) / (2 + 2);
    const counted = Int32Array.from([0, 1, 0, 0]);
    const scored = Int32Array.from([0, 2, 0, 1]);
    const [, one, two] = ngramCrossEntropy(counted, scored, { order: 2, vocabulary: 3 });
    expect(one).toBeCloseTo(-(Math.log(p1[2]) + Math.log(p1[0]) + Math.log(p1[1])) / 3, 12);
    // Nothing was seen after 2, so there the shorter context says all.
    expect(two).toBeCloseTo(-(Math.log(p2(2)) + Math.log(p1[0]) + Math.log(p2(1))) / 3, 12);
  });

  test('give chances that add up to 1, whatever came before', () => {
    const tokens = fc.array(fc.nat(3), { minLength: 1, maxLength: 30 }).map((all) => Int32Array.from(all));
    fc.assert(
      fc.property(tokens, fc.array(fc.nat(3), { minLength: 1, maxLength: 4 }), (counted, before) => {
        const sums = new Float64Array(5);
        for (let last = 0; last < 4; last++) {
          const scored = Int32Array.from([...before, last]);
          const without = Int32Array.from(before);
          const options = { order: 4, vocabulary: 4 };
          const whole = ngramCrossEntropy(counted, scored, options).map((mean) => mean * before.length);
          const rest =
            before.length < 2
              ? whole.map(() => 0)
              : ngramCrossEntropy(counted, without, options).map((mean) => mean * (before.length - 1));
          whole.forEach((nats, n) => {
            sums[n] += Math.exp(rest[n] - nats);
          });
        }
        for (const sum of sums) expect(sum).toBeCloseTo(1, 9);
      }),
      { numRuns: 60 },
    );
  });

  test('that see further do better on a text that repeats', () => {
    const text = Int32Array.from({ length: 2000 }, (_, i) => [0, 1, 2, 0, 2, 1, 3][i % 7]);
    const rungs = ngramCrossEntropy(text.subarray(0, 1800), text.subarray(1800), { order: 4, vocabulary: 4 });
    expect(rungs.toSorted((a, b) => b - a)).toEqual(rungs);
    expect(rungs[4]).toBeLessThan(0.02);
  });

  test('that were never seen are impossible without smoothing, and what cannot be is named', () => {
    const options = { order: 2, vocabulary: 4 };
    const scored = Int32Array.from([0, 1]);
    expect(ngramCrossEntropy(hello, scored, { ...options, smoothing: 'none' })[2]).toBe(Infinity);
    expect(() => ngramCrossEntropy(hello, scored, { ...options, vocabulary: 3 })).toThrow(
      'token 3 is not in a vocabulary',
    );
    expect(() => ngramCrossEntropy(hello, scored.subarray(1), options)).toThrow(DataError);
    expect(() => ngramCrossEntropy(hello, scored, { ...options, order: -1 })).toThrow(ConfigError);
  });
});
