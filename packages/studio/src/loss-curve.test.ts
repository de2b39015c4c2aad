import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LossCurve } from './loss-curve.ts';

test('however many losses there are, there are few points, and their mean is the mean of the losses', () => {
  const parts = fc.array(fc.array(fc.double({ min: 0, max: 9, noNaN: true }), { maxLength: 40 }), { maxLength: 30 });
  fc.assert(
    fc.property(parts, (all) => {
      const curve = new LossCurve(16);
      let step = 0;
      for (const part of all) {
        step += part.length;
        curve.add(step, part);
      }
      expect(curve.steps.length).toBeLessThan(16);
      expect(curve.steps).toEqual(curve.steps.toSorted((a, b) => a - b));
      const last = curve.steps.at(-1) ?? 0;
      const width = curve.steps[0] ?? 1;
      const flat = all.flat().slice(0, last);
      const mean = (values: readonly number[]) =>
        values.reduce((sum, one) => sum + one, 0) / Math.max(1, values.length);
      expect(last).toBe(width * curve.steps.length);
      expect(mean(curve.losses)).toBeCloseTo(mean(flat), 6);
    }),
  );
});
