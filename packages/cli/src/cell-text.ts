import { type BuiltInCell, type CellSource, cellNames } from 'unrolled/nn';
import type { CellFile } from './cell-file.ts';

/** What `--cell` names: a built-in cell with options, such as `lstm:peephole,forgetBias=3`. */
export interface NamedCell {
  readonly name: string;
  readonly options: Readonly<Record<string, string | number | boolean>>;
}

/** @returns null where no built-in cell has that name, or the options cannot be read */
export function readCellText(text: string): NamedCell | null {
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

/** The cell of a model: from a file, or as `--cell` names it. */
export function cellSource(text: string, hidden: number, own: CellFile | null): CellSource {
  if (own) return own.cell;
  const { name, options } = readCellText(text) ?? { name: text, options: {} };
  return Object.keys(options).length === 0 ? name : ({ cell: name, hidden, ...options } as BuiltInCell);
}
