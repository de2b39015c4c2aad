import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { referenceBackend } from '../../backend/reference/reference-backend.ts';
import { initialiseParameters } from '../../nn/layer.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import { createDevice } from '../../ops/create-device.ts';
import { embedding } from '../../ops/index.ts';
import { Random } from '../../random.ts';
import { toColumns } from './columns.ts';
import {
  compareUnits,
  type Labels,
  parseUnitName,
  pickSpan,
  type Reading,
  type SearchOptions,
  searchUnits,
  type UnitSearch,
  unitActivations,
  unitName,
} from './index.ts';
import { aucOfCounts, Quantiser } from './quantiser.ts';
import { aucOfRanks, centredRanks } from './ranks.ts';
import { readUnits } from './reading.ts';
import { ascending } from './sorting.ts';

const device = createDevice(referenceBackend({ float: 'float64' }));

/** A model that is only a table: what its units are at each step. */
function table(columns: readonly Float32Array[]): Reading {
  return {
    device,
    steps: columns[0].length,
    read(places, [T, B], state, probes) {
      const probe = probes(0, false)!;
      for (let t = 0; t < T; t++) {
        const rows = Array.from(places.subarray(t * B, (t + 1) * B), (place) => columns.map((column) => column[place]));
        probe.step!(t, { state: { h: device.tensor(rows) }, gates: {} });
      }
      return state ?? [];
    },
  };
}

async function search(reading: Reading, labels: readonly Labels[], options?: SearchOptions): Promise<UnitSearch[]> {
  const steps = searchUnits(reading, labels, options);
  for (;;) {
    const { done, value } = await steps.next();
    if (done) return value;
    expect(value).toBeGreaterThan(0);
  }
}

/** Noise that hangs together over `steps` steps. */
function slow(n: number, steps: number, seed: number): Float32Array {
  const random = new Random(seed);
  let value = 0;
  return Float32Array.from({ length: n }, () => {
    value += (random.normal() * Math.sqrt(2 / steps) - value / steps) * 1;
    return value;
  });
}

const sign = (values: Float32Array): Float32Array => values.map((value) => Number(value > 0));
const binary = (name: string, values: Float32Array): Labels => ({ name, kind: 'binary', values });
const graded = (name: string, values: Float32Array): Labels => ({ name, kind: 'graded', values });

function bruteAuc(values: ArrayLike<number>, labels: ArrayLike<number>): number {
  let [better, pairs] = [0, 0];
  for (let i = 0; i < values.length; i++) {
    for (let j = 0; j < values.length; j++) {
      if (labels[i] !== 1 || labels[j] !== 0) continue;
      pairs++;
      better += values[i] > values[j] ? 1 : values[i] === values[j] ? 0.5 : 0;
    }
  }
  return better / pairs;
}

function bruteCorrelation(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const mean = (x: ArrayLike<number>) => Array.from(x).reduce((sum, value) => sum + value, 0) / x.length;
  const [ma, mb] = [mean(a), mean(b)];
  const sum = (of: (i: number) => number) => Array.from(a, (_, i) => of(i)).reduce((x, y) => x + y, 0);
  return sum((i) => (a[i] - ma) * (b[i] - mb)) / Math.sqrt(sum((i) => (a[i] - ma) ** 2) * sum((i) => (b[i] - mb) ** 2));
}

test('the AUC of ranks is the share of pairs in the right order, ties counting half', () => {
  const pairs = fc.array(fc.tuple(fc.integer({ min: -3, max: 3 }), fc.boolean()), { minLength: 2, maxLength: 40 });
  fc.assert(
    fc.property(pairs, (all) => {
      fc.pre(all.some(([, label]) => label) && all.some(([, label]) => !label));
      const values = Float32Array.from(all, ([value]) => value);
      const labels = Float32Array.from(all, ([, label]) => Number(label));
      const expected = bruteAuc(values, labels);
      expect(aucOfRanks(centredRanks(values), labels)).toBeCloseTo(expected, 5);
      const counts = (side: boolean) =>
        Array.from(
          { length: 7 },
          (_, bin) => all.filter(([value, label]) => label === side && value === bin - 3).length,
        );
      expect(aucOfCounts(counts(false), counts(true))).toBeCloseTo(expected, 12);
    }),
  );
});

