import { broadcastShapes, broadcastStrides, type Shape, sizeOf, stridesOf } from '../../shape.ts';
import type {
  BinaryOperation,
  Block,
  CoreBackend,
  Dtype,
  MatrixProduct,
  ReduceOperation,
  Storage,
  UnaryOperation,
} from '../backend.ts';

/** A block, or a number for a block of one element. */
export type Operand = Block | number;

/** A block's elements in another shape, from the first or another element on. */
export const reshaped = ({ storage, offset }: Block, shape: Shape, start = 0): Block => ({
  storage,
  offset: offset + start,
  shape,
});

/** The core's operations as expressions, whose results are temporary. */
export class Workspace {
  readonly core: CoreBackend;
  readonly #temporary: Storage[] = [];

  constructor(core: CoreBackend) {
    this.core = core;
  }

  empty(shape: Shape, dtype: Dtype = this.core.float): Block {
    const storage = this.core.allocate(dtype, sizeOf(shape));
    this.#temporary.push(storage);
    return { storage, offset: 0, shape };
  }

  full(shape: Shape, value: number): Block {
    const out = this.empty(shape);
    this.core.fill(out, value);
    return out;
  }

  /** Numbers from the host. */
  given(shape: Shape, values: ArrayLike<number>): Block {
    const out = this.empty(shape);
    this.core.write(out, values);
    return out;
  }

  /** 0, 1, … n−1. */
  positions(n: number, shape: Shape = [n]): Block {
    return this.given(
      shape,
      Float64Array.from({ length: n }, (_, i) => i),
    );
  }

  /** int32 as floats. */
  floats(ids: Block, shape: Shape = ids.shape): Block {
    const out = this.empty(shape);
    this.core.copy(ids, out);
    return out;
  }

  unary(operation: UnaryOperation, x: Block): Block {
    const out = this.empty(x.shape);
    this.core.unary(operation, x, out);
    return out;
  }

  /** With broadcasting. */
  binary(operation: BinaryOperation, a: Operand, b: Operand): Block {
    const [left, right] = [this.#block(a), this.#block(b)];
    const out = this.empty(broadcastShapes(operation, left.shape, right.shape));
    this.core.binary(operation, left, right, out);
    return out;
  }

  add = (a: Operand, b: Operand): Block => this.binary('add', a, b);
  sub = (a: Operand, b: Operand): Block => this.binary('sub', a, b);
  mul = (a: Operand, b: Operand): Block => this.binary('mul', a, b);
  div = (a: Operand, b: Operand): Block => this.binary('div', a, b);

  /** condition ≠ 0 ? a : b, all broadcast to `shape`. */
  select(condition: Block, a: Operand, b: Operand, shape: Shape): Block {
    const out = this.empty(shape);
    const [left, right] = [this.#block(a), this.#block(b)];
    this.core.select(this.spread(condition, shape), this.spread(left, shape), this.spread(right, shape), out);
    return out;
  }

  /** x repeated along its axes of extent 1 and along new leading axes. */
  spread(x: Block, shape: Shape): Block {
    if (sizeOf(x.shape) === sizeOf(shape)) return reshaped(x, shape);
    const out = this.empty(shape);
    const whole = { start: 0, strides: stridesOf(shape) };
    this.core.stridedCopy(x, { start: 0, strides: broadcastStrides(x.shape, shape) }, out, whole, shape, false);
    return out;
  }

  /** Over one axis of x, which keeps extent 1. */
  reduce(operation: ReduceOperation, x: Block, axis = x.shape.length - 1): Block {
    const { shape } = x;
    const out = this.empty(shape.map((extent, i) => (i === axis ? 1 : extent)));
    const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
    this.core.reduce(operation, x, out, outer, shape[axis], inner);
    return out;
  }

  /** op(a) · op(b) of two matrices. */
  product(a: Block, b: Block, { transposeA = false, transposeB = false }: Partial<MatrixProduct> = {}): Block {
    const [m, k] = transposeA ? [a.shape[1], a.shape[0]] : a.shape;
    const n = b.shape[transposeB ? 0 : 1];
    const out = this.empty([m, n]);
    this.core.matmul(a, b, out, { batch: 1, m, k, n, transposeA, transposeB, accumulate: false, sharedB: true });
    return out;
  }

  /** Rows of a table [V, n] by int32 ids: […] → […, n]. */
  rows(table: Block, ids: Block): Block {
    const out = this.empty([...ids.shape, table.shape[1]]);
    this.core.gather(table, ids, out);
    return out;
  }

  /** Columns [from, from + n) of a matrix. */
  columns(x: Block, from: number, n: number): Block {
    const out = this.empty([x.shape[0], n]);
    this.core.stridedCopy(x, columnsFrom(x, from), out, columnsFrom(out, 0), out.shape, false);
    return out;
  }

  /** Overwrites the columns of a matrix from `from` on with those of x. */
  putColumns(x: Block, out: Block, from: number): void {
    this.core.stridedCopy(x, columnsFrom(x, 0), out, columnsFrom(out, from), x.shape, false);
  }

  /** out ← x, of the same number of elements; nothing where there is no `out`. */
  put(x: Block, out: Block | null): void {
    if (out !== null) this.core.copy(x, out);
  }

  /** out ← out + x, of the same number of elements. */
  addTo(x: Block, out: Block): void {
    const extents = [sizeOf(out.shape)];
    const all = { start: 0, strides: [1] };
    this.core.stridedCopy(x, all, out, all, extents, true);
  }

  /** Runs `body` with a workspace whose temporaries are then released. */
  static during<Result>(core: CoreBackend, body: (workspace: Workspace) => Result): Result {
    const workspace = new Workspace(core);
    try {
      return body(workspace);
    } finally {
      for (const storage of workspace.#temporary) core.release(storage);
    }
  }

  #block(operand: Operand): Block {
    return typeof operand === 'number' ? this.full([], operand) : operand;
  }
}

const columnsFrom = ({ shape }: Block, start: number) => ({ start, strides: [shape[1], 1] });
