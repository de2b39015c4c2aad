import { count, requireKind } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { cellConfig } from '../layer-config.ts';
import type { WithOwnCell } from '../layer-kind.ts';
import type { Cell, CellConfig } from './cell.ts';
import type { DefinedCell } from './define.ts';
import { GruCell, type GruOptions } from './gru.ts';
import { LstmCell, type LstmOptions } from './lstm.ts';
import { type MinimalOptions, minGruCell, minLstmCell } from './min.ts';
import { mut1, mut2, mut3 } from './mut.ts';
import { nas } from './nas.ts';
import { type RhnOptions, rhnCell } from './rhn.ts';
import { type IrnnOptions, irnnCell, RnnCell, type RnnOptions } from './rnn.ts';
import { unitaryCell } from './unitary.ts';

/** The configuration of a built-in cell. */
export type BuiltInCell =
  | ({ readonly cell: 'rnn' } & RnnOptions)
  | ({ readonly cell: 'irnn' } & IrnnOptions)
  | ({ readonly cell: 'lstm' } & LstmOptions)
  | ({ readonly cell: 'gru' } & GruOptions)
  | ({ readonly cell: 'rhn' } & RhnOptions)
  | ({ readonly cell: 'mingru' | 'minlstm' } & MinimalOptions)
  | { readonly cell: 'mut1' | 'mut2' | 'mut3' | 'nas' | 'unitary'; readonly hidden: number };

/** A built-in cell by name, your own cell, or a configuration (name, size and options). */
export type CellSource = string | DefinedCell | BuiltInCell | CellConfig;

const defined = (kind: DefinedCell) => (options: { readonly hidden: number }) =>
  kind.create(cellConfig(kind.name, options, {}));

/** Makes a built-in cell from its options, by name. */
const cells: Readonly<Record<string, (options: never) => Cell>> = {
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
} satisfies Record<BuiltInCell['cell'], (options: never) => Cell>;

/** Names of the built-in cells. */
export const cellNames: readonly string[] = Object.keys(cells);

/** The name of a kind of cell, in whichever form it is given. */
export function cellNameOf(source: CellSource): string {
  if (typeof source === 'string') return source;
  return isDefined(source) ? source.name : source.cell;
}

/**
 * A configuration read from a file, with your own cell in place of its name.
 * @throws ConfigError if the cell is not built in and was not passed, or another one was passed
 */
export function withCell<Config extends { readonly cell: CellSource }>(config: Config, own?: DefinedCell): Config {
  const name = cellNameOf(config.cell);
  if (own && own.name !== name) {
    throw new ConfigError(`cell: the model's cell is '${name}', the one given is '${own.name}'`, { name });
  }
  if (!own && config.cell === name && !Object.hasOwn(cells, name)) {
    throw new ConfigError(`cell: the model's cell '${name}' is not built in; give it as the last argument`, { name });
  }
  return own ? { ...config, cell: own } : config;
}

/** The same, with the cell of its name among those of the caller, where there is one. */
export const withOwnCell: WithOwnCell = (config, cells) =>
  withCell(
    config,
    cells.find(({ name }) => name === config.cell),
  );

/**
 * Creates a cell.
 * @param hidden  H, if `source` is a name or your own cell; a configuration includes it
 * @throws ConfigError if there is no cell of that name, the size or an option is not valid, or your own cell has the name of
 *   a built-in one
 */
export function createCell(source: CellSource, hidden?: number): Cell {
  const sized = typeof source === 'string' || isDefined(source);
  const { cell, ...options } = sized ? { cell: cellNameOf(source), hidden: hidden! } : source;
  const own = isDefined(source);
  if (own && Object.hasOwn(cells, cell)) {
    throw new ConfigError(`cell: '${cell}' is the name of a built-in cell; give yours another`, { cell });
  }
  if (!own && !Object.hasOwn(cells, cell)) {
    throw new ConfigError(
      `cell: unknown cell '${cell}'; use ${cellNames.join(', ')}, or one of your own made by defineCell`,
      { cell },
    );
  }
  if (!own) return cells[cell](options as never);
  requireKind(`cell '${cell}'`, 'hidden', options.hidden, count);
  return source.create(options);
}

/** A structural check: importing the class would pull in everything that custom cells need. */
function isDefined(source: CellSource): source is DefinedCell {
  return typeof source === 'object' && typeof (source as DefinedCell).create === 'function';
}
