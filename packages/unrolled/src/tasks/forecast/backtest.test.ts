import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { AbortError, ConfigError, DataError } from '../../errors.ts';
import { Random } from '../../random.ts';
import {
  backtest,
  type ForecastMethod,
  fillGaps,
  GaussianForecast,
  levelsOf,
  linearAutoregression,
  mackeyGlass,
  rowsOf,
  seasonalNaive,
  seasonalSeries,
  splitSeries,
} from './index.ts';
import { solveRidge } from './least-squares.ts';
import { normalQuantile } from './normal.ts';

const sizes = { window: 12, horizon: 5 };
const targets = ['y'];

describe('baselines', () => {
  test('seasonal-naive repeats the last season', async () => {
    const rows = rowsOf({ y: Array.from({ length: 60 }, (_, t) => t) });
    const split = splitSeries(60);
    const method = seasonalNaive(rows, 3, { ...sizes, targets, split });
    const [[{ values, interval }]] = (await method.predict(rows, [50])).map((forecast) =>
      forecast.map((one) => ({ values: one.values, interval: one.interval(0.8) })),
    );
    expect([...values]).toEqual([47, 48, 49, 47, 48]);
    // It errs by 3 within the season, by 6 beyond.
    const reach = 1.2815515655446004;
    expect(interval.upper[0]).toBeCloseTo(47 + 3 * reach, 9);
    expect(interval.upper[4]).toBeCloseTo(48 + 6 * reach, 9);
    expect(() => seasonalNaive(rows, 13, { ...sizes, targets, split })).toThrow(ConfigError);
  });

  test('the linear forecast finds a linear law, through a second column, too', async () => {
    const random = new Random(1);
    const drive = Array.from({ length: 300 }, () => random.normal());
    // y follows what drive was five steps before: within the horizon it is known.
    const y = drive.map((_, t) => 7 + 2 * (drive[t - 5] ?? 0) - (drive[t - 8] ?? 0));
    const rows = rowsOf({ y, drive });
    const split = splitSeries(300);
    const [[{ values }]] = await linearAutoregression(rows, { ...sizes, targets, split }).predict(rows, [260]);
    values.forEach((value, h) => {
      expect(value).toBeCloseTo(y[260 + h], 2);
    });
  });

  test('neither uses values after the origin, nor is fitted to the test part', async () => {
    const y = seasonalSeries({ length: 200, seasons: [4], heights: [3], seed: 1 });
    const split = splitSeries(200);
    const options = { ...sizes, targets, split };
    const changed = (from: number) => rowsOf({ y: y.map((value, t) => (t < from ? value : -value)) });
    const of = async (rows: ReturnType<typeof rowsOf>) => [
      ...(await seasonalNaive(rows, 4, options).predict(rows, [170])),
      ...(await linearAutoregression(rows, options).predict(rows, [170])),
    ];
    expect(await of(changed(170))).toEqual(await of(rowsOf({ y })));
    expect(await of(changed(169))).not.toEqual(await of(rowsOf({ y })));
  });

  test('ridge regression solves its equations', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 6 }), fc.nat(), (D, seed) => {
        const random = new Random(seed);
        const [N, O] = [3 * D, 2];
        const X = Array.from({ length: N }, () => Array.from({ length: D }, () => random.normal()));
        const W = Array.from({ length: D * O }, () => random.normal());
        const XX = Float64Array.from({ length: D * D }, (_, p) =>
          X.reduce((sum, x) => sum + x[Math.floor(p / D)] * x[p % D], 0),
        );
        const XY = Float64Array.from({ length: D * O }, (_, p) => {
          const [i, o] = [Math.floor(p / O), p % O];
          return X.reduce((sum, x) => sum + x[i] * x.reduce((y, xd, d) => y + xd * W[d * O + o], 0), 0);
        });
        solveRidge(XX, XY, D, 1e-12).forEach((w, i) => {
          expect(w).toBeCloseTo(W[i], 5);
        });
      }),
      { numRuns: 30 },
    );
  });
});

