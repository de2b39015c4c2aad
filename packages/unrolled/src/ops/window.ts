import type { Pair, Window } from '../backend/convolution.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import { formatShape, type Shape } from '../shape.ts';

/** One number for rows and columns, or one for each. */
export type Size2d = number | readonly [number, number];

/**
 * How the border of an image is padded: 'valid' not at all; 'same' so that an output has ⌈extent/stride⌉ rows and columns, the
 * odd one below and right, as in TensorFlow; or so many rows and columns on both sides, or
 * [[above, below], [left, right]].
 */
export type Padding2d =
  | 'valid'
  | 'same'
  | number
  | readonly [number, number]
  | readonly [readonly [number, number], readonly [number, number]];

/** A tensor, or what will be one. */
interface Shaped {
  readonly shape: Shape;
}

export interface WindowOptions {
  readonly kernel: Size2d;
  readonly stride?: Size2d | undefined;
  readonly dilation?: Size2d | undefined;
  readonly padding?: Padding2d | undefined;
  /** Round the number of outputs up. */
  readonly ceil?: boolean | undefined;
}

/** Inputs that a window covers along one axis. */
export const extentOf = (kernel: number, dilation: number): number => (kernel - 1) * dilation + 1;

function pair(operation: string, name: string, value: unknown, least: number): Pair {
  const both = Array.isArray(value) ? value : [value, value];
  if (both.length !== 2 || !both.every((n) => Number.isSafeInteger(n) && n >= least)) {
    throw new ConfigError(
      `${operation}: ${name} must be a whole number from ${least}, or [rows, columns], received ${JSON.stringify(value)}`,
      { operation, option: name, [name]: value },
    );
  }
  return both as unknown as Pair;
}

/** Padding before and after along rows and columns; `size` is the input's rows and columns. */
export function paddingOf(
  operation: string,
  padding: Padding2d,
  size: Pair,
  { kernel, stride, dilation }: Omit<Window, 'padding'>,
): readonly [Pair, Pair] {
  if (padding === 'valid') return [0, 0].map((): Pair => [0, 0]) as unknown as readonly [Pair, Pair];
  if (padding === 'same') {
    return [0, 1].map((axis): Pair => {
      const outputs = Math.ceil(size[axis] / stride[axis]);
      const covered = (outputs - 1) * stride[axis] + extentOf(kernel[axis], dilation[axis]);
      const total = Math.max(covered - size[axis], 0);
      return [Math.floor(total / 2), Math.ceil(total / 2)];
    }) as unknown as readonly [Pair, Pair];
  }
  if (typeof padding === 'string') {
    throw new ConfigError(
      `${operation}: padding must be 'valid', 'same', a number, [rows, columns] or [[above, below], [left, right]], received '${padding}'`,
      { operation, padding },
    );
  }
  const sides: readonly unknown[] = Array.isArray(padding) ? padding : [padding, padding];
  if (sides.length !== 2) pair(operation, 'padding', padding, 0);
  return sides.map((side) => pair(operation, 'padding', side, 0)) as unknown as readonly [Pair, Pair];
}

/**
 * The window of an operation over images `[B, H, W, C]`, and the rows and columns of its output.
 * @throws ConfigError on options that cannot work, ShapeError where the window does not fit into the padded image
 */
export function windowOver(
  operation: string,
  x: Shaped,
  { kernel, stride = 1, dilation = 1, padding = 'valid', ceil = false }: WindowOptions,
): { readonly window: Window; readonly output: Pair } {
  requireImages(operation, x);
  const size: Pair = [x.shape[1], x.shape[2]];
  const shape = {
    kernel: pair(operation, 'kernel', kernel, 1),
    stride: pair(operation, 'stride', stride, 1),
    dilation: pair(operation, 'dilation', dilation, 1),
  };
  const sides = paddingOf(operation, padding, size, shape);
  const output = sides.map(([before, after], axis) => {
    const room = size[axis] + before + after - extentOf(shape.kernel[axis], shape.dilation[axis]);
    if (room < 0) throw doesNotFit(operation, x, shape, sides);
    const steps = room / shape.stride[axis];
    if (!ceil) return Math.floor(steps) + 1;
    // As in PyTorch, the last window begins within the image or the padding before it.
    const outputs = Math.ceil(steps) + 1;
    return (outputs - 1) * shape.stride[axis] >= size[axis] + before ? outputs - 1 : outputs;
  }) as unknown as Pair;
  return { window: { ...shape, padding: [sides[0][0], sides[1][0]] }, output };
}

function doesNotFit(
  operation: string,
  x: Shaped,
  { kernel, dilation }: Omit<Window, 'padding'>,
  sides: readonly [Pair, Pair],
): ShapeError {
  const covered = kernel.map((n, axis) => extentOf(n, dilation[axis]));
  const padded = sides.map(([before, after], axis) => x.shape[axis + 1] + before + after);
  return new ShapeError(
    `${operation}: a window of ${covered.join('×')} does not fit into an image of ${padded.join('×')}` +
      `${sides.flat().some((n) => n > 0) ? ' with its padding' : ''}; use a larger image, a smaller kernel or padding 'same'`,
    { operation, x: x.shape, kernel, dilation, padding: sides },
  );
}

/** @throws ShapeError unless x is `[B, H, W, C]` */
export function requireImages(operation: string, x: Shaped): void {
  if (x.shape.length === 4) return;
  throw new ShapeError(`${operation}: needs images [B, H, W, C], channels last, received ${formatShape(x.shape)}`, {
    operation,
    x: x.shape,
  });
}
