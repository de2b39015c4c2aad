import { type BuiltInCell, type CellSource, cellNamed } from 'unrolled/nn';
import type { CellFile } from './cell-file.ts';

/** The cell of a model: from a file, or as `--cell` names it. */
export const cellSource = (text: string, hidden: number, own: CellFile | null): CellSource =>
  own ? own.cell : cellNamed(text, hidden);

/** A built-in cell as `--cell` would name it: `lstm:chrono=100`. */
export function cellText({ cell: name, hidden: _, ...options }: BuiltInCell): string {
  const said = Object.entries(options).map(([option, value]) => (value === true ? option : `${option}=${value}`));
  return said.length === 0 ? name : `${name}:${said.join(',')}`;
}
