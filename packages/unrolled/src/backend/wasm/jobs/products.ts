import type { Blas } from '../blas.ts';
import type { Kernels } from '../generated/kernels.ts';
import { alone, defineJob, type JobParameters, LINE, type Part, startOf } from './job.ts';

/** Columns in a panel of a right side that the kernel multiplies with. */
const PANEL = 8;

/** Columns in a panel that one BLAS call multiplies. */
const BLAS_PANEL = 64;

/** Maximum multiply-adds of a product for OpenBLAS's small-matrix kernels. */
const SMALL_PRODUCT = 1e6;

/** Rows of A per call: they stay in the first-level cache while the panels of B are read. A multiple of the kernel's 5. */
export const ROWS_AT_ONCE = 60;

/** Rows up to which packing a right side would cost more than it saves. */
export const FEW_ROWS = 3;

/** Minimum size of a BLAS call, since BLAS packs the right side at every call. */
export interface LeastForBlas {
  readonly rows: number;
  /** Floating-point operations. */
  readonly work: number;
}

/** Our kernel, with a right side in narrow or wide panels or in wide ones of 16 bits, BLAS with the right side unpacked, or BLAS on tiles for its small-matrix kernels. */
type Way = 'kernel' | 'wide' | 'half' | 'stored' | 'pieces';

/** A right side B [k, n] in memory. */
interface Stored {
  readonly stored: number;
  /** Floats from row to row. */
  readonly ld: number;
  /** 1: stored as [n, k]. */
  readonly transposed: number;
  readonly k: number;
  readonly n: number;
  /** Address of its packed form, of `packedBytes` bytes. */
  readonly packed: number;
}

/** A right side and the routine that multiplies with it. */
export interface Right extends Stored {
  readonly way: Way;
}

/** Columns of wide panels for a column that is needed, at most. */
const MOST_COLUMNS = 1.25;

/** Columns in a wide panel. */
const WIDE_PANEL = 32;

/** The ways that a job is told by number. */
const wideWays = [null, 'wide', 'half'] as const;

/** Columns in a packed panel; products may be split between panels. */
function panelOf(way: Way): number {
  return { kernel: PANEL, wide: WIDE_PANEL, half: WIDE_PANEL, pieces: BLAS_PANEL, stored: PANEL }[way];
}

/** Some columns of a right side, from a multiple of its panels on. */
export function columnsOf(right: Right, from: number, n: number): Right {
  const stored = right.stored + from * (right.transposed ? right.ld : 1) * 4;
  const bytes = right.way === 'half' ? 2 : 4;
  return { ...right, stored, n, packed: right.packed && right.packed + from * right.k * bytes };
}

/** Matrix products of one thread: by the kernel, which needs the right side packed, or by a system BLAS. */
export class Products {
  readonly #kernels: Kernels;
  readonly #blas: Blas | null;
  readonly #blasFrom: LeastForBlas;

  constructor(kernels: Kernels, blas: Blas | null, blasFrom: LeastForBlas = { rows: 8, work: 5e4 }) {
    this.#kernels = kernels;
    this.#blas = blas;
    this.#blasFrom = blasFrom;
  }

