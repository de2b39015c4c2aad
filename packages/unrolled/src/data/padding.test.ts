import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { padSequences } from './padding.ts';

describe('padding', () => {
  test('stands beyond the end of each row, time first', () => {
    expect(padSequences([[1, 2, 3], [4], []], { padding: -1 })).toEqual({
      values: Float64Array.of(1, 4, -1, 2, -1, -1, 3, -1, -1),
      shape: [3, 3],
      lengths: [3, 1, 0],
    });
    const { values, shape, lengths } = padSequences(
      [
        [1, 2, 3, 4],
        [5, 6],
      ],
      { width: 2 },
    );
    expect([[...values], shape, lengths]).toEqual([
      [1, 2, 5, 6, 3, 4, 0, 0],
      [2, 2, 2],
      [2, 1],
    ]);
    expect(padSequences([])).toEqual({ values: new Float64Array(), shape: [0, 0], lengths: [] });
  });

  test('preserves every number', () => {
    fc.assert(
      fc.property(fc.array(fc.array(fc.array(fc.nat(), { minLength: 3, maxLength: 3 }))), (rows) => {
        const { values, shape, lengths } = padSequences(
          rows.map((row) => row.flat()),
          { width: 3 },
        );
        expect(lengths).toEqual(rows.map((row) => row.length));
        rows.forEach((row, b) => {
          row.forEach((step, t) => {
            const place = (t * shape[1] + b) * 3;
            expect([...values.subarray(place, place + 3)]).toEqual(step);
          });
        });
      }),
    );
  });

  test('of half a step is refused', () => {
    expect(() => padSequences([[1, 2], [3]], { width: 2 })).toThrow('sequence 1 has 1 numbers, not a multiple of 2');
  });
});
