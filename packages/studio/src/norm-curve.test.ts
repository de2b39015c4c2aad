import { expect, test } from 'vitest';
import { NormCurve } from './norm-curve.ts';

test('stays short, keeps the largest norm, the share that was clipped, and the last step', () => {
  const curve = new NormCurve(10);
  for (let step = 1; step <= 1000; step++) {
    curve.add(step, step === 137 ? 50 : 1, step % 2);
    expect(curve.points.length).toBeLessThanOrEqual(10);
    expect(curve.points.at(-1)?.step).toBe(step);
  }
  expect(Math.max(...curve.points.map(({ norm }) => norm))).toBe(50);
  expect(curve.points[0].clipped).toBeCloseTo(0.5, 1);
  const steps = curve.points.map(({ step }) => step);
  expect(steps).toEqual(steps.toSorted((a, b) => a - b));
});
