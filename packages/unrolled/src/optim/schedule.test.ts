import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { learningRateAt, type ScheduleName, scheduleNames } from './schedule.ts';

describe.each(scheduleNames)('%s', (name) => {
  test('starts at the base rate and never rises, nor falls below a fiftieth of it', () => {
    expect(learningRateAt(name, 0.3, 0)).toBeCloseTo(0.3, 12);
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true }), (p, q) => {
        const [early, late] = [Math.min(p, q), Math.max(p, q)].map((at) => learningRateAt(name, 1, at));
        expect(late).toBeLessThanOrEqual(early + 1e-12);
        expect(late).toBeGreaterThanOrEqual(0.02 - 1e-12);
      }),
    );
  });

  test('is in proportion to the base rate', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), (p) => {
        expect(learningRateAt(name, 5, p)).toBeCloseTo(5 * learningRateAt(name, 1, p), 10);
      }),
    );
  });

  test('stands still before the start and after the end', () => {
    expect(learningRateAt(name, 1, -1)).toBe(learningRateAt(name, 1, 0));
    expect(learningRateAt(name, 1, 7)).toBe(learningRateAt(name, 1, 1));
  });
});

test('each schedule follows its formula', () => {
  const at = (name: ScheduleName): number[] => [0.25, 0.5, 0.75, 1].map((p) => learningRateAt(name, 1, p));
  const close = (name: ScheduleName, expected: number[]): void => {
    at(name).forEach((value, i) => {
      expect(value).toBeCloseTo(expected[i], 12);
    });
  };
  close('constant', [1, 1, 1, 1]);
  close('linear', [0.755, 0.51, 0.265, 0.02]);
  close('cosine', [0.51 + 0.49 * Math.SQRT1_2, 0.51, 0.51 - 0.49 * Math.SQRT1_2, 0.02]);
  close('hold-linear', [1, 1, 0.51, 0.02]);
});

test('a warm-up rises to the base rate, then the whole schedule follows', () => {
  for (const name of scheduleNames) {
    const at = (p: number): number => learningRateAt(name, 0.5, p, 0.2);
    expect(at(0)).toBeCloseTo(0.01, 12);
    expect(at(0.1)).toBeCloseTo(0.255, 12);
    for (const p of [0, 0.3, 1]) expect(at(0.2 + 0.8 * p)).toBeCloseTo(learningRateAt(name, 0.5, p), 12);
  }
  expect(() => learningRateAt('linear', 1, 0, 1)).toThrow('schedule: warmUp must be a number in [0, 1), received 1');
});

test('an unknown name is answered with those that there are', () => {
  const wrong = () => learningRateAt('cosin' as ScheduleName, 1, 0);
  expect(wrong).toThrow(ConfigError);
  expect(wrong).toThrow("received 'cosin'; did you mean 'cosine'?");
});
