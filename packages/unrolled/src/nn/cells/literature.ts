import type { Cell } from './cell.ts';
import type { DefinedCell } from './define.ts';
import { type MinimalOptions, minGruCell, minLstmCell } from './min.ts';
import { mut1, mut2, mut3 } from './mut.ts';
import { nas } from './nas.ts';
import { registerCells } from './registry.ts';
import { rhnCell } from './rhn.ts';
import { unitaryCell } from './unitary.ts';

const defined = (kind: DefinedCell) => ({
  create: (options: { readonly hidden: number }) => kind.create(options),
  options: {},
});

registerCells({
  mut1: defined(mut1),
  mut2: defined(mut2),
  mut3: defined(mut3),
  nas: defined(nas),
  rhn: { create: rhnCell, options: { depth: 'number', gateBias: 'number' } },
  unitary: defined(unitaryCell),
  mingru: { create: (options: MinimalOptions) => minGruCell(options) as unknown as Cell, options: {} },
  minlstm: { create: (options: MinimalOptions) => minLstmCell(options) as unknown as Cell, options: {} },
});
