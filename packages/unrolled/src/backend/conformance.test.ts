import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { DeviceError, UnrolledError } from '../errors.ts';
import type { Backend, FusedOperations, TypedArray } from './backend.ts';
import { complete, composedOperations } from './composed/complete.ts';
import { type Subject, subjects } from './conformance/backends.ts';
import { elementwiseCases } from './conformance/elementwise.ts';
import { type Case, differences, Lab, runCase } from './conformance/lab.ts';
import { learningCases } from './conformance/learning.ts';
import { productCases } from './conformance/products.ts';
import { recurrenceCases } from './conformance/recurrence.ts';
import { rowCases } from './conformance/rows.ts';
import { scanCase, scanCases } from './conformance/scan.ts';
import { referenceBackend } from './reference/reference-backend.ts';
import { wasmBackend } from './wasm/wasm-backend.ts';

const suites = {
  'element by element': elementwiseCases,
  'rows and reductions': rowCases,
  products: productCases,
  recurrence: recurrenceCases,
  'step programs': scanCases,
  learning: learningCases,
};

const truth = referenceBackend({ float: 'float64' });
const known = new Map<Case, Record<string, TypedArray>>();

/** What a case gives on the reference in float64, computed once for all backends. */
async function truthOf(one: Case): Promise<Record<string, TypedArray>> {
  const values = known.get(one) ?? (await runCase(one, truth));
  known.set(one, values);
  return values;
}

/** What is wrong with a case on a backend. */
async function faultsOf(one: Case, { backend, slack = 1 }: Omit<Subject, 'name'>): Promise<string[]> {
  const [expected, actual] = [await truthOf(one), await runCase(one, backend)];
  if (Object.keys(actual).join() !== Object.keys(expected).join()) return [`results ${Object.keys(actual)}`];
  const tolerance = slack * (one.tolerance ?? 1e-5);
  return Object.entries(expected).flatMap(([name, values]) =>
    differences(actual[name], values, tolerance, one.floor).map((difference) => `${name}${difference}`),
  );
}

const { available, unavailable } = await subjects();

for (const { name, reason } of unavailable) {
  console.warn(`not tested: backend ${name}: ${reason}`);
  test.skip(`backend ${name}: ${reason}`, () => {});
}

for (const subject of available) {
  describe(subject.name, () => {
    const { backend } = subject;
    afterAll(() => backend.close());

    describe.each(Object.entries(suites))('%s', (_, cases) => {
      test.each(cases)('$name', async (one) => {
        expect(await faultsOf(one, subject)).toEqual([]);
      });
    });

    test('any step program', async () => {
      await fc.assert(
        fc.asyncProperty(fc.integer({ min: 1000, max: 2 ** 31 - 1 }), async (seed) => {
          expect(await faultsOf(scanCase(seed), subject)).toEqual([]);
        }),
        { numRuns: 30 },
      );
    });

    describeMemory(subject);
  });
}

function describeMemory({ backend }: Subject) {
  describe('memory', () => {
    test('counts what is allocated until it is released', () => {
      const before = backend.memory().bytes;
      const storage = backend.allocate('int32', 1000);
      expect(backend.memory().bytes).toBeGreaterThanOrEqual(before + 4000);
      expect(backend.memory().peakBytes).toBeGreaterThanOrEqual(backend.memory().bytes);
      backend.release(storage);
      expect(backend.memory().bytes).toBe(before);
    });

    test('no case has left any behind', () => {
      expect(backend.memory().bytes).toBe(0);
    });

    test('what is released cannot be used', async () => {
      const lab = new Lab(backend);
      const [x, y] = [lab.normal([3]), lab.normal([3])];
      await lab.finish({});
      const other = lab.normal([3]);
      expect(() => backend.copy(x, other)).toThrow(UnrolledError);
      expect(() => backend.copy(other, y)).toThrow(UnrolledError);
      expect(() => backend.release(x.storage)).toThrow(UnrolledError);
      backend.release(other.storage);
    });

    test('written values come back from the middle of a storage as they were, at once or later', async () => {
      const storage = backend.allocate(backend.float, 10);
      const block = { storage, offset: 3, shape: [2, 2] };
      backend.write(block, [1, 2, 3, 4]);
      if (backend.readsAtOnce) expect([...backend.readSync(block)]).toEqual([1, 2, 3, 4]);
      else expect(() => backend.readSync(block)).toThrow(DeviceError);
      const found = backend.read(block);
      backend.fill(block, 5);
      backend.release(storage);
      expect([...(await found)]).toEqual([1, 2, 3, 4]);
    });

    test('it says what it runs on', () => {
      const { threads, notes } = backend.describe();
      expect(threads).toBeGreaterThanOrEqual(1);
      expect(notes.length).toBeGreaterThan(0);
    });
  });
}

describe('differences sees', () => {
  test.each([
    ['a wrong number', [1, 2.1], [1, 2], 1],
    ['a missing element', [1], [1, 2], 1],
    ['a NaN that should not be', [Number.NaN], [1], 1],
    ['a missing NaN', [1], [Number.NaN], 1],
    ['the wrong infinity', [Number.POSITIVE_INFINITY], [Number.NEGATIVE_INFINITY], 1],
    ['nothing wrong in equal ones', [Number.NaN, Number.POSITIVE_INFINITY, 1 + 1e-6], [Number.NaN, 1e300, 1], 0],
  ])('%s', (_, actual, expected, count) => {
    expect(differences(actual, expected, 1e-5)).toHaveLength(count);
  });
});

describe('wasm with fused operations switched off', async () => {
  const backend = await wasmBackend({ threads: 1 });
  afterAll(() => backend.close());
  const names = Object.keys(composedOperations(backend)) as (keyof FusedOperations)[];
  const all = Object.values(suites).flat();

  const calls = new Map<Case, ReadonlySet<string>>();

  /** The operations that a case calls. */
  async function callsOf(one: Case): Promise<ReadonlySet<string>> {
    const before = calls.get(one);
    if (before) return before;
    const called = new Set<string>();
    calls.set(one, called);
    const noting = new Proxy(truth, {
      get(_, name) {
        const value = truth[name as keyof Backend];
        called.add(String(name));
        return typeof value === 'function' ? value.bind(truth) : value;
      },
    });
    known.set(one, await runCase(one, noting));
    return called;
  }

  const without = (off: readonly string[]): Backend => {
    const missing = Object.fromEntries(off.map((name) => [name, undefined]));
    const partial = new Proxy(backend, {
      get(_, name) {
        const value = name in missing ? undefined : backend[name as keyof Backend];
        return typeof value === 'function' ? value.bind(backend) : value;
      },
    });
    return complete(partial);
  };

  test.each([...names.map((name) => [name]), names])('%s', async (...off) => {
    const subject = { backend: without(off), slack: 4 };
    let tried = 0;
    for (const one of all) {
      const called = await callsOf(one);
      if (!off.some((name) => called.has(name))) continue;
      tried++;
      expect(await faultsOf(one, subject), one.name).toEqual([]);
    }
    expect(tried).toBeGreaterThan(0);
    expect(backend.memory().bytes).toBe(0);
  });

  test('a backend that lacks nothing stays as it is', () => {
    expect(complete(backend)).toBe(backend);
  });
});
