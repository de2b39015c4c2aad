import { expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { Random } from '../random.ts';
import { checkSampling, type SamplingOptions, sampleToken } from './sampling.ts';

const logits = [Math.log(0.1), Math.log(0.4), Math.log(0.2), Math.log(0.3)];

/** Shares of each token in many draws. */
function shares(options: SamplingOptions, never: number | null = null): number[] {
  const random = new Random(1);
  const counts = new Array<number>(4).fill(0);
  for (let i = 0; i < 20_000; i++) counts[sampleToken(logits, random, options, never)]++;
  return counts.map((count) => count / 20_000);
}

test.each<[SamplingOptions, number | null, number[]]>([
  [{}, null, [0.1, 0.4, 0.2, 0.3]],
  [{ temperature: 0 }, null, [0, 1, 0, 0]],
  // Squares of the probabilities: 0.01, 0.16, 0.04, 0.09 of 0.3.
  [{ temperature: 0.5 }, null, [1 / 30, 16 / 30, 4 / 30, 9 / 30]],
  [{ topK: 2 }, null, [0, 4 / 7, 0, 3 / 7]],
  // 0.4 and 0.3 are 0.7 together: the third is needed to reach 0.75.
  [{ topP: 0.75 }, null, [0, 4 / 9, 2 / 9, 3 / 9]],
  [{ topP: 0.39 }, null, [0, 1, 0, 0]],
  [{}, 1, [1 / 6, 0, 2 / 6, 3 / 6]],
])('%j without token %s draws as often as it should', (options, never, expected) => {
  shares(options, never).forEach((share, token) => {
    expect(Math.abs(share - expected[token])).toBeLessThan(0.015);
    if (expected[token] === 0) expect(share).toBe(0);
  });
});

test.each([{ temperature: -1 }, { temperature: Number.NaN }, { topK: 1.5 }, { topP: 0 }, { topP: 1.1 }])(
  '%j is refused',
  (wrong) => {
    expect(() => checkSampling(wrong)).toThrow(ConfigError);
  },
);
