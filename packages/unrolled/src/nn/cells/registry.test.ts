import { expect, test } from 'vitest';
import { ConfigError } from '../../errors.ts';
import type { CellConfig } from './cell.ts';
import { cellNames, createCell } from './registry.ts';

test('a name that is none is refused with the names there are', () => {
  expect(() => createCell('nothing', 4)).toThrow(ConfigError);
  expect(() => createCell('nothing', 4)).toThrow(
    `unknown cell 'nothing'; use ${cellNames.join(', ')}, or one of your own made by defineCell`,
  );
});

test.each([
  [
    { cell: 'lstm', peephol: true },
    "cell: lstm has no option 'peephol'; it has bias, weightIh, weightHh, forgetBias, chrono",
  ],
  [{ cell: 'lstm', forgetBias: '3' }, `cell: lstm's forgetBias must be a number, received "3"`],
  [{ cell: 'lstm', forgetBias: Number.NaN }, "cell: lstm's forgetBias must be a number, received null"],
  [{ cell: 'lstm', peephole: 1 }, "cell: lstm's peephole must be true or false, received 1"],
  [{ cell: 'gru', reset: 'never' }, `cell: gru's reset must be after or before, received "never"`],
  [
    { cell: 'rnn', weightHh: 'he' },
    `cell: rnn's weightHh must be an initialiser, such as { kind: "he" }, received "he"`,
  ],
  [{ cell: 'mut1', depth: 3 }, "cell: mut1 has no option 'depth'; it has none"],
])('an option that a cell does not have, or of another type, is refused: %j', (config, message) => {
  expect(() => createCell({ ...config, hidden: 4 } as CellConfig)).toThrow(message);
});
