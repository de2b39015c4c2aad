import { shown } from '../checks.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { formatShape, type Shape, sameShape } from '../shape.ts';
import { Tensor } from '../tensor/tensor.ts';
import type { Cell, CellState } from './cells/cell.ts';
import { shapeDevice } from './cells/shape-device.ts';

/** The parts of each cell's state and their shapes for one row. */
const known = new WeakMap<object, ReadonlyMap<string, Shape>>();

function partsOf(cell: Pick<Cell, 'initialState'>): ReadonlyMap<string, Shape> {
  let parts = known.get(cell);
  if (parts === undefined) {
    const state = Object.entries(cell.initialState(1, shapeDevice()));
    parts = new Map(state.map(([name, { shape }]) => [name, shape.slice(1)]));
    known.set(cell, parts);
  }
  return parts;
}

/**
 * @throws ConfigError unless the state has the parts of this cell's state and no others; ShapeError unless they have its
 *   shapes, with `batch` rows
 */
export function requireState(cell: Pick<Cell, 'initialState' | 'config'>, state: CellState, batch: number): void {
  const parts = partsOf(cell);
  const names = [...parts.keys()];
  const isRecord = typeof state === 'object' && state !== null && !Array.isArray(state) && !(state instanceof Tensor);
  const given = isRecord ? Object.keys(state) : [];
  if (!isRecord || given.length !== names.length || !names.every((name) => state[name] instanceof Tensor)) {
    throw new ConfigError(
      `unroll: the state of cell '${cell.config.cell}' is { ${names.join(', ')} }, received ${shown(state)}; ` +
        'give what an earlier run returned, or initialState(batch, device)',
      { cell: cell.config.cell, expected: names, received: given },
    );
  }
  for (const [name, rest] of parts) {
    const { shape } = state[name];
    if (sameShape(shape, [batch, ...rest])) continue;
    throw new ShapeError(
      `unroll: state ${name} of cell '${cell.config.cell}' has shape ${formatShape(shape)}, the input needs ` +
        formatShape([batch, ...rest]),
      { state: name, received: shape, expected: [batch, ...rest] },
    );
  }
}
