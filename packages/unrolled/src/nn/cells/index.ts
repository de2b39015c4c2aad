import { ConfigError } from '../../errors.ts';
import type { Cell, CellConfig } from './cell.ts';
import { DefinedCell } from './define.ts';
import { GruCell, type GruOptions } from './gru.ts';
import { LstmCell, type LstmOptions } from './lstm.ts';
import { type MinimalOptions, minGruCell, minLstmCell } from './min.ts';
import { mut1, mut2, mut3 } from './mut.ts';
import { nas } from './nas.ts';
import { type RhnOptions, rhnCell } from './rhn.ts';
import { type IrnnOptions, irnnCell, RnnCell, type RnnOptions } from './rnn.ts';
import { unitaryCell } from './unitary.ts';

export * from './cell.ts';
export * from './define.ts';
export * from './gru.ts';
export * from './lstm.ts';
export type { MinimalOptions } from './min.ts';
export type { RhnOptions } from './rhn.ts';
export * from './rnn.ts';
export type { StepLinearOptions, StepTools } from './step-tools.ts';

/** What makes a built-in cell. */
export type BuiltInCell =
  | ({ readonly cell: 'rnn' } & RnnOptions)
  | ({ readonly cell: 'irnn' } & IrnnOptions)
  | ({ readonly cell: 'lstm' } & LstmOptions)
  | ({ readonly cell: 'gru' } & GruOptions)
  | ({ readonly cell: 'rhn' } & RhnOptions)
  | ({ readonly cell: 'mingru' | 'minlstm' } & MinimalOptions)
  | { readonly cell: 'mut1' | 'mut2' | 'mut3' | 'nas' | 'unitary'; readonly hidden: number };

/** A kind of cell by its name, or one of your own; with a size and options: a configuration. */
export type CellSource = string | DefinedCell | BuiltInCell | CellConfig;

const defined = (kind: DefinedCell) => (options: { readonly hidden: number }) => kind.create(options);

/** Every built-in cell by name. */
const cells: Record<string, (options: never) => Cell> = {
  rnn: (options: RnnOptions) => new RnnCell(options) as unknown as Cell,
  irnn: (options: IrnnOptions) => irnnCell(options) as unknown as Cell,
  lstm: (options: LstmOptions) => new LstmCell(options) as unknown as Cell,
  gru: (options: GruOptions) => new GruCell(options) as unknown as Cell,
  mut1: defined(mut1),
  mut2: defined(mut2),
  mut3: defined(mut3),
  nas: defined(nas),
  rhn: rhnCell,
  unitary: defined(unitaryCell),
  mingru: (options: MinimalOptions) => minGruCell(options) as unknown as Cell,
  minlstm: (options: MinimalOptions) => minLstmCell(options) as unknown as Cell,
};

export const cellNames: readonly string[] = Object.keys(cells);

/** The name of a kind of cell, however it is given. */
export function cellNameOf(source: CellSource): string {
  if (typeof source === 'string') return source;
  return source instanceof DefinedCell ? source.name : source.cell;
}

/**
 * A cell of the kind and size asked for.
 * @param hidden  H, where `source` is a name or a cell of your own; a configuration has its own
 * @throws ConfigError if there is no cell of that name, its size is not one, or yours has the name of a built-in one
 */
export function createCell(source: CellSource, hidden?: number): Cell {
  const sized = typeof source === 'string' || source instanceof DefinedCell;
  const { cell, ...options } = sized ? { cell: cellNameOf(source), hidden: hidden! } : source;
  const own = source instanceof DefinedCell;
  if (own && Object.hasOwn(cells, cell)) {
    throw new ConfigError(`cell: '${cell}' is the name of a built-in cell; give yours another`, { cell });
  }
  if (!own && !Object.hasOwn(cells, cell)) {
    throw new ConfigError(
      `cell: there is no cell '${cell}'; use ${cellNames.join(', ')}, or one of your own made by defineCell`,
      { cell },
    );
  }
  if (!Number.isInteger(options.hidden) || options.hidden < 1) {
    throw new ConfigError(`cell: hidden must be a whole number from 1, received ${options.hidden}`, options);
  }
  return own ? source.create(options) : cells[cell](options as never);
}
