import { InvalidArgumentError, Option } from 'commander';
import { ConfigError } from 'unrolled';
import { cellNames, createCell, parseCell } from 'unrolled/nn';
import { isCellFile } from '../cells/cell-file.ts';
import { option, share, whole } from './parse.ts';

/** Options of tasks whose models have recurrent layers, stored in config.json. */
export interface RecurrentOptions {
  /** A built-in cell with its options, such as `lstm:forgetBias=3`, or the path of a file that defines one; as given. */
  cell: string;
  hidden: number;
  layers: number;
  dropout: number;
}

/** Where a task has none of its own. */
export const recurrentDefaults = {
  cell: 'lstm',
  hidden: 256,
  layers: 2,
  dropout: 0.2,
} as const satisfies RecurrentOptions;

/** @param defaults  of the task */
export const recurrentOptions = (defaults: RecurrentOptions): Option[] =>
  [
    cellOption(defaults.cell),
    option('--hidden <n>', `hidden units per layer (default ${defaults.hidden})`, whole(1)),
    option('--layers <n>', `recurrent layers (default ${defaults.layers})`, whole(1)),
    dropoutOption(` (default ${defaults.dropout})`),
  ].map((one) => one.helpGroup('Recurrent layers:'));

/** @param more  appended to the description */
export const dropoutOption = (more = ''): Option => option('--dropout <rate>', `dropout rate${more}`, share);

export function cellKind(text: string): string {
  if (isCellFile(text)) return text;
  const named = parseCell(text);
  if (!named) {
    throw new InvalidArgumentError(
      `Allowed choices are ${cellNames.join(', ')}, with options such as lstm:peephole,forgetBias=3, or a file that ` +
        'defines one, such as ./my-cell.ts.',
    );
  }
  try {
    createCell({ cell: named.name, hidden: 2 ** 20, ...named.options });
  } catch (error) {
    if (error instanceof ConfigError) throw new InvalidArgumentError(`${error.message}.`);
    throw error;
  }
  return text;
}

/** @param more  appended to the description */
export const cellOption = (byDefault = 'lstm', more = ''): Option =>
  new Option(
    '--cell <cell>',
    `recurrent cell: ${cellNames.join(', ')}, with options such as lstm:forgetBias=3, or a file that defines one (default ${byDefault})${more}`,
  ).argParser(cellKind);
