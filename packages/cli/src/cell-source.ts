import { type CellSource, cellNamed } from 'unrolled/nn';
import type { CellFile } from './cell-file.ts';

/** The cell of a model: from a file, or as `--cell` names it. */
export const cellSource = (text: string, hidden: number, own: CellFile | null): CellSource =>
  own ? own.cell : cellNamed(text, hidden);