test('bins hold equally many values of the sample, in order, however the values lie', () => {
  const random = new Random(3);
  const samples = [
    (x: number) => x,
    (x: number) => Math.tanh(20 * x),
    (x: number) => Math.exp(5 * x),
    (x: number) => Math.round(3 * x),
    () => 7,
  ].map((of) => Float32Array.from({ length: 5000 }, () => of(random.normal())));
  const quantiser = new Quantiser(samples);
  for (const [unit, sample] of samples.entries()) {
    const sorted = [-1e9, ...sample.toSorted(), 1e9];
    const codes = [...quantiser.binsOf(unit, Float32Array.from(sorted))];
    expect(codes).toEqual(codes.toSorted((a, b) => a - b));
    const distinct = Map.groupBy(sorted.slice(1, -1), (_, i) => codes[i + 1]);
    for (const values of distinct.values()) {
      if (new Set(values).size > 1) expect(values.length).toBeLessThan(2 * (5000 / 256) + 2);
    }
  }
});

const anyFloat = fc.float({ noNaN: true });

test('the bin of a value is how many edges are not above it', () => {
  fc.assert(
    fc.property(fc.array(anyFloat, { minLength: 1, maxLength: 400 }), fc.array(anyFloat), (sample, others) => {
      const quantiser = new Quantiser([Float32Array.of(1), Float32Array.from(sample)]);
      const edges = quantiser.edgesOf(1);
      const values = Float32Array.from([...sample, ...others, ...edges]);
      const counted = Array.from(values, (value) => edges.filter((edge) => edge <= value).length);
      expect([...quantiser.binsOf(1, values)]).toEqual(counted);
    }),
    { numRuns: 50 },
  );
});

test('numbers are sorted as toSorted does', () => {
  fc.assert(
    fc.property(fc.float32Array({ noNaN: true, maxLength: 300 }), (values) => {
      expect(ascending(values)).toEqual(values.toSorted());
    }),
  );
});

test.each([1, 7, 8, 9, 21])('some rows of %i units stand as columns', (size) => {
  const values = Float32Array.from({ length: 6 * size }, (_, i) => i);
  const rows = [5, 0, 3];
  const columns = Array.from({ length: size }, (_, unit) => rows.map((row) => row * size + unit));
  expect([...toColumns(values, size, Int32Array.from(rows))]).toEqual(columns.flat());
});

