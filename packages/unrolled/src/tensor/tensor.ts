import type { Block, Dtype, Storage, TypedArray } from '../backend/backend.ts';
import { ScopeError, ShapeError } from '../errors.ts';
import { formatShape, type Shape, sizeOf } from '../shape.ts';
import type { Device } from './device.ts';
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
  /** The number all elements were made with, where they were made with one; null: they are known to the device only. */
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

  /** The same numbers under another shape (and from another first element): no copy, not recorded. */
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

  /** A copy of the numbers, row-major. */
  data(): TypedArray {
    this.device.transfers++;
    return this.device.backend.readSync(this);
  }

  /** The same on devices that can only answer later. */
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

  /** The numbers as nested arrays, for looking at. */
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
}

/** Written by the recorder, read when gradients are taken. */
export interface TensorOrigin {
  readonly record: object;
  readonly output: number;
}
