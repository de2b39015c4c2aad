import { expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import { cellNames, createCell } from './registry.ts';

test('cells that are not fused are known once they are imported, and until then an error says how', async () => {
  expect(cellNames).toEqual(['rnn', 'irnn', 'lstm', 'gru']);
  expect(() => createCell('mut1', 4)).toThrow(ConfigError);
  expect(() => createCell('mut1', 4)).toThrow(/there is no cell 'mut1'; use rnn, .* import 'unrolled\/nn' for more$/);
  await import('./literature.ts');
  expect(createCell('mut1', 4).hidden).toBe(4);
  expect(cellNames).toContain('minlstm');
  expect(() => createCell('nothing', 4)).toThrow(/made by defineCell$/);
});
