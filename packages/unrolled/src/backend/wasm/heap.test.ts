import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MemoryError } from '../../errors.ts';
import { Heap } from './heap.ts';

const start = 100; // rounded up to 128
const newHeap = (limit = 1 << 20) => {
  let end = 4096;
  const heap = new Heap({
    start,
    end,
    limit,
    grow: (wanted) => {
      end = Math.ceil(wanted / 4096) * 4096;
      return end <= limit ? end : undefined;
    },
  });
  return { heap, end: () => end };
};

/** Allocate so many bytes, or free one of the blocks there are. */
const actions = fc.array(
  fc.oneof(
    fc.record({ allocate: fc.nat({ max: 3000 }) }),
    fc.record({ allocate: fc.constantFrom(0, 1, 63, 64, 65, 128) }),
    fc.record({ free: fc.nat() }),
  ),
  { maxLength: 200 },
);

describe('heap', () => {
  test('blocks never overlap, and when all are freed one free block is left', () => {
    fc.assert(
      fc.property(actions, (list) => {
        const { heap, end } = newHeap();
        const live: { at: number; size: number }[] = [];
        for (const action of list) {
          if ('allocate' in action) {
            const at = heap.allocate(action.allocate);
            expect(at % 64).toBe(0);
            expect(at).toBeGreaterThanOrEqual(start);
            expect(at + action.allocate).toBeLessThanOrEqual(end());
            for (const other of live) {
              expect(at + action.allocate <= other.at || other.at + other.size <= at).toBe(true);
            }
            live.push({ at, size: Math.max(1, action.allocate) });
          } else if (live.length > 0) {
            heap.free(live.splice(action.free % live.length, 1)[0].at);
          }
          const free = heap.freeBlocks();
          const freeBytes = free.reduce((sum, block) => sum + block.size, 0);
          expect(heap.bytes + freeBytes).toBe(end() - 128);
          for (let i = 1; i < free.length; i++)
            expect(free[i - 1].start + free[i - 1].size).toBeLessThan(free[i].start);
        }
        for (const { at } of live) heap.free(at);
        expect(heap.bytes).toBe(0);
        expect(heap.freeBlocks()).toEqual([{ start: 128, size: end() - 128 }]);
      }),
    );
  });

  test('the smallest hole that is large enough is used first', () => {
    const { heap } = newHeap();
    const [large, , small] = [heap.allocate(640), heap.allocate(64), heap.allocate(128), heap.allocate(64)];
    heap.free(large);
    heap.free(small);
    expect(heap.allocate(100)).toBe(small);
    expect(heap.allocate(100)).toBe(large);
  });

  test('growing makes use of what is free at the end', () => {
    const { heap, end } = newHeap();
    heap.allocate(3000);
    heap.allocate(1500);
    expect(end()).toBe(8192);
  });

  test('what does not fit is an error that says how much was needed, and harms nothing', () => {
    const { heap } = newHeap(8192);
    heap.allocate(1000);
    const before = heap.freeBlocks();
    expect(() => heap.allocate(8000)).toThrow(MemoryError);
    try {
      heap.allocate(8000);
    } catch (error) {
      expect((error as MemoryError).details).toMatchObject({ bytesNeeded: 8000, limitBytes: 8192 });
    }
    expect(heap.freeBlocks()).toEqual(before);
    heap.allocate(6000);
    expect(heap.peakBytes).toBe(1024 + 6016);
  });

  test('a block cannot be freed twice', () => {
    const { heap } = newHeap();
    const at = heap.allocate(10);
    heap.free(at);
    expect(() => heap.free(at)).toThrow(MemoryError);
  });
});
