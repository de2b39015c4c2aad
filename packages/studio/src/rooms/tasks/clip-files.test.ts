import { expect, test } from 'vitest';
import { rowsIn } from './clip-files.ts';

test('rows of numbers come from JSON and from tables, with names or without', () => {
  const rows = [
    [1, 2.5],
    [-3, 4],
  ];
  expect(rowsIn('[[1, 2.5], [-3, 4]]')).toEqual(rows);
  expect(rowsIn('{ "features": [[1, 2.5], [-3, 4]] }')).toEqual(rows);
  expect(rowsIn('x,y\n1,2.5\n-3,4\n')).toEqual(rows);
  expect(rowsIn('1;2.5\r\n-3;4')).toEqual(rows);
});

test.each<[string, RegExp]>([
  ['', /no numbers/],
  ['x,y\n', /no numbers/],
  ['1,2\n3', /Frame 2 must have 2 numbers/],
  ['1,2\n3,x', /Frame 2 must have 2 numbers/],
  ['{ "frames": 3 }', /must have rows of numbers/],
])('%j is named', (text, message) => {
  expect(() => rowsIn(text)).toThrow(message);
});