describe('a back-test', () => {
  const rows = rowsOf({ y: Array.from({ length: 100 }, (_, t) => t), other: new Float64Array(100) });
  const split = splitSeries(100);
  const options = { ...sizes, targets, split };

  /** Says how much it errs, and keeps where it was asked. */
  const off = (by: number, asked: number[] = []): ForecastMethod => ({
    name: 'off',
    predict: (_, origins) => {
      asked.push(...origins);
      return origins.map((origin) => {
        const values = Float64Array.from({ length: 5 }, (_, h) => origin + h + by);
        return [new GaussianForecast('y', values, new Float64Array(5).fill(1))];
      });
    },
  });

  test('forecasts every step of the last part once', async () => {
    const asked: number[] = [];
    const [scores] = await backtest(rows, [off(0, asked)], options);
    expect(asked).toEqual([80, 85, 90, 95]);
    expect(scores).toMatchObject({ method: 'off', target: 'y', forecasts: 4, mae: 0, rmse: 0, smape: 0, mase: 0 });
    asked.length = 0;
    await backtest(rows, [off(0, asked)], { ...options, stride: 1 });
    expect(asked).toEqual(Array.from({ length: 16 }, (_, i) => 80 + i));
  });

  test('measures errors, and coverage and width of intervals', async () => {
    const levels = [0.5, 0.95];
    const [scores] = await backtest(rows, [off(1)], { ...options, levels, season: 2 });
    expect(scores).toMatchObject({ mae: 1, rmse: 1, mase: 0.5 });
    expect(scores.intervals.map(({ level, coverage }) => [level, coverage])).toEqual([
      [0.5, 0],
      [0.95, 1],
    ]);
    expect(scores.intervals[1].width).toBeCloseTo(2 * 1.959963984540054, 9);
  });

  test('of a column that never changes has no scaled error', async () => {
    const method: ForecastMethod = {
      name: 'zero',
      predict: (_, origins) =>
        origins.map(() => [new GaussianForecast('other', new Float64Array(5), new Float64Array(5))]),
    };
    const [scores] = await backtest(rows, [method], { ...options, targets: ['other'] });
    expect(scores).toMatchObject({ mae: 0, mase: null });
  });

  test('ends early by a signal, and refuses a test part that is too short', async () => {
    const signal = { aborted: true };
    await expect(backtest(rows, [off(0)], { ...options, signal })).rejects.toThrow(AbortError);
    await expect(backtest(rows, [off(0)], { ...options, horizon: 21 })).rejects.toThrow(DataError);
  });
});

test('gaps are filled by interpolation, or with the last known number', () => {
  const gaps = [Number.NaN, 1, Number.NaN, Number.NaN, 7, Number.NaN];
  expect([...fillGaps(gaps)]).toEqual([1, 1, 3, 5, 7, 7]);
  // What comes later must not be known before: `previous` begins with a number.
  expect([...fillGaps(gaps.slice(1), 'previous')]).toEqual([1, 1, 1, 7, 7]);
  expect(() => fillGaps(gaps, 'previous')).toThrow(
    "first known number is at position 1, and 'previous' has none before it",
  );
  expect(() => fillGaps(gaps, 'next' as never)).toThrow("filling must be 'linear' or 'previous', received 'next'");
  expect([...fillGaps([])]).toEqual([]);
  expect(() => fillGaps([Number.NaN])).toThrow(DataError);
});

test('parts of a series are consecutive, and cover all of it', () => {
  expect(splitSeries(100)).toEqual({ train: 70, validation: 80, end: 100 });
  expect(splitSeries(7, { validation: 0, test: 0 })).toEqual({ train: 7, validation: 7, end: 7 });
  expect(() => splitSeries(10, { validation: 0.5, test: 0.5 })).toThrow(ConfigError);
});

test('quantiles of the normal distribution', () => {
  // By Python's statistics.NormalDist.
  const known = [
    [1e-20, -9.2623400897984],
    [0.1, -1.2815515655446004],
    [0.5, 0],
    [0.6, 0.2533471031357997],
    [0.975, 1.959963984540054],
  ];
  for (const [p, z] of known) expect(normalQuantile(p)).toBeCloseTo(z, 12);
  expect([normalQuantile(0), normalQuantile(1)]).toEqual([-Infinity, Infinity]);
  expect(levelsOf([0.025, 0.1, 0.5, 0.9, 0.975])).toEqual([0.8, 0.95]);
});

test('generated series follow their equation, and depend on the seed alone', () => {
  const noiseless = seasonalSeries({ length: 50, seasons: [10], heights: [2], trend: 0.5, noise: 0, seed: 1 });
  for (let t = 10; t < 50; t++) expect(noiseless[t] - noiseless[t - 10]).toBeCloseTo(5, 9);
  expect(seasonalSeries({ length: 20, seed: 3 })).toEqual(seasonalSeries({ length: 20, seed: 3 }));
  expect(seasonalSeries({ length: 20, seed: 3 })).not.toEqual(seasonalSeries({ length: 20, seed: 4 }));
  const chaos = mackeyGlass({ length: 400, seed: 2 });
  expect(chaos).toEqual(mackeyGlass({ length: 400, seed: 2 }));
  // The attractor of τ = 17.
  expect(Math.min(...chaos)).toBeGreaterThan(0.2);
  expect(Math.min(...chaos)).toBeLessThan(0.6);
  expect(Math.max(...chaos)).toBeGreaterThan(1.2);
  expect(Math.max(...chaos)).toBeLessThan(1.4);
});
