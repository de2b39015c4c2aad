import { apply, applyAll, type Operation } from '../autodiff/operation.ts';
import { ShapeError } from '../errors.ts';
import { broadcastShapes, formatShape, normaliseAxis, type Shape, sameShape, sizeOf, stridesOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { sumToShape } from './reduction.ts';
import { repeatInto } from './repeat.ts';

// ── reshape ───────────────────────────────────────────────────────────────────────────────────────────────

export const reshapeOperation: Operation<[Tensor], Shape, null> = {
  name: 'reshape',
  integers: true,
  forward: ([x], shape) => ({ outputs: [x.view(shape)], saved: null }),
  backward: ({ inputs: [x], gradients: [dy] }) => [dy!.view(x.shape)],
};

/**
 * The same numbers in the same order in another shape; one extent may be −1 and is inferred. No copy.
 * @throws ShapeError if the element counts differ
 */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const target = shape.map((extent) => (extent === -1 && known > 0 ? x.size / known : extent));
  if (sizeOf(target) !== x.size || !target.every((extent) => Number.isInteger(extent) && extent >= 0)) {
    throw new ShapeError(
      `reshape: ${formatShape(x.shape)} holds ${x.size} numbers, ${formatShape(shape)} does not; ` +
        'the products of both shapes must agree (one extent may be −1)',
      { from: x.shape, to: shape },
    );
  }
  return apply(reshapeOperation, [x], target);
}

// ── transpose ─────────────────────────────────────────────────────────────────────────────────────────────

const transposeOperation: Operation<[Tensor], readonly number[], null> = {
  name: 'transpose',
  integers: true,
  forward([x], order, device) {
    const shape = order.map((axis) => x.shape[axis]);
    const y = device.empty(shape, x.dtype);
    const strides = stridesOf(x.shape);
    device.backend.stridedCopy(
      x,
      { start: 0, strides: order.map((axis) => strides[axis]) },
      y,
      { start: 0, strides: stridesOf(shape) },
      shape,
      false,
    );
    return { outputs: [y], saved: null };
  },
  backward({ options: order, gradients: [dy] }) {
    const inverse = order.map((_, axis) => order.indexOf(axis));
    return [apply(transposeOperation, [dy!], inverse)];
  },
};

/** Permutes the axes; without `order` swaps the last two. */
export function transpose(x: Tensor, order?: readonly number[]): Tensor {
  const axes = x.shape.map((_, axis) => axis);
  const wanted = order?.map((axis) => normaliseAxis('transpose', axis, x.shape)) ?? [
    ...axes.slice(0, -2),
    ...axes.slice(-2).reverse(),
  ];
  if (wanted.length !== x.rank || new Set(wanted).size !== x.rank) {
    throw new ShapeError(`transpose: order [${order}] does not name each axis of ${formatShape(x.shape)} once`, {
      order,
      shape: x.shape,
    });
  }
  return apply(transposeOperation, [x], wanted);
}

// ── parts of an axis ──────────────────────────────────────────────────────────────────────────────────────

export interface Slice {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
}

/** A part of an axis of `shape`, as the backend wants it: where it starts, its strides and extents. */
function part(shape: Shape, { axis, start, end }: Slice): { start: number; strides: number[]; extents: number[] } {
  const strides = stridesOf(shape);
  return { start: start * strides[axis], strides, extents: shape.map((n, i) => (i === axis ? end - start : n)) };
}

export const sliceOperation: Operation<[Tensor], Slice, null> = {
  name: 'slice',
  integers: true,
  forward([x], slice, device) {
    const { start, strides, extents } = part(x.shape, slice);
    if (sizeOf(x.shape.slice(0, slice.axis)) === 1) return { outputs: [x.view(extents, start)], saved: null };
    const y = device.empty(extents, x.dtype);
    device.backend.stridedCopy(x, { start, strides }, y, { start: 0, strides: stridesOf(extents) }, extents, false);
    return { outputs: [y], saved: null };
  },
  backward({ inputs: [x], options, gradients: [dy] }, device) {
    const { start, strides, extents } = part(x.shape, options);
    const dx = device.zeros(x.shape);
    device.backend.stridedCopy(dy!, { start: 0, strides: stridesOf(extents) }, dx, { start, strides }, extents, false);
    return [dx];
  },
};

/**
 * x[…, start:end, …] along `axis`; negative positions count from the end. Along the first axis nothing is copied.
 * @throws ShapeError if the range is not within the axis
 */
export function slice(x: Tensor, axis: number, start: number, end: number = x.shape.at(axis)!): Tensor {
  const index = normaliseAxis('slice', axis, x.shape);
  const extent = x.shape[index];
  const from = start < 0 ? start + extent : start;
  const to = end < 0 ? end + extent : end;
  if (!(from >= 0 && from <= to && to <= extent)) {
    throw new ShapeError(`slice: ${start} to ${end} is not within axis ${axis} of ${formatShape(x.shape)}`, {
      start,
      end,
      axis,
      shape: x.shape,
    });
  }
  return apply(sliceOperation, [x], { axis: index, start: from, end: to });
}

/** x[index] along the first axis, which is removed: step `index` of a `[T, B, F]` sequence. No copy. */
export function at(x: Tensor, index: number): Tensor {
  const from = index < 0 ? index + x.shape[0] : index;
  return reshape(slice(x, 0, from, from + 1), x.shape.slice(1));
}

