import { apply, type Operation, type Recording } from '../autodiff/operation.ts';
import { ShapeError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { requireIds } from './ids.ts';

const embeddingOperation: Operation<[Tensor, Tensor], null, null> = {
  name: 'embedding',
  integers: true,
  forward([table, ids], _options, device) {
    const y = device.empty([...ids.shape, table.shape[1]]);
    device.backend.gather(table, ids, y);
    return { outputs: [y], saved: null };
  },
  backward({ inputs: [table, ids], gradients: [dy] }, device) {
    const dTable = device.zeros(table.shape);
    device.backend.scatterAdd(dy!, ids, dTable);
    return [dTable, null];
  },
};

/** Table and ids of which x is the embedding, where gradients flow back through it; null: x is something else. */
export function rowsLookedUp(x: Tensor): { readonly table: Tensor; readonly ids: Tensor } | null {
  const record = x.tracked ? (x.origin?.record as Recording | undefined) : undefined;
  if (record?.operation !== embeddingOperation) return null;
  const [table, ids] = record.inputs;
  return { table: table!, ids: ids! };
}

/**
 * Rows of a table by number: table `[V, E]`, ids int32 `[…]` → `[…, E]`.
 * @throws ShapeError if an id is not in [0, V)
 */
export function embedding(table: Tensor, ids: Tensor): Tensor {
  if (table.rank !== 2 || ids.dtype !== 'int32') {
    throw new ShapeError(
      `embedding: needs a table [V, E] and int32 ids, received ${formatShape(table.shape)} and ${ids.dtype} ${formatShape(ids.shape)}; ` +
        'make ids with device.ids(…)',
      { table: table.shape, ids: ids.shape },
    );
  }
  requireIds('embedding', ids, table.shape[0]);
  return apply(embeddingOperation, [table, ids], null);
}