describe('a search', () => {
  const N = 401;
  const labels = sign(slow(N, 20, 1));
  const follows = slow(N, 5, 2).map((value, i) => value + 2 * labels[i]);
  const against = slow(N, 5, 3).map((value, i) => value - labels[i]);
  const columns = [slow(N, 9, 4), against, follows, slow(N, 2, 5).map(Math.round), new Float32Array(N).fill(0.5)];
  const line = Float32Array.from({ length: N }, (_, i) => i % 37);

  test.each([1, 3, 8])('is exact where it is small, with %i rows', async (batch) => {
    const [found, position] = await search(table(columns), [binary('quotes', labels), graded('column', line)], {
      batch,
      warmUp: 20,
      heldOut: 0.4,
      shuffles: 20,
    });
    const split = Math.round(0.6 * N);
    expect(found).toMatchObject({ property: 'quotes', measure: 'auc', steps: { selection: 241, heldOut: 160 } });
    expect(found.mean.heldOut).toBeCloseTo(labels.subarray(split).reduce((a, b) => a + b) / 160, 6);
    expect(position.measure).toBe('correlation');
    for (const unit of found.units) {
      const [first, rest] = [columns[unit.unit].subarray(0, split), columns[unit.unit].subarray(split)];
      const expected = bruteAuc(first, labels.subarray(0, split));
      expect(unit.sign).toBe(expected < 0.5 ? -1 : 1);
      expect(unit.selection).toBeCloseTo(unit.sign > 0 ? expected : 1 - expected, 5);
      const heldOut = bruteAuc(rest, labels.subarray(split));
      expect(unit.heldOut).toBeCloseTo(unit.sign > 0 ? heldOut : 1 - heldOut, 5);
    }
    for (const unit of position.units) {
      const correlation =
        unit.unit === 4 ? 0 : bruteCorrelation(columns[unit.unit].subarray(split), line.subarray(split));
      expect(unit.sign * unit.heldOut).toBeCloseTo(correlation, 5);
    }
    expect(found.units.slice(0, 2).map(({ name, sign }) => [name, sign])).toEqual([
      ['l0.h.2', 1],
      ['l0.h.1', -1],
    ]);
    const ranked = found.units.map(({ selection }) => selection);
    expect(ranked).toEqual(ranked.toSorted((a, b) => b - a));
  });

  test('with values counted in bins comes close to one with values kept', async () => {
    const n = 20_000;
    const truth = sign(slow(n, 60, 1));
    const skewed = slow(n, 8, 2).map((value, i) => Math.exp(2 * value) + 3 * truth[i]);
    const saturated = slow(n, 8, 3).map((value, i) => Math.tanh(9 * value + 6 * truth[i]));
    const many = [skewed, saturated, slow(n, 30, 4), slow(n, 3, 5).map(Math.round), new Float32Array(n).fill(2)];
    const both = [binary('b', truth), graded('g', slow(n, 8, 2))];
    const searches = [1e9, 0].map((keep) => search(table(many), both, { keep, shuffles: 50 }));
    const [kept, counted] = await Promise.all(searches);
    for (const [i, { units, shuffledLevel }] of counted.entries()) {
      expect(Math.abs(shuffledLevel - kept[i].shuffledLevel)).toBeLessThan(0.01);
      for (const unit of units) {
        const exact = kept[i].units.find(({ name }) => name === unit.name)!;
        expect(Math.abs(unit.heldOut - exact.heldOut), unit.name).toBeLessThan(0.002);
        expect(Math.abs(unit.selection - exact.selection), unit.name).toBeLessThan(0.002);
      }
    }
  });

  test.each([1e9, 0])('finds no more in noise than chance gives, however slow the noise is (keep %d)', async (keep) => {
    let below = 0;
    for (let seed = 0; seed < 20; seed++) {
      const noise = Array.from({ length: 12 }, (_, i) => slow(3000, 30, 1000 * seed + i));
      const [found] = await search(table(noise), [binary('b', sign(slow(3000, 30, 1000 * seed + 99)))], {
        keep,
        shuffles: 39,
      });
      below += Number(Math.min(...found.units.map(({ p }) => p)) <= 0.05);
      // For one unit alone and independent steps it would be 0.52.
      expect(found.shuffledLevel).toBeGreaterThan(0.55);
    }
    expect(below).toBeLessThanOrEqual(4);
  });

  test('finds a planted unit, and gives it a small p-value', async () => {
    const n = 3000;
    const truth = sign(slow(n, 30, 77));
    const units = Array.from({ length: 12 }, (_, i) => slow(n, 30, i));
    units[5] = units[5].map((value, i) => value + 2.5 * truth[i]);
    const [{ units: found, shuffledLevel }] = await search(table(units), [binary('b', truth)], { shuffles: 99 });
    expect(found[0]).toMatchObject({ name: 'l0.h.5', p: 0.01 });
    expect(found[0].heldOut).toBeGreaterThan(shuffledLevel);
    expect(found[1].p).toBeGreaterThan(0.05);
  });

  test.each<[string, () => Promise<unknown>, string]>([
    ['a text that is too short', () => search(table([slow(60, 2, 1)]), [graded('g', slow(60, 2, 2))]), 'needs 50'],
    ['a property that never holds', () => search(table(columns), [binary('b', new Float32Array(N))]), "'b' is 0 every"],
    ['too few labels', () => search(table(columns), [binary('b', labels.subarray(1))]), '400 labels for 401 steps'],
    ['no held-out part', () => search(table(columns), [binary('b', labels)], { heldOut: 0 }), 'heldOut'],
    ['no shuffles', () => search(table(columns), [binary('b', labels)], { shuffles: 0 }), 'shuffles'],
    ['no rows', () => search(table(columns), [binary('b', labels)], { batch: 0 }), 'batch'],
    [
      'a model that diverged',
      () => search(table([slow(N, 2, 1), slow(N, 2, 1).fill(Number.NaN, 9, 10)]), [binary('b', labels)]),
      'l0.h.1 is NaN',
    ],
  ])('refuses %s', async (_, run, words) => {
    await expect(run).rejects.toThrow(words);
  });

  test('of no property gives no result', async () => {
    expect(await search(table(columns), [])).toEqual([]);
  });
});

