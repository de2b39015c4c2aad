import type { Cell } from './cell.ts';
import type { DefinedCell } from './define.ts';
import { type MinimalOptions, minGruCell, minLstmCell } from './min.ts';
import { mut1, mut2, mut3 } from './mut.ts';
import { nas } from './nas.ts';
import { registerCells } from './registry.ts';
import { rhnCell } from './rhn.ts';
import { unitaryCell } from './unitary.ts';

const defined = (kind: DefinedCell) => (options: { readonly hidden: number }) => kind.create(options);

registerCells({
  mut1: defined(mut1),
  mut2: defined(mut2),
  mut3: defined(mut3),
  nas: defined(nas),
  rhn: rhnCell,
  unitary: defined(unitaryCell),
  mingru: (options: MinimalOptions) => minGruCell(options) as unknown as Cell,
  minlstm: (options: MinimalOptions) => minLstmCell(options) as unknown as Cell,
});
