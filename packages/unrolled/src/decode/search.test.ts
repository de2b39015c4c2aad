import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ConfigError } from '../errors.ts';
import { mix32, Random } from '../random.ts';
import { type BeamOptions, beamSearch, lengthPenalty } from './beam.ts';
import { greedySearch } from './greedy.ts';
import { blockedTokens, type DecodeStep, type Hypothesis } from './search.ts';

const [start, end] = [0, 1];

/** log P of the next token given everything before, drawn from a hash of it; states are the sequences themselves. */
function model(seed: number, V: number, S = 0, sharpness = 3) {
  const distribution = (source: number, tokens: readonly number[]) => {
    const random = new Random(tokens.reduce((hash, token) => mix32(hash + token + 1), mix32(seed + source)));
    const logits = Array.from({ length: V }, () => sharpness * random.normal());
    const total = Math.log(logits.reduce((sum, x) => sum + Math.exp(x), 0));
    // Above what counts as no attention at all, which the search takes for 1e-9.
    const e = Array.from({ length: S }, () => 1e-6 + random.uniform() ** 3);
    const sum = e.reduce((a, b) => a + b, 0);
    return { logProbabilities: logits.map((x) => x - total), attention: e.map((x) => x / sum) };
  };
  const batches: number[] = [];
  const step: DecodeStep<readonly (readonly number[])[]> = ({ tokens, parents, sources }, state) => {
    batches.push(tokens.length);
    const sequences = Array.from(tokens, (token, i) => [...state[parents[i]], token]);
    const next = sequences.map((sequence, i) => distribution(sources[i], sequence.slice(1)));
    return {
      state: sequences,
      logProbabilities: next.flatMap(({ logProbabilities }) => logProbabilities),
      ...(S > 0 ? { attention: next.flatMap(({ attention }) => attention) } : {}),
    };
  };
  const initial = (sources: number): number[][] => Array.from({ length: sources }, () => []);
  return { step, initial, distribution, batches };
}

/** Every sequence that ends, with its score by the definition. */
function exhaustive(
  { distribution }: ReturnType<typeof model>,
  source: number,
  V: number,
  { maxLength, lengthPenalty: alpha = 0, coveragePenalty: beta = 0, blockNgrams = 0 }: BeamOptions,
): { tokens: number[]; score: number }[] {
  const all: { tokens: number[]; score: number }[] = [];
  const walk = (tokens: number[], logP: number, covered: number[]): void => {
    const { logProbabilities, attention } = distribution(source, tokens);
    const sums = attention.map((weight, i) => (covered[i] ?? 0) + weight);
    const penalty = beta === 0 ? 0 : beta * sums.reduce((total, x) => total + Math.log(Math.min(x, 1)), 0);
    const length = tokens.length + 1;
    all.push({ tokens, score: (logP + logProbabilities[end]) / ((5 + length) ** alpha / 6 ** alpha) + penalty });
    if (length === maxLength) return;
    for (let token = 0; token < V; token++) {
      const longer = [...tokens, token];
      const runs = longer
        .map((_, i) => longer.slice(i, i + blockNgrams).join())
        .slice(0, longer.length - blockNgrams + 1);
      if (blockNgrams > 0 && new Set(runs).size < runs.length) continue;
      if (token !== end) walk(longer, logP + logProbabilities[token], sums);
    }
  };
  walk([], 0, []);
  return all.sort((a, b) => b.score - a.score);
}

const shown = ({ tokens, score }: { tokens: readonly number[]; score: number }) => ({
  tokens: [...tokens],
  score: Number(score.toFixed(9)),
});

