import { expect, test } from 'vitest';
import { exampleInputs } from './example-inputs.ts';

test('a run keeps a few short inputs, each once, spread over all', () => {
  const all = Array.from({ length: 1000 }, (_, i) => `text ${i}`);
  const kept = exampleInputs([...all, ...all]);
  expect(kept).toHaveLength(12);
  expect(new Set(kept).size).toBe(12);
  expect(Number(kept.at(-1)!.slice(5))).toBeGreaterThan(800);
});

test('long and blank inputs are left out, and few are all kept', () => {
  expect(exampleInputs(['a', ' ', 'x'.repeat(301), 'b'])).toEqual(['a', 'b']);
});
