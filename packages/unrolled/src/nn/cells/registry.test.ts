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
    "cell 'lstm': unknown option 'peephol'; did you mean 'peephole'? The options are hidden, bias, weightIh, weightHh",
  ],
  [{ cell: 'lstm', forgetBias: '3' }, "cell 'lstm': forgetBias must be a finite number, received '3'"],
  [{ cell: 'lstm', forgetBias: Number.NaN }, "cell 'lstm': forgetBias must be a finite number, received NaN"],
  [{ cell: 'lstm', peephole: 1 }, "cell 'lstm': peephole must be true or false, received 1"],
  [{ cell: 'lstm', projection: 4 }, "cell 'lstm': projection must be a whole number from 1, below 4, received 4"],
  [{ cell: 'gru', reset: 'never' }, "cell 'gru': reset must be 'after' or 'before', received 'never'"],
  [{ cell: 'gru', chrono: 2 }, "cell 'gru': chrono must be a finite number from 3, received 2"],
  [
    { cell: 'rnn', weightHh: 'he' },
    "cell 'rnn': weightHh must be an initialiser, such as { kind: 'he' }, received 'he'",
  ],
  [{ cell: 'rhn', depth: 0 }, "cell 'rhn': depth must be a whole number from 1, received 0"],
  [{ cell: 'mut1', depth: 3 }, "cell 'mut1': unknown option 'depth'; the options are hidden"],
  [{ cell: 'mut1', hidden: 2.5 }, "cell 'mut1': hidden must be a whole number from 1, received 2.5"],
])('an option that a cell does not have, or of another type, is refused: %j', (config, message) => {
  expect(() => createCell({ hidden: 4, ...config } as CellConfig)).toThrow(ConfigError);
  expect(() => createCell({ hidden: 4, ...config } as CellConfig)).toThrow(message);
});

test('a cell’s configuration makes it again', () => {
  for (const cell of cellNames) {
    const made = createCell(cell, 4);
    expect(createCell(JSON.parse(JSON.stringify(made.config))).config).toEqual(made.config);
  }
});
