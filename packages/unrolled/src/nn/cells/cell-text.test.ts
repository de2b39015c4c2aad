import { expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { cellNamed, parseCell } from './cell-text.ts';
import { createCell } from './registry.ts';

test.each([
  ['gru', { name: 'gru', options: {} }],
  ['lstm:peephole,forgetBias=3', { name: 'lstm', options: { peephole: true, forgetBias: 3 } }],
  ['lstm:bias=false, chrono=1e2', { name: 'lstm', options: { bias: false, chrono: 100 } }],
  ['gru:reset=before', { name: 'gru', options: { reset: 'before' } }],
  ['lsmt', null],
  ['lstm:', null],
  ['lstm:a=b=c', null],
  ['lstm:peephole:bias', null],
])('%s is read', (text, named) => {
  expect(parseCell(text)).toEqual(named);
});

test('a text is the cell that the same options make, and a wrong one says what may be there', () => {
  expect(cellNamed('gru', 8)).toBe('gru');
  expect(createCell(cellNamed('lstm:projection=3', 8)).config).toEqual({ cell: 'lstm', hidden: 8, projection: 3 });
  expect(() => cellNamed('lsmt', 8)).toThrow(ConfigError);
  expect(() => cellNamed('lsmt', 8)).toThrow(/'lsmt' names no cell; use rnn, .* lstm:peephole,forgetBias=3$/);
});
