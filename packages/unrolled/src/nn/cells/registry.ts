import { ConfigError } from '../../errors.ts';
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

/** The type of an option's value: an object gives initial weights, a list the allowed words. */
type OptionKind = 'number' | 'boolean' | 'initialiser' | readonly string[];

interface CellKind {
  create(options: never): Cell;
  /** Its options besides `hidden`. */
  readonly options: Readonly<Record<string, OptionKind>>;
}

const fused = { bias: 'boolean', weightIh: 'initialiser', weightHh: 'initialiser' } as const;

const defined = (kind: DefinedCell): CellKind => ({
  create: (options: { readonly hidden: number }) => kind.create(options),
  options: {},
});

/** Every built-in cell by name. */
const cells: Readonly<Record<string, CellKind>> = {
  rnn: {
    create: (options: RnnOptions) => new RnnCell(options) as unknown as Cell,
    options: { ...fused, activation: ['tanh', 'relu', 'sigmoid'] },
  },
  irnn: {
    create: (options: IrnnOptions) => irnnCell(options) as unknown as Cell,
    options: { ...fused, scale: 'number' },
  },
  lstm: {
    create: (options: LstmOptions) => new LstmCell(options) as unknown as Cell,
    options: { ...fused, forgetBias: 'number', chrono: 'number', peephole: 'boolean', projection: 'number' },
  },
  gru: {
    create: (options: GruOptions) => new GruCell(options) as unknown as Cell,
    options: { ...fused, reset: ['after', 'before'], update: ['keep', 'replace'], chrono: 'number' },
  },
  mut1: defined(mut1),
  mut2: defined(mut2),
  mut3: defined(mut3),
  nas: defined(nas),
  rhn: { create: rhnCell, options: { depth: 'number', gateBias: 'number' } },
  unitary: defined(unitaryCell),
  mingru: { create: (options: MinimalOptions) => minGruCell(options) as unknown as Cell, options: {} },
  minlstm: { create: (options: MinimalOptions) => minLstmCell(options) as unknown as Cell, options: {} },
} satisfies Record<BuiltInCell['cell'], CellKind>;

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
  if (!Number.isInteger(options.hidden) || options.hidden < 1) {
    throw new ConfigError(`cell: hidden must be a whole number from 1, received ${options.hidden}`, options);
  }
  if (own) return source.create(options);
  checkOptions(cell, options);
  return cells[cell].create(options as never);
}

function checkOptions(cell: string, { hidden: _, ...options }: Readonly<Record<string, unknown>>): void {
  const { options: known } = cells[cell];
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    if (!Object.hasOwn(known, name)) {
      const others = Object.keys(known).join(', ');
      throw new ConfigError(`cell: ${cell} has no option '${name}'; ${others ? `it has ${others}` : 'it has none'}`, {
        cell,
        option: name,
      });
    }
    const kind = known[name];
    if (!fits(value, kind)) {
      const wanted = {
        number: 'a number',
        boolean: 'true or false',
        initialiser: 'an initialiser, such as { kind: "he" }',
      };
      throw new ConfigError(
        `cell: ${cell}'s ${name} must be ${typeof kind === 'string' ? wanted[kind] : kind.join(' or ')}, ` +
          `received ${JSON.stringify(value)}`,
        { cell, option: name, value },
      );
    }
  }
}

function fits(value: unknown, kind: OptionKind): boolean {
  if (typeof kind !== 'string') return kind.includes(value as string);
  if (kind === 'initialiser') return typeof value === 'object' && value !== null && 'kind' in value;
  return typeof value === kind && (kind !== 'number' || Number.isFinite(value));
}

/** A structural check: importing the class would pull in everything that custom cells need. */
function isDefined(source: CellSource): source is DefinedCell {
  return typeof source === 'object' && typeof (source as DefinedCell).create === 'function';
}
