import type { Blas } from '../blas.ts';
import type { Kernels } from '../generated/kernels.ts';
import { defineJob, LINE, type Share, startOf } from './job.ts';

/** Columns in a panel of a packed right side; products may be split between panels. */
export const PANEL = 8;

/** Rows of A per call: they stay in the first-level cache while the panels of B go by. A multiple of the kernel's 5. */
const ROWS_AT_ONCE = 60;

/** The least that is worth a call of BLAS, which packs the right side anew at every call. */
export interface LeastForBlas {
  readonly rows: number;
  /** Floating-point operations. */
  readonly work: number;
}

/** The right side B [k, n] of products, as it is stored and where it is packed. */
export interface Right {
  readonly stored: number;
  /** Floats from row to row as stored. */
  readonly ld: number;
  /** 1: stored as [n, k]. */
  readonly transposed: number;
  readonly k: number;
  readonly n: number;
  /** 0: it is not packed, since BLAS takes it as it is stored. */
  readonly packed: number;
}

/** Some columns of a right side, from a multiple of `PANEL` on. */
function columnsOf(right: Right, from: number, n: number): Right {
  const stored = right.stored + from * (right.transposed ? right.ld : 1) * 4;
  return { ...right, stored, n, packed: right.packed && right.packed + from * right.k * 4 };
}

/**
 * How a thread multiplies matrices: by the kernel, which wants the right side packed, or by the machine's BLAS. Which of
 * the two is decided for each right side, where room for packing is allocated or not, so that all threads agree.
 */
export class Products {
  readonly #kernels: Kernels;
  readonly #blas: Blas | null;
  readonly #blasFrom: LeastForBlas;

  constructor(kernels: Kernels, blas: Blas | null, blasFrom: LeastForBlas = { rows: 8, work: 5e4 }) {
    this.#kernels = kernels;
    this.#blas = blas;
    this.#blasFrom = blasFrom;
  }

  /**
   * How much room to pack B [k, n] in; null: BLAS takes it as it is stored.
   * @param rows of A that are multiplied at a time
   */
  packedBytes(rows: number, k: number, n: number): number | null {
    const work = 2 * rows * k * n;
    const enough = work > 0 && rows >= this.#blasFrom.rows && work >= this.#blasFrom.work;
    if (this.#blas !== null && enough) return null;
    return this.#kernels.packedSize(k, n) * 4;
  }

  /** This part's share of packing, a run of panels. */
  pack({ stored, ld, transposed, k, n, packed }: Right, share: Share): void {
    if (packed === 0) return;
    const from = startOf(n, share.part, share.parts, PANEL);
    const to = startOf(n, share.part + 1, share.parts, PANEL);
    if (to <= from) return;
    this.#kernels.packRight(
      stored + from * (transposed ? ld : 1) * 4,
      ld,
      transposed,
      k,
      to - from,
      packed + from * k * 4,
    );
  }

  /** C [m, n] (+)= A [m, k] · B. */
  multiply(a: number, lda: number, right: Right, c: number, ldc: number, m: number, accumulate: number): void {
    const { k, n, packed } = right;
    if (packed === 0) {
      this.#multiplyStored(a, lda, 0, right, c, ldc, m, accumulate);
      return;
    }
    for (let row = 0; row < m; row += ROWS_AT_ONCE) {
      const rows = Math.min(ROWS_AT_ONCE, m - row);
      this.#kernels.gemm(a + row * lda * 4, lda, 0, packed, c + row * ldc * 4, ldc, rows, n, k, accumulate, 0);
    }
  }

  /**
   * C [m, n] (+)= Aᵀ · B for A stored as [k, m].
   * @param scratch gemmScratchSize(1, m, n, k) floats
   */
  multiplyTransposed(
    a: number,
    lda: number,
    right: Right,
    c: number,
    ldc: number,
    m: number,
    accumulate: number,
    scratch: number,
  ): void {
    if (right.packed === 0) this.#multiplyStored(a, lda, 1, right, c, ldc, m, accumulate);
    else this.#kernels.gemm(a, lda, 1, right.packed, c, ldc, m, right.n, right.k, accumulate, scratch);
  }

  #multiplyStored(
    a: number,
    lda: number,
    transposedA: number,
    { stored, ld, transposed, k, n }: Right,
    c: number,
    ldc: number,
    m: number,
    accumulate: number,
  ): void {
    if (m > 0) this.#blas!.multiply(a, lda, transposedA, stored, ld, transposed, c, ldc, m, n, k, accumulate);
  }
}

/** Rows up to which packing a right side would cost more than it saves. */
export const FEW_ROWS = 3;

/**
 * One product of a batch: out [m, n] (+)= op(a) · op(b), split by rows of the output, or by columns where there are few
 * rows. `packed` holds packedSize(k, n) floats, or is 0, and `scratch` `scratchBytes` for each part. With `direct`, the
 * kernel takes b as it is stored.
 */
export const matmulJob = defineJob(
  [
    ...(['a', 'b', 'out', 'm', 'k', 'n', 'transposeA', 'transposeB', 'accumulate'] as const),
    ...(['direct', 'packed', 'scratch', 'scratchBytes'] as const),
  ],
  (kernels, p, share, products) => {
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
    const whole: Right = { stored: p.b, ld: ldb, transposed: p.transposeB, k, n, packed };
    const multiply = (a: number, right: Right, out: number, rows: number) => {
      if (p.transposeA) products.multiplyTransposed(a, lda, right, out, n, rows, p.accumulate, scratch);
      else products.multiply(a, lda, right, out, n, rows, p.accumulate);
    };
    products.pack(whole, share);
    if (m < share.parts * 10) {
      // The columns this part has packed are the columns it computes: nothing to wait for.
      const from = startOf(n, share.part, share.parts, PANEL);
      const columns = startOf(n, share.part + 1, share.parts, PANEL) - from;
      if (columns > 0) multiply(p.a, columnsOf(whole, from, columns), p.out + from * 4, m);
      return;
    }
    share.barrier();
    const from = startOf(m, share.part, share.parts);
    const rows = startOf(m, share.part + 1, share.parts) - from;
    multiply(p.a + from * (p.transposeA ? 1 : lda) * 4, whole, p.out + from * n * 4, rows);
  },
);
