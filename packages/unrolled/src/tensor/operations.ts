import type { Shape } from '../shape.ts';
import type { Tensor } from './tensor.ts';

/** A tensor, or a number, which is treated as a scalar tensor. */
export type Operand = Tensor | number;

export interface MatmulOptions {
  /** Use the left matrices transposed. Default false. */
  readonly transposeA?: boolean | undefined;
  /** Use the right matrices transposed. Default false. */
  readonly transposeB?: boolean | undefined;
}

export interface ReductionOptions {
  /** The axis or axes to reduce; negative ones count from the last. Default: all of them. */
  readonly axes?: number | readonly number[] | undefined;
  /** Keep reduced axes with extent 1. Default false. */
  readonly keepDims?: boolean | undefined;
}

/**
 * The operations that are also methods of a tensor. A device is created with them, so that tensors need not import the
 * operations, which import tensors.
 */
export interface TensorOperations {
  neg(x: Tensor): Tensor;
  exp(x: Tensor): Tensor;
  log(x: Tensor): Tensor;
  sqrt(x: Tensor): Tensor;
  abs(x: Tensor): Tensor;
  square(x: Tensor): Tensor;
  tanh(x: Tensor): Tensor;
  sigmoid(x: Tensor): Tensor;
  relu(x: Tensor): Tensor;
  softplus(x: Tensor): Tensor;
  add(x: Tensor, other: Operand): Tensor;
  sub(x: Tensor, other: Operand): Tensor;
  mul(x: Tensor, other: Operand): Tensor;
  div(x: Tensor, other: Operand): Tensor;
  minimum(x: Tensor, other: Operand): Tensor;
  maximum(x: Tensor, other: Operand): Tensor;
  greater(x: Tensor, other: Operand): Tensor;
  equal(x: Tensor, other: Operand): Tensor;
  less(x: Tensor, other: Operand): Tensor;
  matmul(x: Tensor, other: Tensor, options?: MatmulOptions): Tensor;
  reshape(x: Tensor, shape: Shape): Tensor;
  transpose(x: Tensor, order?: readonly number[]): Tensor;
  slice(x: Tensor, axis: number, start: number, end?: number): Tensor;
  at(x: Tensor, index: number): Tensor;
  flip(x: Tensor, axis?: number): Tensor;
  broadcastTo(x: Tensor, shape: Shape): Tensor;
  sum(x: Tensor, options?: ReductionOptions): Tensor;
  mean(x: Tensor, options?: ReductionOptions): Tensor;
  max(x: Tensor, options?: ReductionOptions): Tensor;
  min(x: Tensor, options?: ReductionOptions): Tensor;
  argmax(x: Tensor, axis?: number): Tensor;
  softmax(x: Tensor): Tensor;
  logSoftmax(x: Tensor): Tensor;
}
