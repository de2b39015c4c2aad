import { expect, test } from 'vitest';
import { classificationOf, evaluateLogits, labelIndex, logSoftmaxAt, softmaxOf } from './label-predictions.ts';

const labels = 'abcdefghijkl'.split('');

test('the likeliest label comes first, and a temperature changes the probabilities, not the order', () => {
  const logits = [0, 2, 1];
  const [cold, warm] = [0.5, 2].map((temperature) => classificationOf(logits, ['x', 'y', 'z'], temperature));
  for (const found of [cold, warm]) expect(found.probabilities.map(({ label }) => label)).toEqual(['y', 'z', 'x']);
  expect(cold.probability).toBeGreaterThan(warm.probability);
  expect(warm.probability).toBeCloseTo(Math.E / (1 + Math.exp(0.5) + Math.E), 12);
});

test('log-probabilities are finite where probabilities are 0', () => {
  expect(softmaxOf([0, 1000], 1)[0]).toBe(0);
  expect(logSoftmaxAt([0, 1000], 0, 1)).toBeCloseTo(-1000, 9);
});

test('with more than ten labels, the share of the five likeliest is counted', () => {
  const row = (of: number): number[] => labels.map((_, k) => (k === of ? 0.5 : -k));
  // Label 0 is first; label 4 is fifth; of label 5, five others are likelier.
  const found = evaluateLogits([row(0), row(1), row(1)], [0, 4, 5], { labels, temperature: 1 });
  expect(found.topFive).toBeCloseTo(2 / 3, 12);
  expect(found).toMatchObject({ examples: 3, accuracy: 1 / 3, labels });
  const few = evaluateLogits([[1, 0]], [0], { labels: ['x', 'y'], temperature: 1 });
  expect(Object.keys(few)).not.toContain('topFive');
});

test('an unknown label is named, with those that there are', () => {
  expect(labelIndex('classify', ['x', 'y'], 'y')).toBe(1);
  expect(() => labelIndex('classify', ['x', 'y'], 'z')).toThrow(
    "classify: unknown label 'z'; the labels are ['x', 'y']",
  );
});
