import { ConfigError } from '../../errors.ts';
import { type BuiltInCell, type CellSource, cellNames } from './registry.ts';

/** A built-in cell with options, as a text names it. */
export interface NamedCell {
  readonly name: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

/**
 * Reads what names a built-in cell, with options or without: `lstm`, `lstm:peephole,forgetBias=3`. What an option alone
 * stands for is true.
 * @returns null where no cell has that name, or the options cannot be read; whether the cell has them says `createCell`
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
 * The cell that a text names.
 * @param hidden  H
 * @throws ConfigError where it names none
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