describe('beam search', () => {
  test('finds what trying everything finds, where it is wide enough', async () => {
    const penalties = fc.record({
      lengthPenalty: fc.constantFrom(0, 0.6, 2),
      coveragePenalty: fc.constantFrom(0, 0.2),
      blockNgrams: fc.constantFrom(0, 1, 2),
    });
    await fc.assert(
      fc.asyncProperty(fc.integer(), penalties, fc.integer({ min: 1, max: 6 }), async (seed, options, nBest) => {
        const [V, maxLength] = [4, 4];
        const built = model(seed, V, 3);
        const all: BeamOptions = { start, end, maxLength, width: 3 ** 4, nBest, sources: 2, ...options };
        (await beamSearch(built.step, built.initial(2), all)).forEach((found, source) => {
          expect(found.map(shown)).toEqual(exhaustive(built, source, V, all).slice(0, nBest).map(shown));
          expect(found.every(({ ended }) => ended)).toBe(true);
        });
      }),
      { numRuns: 60 },
    );
  });

  test('with width 1 is greedy search', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.constantFrom(0, 1),
        fc.constantFrom(0, 1, 2),
        async (seed, alpha, blockNgrams) => {
          const built = model(seed, 6, 2);
          const options = { start, end, maxLength: 12, sources: 3, blockNgrams };
          const greedy = await greedySearch(built.step, built.initial(3), options);
          const beam = await beamSearch(built.step, built.initial(3), { ...options, width: 1, lengthPenalty: alpha });
          expect(beam.map(([{ score, ...rest }]) => rest)).toEqual(greedy.map(({ score, ...rest }) => rest));
        },
      ),
    );
  });

  test('gives n different sequences, best first, scored by the definition', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer(), fc.integer({ min: 1, max: 8 }), async (seed, width) => {
        const built = model(seed, 7);
        const options = { start, end, maxLength: 9, width, nBest: width, lengthPenalty: 0.6 };
        const [found] = await beamSearch(built.step, built.initial(1), options);
        expect(found.length).toBe(width);
        expect(new Set(found.map(({ tokens }) => tokens.join())).size).toBe(width);
        const ended = found.filter((one) => one.ended);
        for (const part of [ended, found.slice(ended.length)]) {
          expect(part.map(({ score }) => score)).toEqual(part.map(({ score }) => score).sort((a, b) => b - a));
        }
        expect(found.slice(0, ended.length)).toEqual(ended);
        for (const { tokens, logProbability, score, ended: whole } of found) {
          const path = [...tokens, ...(whole ? [end] : [])];
          const logP = path.reduce(
            (total, t, i) => total + built.distribution(0, tokens.slice(0, i)).logProbabilities[t],
            0,
          );
          expect(logProbability).toBeCloseTo(logP, 10);
          expect(score).toBeCloseTo(logP / lengthPenalty(path.length, 0.6), 10);
        }
      }),
    );
  });

  test('a source gets the same sequences whatever others are searched with it', async () => {
    const built = model(5, 6, 4);
    const options = { start, end, maxLength: 10, width: 3, nBest: 3, lengthPenalty: 1, coveragePenalty: 0.1 };
    const together = await beamSearch(built.step, built.initial(4), { ...options, sources: 4 });
    for (let source = 0; source < 4; source++) {
      const step: typeof built.step = (rows, state) =>
        built.step({ ...rows, sources: rows.sources.map(() => source) }, state);
      expect(await beamSearch(step, built.initial(1), options)).toEqual([together[source]]);
    }
  });

  test('keeps as many unfinished sequences as the beam is wide, however many end', async () => {
    // At first the end has 0.4, token 2 has 0.35 and token 3 0.25; 3 is followed by the end, 2 by any of three.
    const next = (before: number): number[] =>
      before === start ? [0, 0.4, 0.35, 0.25] : before === 3 ? [0, 1, 0, 0] : [0, 1 / 3, 1 / 3, 1 / 3];
    const step: DecodeStep<null> = ({ tokens }) => ({
      state: null,
      logProbabilities: Array.from(tokens).flatMap((token) => next(token).map(Math.log)),
    });
    const [found] = await beamSearch(step, null, { start, end, maxLength: 5, width: 2, nBest: 2 });
    expect(found.map(({ tokens }) => [...tokens])).toEqual([[], [3]]);
  });

  test('keeps the maximum length of each source, as if it were searched alone', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1, maxLength: 4 }),
        async (seed, limits) => {
          const built = model(seed, 5);
          const sources = limits.length;
          const options = { start, end, width: 3, nBest: 2, lengthPenalty: 0.6, sources: 1 };
          const all = { ...options, sources, maxLength: limits };
          const [beams, greedy] = [
            await beamSearch(built.step, built.initial(sources), all),
            await greedySearch(built.step, built.initial(sources), all),
          ];
          for (const [source, maxLength] of limits.entries()) {
            const step: typeof built.step = (rows, state) =>
              built.step({ ...rows, sources: rows.sources.map(() => source) }, state);
            expect([beams[source]]).toEqual(await beamSearch(step, built.initial(1), { ...options, maxLength }));
            expect([greedy[source]]).toEqual(await greedySearch(step, built.initial(1), { ...options, maxLength }));
            expect(greedy[source].tokens.length).toBeLessThanOrEqual(maxLength);
          }
        },
      ),
    );
    const built = model(1, 4);
    const wrong = { start, end, sources: 2, maxLength: [3] };
    const message = 'maxLength has 1 numbers for 2 sources';
    await expect(greedySearch(built.step, built.initial(2), wrong)).rejects.toThrow(message);
  });

  test('takes equals in order: of the sequences before, then of tokens', async () => {
    const even: DecodeStep<null> = ({ tokens }) => ({
      logProbabilities: new Array(tokens.length * 4).fill(Math.log(1 / 4)),
      state: null,
    });
    const [found] = await beamSearch(even, null, { start, end, maxLength: 3, width: 3, nBest: 3 });
    expect(found.map(({ tokens }) => tokens)).toEqual([[], [0], [0, 0]]);
  });

  test('ends at the greatest length, and says what did not end', async () => {
    const endless: DecodeStep<null> = ({ tokens }) => ({
      logProbabilities: Array.from(tokens, () => [-1, Number.NEGATIVE_INFINITY, -2]).flat(),
      state: null,
    });
    const [found] = await beamSearch(endless, null, { start, end, maxLength: 3, width: 2, nBest: 2 });
    expect(found.map(({ tokens, ended, logProbability }) => ({ tokens, ended, logProbability }))).toEqual([
      { tokens: [0, 0, 0], ended: false, logProbability: -3 },
      { tokens: [0, 0, 2], ended: false, logProbability: -4 },
    ]);
    expect(await greedySearch(endless, null, { start, end, maxLength: 2 })).toEqual([
      { tokens: [0, 0], ended: false, logProbability: -2, score: -2, attention: [] },
    ]);
  });

  test('ends where nothing may follow', async () => {
    const options = { start, end, maxLength: 9, blockNgrams: 1 };
    const never: DecodeStep<null> = ({ tokens }) => ({
      logProbabilities: Array.from(tokens, () => [-1, Number.NEGATIVE_INFINITY, -2]).flat(),
      state: null,
    });
    const expected: Hypothesis = { tokens: [0, 2], ended: false, logProbability: -3, score: -3, attention: [] };
    expect(await beamSearch(never, null, { ...options, width: 1 })).toEqual([[expected]]);
    expect(await greedySearch(never, null, options)).toEqual([expected]);
  });

  test('sources that are done leave the batch, and no step is made for none', async () => {
    const built = model(1, 5);
    await beamSearch(built.step, built.initial(8), { start, end, maxLength: 30, width: 2, sources: 8 });
    expect(built.batches[0]).toBe(8);
    expect(built.batches.at(-1)).toBeLessThan(16);
    expect(built.batches.at(-1)).toBeGreaterThan(0);
    expect(await beamSearch(built.step, [], { start, end, maxLength: 3, width: 2, sources: 0 })).toEqual([]);
  });

  test('does not pass over positions that a longer sequence would cover', async () => {
    // Ending at once leaves position 1 at 1%; one more token covers both.
    const step: DecodeStep<null> = ({ tokens }) => ({
      logProbabilities: Array.from(tokens, (token) => (token === 0 ? [-9, -0.5, -1] : [-9, -0.2, -9])).flat(),
      attention: Array.from(tokens, (token) => (token === 0 ? [0.99, 0.01, 0] : [0.01, 0.99, 0])).flat(),
      state: null,
    });
    const options = { start, end, maxLength: 4, width: 2, sourceLengths: [2] };
    const best = async (beta: number) => (await beamSearch(step, null, { ...options, coveragePenalty: beta }))[0][0];
    expect((await best(0)).tokens).toEqual([]);
    const covering = await best(0.5);
    expect(covering.tokens).toEqual([2]);
    expect(covering.score).toBeCloseTo(-1.2, 12);
    expect(covering.attention.map((weights) => [...weights])).toEqual([
      [0.99, 0.01, 0],
      [0.01, 0.99, 0],
    ]);
  });

  test.each([
    [{ width: 0 }, 'width must be a whole number from 1'],
    [{ width: 2, nBest: 3 }, 'nBest 3 is more than width 2'],
    [{ width: 2, maxLength: 0 }, 'maxLength must be'],
    [{ width: 2, lengthPenalty: -1 }, 'lengthPenalty must be a finite number from 0'],
    [{ width: 2, coveragePenalty: 1 }, 'needs the attention of every step'],
    [{ width: 2, sourceLengths: [1, 2] }, 'sourceLengths has 2 numbers for 1 sources'],
    [{ width: 2, blockNgrams: 0.5 }, 'blockNgrams must be a whole number from 0'],
  ])('with %j is refused', async (wrong, words) => {
    const { step, initial } = model(1, 4);
    const search = beamSearch(step, initial(1), { start, end, maxLength: 5, ...wrong });
    await expect(search).rejects.toThrow(ConfigError);
    await expect(search).rejects.toThrow(words);
  });
});

test('what would complete a run a second time is blocked', () => {
  expect([...blockedTokens([5, 6, 7, 5, 6], 3)]).toEqual([7]);
  expect([...blockedTokens([5, 6, 5, 7, 5], 2)]).toEqual([6, 7]);
  expect([...blockedTokens([5, 6], 1)]).toEqual([5, 6]);
  expect([...blockedTokens([5, 6], 3)]).toEqual([]);
  expect([...blockedTokens([5, 5, 5], 0)]).toEqual([]);
});
