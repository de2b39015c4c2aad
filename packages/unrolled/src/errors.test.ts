import { describe, expect, test } from 'vitest';
import * as errors from './errors.ts';

describe.each(Object.entries(errors))('%s', (name, Kind) => {
  test('carries its own name, its message, the numbers as fields and its cause', () => {
    const cause = new Error('first');
    const error = new Kind('linear: does not fit', { received: [1, 2] }, { cause });
    expect(error).toBeInstanceOf(errors.UnrolledError);
    expect(error).toBeInstanceOf(Error);
    expect(error).toMatchObject({ name, message: 'linear: does not fit', details: { received: [1, 2] }, cause });
    expect(String(error)).toBe(`${name}: linear: does not fit`);
  });
});
