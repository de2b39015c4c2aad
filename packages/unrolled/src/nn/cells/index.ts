import { ConfigError } from '../../errors.ts';
import type { Cell, CellConfig } from './cell.ts';
import { GruCell, type GruOptions } from './gru.ts';
import { LstmCell, type LstmOptions } from './lstm.ts';
import { RnnCell, type RnnOptions } from './rnn.ts';

export * from './cell.ts';
export * from './gru.ts';
export * from './lstm.ts';
export * from './rnn.ts';

/** What makes a built-in cell. */
export type BuiltInCell =
  | ({ readonly cell: 'rnn' } & RnnOptions)
  | ({ readonly cell: 'lstm' } & LstmOptions)
  | ({ readonly cell: 'gru' } & GruOptions);

/** Every built-in cell by name. */
const cells: Record<string, (options: never) => Cell> = {
  rnn: (options: RnnOptions) => new RnnCell(options) as unknown as Cell,
  lstm: (options: LstmOptions) => new LstmCell(options) as unknown as Cell,
  gru: (options: GruOptions) => new GruCell(options) as unknown as Cell,
};

export const cellNames: readonly string[] = Object.keys(cells);

/** The cell a configuration describes. @throws ConfigError if there is none of that name, or its size is not one */
export function createCell({ cell, ...options }: CellConfig): Cell {
  const create = cells[cell];
  if (!Object.hasOwn(cells, cell)) {
    throw new ConfigError(`cell: there is no cell '${cell}'; use ${cellNames.join(', ')}`, { cell });
  }
  if (!Number.isInteger(options.hidden) || options.hidden < 1) {
    throw new ConfigError(`cell: hidden must be a whole number from 1, received ${options.hidden}`, options);
  }
  return create(options as never);
}
