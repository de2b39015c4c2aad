import type { Block, Dtype, Storage, TypedArray } from '../backend/backend.ts';
import { DeviceError, ScopeError, ShapeError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../shape.ts';
import type { Device } from './device.ts';
import type { MatmulOptions, Operand, ReductionOptions } from './operations.ts';
import type { Allocation } from './scope.ts';

/**
 * An array of numbers on a device. Row-major and contiguous; its content does not change, except that of
 * parameters, which optimizers update.
 */
export class Tensor implements Block {
  readonly device: Device;
  readonly allocation: Allocation;
  readonly offset: number;
  readonly shape: Shape;
  /** The recorded operation that made this tensor and which of its outputs it is; null for leaves. */
  origin: TensorOrigin | null = null;
  /** Whether gradients flow to or through this tensor. */
  tracked = false;
  /** The number that fills the whole tensor, if it was created so; null: only the device knows the elements. */
  fill: number | null = null;

  constructor(device: Device, allocation: Allocation, offset: number, shape: Shape) {
    this.device = device;
    this.allocation = allocation;
    this.offset = offset;
    this.shape = shape;
  }

  /** @throws ScopeError when the scope that owned this tensor has ended */
  get storage(): Storage {
    if (this.allocation.released) {
      throw new ScopeError(
        `tensor: this tensor of shape ${formatShape(this.shape)} was used after its scope ended; ` +
          'return it from the scope, or device.keep(tensor) it',
        { shape: this.shape },
      );
    }
    return this.allocation.storage;
  }

  get dtype(): Dtype {
    return this.allocation.storage.dtype;
  }

  get rank(): number {
    return this.shape.length;
  }

  get size(): number {
    return sizeOf(this.shape);
  }

  /** A view with another shape (and first element): no copy, not recorded. */
  view(shape: Shape, start = 0): Tensor {
    return new Tensor(this.device, this.allocation, this.offset + start, shape);
  }

  /** This tensor's numbers as a constant: gradients do not flow through. No copy. */
  detach(): Tensor {
    return this.view(this.shape);
  }

  /** This tensor's numbers as a leaf to take gradients with respect to. No copy. */
  track(): Tensor {
    const leaf = this.view(this.shape);
    leaf.tracked = true;
    return leaf;
  }

  /** The ids of a tensor that was made from whole numbers, not copied; null: only the device knows the numbers. */
  get ids(): Int32Array | null {
    return this.allocation.numbers?.subarray(this.offset, this.offset + this.size) ?? null;
  }

  /**
   * A copy of the numbers, row-major.
   * @throws DeviceError on a device that answers only later, unless the numbers are ids that were given to it
   */
  data(): TypedArray {
    const { device, storage, ids } = this;
    if (ids) return ids.slice();
    if (!device.backend.readsAtOnce) {
      throw new DeviceError(
        `data: the device '${device.backend.name}' answers only later; use await tensor.read() or await device.read(…)`,
        { shape: this.shape },
      );
    }
    device.transfers++;
    return device.backend.readSync({ storage, offset: this.offset, shape: this.shape });
  }

  /** Asynchronous `data()`, for devices without synchronous reads. */
  read(): Promise<TypedArray> {
    this.device.transfers++;
    return this.device.backend.read(this);
  }

  /** The number in a tensor of one element. @throws ShapeError otherwise */
  item(): number {
    if (this.size !== 1) {
      throw new ShapeError(`item: shape ${formatShape(this.shape)} holds ${this.size} numbers; use data()`, {
        shape: this.shape,
      });
    }
    return this.data()[0];
  }

  /** The numbers as nested arrays, for inspection. */
  toArray(): unknown {
    const nest = (data: ArrayLike<number>, shape: Shape): unknown => {
      if (shape.length === 0) return data[0];
      const inner = sizeOf(shape.slice(1));
      return Array.from({ length: shape[0] }, (_, i) =>
        nest(Array.prototype.slice.call(data, i * inner, (i + 1) * inner), shape.slice(1)),
      );
    };
    return nest(this.data(), this.shape);
  }

  // ── operations: each calls the function of its name ───────────────────────────────────────────────────────

  /** −x */
  neg(): Tensor {
    return this.device.operations.neg(this);
  }

  /** eˣ */
  exp(): Tensor {
    return this.device.operations.exp(this);
  }

  /** Natural logarithm. */
  log(): Tensor {
    return this.device.operations.log(this);
  }

  /** √x */
  sqrt(): Tensor {
    return this.device.operations.sqrt(this);
  }

  /** |x|, with gradient 0 at 0. */
  abs(): Tensor {
    return this.device.operations.abs(this);
  }

  /** x² */
  square(): Tensor {
    return this.device.operations.square(this);
  }

  /** tanh x */
  tanh(): Tensor {
    return this.device.operations.tanh(this);
  }

  /** σ(x) = 1/(1 + e⁻ˣ) */
  sigmoid(): Tensor {
    return this.device.operations.sigmoid(this);
  }

  /** max(x, 0), with gradient 0 at 0. */
  relu(): Tensor {
    return this.device.operations.relu(this);
  }

  /** log(1 + eˣ) */
  softplus(): Tensor {
    return this.device.operations.softplus(this);
  }

  /** x + other, with NumPy broadcasting. */
  add(other: Operand): Tensor {
    return this.device.operations.add(this, other);
  }

  /** x − other, with NumPy broadcasting. */
  sub(other: Operand): Tensor {
    return this.device.operations.sub(this, other);
  }

  /** Element-wise product x ⊙ other, with NumPy broadcasting. */
  mul(other: Operand): Tensor {
    return this.device.operations.mul(this, other);
  }

  /** x / other, element by element, with NumPy broadcasting. */
  div(other: Operand): Tensor {
    return this.device.operations.div(this, other);
  }

  /** The smaller of x and other, element by element; equal elements share the gradient. */
  minimum(other: Operand): Tensor {
    return this.device.operations.minimum(this, other);
  }

  /** The greater of x and other, element by element; equal elements share the gradient. */
  maximum(other: Operand): Tensor {
    return this.device.operations.maximum(this, other);
  }

  /** 1 where x > other, else 0; no gradient. */
  greater(other: Operand): Tensor {
    return this.device.operations.greater(this, other);
  }

  /** 1 where x = other, else 0; no gradient. */
  equal(other: Operand): Tensor {
    return this.device.operations.equal(this, other);
  }

  /** 1 where x < other, else 0; no gradient. */
  less(other: Operand): Tensor {
    return this.device.operations.less(this, other);
  }

  /** Matrix product `[…, M, K]` × `[…, K, N]` → `[…, M, N]`. @throws ShapeError if the inner sizes differ */
  matmul(other: Tensor, options?: MatmulOptions): Tensor {
    return this.device.operations.matmul(this, other, options);
  }

  /**
   * The same numbers in the same order in another shape; one extent may be −1 and is inferred. No copy.
   * @throws ShapeError if the element counts differ
   */
  reshape(shape: Shape): Tensor {
    return this.device.operations.reshape(this, shape);
  }

  /** Permutes the axes; without `order` swaps the last two. */
  transpose(order?: readonly number[]): Tensor {
    return this.device.operations.transpose(this, order);
  }

  /**
   * x[…, start:end, …] along `axis`; negative positions count from the end. No copy along the first axis.
   * @throws ShapeError if the range is not within the axis
   */
  slice(axis: number, start: number, end?: number): Tensor {
    return this.device.operations.slice(this, axis, start, end);
  }

  /** x[index] along the first axis, which is removed. No copy. */
  at(index: number): Tensor {
    return this.device.operations.at(this, index);
  }

  /** The axis in reverse order. Default: the first axis. */
  flip(axis?: number): Tensor {
    return this.device.operations.flip(this, axis);
  }

  /** x repeated along its axes of extent 1, and along new leading axes. @throws ShapeError if it does not fit */
  broadcastTo(shape: Shape): Tensor {
    return this.device.operations.broadcastTo(this, shape);
  }

  /** Sum over axes; all of them by default. */
  sum(options?: ReductionOptions): Tensor {
    return this.device.operations.sum(this, options);
  }

  /** Mean over axes; all of them by default. */
  mean(options?: ReductionOptions): Tensor {
    return this.device.operations.mean(this, options);
  }

  /** Maximum over axes; all of them by default. Equal maxima share the gradient. */
  max(options?: ReductionOptions): Tensor {
    return this.device.operations.max(this, options);
  }

  /** Minimum over axes; all of them by default. Equal minima share the gradient. */
  min(options?: ReductionOptions): Tensor {
    return this.device.operations.min(this, options);
  }

  /** Position of the maximum along an axis (default: the last), int32; the first of equal ones. No gradient. */
  argmax(axis?: number): Tensor {
    return this.device.operations.argmax(this, axis);
  }

  /** exp(x) / Σ exp(x) along the last axis. */
  softmax(): Tensor {
    return this.device.operations.softmax(this);
  }

  /** log softmax(x) along the last axis, without overflow. */
  logSoftmax(): Tensor {
    return this.device.operations.logSoftmax(this);
  }
}

/** Written by the recorder, read when gradients are taken. */
export interface TensorOrigin {
  readonly record: object;
  readonly output: number;
}
