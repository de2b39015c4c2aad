import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { DeviceError, UnrolledError } from '../errors.ts';
import { type Subject, subjects } from './conformance/backends.ts';
import { differences, Lab } from './conformance/lab.ts';
import { scanCase } from './conformance/scan.ts';
import { faultsOf, suites } from './conformance/suite.ts';

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
