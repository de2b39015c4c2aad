import { expect, test } from 'vitest';
import { parseNumbers } from './numbers.ts';

const shape = (...columns: string[]) => ({ columns, targets: columns, window: 3, horizon: 1 });

test('a model of one column reads numbers alone, or a column with any name', () => {
  expect(parseNumbers('1\n2.5\n\n-3\n', shape('demand'))).toEqual({ demand: [1, 2.5, -3] });
  expect(parseNumbers('load\n1\n2', shape('demand'))).toEqual({ demand: [1, 2] });
});

test('columns are found by name, whatever their order and separator', () => {
  for (const separator of [',', ';', '\t']) {
    const text = ['day,b,a', 'Mo,2,1', 'Tu,4,3'].join('\n').replaceAll(',', separator);
    expect(parseNumbers(text, shape('a', 'b'))).toEqual({ a: [1, 3], b: [2, 4] });
  }
});

test('what cannot be read is named with its line', () => {
  expect(() => parseNumbers('a,b\n1,2\n3,x', shape('a', 'b'))).toThrow('Line 3: ‘x’ is not a number (column b)');
  expect(() => parseNumbers('a,c\n1,2', shape('a', 'b'))).toThrow('no column ‘b’; the first line has a, c');
  expect(() => parseNumbers('1,2\n3,4', shape('a', 'b'))).toThrow('first line must name the columns');
});