describe('reading', () => {
  const [N, H] = [500, 5];
  const layer = new Recurrent({ cell: 'lstm', hidden: H, layers: 2 });
  initialiseParameters(layer, [-1, -1, 3], device, 3);
  const weights = device.tensor(
    Float64Array.from({ length: 3 * 3 }, (_, i) => Math.sin(i * i)),
    [3, 3],
  );
  const ids = Int32Array.from({ length: N }, (_, i) => (i * i + (i >> 2)) % 3);
  const reading: Reading = {
    device,
    steps: N,
    read: (places, [T, B], state, probe) =>
      layer.run(
        embedding(
          weights,
          device.ids(
            places.map((place) => ids[place]),
            [T, B],
          ),
        ),
        undefined,
        { state, probe },
      ).state,
  };
  const exact = new Map<string, number[]>();
  layer.run(embedding(weights, device.ids(ids, [N, 1])), undefined, {
    probe: (l) => ({
      step(_, { state, gates }) {
        for (const [part, tensor] of Object.entries({ ...gates, ...state })) {
          tensor.data().forEach((value, unit) => {
            const name = `l${l}.${part}.${unit}`;
            if (!exact.has(name)) exact.set(name, []);
            exact.get(name)!.push(value);
          });
        }
      },
    }),
  });

  test.each([1, 2, 7, 64, 499])(
    'hands out every step once, %i rows at a time, and states are those of one',
    async (batch) => {
      const seen = new Uint8Array(N);
      for await (const { places, values, groups } of readUnits(reading, { batch, warmUp: 60 })) {
        expect(groups.map(({ layer, part, size }) => `l${layer}.${part}.${size}`)).toEqual([
          'l0.h.5',
          'l0.c.5',
          'l1.h.5',
          'l1.c.5',
        ]);
        for (const [i, place] of places.entries()) {
          seen[place]++;
          // With many rows there is no past of 60 steps for each.
          if (batch > 7) continue;
          for (const [index, { layer: l, part }] of groups.entries()) {
            expect(values[index][i * H + 3]).toBeCloseTo(exact.get(`l${l}.${part}.3`)![place], 3);
          }
        }
      }
      expect(new Set(seen)).toEqual(new Set([1]));
    },
  );

  test('gives states and gates of some units over a span', async () => {
    const names = ['l0.c.1', 'l1.h.4', 'l1.f.0'];
    const span = { from: 300, to: 340, warmUp: 300 };
    const values = await unitActivations(reading, names.map(parseUnitName), span);
    for (const [i, name] of names.entries()) {
      values[i].forEach((value, k) => {
        expect(value).toBeCloseTo(exact.get(name)![300 + k], 6);
      });
    }
    expect((await unitActivations(reading, [parseUnitName('l0.h.0')]))[0]).toHaveLength(N);
    await expect(unitActivations(reading, [parseUnitName('l2.h.0')])).rejects.toThrow('there is no l2.h.0');
    await expect(unitActivations(reading, [parseUnitName('l0.h.5')])).rejects.toThrow('l0.h.0 to 4');
    await expect(unitActivations(reading, [], { from: 9, to: 9 })).rejects.toThrow('steps 9 to 9');
  });
});

test('names of units are read back', () => {
  expect(parseUnitName(' l12.my_part.7 ')).toEqual({ layer: 12, part: 'my_part', unit: 7 });
  expect(unitName(parseUnitName('l1.h.17'))).toBe('l1.h.17');
  for (const name of ['', 'l1.h', '1.h.2', 'l1.h.x', 'l-1.h.0']) expect(() => parseUnitName(name)).toThrow('l1.h.17');
});

test('searches of several models are keyed by unit, the best of any model first', () => {
  const unit = (name: string, selection: number) => ({
    ...parseUnitName(name),
    ...{ name, sign: 1 as const, selection, heldOut: selection, p: 0.1 },
  });
  const of = (property: string, ...units: ReturnType<typeof unit>[]): UnitSearch => ({
    ...{ property, measure: 'auc', shuffles: 9, shuffledLevel: 0.6, units },
    ...{ steps: { selection: 9, heldOut: 9 }, mean: { selection: 0.5, heldOut: 0.5 } },
  });
  const early = of('quotes', unit('l0.h.1', 0.7), unit('l0.h.0', 0.6));
  const late = of('quotes', unit('l0.h.0', 0.9), unit('l0.h.2', 0.5));
  const { units, best, models } = compareUnits({ early, late });
  expect(models).toEqual(['early', 'late']);
  expect(best.map((one) => one?.name)).toEqual(['l0.h.1', 'l0.h.0']);
  expect(units.map(({ name, found }) => [name, ...found.map((one) => one?.selection)])).toEqual([
    ['l0.h.0', 0.6, 0.9],
    ['l0.h.1', 0.7, undefined],
    ['l0.h.2', undefined, 0.5],
  ]);
  expect(() => compareUnits({ early, other: of('if') })).toThrow("'quotes', another for 'if'");
  expect(() => compareUnits({})).toThrow('at least one');
});

test('the span that is shown is one in which the property changes', () => {
  const values = Float32Array.from({ length: 1000 }, (_, i) => Number(i >= 700 && i < 720));
  const { from, to } = pickSpan({ name: 'x', kind: 'binary', values }, 500, 100);
  expect([from <= 700, to >= 720, to - from]).toEqual([true, true, 100]);
  expect(pickSpan({ name: 'x', kind: 'binary', values }, 950, 100)).toEqual({ from: 950, to: 1000 });
});
