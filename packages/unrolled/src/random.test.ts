import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { mix32, Random } from './random.ts';

const draw = <Value>(n: number, next: () => Value): Value[] => Array.from({ length: n }, next);
const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

describe('a seed', () => {
  test('gives these numbers in every version, so that no run changes silently', () => {
    const random = new Random(42);
    expect(draw(4, () => random.bits())).toEqual([955885115, 1328154995, 946741108, 3308724645]);
    expect(draw(3, () => random.uniform())).toEqual([0.44564980133341925, 0.29621171263984925, 0.7277328768984453]);
    // The engine's own logarithm and cosine may differ in the last digit.
    const normals = [2.002478268072253, 0.6731048301607586, 0.1744423471452974];
    for (const normal of normals) expect(random.normal()).toBeCloseTo(normal, 12);
    expect([...random.permutation(8)]).toEqual([5, 4, 0, 2, 3, 6, 1, 7]);
    expect(new Random(42).fork('weight').bits()).toBe(2702636633);
    expect([0, 1, -1].map((seed) => new Random(seed).bits())).toEqual([3733119852, 3570913905, 1248491728]);
    expect([0, 1, -1].map(mix32)).toEqual([0, 1753845952, 1734902346]);
  });

  test('near another gives other numbers', () => {
    const first = new Set(draw(1000, () => 0).map((_, seed) => new Random(seed).bits()));
    expect(first.size).toBe(1000);
  });
});

test('a generator made from a state goes on where the other one stood, for all seeds', () => {
  fc.assert(
    fc.property(fc.integer(), fc.nat(20), (seed, before) => {
      const random = new Random(seed);
      draw(before, () => random.bits());
      const restored = new Random(JSON.parse(JSON.stringify(random.state)));
      expect(draw(5, () => restored.bits())).toEqual(draw(5, () => random.bits()));
    }),
  );
});

test('the state that was read does not change with later draws', () => {
  const random = new Random(1);
  const before = random.state;
  const copy = [...before];
  random.bits();
  expect(before).toEqual(copy);
});

describe('a fork', () => {
  test('leaves its origin untouched, and draws from it the same however much is drawn', () => {
    const [a, b] = [new Random(7), new Random(7)];
    const fork = a.fork('dropout');
    draw(10, () => fork.bits());
    expect(a.bits()).toBe(b.bits());
    expect(new Random(7).fork('dropout').bits()).toBe(new Random(7).fork('dropout').bits());
  });

  test('of another name, or of another generator, is another one', () => {
    const first = (seed: number, name: string): number => new Random(seed).fork(name).bits();
    const values = [first(7, 'a'), first(7, 'b'), first(8, 'a'), first(7, 'ab'), first(7, 'ba'), first(7, '')];
    expect(new Set(values).size).toBe(values.length);
  });
});

describe('uniform numbers', () => {
  const random = new Random(3);
  const values = draw(100_000, () => random.uniform());

  test('lie in [0, 1), evenly: χ² over 100 bins is what chance allows', () => {
    const bins = new Array<number>(100).fill(0);
    for (const value of values) bins[Math.floor(value * 100)]++;
    expect(bins).toHaveLength(100);
    const chiSquare = bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0);
    // 99 degrees of freedom: beyond these in 1 of 1000 seeds.
    expect(chiSquare).toBeGreaterThan(56);
    expect(chiSquare).toBeLessThan(149);
  });

  test('do not depend on the one before', () => {
    const products = values.slice(1).map((value, i) => (value - 0.5) * (values[i] - 0.5) * 12);
    expect(Math.abs(mean(products))).toBeLessThan(0.015);
  });

  test('below a bound are whole and reach every number there', () => {
    expect(new Set(draw(200, () => random.below(6)))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
  });
});

test('normal numbers have mean 0, variance 1, no skew and the tails of a bell', () => {
  const random = new Random(4);
  const values = draw(100_000, () => random.normal());
  expect(Math.abs(mean(values))).toBeLessThan(0.015);
  expect(Math.abs(mean(values.map((x) => x * x)) - 1)).toBeLessThan(0.02);
  expect(Math.abs(mean(values.map((x) => x ** 3)))).toBeLessThan(0.05);
  expect(Math.abs(mean(values.map((x) => Number(Math.abs(x) > 1.96))) - 0.05)).toBeLessThan(0.004);
  expect(values.every(Number.isFinite)).toBe(true);
});

describe('a permutation', () => {
  test('holds every number once, for all lengths', () => {
    fc.assert(
      fc.property(fc.integer(), fc.nat(50), (seed, n) => {
        const order = new Random(seed).permutation(n);
        expect([...order].sort((a, b) => a - b)).toEqual(draw(n, () => 0).map((_, i) => i));
      }),
    );
  });

  test('puts every number everywhere equally often', () => {
    const random = new Random(5);
    const counts = new Array<number>(16).fill(0);
    for (let i = 0; i < 8000; i++) {
      for (const [place, value] of random.permutation(4).entries()) counts[4 * place + value]++;
    }
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(200);
  });
});
