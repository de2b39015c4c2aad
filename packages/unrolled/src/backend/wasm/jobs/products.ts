import type { Kernels } from '../generated/kernels.ts';
import { defineJob, LINE, type Share, startOf } from './job.ts';

/** Columns in a panel of a packed right side; products may be split between panels. */
export const PANEL = 8;

/** Rows of A per call: they stay in the first-level cache while the panels of B go by. A multiple of the kernel's 5. */
const ROWS_AT_ONCE = 60;

/** This part's share of packing B [k, n] (stored [n, k] where `transposed`), a run of panels. */
export function packShare(
  kernels: Kernels,
  share: Share,
  b: number,
  ldb: number,
  transposed: number,
  k: number,
  n: number,
  out: number,
): void {
  const from = startOf(n, share.part, share.parts, PANEL);
  const to = startOf(n, share.part + 1, share.parts, PANEL);
  if (to <= from) return;
  kernels.packRight(b + from * (transposed ? ldb : 1) * 4, ldb, transposed, k, to - from, out + from * k * 4);
}

/** C [m, n] (+)= A [m, k] · B with B packed, some rows at a time. */
export function multiplyRows(
  kernels: Kernels,
  a: number,
  lda: number,
  packedB: number,
  c: number,
  ldc: number,
  m: number,
  n: number,
  k: number,
  accumulate: number,
): void {
  for (let row = 0; row < m; row += ROWS_AT_ONCE) {
    const rows = Math.min(ROWS_AT_ONCE, m - row);
    kernels.gemm(a + row * lda * 4, lda, 0, packedB, c + row * ldc * 4, ldc, rows, n, k, accumulate, 0);
  }
}

/** Rows up to which packing a right side would cost more than it saves. */
export const FEW_ROWS = 3;

/**
 * One product of a batch: out [m, n] (+)= op(a) · op(b), split by rows of the output, or by columns where there are few
 * rows. `packed` holds packedSize(k, n) floats, and `scratch` `scratchBytes` for each part. With `direct`, b is not
 * packed at all.
 */
export const matmulJob = defineJob(
  [
    ...(['a', 'b', 'out', 'm', 'k', 'n', 'transposeA', 'transposeB', 'accumulate'] as const),
    ...(['direct', 'packed', 'scratch', 'scratchBytes'] as const),
  ],
  (kernels, p, share) => {
    const { m, k, n, packed } = p;
    const lda = p.transposeA ? m : k;
    const ldb = p.transposeB ? k : n;
    const scratch = p.scratch + share.part * p.scratchBytes;
    if (p.direct) {
      const from = startOf(n, share.part, share.parts, LINE);
      const columns = startOf(n, share.part + 1, share.parts, LINE) - from;
      const [b, out] = [p.b + from * k * 4, p.out + from * 4];
      kernels.gemmFewRows(p.a, k, b, k, out, n, m, columns, k, p.accumulate);
      return;
    }
    const byColumns = m < share.parts * 10;
    packShare(kernels, share, p.b, ldb, p.transposeB, k, n, packed);
    if (byColumns) {
      // The columns this part has packed are the columns it computes: nothing to wait for.
      const from = startOf(n, share.part, share.parts, PANEL);
      const columns = startOf(n, share.part + 1, share.parts, PANEL) - from;
      const [right, out] = [packed + from * k * 4, p.out + from * 4];
      if (columns > 0) kernels.gemm(p.a, lda, p.transposeA, right, out, n, m, columns, k, p.accumulate, scratch);
      return;
    }
    share.barrier();
    const from = startOf(m, share.part, share.parts);
    const rows = startOf(m, share.part + 1, share.parts) - from;
    const out = p.out + from * n * 4;
    if (p.transposeA) {
      kernels.gemm(p.a + from * 4, lda, 1, packed, out, n, rows, n, k, p.accumulate, scratch);
    } else {
      multiplyRows(kernels, p.a + from * lda * 4, lda, packed, out, n, rows, n, k, p.accumulate);
    }
  },
);
