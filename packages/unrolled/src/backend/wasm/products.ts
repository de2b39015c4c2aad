import type { Block, MatrixProduct } from '../backend.ts';
import type { Context } from './context.ts';
import { batchedMatmulJob, FEW_ROWS, matmulJob, rowsOfPart } from './jobs/products.ts';
import { keptRoom, notPacked } from './packed.ts';

export function matmul(context: Context, a: Block, b: Block, out: Block, product: MatrixProduct): void {
  const { memory, kernels, products } = context;
  const { k, n, transposeA, transposeB, accumulate, sharedB } = product;
  // With one right side for all, the batch counts as rows, unless the left side is transposed.
  const merged = sharedB && !(transposeA && product.batch > 1);
  if (!merged && product.batch !== 1) {
    batchedMatmul(context, a, b, out, product);
    return;
  }
  const m = merged ? product.batch * product.m : product.m;
  const parts = context.partsFor(2 * m * n * k);
  const side = { transposed: transposeB, k, n, rows: rowsOfPart(m, parts), wide: !transposeA };
  const kept = keptRoom(memory, products, b, side);
  const direct = kept === null && m <= FEW_ROWS && transposeB && !transposeA;
  const bytes = direct ? 0 : products.packedBytes(side.rows, k, n);
  const place = kept ?? { ...notPacked, packed: memory.scratch('right', bytes) };
  const scratchFloats = place.wide ? products.wideScratch(k) : kernels.gemmScratchSize(transposeA ? 1 : 0, m, n, k);
  const scratchBytes = direct ? 0 : scratchFloats * 4;
  const scratch = memory.scratch('parts', parts * scratchBytes);
  const flags = {
    transposeA: Number(transposeA),
    transposeB: Number(transposeB),
    accumulate: Number(accumulate),
    direct: Number(direct),
  };
  const arrays = { a: memory.input(a), b: memory.input(b), out: memory.address(out) };
  context.run(matmulJob, { ...arrays, m, k, n, ...flags, ...place, scratch, scratchBytes }, parts);
}

function batchedMatmul(context: Context, a: Block, b: Block, out: Block, product: MatrixProduct): void {
  const { memory, kernels, products } = context;
  const { batch, m, k, n, transposeA, transposeB, accumulate, sharedB } = product;
  const parts = context.partsFor(2 * batch * m * n * k);
  const direct = m <= FEW_ROWS && transposeB && !transposeA;
  const packedBytes = direct ? 0 : products.packedBytes(m, k, n);
  const scratchBytes = direct ? 0 : kernels.gemmScratchSize(transposeA ? 1 : 0, m, n, k) * 4;
  const parameters = {
    a: memory.input(a),
    b: memory.input(b),
    out: memory.address(out),
    batch,
    m,
    k,
    n,
    transposeA: Number(transposeA),
    transposeB: Number(transposeB),
    accumulate: Number(accumulate),
    shared: Number(sharedB),
    direct: Number(direct),
    packed: memory.scratch('right', parts * packedBytes),
    packedBytes,
    scratch: memory.scratch('parts', parts * scratchBytes),
    scratchBytes,
  };
  context.run(batchedMatmulJob, parameters, parts);
}
