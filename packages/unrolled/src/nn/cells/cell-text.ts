import { ConfigError } from '../../errors.ts';
import { type BuiltInCell, type CellSource, cellNames } from './registry.ts';

/** A built-in cell with options, parsed from a text. */
export interface NamedCell {
  readonly name: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Parses the name of a built-in cell with or without options: `lstm`, `lstm:peephole,forgetBias=3`. An option without a
 * value is true.
 * @returns null if there is no such cell or the options cannot be parsed; `createCell` checks that the cell has them
 */
export function parseCell(text: string): NamedCell | null {
  const [name, ...rest] = text.split(':');
  if (!cellNames.includes(name) || rest.length > 1) return null;
  const options = rest.flatMap((all) => all.split(',')).map((one) => /^(\w+)(?:=([^=]+))?$/.exec(one.trim()));
  if (options.some((option) => option === null)) return null;
  return { name, options: Object.fromEntries(options.map((option) => [option![1], valueIn(option![2])])) };
}

function valueIn(text = 'true'): string | number | boolean {
  if (text === 'true' || text === 'false') return text === 'true';
  return Number.isNaN(Number(text)) ? text : Number(text);
}

/**
 * The configuration of the cell that a text names.
 * @param hidden  H
 * @throws ConfigError if the text names no cell
 *
 * @example
 * new Recurrent({ cell: cellNamed('lstm:chrono=100', 64) });
 */
export function cellNamed(text: string, hidden: number): CellSource {
  const named = parseCell(text);
  if (!named) {
    throw new ConfigError(
      `cell: '${text}' names no cell; use ${cellNames.join(', ')}, with options such as lstm:peephole,forgetBias=3`,
      { cell: text },
    );
  }
  const { name, options } = named;
  return Object.keys(options).length === 0 ? name : ({ cell: name, hidden, ...options } as BuiltInCell);
}