export const concatOperation: Operation<Tensor[], number, null> = {
  name: 'concat',
  integers: true,
  forward(inputs, axis, device) {
    const total = inputs.reduce((sum, input) => sum + input.shape[axis], 0);
    const shape = inputs[0].shape.map((n, i) => (i === axis ? total : n));
    const y = device.empty(shape, inputs[0].dtype);
    let position = 0;
    for (const x of inputs) {
      const end = position + x.shape[axis];
      const { start, strides, extents } = part(y.shape, { axis, start: position, end });
      device.backend.stridedCopy(x, { start: 0, strides: stridesOf(x.shape) }, y, { start, strides }, extents, false);
      position = end;
    }
    return { outputs: [y], saved: null };
  },
  backward({ inputs, options: axis, gradients: [dy], wanted }) {
    let position = 0;
    return inputs.map((x, index) => {
      const start = position;
      position += x.shape[axis];
      return wanted[index] ? slice(dy!, axis, start, position) : null;
    });
  },
};

/** Concatenates tensors along `axis`. @throws ShapeError if they differ in any other axis, or in dtype */
export function concat(inputs: readonly Tensor[], axis = 0): Tensor {
  if (inputs.length === 0) throw new ShapeError('concat: no tensors given; it needs at least one');
  const index = normaliseAxis('concat', axis, inputs[0].shape);
  for (const input of inputs) {
    if (input.rank !== inputs[0].rank || input.shape.some((n, i) => i !== index && n !== inputs[0].shape[i])) {
      throw new ShapeError(
        `concat: shapes ${formatShape(inputs[0].shape)} and ${formatShape(input.shape)} differ outside of axis ${axis}`,
        { a: inputs[0].shape, b: input.shape, axis },
      );
    }
    if (input.dtype !== inputs[0].dtype) {
      throw new ShapeError(
        `concat: tensors of ${inputs[0].dtype} and ${input.dtype} do not join; make them of one type`,
      );
    }
  }
  return inputs.length === 1 ? inputs[0] : apply(concatOperation, [...inputs], index);
}

/**
 * `concat([x, y], axis)` for what grows step by step, such as the keys and values of a Transformer. Where no gradients flow and
 * `axis` is the first with more than one element, y is written behind x into memory that both share, so that n steps take O(n) time
 * and not O(n²). x stays as it is; a second tensor that is appended to it goes to a copy.
 * @throws ShapeError as `concat`
 */
export function append(x: Tensor, y: Tensor, axis: number): Tensor {
  const { device } = x;
  const index = normaliseAxis('append', axis, x.shape);
  const rest = (shape: Shape): Shape => shape.toSpliced(index, 1);
  const isWhole =
    sizeOf(x.shape.slice(0, index)) === 1 && x.dtype === y.dtype && sameShape(rest(x.shape), rest(y.shape));
  const isRecorded = device.recordingAll || (device.recording && (x.tracked || y.tracked));
  if (!isWhole || isRecorded) return concat([x, y], axis);
  const longer = device.extend(x, y.size);
  device.backend.copy(y, longer.view(y.shape, x.size));
  return longer.view(x.shape.with(index, x.shape[index] + y.shape[index]));
}

/** Stacks tensors of one shape along a new first axis: T steps `[B, H]` become `[T, B, H]`. */
export function stack(inputs: readonly Tensor[]): Tensor {
  return concat(inputs.map((input) => reshape(input, [1, ...input.shape])));
}

const unstackOperation: Operation<[Tensor], null, null> = {
  name: 'unstack',
  integers: true,
  forward([x]) {
    const inner = x.shape.slice(1);
    const step = sizeOf(inner);
    return { outputs: Array.from({ length: x.shape[0] }, (_, t) => x.view(inner, t * step)), saved: null };
  },
  backward({ inputs: [x], gradients }, device) {
    const dx = device.zeros(x.shape);
    const inner = x.shape.slice(1);
    gradients.forEach((gradient, t) => {
      if (gradient !== null) device.backend.copy(gradient, dx.view(inner, t * sizeOf(inner)));
    });
    return [dx];
  },
};

/** The parts of the first axis, `[T, B, F]` → T times `[B, F]`: no copy, and one gradient for all of them. */
export function unstack(x: Tensor): readonly Tensor[] {
  if (x.rank === 0) throw new ShapeError('unstack: a single number has no axis to take apart');
  return applyAll(unstackOperation, [x], null);
}

// ── flip and broadcast ────────────────────────────────────────────────────────────────────────────────────

const flipOperation: Operation<[Tensor], number, null> = {
  name: 'flip',
  integers: true,
  forward([x], axis, device) {
    const y = device.empty(x.shape, x.dtype);
    const strides = stridesOf(x.shape);
    if (x.size > 0) {
      const start = (x.shape[axis] - 1) * strides[axis];
      const backwards = strides.map((stride, i) => (i === axis ? -stride : stride));
      device.backend.stridedCopy(x, { start, strides: backwards }, y, { start: 0, strides }, x.shape, false);
    }
    return { outputs: [y], saved: null };
  },
  backward: ({ options: axis, gradients: [dy] }) => [apply(flipOperation, [dy!], axis)],
};

/** The axis in reverse order. */
export function flip(x: Tensor, axis = 0): Tensor {
  return apply(flipOperation, [x], normaliseAxis('flip', axis, x.shape));
}

export const broadcastOperation: Operation<[Tensor], Shape, null> = {
  name: 'broadcastTo',
  integers: true,
  forward: ([x], shape, device) => ({ outputs: [repeatInto(x, device.empty(shape, x.dtype))], saved: null }),
  backward: ({ inputs: [x], gradients: [dy] }) => [sumToShape(dy!, x.shape)],
};

/** x repeated along its axes of extent 1, and along new leading axes. @throws ShapeError if it does not fit */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
    throw new ShapeError(`broadcastTo: ${formatShape(x.shape)} does not fit into ${formatShape(shape)}`, {
      from: x.shape,
      to: shape,
    });
  }
  return apply(broadcastOperation, [x], shape);
}
