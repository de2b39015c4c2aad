import { expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { TokenStreams } from './token-streams.ts';

test('each epoch begins at an offset of its own, below the length of a chunk, and targets follow their inputs', () => {
  const tokens = Int32Array.from({ length: 1000 }, (_, i) => i);
  const streams = new TokenStreams(tokens, { batch: 2, steps: 7, seed: 1 });
  const starts: number[] = [];
  while (starts.length < 6) {
    const { inputs, targets, first } = streams.next();
    expect([...targets]).toEqual([...inputs].map((token) => token + 1));
    if (first) starts.push(inputs[0]);
  }
  expect(starts[0]).toBe(0);
  expect(new Set(starts).size).toBeGreaterThan(2);
  expect(starts.every((start) => start < 7)).toBe(true);
});

test.each([{ batch: 0 }, { steps: 2.5 }, { seed: Number.NaN }])('%j is refused', (odd) => {
  expect(() => new TokenStreams([1, 2, 3], { batch: 1, steps: 1, seed: 1, ...odd })).toThrow(ConfigError);
});