  /** @param rows  of A per product; the choice depends only on them and B's size, so that all threads agree */
  right(side: Stored, rows: number): Right {
    return { ...side, way: this.#wayOf(rows, side.k, side.n) };
  }

  #wayOf(rows: number, k: number, n: number): Way {
    const work = 2 * rows * k * n;
    if (this.#blas === null || work === 0 || rows <= FEW_ROWS) return 'kernel';
    if (rows < this.#blasFrom.rows || work < this.#blasFrom.work) return 'kernel';
    return this.#blas.likesSmall && rows <= ROWS_AT_ONCE ? 'pieces' : 'stored';
  }

  /** Bytes of the packed form of B [k, n]; 0: it is used unpacked. */
  packedBytes(rows: number, k: number, n: number): number {
    const way = this.#wayOf(rows, k, n);
    return way === 'stored' ? 0 : this.#kernels.packedSize(k, n, panelOf(way)) * 4;
  }

  /** Bytes of the packed form of B [k, n] in wide panels; 0: it has none. Where these would be rather empty, narrow ones are read faster. */
  wideBytes(rows: number, k: number, n: number): number {
    const columns = Math.ceil(n / WIDE_PANEL) * WIDE_PANEL;
    return this.#wayOf(rows, k, n) === 'kernel' && columns <= MOST_COLUMNS * n ? columns * k * 4 : 0;
  }

  /** Whether numbers have no more than 16 bits. */
  fitsHalf(address: number, count: number): boolean {
    return this.#kernels.fitsHalf(address, count) === 1;
  }

  /** Floats of scratch to pack and multiply with a right side in wide panels. */
  wideScratch(k: number): number {
    return Math.max(8 * k, this.#kernels.wideScratchSize(k));
  }

  /** Columns in a packed panel of B [k, n]. */
  panel(rows: number, k: number, n: number): number {
    return panelOf(this.#wayOf(rows, k, n));
  }

  /** This part's share of packing, a run of panels. @param scratch  `wideScratch(k)` floats for 16 bits */
  pack({ stored, ld, transposed, k, n, packed, way }: Right, share: Part, scratch = 0): void {
    if (way === 'stored') return;
    const panel = panelOf(way);
    const from = startOf(n, share.part, share.parts, panel);
    const to = startOf(n, share.part + 1, share.parts, panel);
    if (to <= from) return;
    const source = stored + from * (transposed ? ld : 1) * 4;
    if (way === 'half') this.#kernels.packHalf(source, ld, transposed, k, to - from, scratch, packed + from * k * 2);
    else this.#kernels.packRight(source, ld, transposed, k, to - from, panel, packed + from * k * 4);
  }

  /** C [m, n] (+)= A [m, k] · B. @param scratch  `wideScratch(k)` floats for wide panels */
  multiply(
    a: number,
    lda: number,
    right: Right,
    c: number,
    ldc: number,
    m: number,
    accumulate: number,
    scratch = 0,
  ): void {
    const { way, packed, n, k } = right;
    if (way === 'wide' || way === 'half') {
      const gemm = way === 'wide' ? this.#kernels.gemmWide : this.#kernels.gemmHalf;
      gemm(a, lda, packed, c, ldc, m, n, k, accumulate, scratch);
      return;
    }
    if (way === 'stored') {
      this.#multiplyStored(a, lda, 0, right, c, ldc, m, accumulate);
      return;
    }
    for (let row = 0; row < m; row += ROWS_AT_ONCE) {
      const rows = Math.min(ROWS_AT_ONCE, m - row);
      const [left, out] = [a + row * lda * 4, c + row * ldc * 4];
      if (way === 'pieces') this.#multiplyPieces(left, lda, 0, right, out, ldc, rows, accumulate);
      else this.#kernels.gemm(left, lda, 0, packed, out, ldc, rows, n, k, accumulate, 0);
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
    const { way } = right;
    if (way === 'stored') this.#multiplyStored(a, lda, 1, right, c, ldc, m, accumulate);
    else if (way === 'pieces') this.#multiplyPieces(a, lda, 1, right, c, ldc, m, accumulate);
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

  /** Splits by panels, and by k so that each product is small. */
  #multiplyPieces(
    a: number,
    lda: number,
    transposedA: number,
    { packed, k, n }: Right,
    c: number,
    ldc: number,
    m: number,
    accumulate: number,
  ): void {
    if (m === 0) return;
    const pieces = Math.ceil(k / Math.max(1, Math.floor(SMALL_PRODUCT / (m * BLAS_PANEL))));
    const depth = Math.ceil(k / pieces);
    for (let column = 0; column < n; column += BLAS_PANEL) {
      const panel = packed + column * k * 4;
      const columns = Math.min(BLAS_PANEL, n - column);
      for (let from = 0; from < k; from += depth) {
        const left = a + from * (transposedA ? lda : 1) * 4;
        const right = panel + from * BLAS_PANEL * 4;
        const add = from > 0 ? 1 : accumulate;
        const steps = Math.min(depth, k - from);
        this.#blas!.multiply(left, lda, transposedA, right, BLAS_PANEL, 0, c + column * 4, ldc, m, columns, steps, add);
      }
    }
  }
}

/** Few rows are split by columns of the output. */
const isFlat = (m: number, parts: number): boolean => m < parts * 10;

/** Rows that a part of `matmulJob` multiplies. */
export function rowsOfPart(m: number, parts: number): number {
  return isFlat(m, parts) ? m : Math.ceil(m / parts);
}

type RightSide = JobParameters<'b' | 'm' | 'k' | 'n' | 'transposeB' | 'packed' | 'wide'>;

function rightOf({ b, m, k, n, transposeB, packed, wide }: RightSide, parts: number, products: Products): Right {
  const side = { stored: b, ld: transposeB ? k : n, transposed: transposeB, k, n, packed };
  const way = wideWays[wide];
  return way ? { ...side, way } : products.right(side, rowsOfPart(m, parts));
}

/**
 * One product: out [m, n] (+)= op(a) · op(b), split by rows of the output, or by columns where there are few
 * rows. `packed` is the address of b's packed form (already packed where `ready` is 1), `wide` as in `Packed`,
 * `scratch` has `scratchBytes` per part. With `direct`, the kernel reads b unpacked.
 */
export const matmulJob = defineJob(
  [
    ...(['a', 'b', 'out', 'm', 'k', 'n', 'transposeA', 'transposeB', 'accumulate'] as const),
    ...(['direct', 'packed', 'ready', 'wide', 'scratch', 'scratchBytes'] as const),
  ],
  {
    needed: (p) => !p.direct && !p.ready,
    run(_, p, share, products) {
      const scratch = p.scratch + share.part * p.scratchBytes;
      if (!isFlat(p.m, share.parts)) products.pack(rightOf(p, share.parts, products), share, scratch);
    },
  },
  (kernels, p, share, products) => {
    const { m, k, n } = p;
    const lda = p.transposeA ? m : k;
    const scratch = p.scratch + share.part * p.scratchBytes;
    if (p.direct) {
      const from = startOf(n, share.part, share.parts, LINE);
      const columns = startOf(n, share.part + 1, share.parts, LINE) - from;
      const [b, out] = [p.b + from * k * 4, p.out + from * 4];
      kernels.gemmFewRows(p.a, k, b, k, out, n, m, columns, k, p.accumulate);
      return;
    }
    const whole = rightOf(p, share.parts, products);
    const multiply = (a: number, right: Right, out: number, rows: number) => {
      if (p.transposeA) products.multiplyTransposed(a, lda, right, out, n, rows, p.accumulate, scratch);
      else products.multiply(a, lda, right, out, n, rows, p.accumulate, scratch);
    };
    if (isFlat(m, share.parts)) {
      // The columns this part packs are the columns it computes.
      if (!p.ready) products.pack(whole, share, scratch);
      const panel = panelOf(whole.way);
      const from = startOf(n, share.part, share.parts, panel);
      const columns = startOf(n, share.part + 1, share.parts, panel) - from;
      if (columns > 0) multiply(p.a, columnsOf(whole, from, columns), p.out + from * 4, m);
      return;
    }
    const from = startOf(m, share.part, share.parts);
    const rows = startOf(m, share.part + 1, share.parts) - from;
    multiply(p.a + from * (p.transposeA ? 1 : lda) * 4, whole, p.out + from * n * 4, rows);
  },
);

/** Products of a part, from which on parts begin with a whole one: then no right side is packed twice. */
const WHOLE_PRODUCTS = 4;

/**
 * All products of a batch, out [batch, m, n] (+)= op(a) · op(b): each part takes a run of the batch · m rows, and packs the
 * right sides that it meets. `packed` has `packedBytes` per part, `scratch` has `scratchBytes`. With `shared`, there is one b.
 */
export const batchedMatmulJob = defineJob(
  [
    ...(['a', 'b', 'out', 'batch', 'm', 'k', 'n', 'transposeA', 'transposeB', 'accumulate', 'shared'] as const),
    ...(['direct', 'packed', 'packedBytes', 'scratch', 'scratchBytes'] as const),
  ],
  (kernels, p, share, products) => {
    const { batch, m, k, n } = p;
    const grain = batch >= WHOLE_PRODUCTS * share.parts ? m : 1;
    const from = startOf(batch * m, share.part, share.parts, grain);
    const to = startOf(batch * m, share.part + 1, share.parts, grain);
    const packed = p.packed + share.part * p.packedBytes;
    const scratch = p.scratch + share.part * p.scratchBytes;
    const lda = p.transposeA ? m : k;
    let ready: number | null = null;
    for (let row = from; row < to; ) {
      const product = Math.floor(row / m);
      const first = row - product * m;
      const rows = Math.min(m - first, to - row);
      const a = p.a + (product * m * k + first * (p.transposeA ? 1 : k)) * 4;
      const out = p.out + row * n * 4;
      const stored = p.b + (p.shared ? 0 : product * k * n * 4);
      row += rows;
      if (p.direct) {
        kernels.gemmFewRows(a, k, stored, k, out, n, rows, n, k, p.accumulate);
        continue;
      }
      // The routine is that of a whole product, whichever part of it this is.
      const right = products.right({ stored, ld: p.transposeB ? k : n, transposed: p.transposeB, k, n, packed }, m);
      if (stored !== ready) products.pack(right, alone);
      ready = stored;
      if (p.transposeA) products.multiplyTransposed(a, lda, right, out, n, rows, p.accumulate, scratch);
      else products.multiply(a, lda, right, out, n, rows, p.accumulate);
    }
  },
);
