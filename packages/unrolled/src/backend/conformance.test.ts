import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { UnrolledError } from '../errors.ts';
import type { TypedArray } from './backend.ts';
import { type Subject, subjects } from './conformance/backends.ts';
import { elementwiseCases } from './conformance/elementwise.ts';
import { type Case, differences, Lab, runCase } from './conformance/lab.ts';
import { learningCases } from './conformance/learning.ts';
import { productCases } from './conformance/products.ts';
import { recurrenceCases } from './conformance/recurrence.ts';
import { rowCases } from './conformance/rows.ts';
import { scanCase, scanCases } from './conformance/scan.ts';
import { referenceBackend } from './reference/reference-backend.ts';

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
function truthOf(one: Case): Record<string, TypedArray> {
  const values = known.get(one) ?? runCase(one, truth);
  known.set(one, values);
  return values;
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
      test.each(cases)('$name', (one) => {
        const expected = truthOf(one);
        const actual = runCase(one, backend);
        expect(Object.keys(actual)).toEqual(Object.keys(expected));
        for (const [name, values] of Object.entries(expected)) {
          expect(differences(actual[name], values, one.tolerance ?? 1e-5, one.floor), name).toEqual([]);
        }
      });
    });

    test('any step program', () => {
      fc.assert(
        fc.property(fc.integer({ min: 1000, max: 2 ** 31 - 1 }), (seed) => {
          const one = scanCase(seed);
          const [actual, expected] = [runCase(one, backend), runCase(one, truth)];
          for (const [name, values] of Object.entries(expected)) {
            expect(differences(actual[name], values, one.tolerance!), name).toEqual([]);
          }
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

    test('what is released cannot be used', () => {
      const lab = new Lab(backend);
      const [x, y] = [lab.normal([3]), lab.normal([3])];
      lab.finish({});
      const other = lab.normal([3]);
      expect(() => backend.copy(x, other)).toThrow(UnrolledError);
      expect(() => backend.readSync(y)).toThrow(UnrolledError);
      expect(() => backend.release(x.storage)).toThrow(UnrolledError);
      backend.release(other.storage);
    });

    test('written values come back from the middle of a storage, at once and later', async () => {
      const storage = backend.allocate(backend.float, 10);
      const block = { storage, offset: 3, shape: [2, 2] };
      backend.write(block, [1, 2, 3, 4]);
      expect([...backend.readSync(block)]).toEqual([1, 2, 3, 4]);
      expect([...(await backend.read(block))]).toEqual([1, 2, 3, 4]);
      backend.release(storage);
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
