import { apply, type Operation } from '../autodiff/operation.ts';
import type { ReduceOperation } from '../backend/backend.ts';
import { normaliseAxis, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { ReductionOptions } from '../tensor/operations.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { repeatInto } from './repeat.ts';

/** Reduces the given axes to extent 1, adjacent axes in one pass. */
function reduceAxes(x: Tensor, operation: ReduceOperation, axes: readonly number[]): Tensor {
  const { device } = x;
  const sorted = [...axes].sort((a, b) => b - a);
  let result = x;
  while (sorted.length > 0) {
    const last = sorted.shift()!;
    let first = last;
    while (sorted[0] === first - 1) first = sorted.shift()!;
    const { shape } = result;
    const outer = sizeOf(shape.slice(0, first));
    const n = sizeOf(shape.slice(first, last + 1));
    const inner = sizeOf(shape.slice(last + 1));
    const next = device.empty(shape.map((extent, axis) => (axis >= first && axis <= last ? 1 : extent)));
    device.backend.reduce(operation, result, next, outer, n, inner);
    result = next;
  }
  return result;
}

const reduceOperation: Operation<[Tensor], { operation: ReduceOperation; axes: readonly number[] }, Tensor> = {
  name: 'reduce',
  forward([x], { operation, axes }) {
    const reduced = reduceAxes(x, operation, axes);
    // Without axes there is nothing to reduce; the output must still be a new tensor.
    const y = reduced === x ? x.view(x.shape) : reduced;
    return { outputs: [y], saved: y };
  },
  backward({ inputs: [x], options: { operation, axes }, saved: y, gradients: [dy] }, device) {
    const { backend } = device;
    const dx = device.empty(x.shape);
    if (operation === 'sum') return [repeatInto(dy!, dx)];
    // Equal extremes share the gradient evenly.
    const chosen = device.empty(x.shape);
    backend.binary('equal', x, y, chosen);
    const count = reduceAxes(chosen, 'sum', axes);
    const share = device.empty(x.shape);
    backend.binary('div', chosen, count, share);
    backend.binary('mul', share, dy!, dx);
    return [dx];
  },
};

function reduce(x: Tensor, operation: ReduceOperation, { axes, keepDims = false }: ReductionOptions): Tensor {
  const list = axes === undefined ? x.shape.map((_, axis) => axis) : typeof axes === 'number' ? [axes] : axes;
  const indices = [...new Set(list.map((axis) => normaliseAxis(operation, axis, x.shape)))];
  const y = apply(reduceOperation, [x], { operation, axes: indices });
  return keepDims ? y : squeeze(y, indices);
}

const squeezeOperation: Operation<[Tensor], Shape, null> = {
  name: 'squeeze',
  forward: ([x], shape) => ({ outputs: [x.view(shape)], saved: null }),
  backward: ({ inputs: [x], gradients: [dy] }) => [dy!.view(x.shape)],
};

function squeeze(x: Tensor, axes: readonly number[]): Tensor {
  const shape = x.shape.filter((_, axis) => !axes.includes(axis));
  return apply(squeezeOperation, [x], shape);
}

/** Σ x over the given axes. */
export const sum = (x: Tensor, options: ReductionOptions = {}): Tensor => reduce(x, 'sum', options);
/** Greatest value over the given axes. */
export const max = (x: Tensor, options: ReductionOptions = {}): Tensor => reduce(x, 'max', options);
/** Smallest value over the given axes. */
export const min = (x: Tensor, options: ReductionOptions = {}): Tensor => reduce(x, 'min', options);

export const scaleOperation: Operation<[Tensor], number, null> = {
  name: 'scale',
  forward([x], factor, device) {
    const y = device.empty(x.shape);
    device.backend.binary('mul', x, device.full([], factor), y);
    return { outputs: [y], saved: null };
  },
  backward: ({ options: factor, gradients: [dy] }) => [scale(dy!, factor)],
};

/** factor · x */
export const scale = (x: Tensor, factor: number): Tensor => apply(scaleOperation, [x], factor);

/** Mean over the given axes. */
export function mean(x: Tensor, options: ReductionOptions = {}): Tensor {
  const total = sum(x, options);
  return scale(total, total.size / x.size);
}

/** Index of the greatest value along an axis, the first where several are; int32, no gradient. */
export function argmax(x: Tensor, axis = -1): Tensor {
  const index = normaliseAxis('argmax', axis, x.shape);
  const y = x.device.empty(
    x.shape.filter((_, i) => i !== index),
    'int32',
  );
  const outer = sizeOf(x.shape.slice(0, index));
  x.device.backend.argmax(x, y, outer, x.shape[index], sizeOf(x.shape.slice(index + 1)));
  return y;
}

/** The gradient of broadcasting: sums x over whatever axes `shape` was repeated along. Not recorded. */
export function sumToShape(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const shift = x.rank - shape.length;
  const axes = x.shape.map((_, axis) => axis).filter((axis) => axis < shift || shape[axis - shift] !== x.shape[axis]);
  return reduceAxes(x, 'sum', axes).view(shape);
}
