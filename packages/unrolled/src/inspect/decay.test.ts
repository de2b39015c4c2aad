import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { decayOf, describeDecay } from './decay.ts';

const powers = (perStep: number, lags: number, first = 3): number[] =>
  Array.from({ length: lags + 1 }, (_, lag) => first * perStep ** lag);

describe('decayOf', () => {
  test('finds the factor of a geometric sequence, for all factors and sizes', () => {
    fc.assert(
      fc.property(fc.double({ min: 0.2, max: 3, noNaN: true }), fc.integer({ min: 1, max: 60 }), (factor, lags) => {
        const { perStep, kind, left } = decayOf(powers(factor, lags));
        expect(perStep / factor).toBeCloseTo(1, 8);
        expect(left / factor ** lags).toBeCloseTo(1, 8);
        const change = factor ** lags;
        if (change < 0.099) expect(kind).toBe('vanishes');
        if (change > 0.101 && change < 9.9) expect(kind).toBe('kept');
        if (change > 10.1) expect(kind).toBe('explodes');
      }),
    );
  });

  test('gives the steps in which it halves or doubles', () => {
    expect(decayOf(powers(0.5, 20)).halvesEvery).toBeCloseTo(1);
    expect(decayOf(powers(Math.SQRT2, 20))).toMatchObject({ halvesEvery: null });
    expect(decayOf(powers(Math.SQRT2, 20)).doublesEvery).toBeCloseTo(2);
  });

  test('fits only norms that float32 can represent', () => {
    const faded = powers(0.1, 100).map((norm, lag) => (lag > 30 ? Math.fround(norm) * (1 + (lag % 3)) : norm));
    const decay = decayOf(faded, 'float32');
    expect(decay.until).toBe(36);
    expect(decayOf(powers(0.1, 100).map(Math.fround), 'float32').perStep).toBeCloseTo(0.1, 4);
    expect(decayOf(powers(10, 100).map(Math.fround), 'float32')).toMatchObject({ kind: 'explodes', left: Infinity });
  });

  test('starts at lag 1 if the gradient at lag 0 is 0', () => {
    const later = [0, ...powers(0.8, 20)];
    expect(decayOf(later)).toMatchObject({ kind: 'vanishes', until: 21 });
    expect(decayOf(later).perStep).toBeCloseTo(0.8, 10);
    expect(decayOf(later).left).toBeCloseTo(0.8 ** 20, 10);
    expect(decayOf([0, 2])).toMatchObject({ kind: 'kept', left: 1 });
    expect(decayOf([0, 0, 3])).toMatchObject({ kind: 'absent', left: 0 });
  });

  test.each<[string, number[], string]>([
    [
      'that halves',
      powers(0.5, 10),
      'vanishes: the gradient halves every 1 steps; 0.098% of it is left after 10 steps',
    ],
    [
      'that doubles',
      powers(2, 10),
      'explodes: the gradient doubles every 1 steps; it is 1.0e+3 times as large after 10 steps',
    ],
    ['that stays', powers(1, 10), 'stays within a factor of ten: it is 1 times as large after 10 steps'],
    ['that is halved in all', powers(0.93, 10), 'stays within a factor of ten: 48% of it is left after 10 steps'],
    [
      'that drops at first and then stays',
      [1, ...powers(1, 60).map(() => 0.021)],
      'vanishes: 2.1% of it is left after 61 steps',
    ],
    [
      'that ends',
      [1, 0.5, 0.3, 0, 0],
      'vanishes: the gradient halves every 1.2 steps; none of it is left after 3 steps',
    ],
    ['that ends at once', [1, 0, 0], 'vanishes: none of it is left after 1 step'],
    ['that is not there', [0, 0, 0], 'absent: the loss does not depend on this state'],
    [
      'beyond numbers',
      [1, 16, Infinity],
      'explodes: the gradient doubles every 0.25 steps; it is no longer finite after 2 steps',
    ],
    ['beyond numbers at once', [1, Infinity, Number.NaN], 'explodes: it is no longer finite after 1 step'],
  ])('says of a gradient %s what happens to it', (_, norms, words) => {
    expect(describeDecay(decayOf(norms), norms.length - 1)).toBe(words);
  });
});
