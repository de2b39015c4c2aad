import { apply, type Operation } from '../autodiff/operation.ts';
import type { MatrixProduct } from '../backend/backend.ts';
import { ShapeError } from '../errors.ts';
import { broadcastShapes, formatShape, type Shape, sameShape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { MatmulOptions } from '../tensor/operations.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { broadcastTo } from './movement.ts';
import { repeatInto } from './repeat.ts';

interface Flags {
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

export interface MatmulCall extends Flags {
  readonly shape: Shape;
}

function product(a: Tensor, b: Tensor, { transposeA, transposeB }: Flags, shape: Shape, device: Device): Tensor {
  const [m, n] = shape.slice(-2);
  const k = a.shape.at(transposeA ? -2 : -1)!;
  const batch = sizeOf(shape.slice(0, -2));
  const sharedB = b.rank === 2 && batch > 1;
  const y = device.empty(shape);
  const call: MatrixProduct = { batch, m, k, n, transposeA, transposeB, sharedB, accumulate: false };
  device.backend.matmul(a, b, y, call);
  return y;
}

export const matmulOperation: Operation<[Tensor, Tensor], MatmulCall, null> = {
  name: 'matmul',
  forward: ([a, b], options, device) => ({
    outputs: [product(a, b, options, options.shape, device)],
    saved: null,
  }),
  // Y = A·B: dA = dY·Bᵀ, dB = Aᵀ·dY; with a transposed input the factors are swapped.
  backward({ inputs: [a, b], options: { transposeA, transposeB }, gradients: [dy], wanted }, device) {
    const dA = (): Tensor =>
      transposeA
        ? product(b, dy!, { transposeA: transposeB, transposeB: true }, a.shape, device)
        : product(dy!, b, { transposeA: false, transposeB: !transposeB }, a.shape, device);
    const dB = (): Tensor => {
      // The gradient of a right side shared by the batch sums over the batch, which is then more rows of one product.
      const fold = (x: Tensor): Tensor => x.view([x.size / x.shape.at(-1)!, x.shape.at(-1)!]);
      const [left, right] = b.rank === 2 && a.rank > 2 ? [fold(a), fold(dy!)] : [a, dy!];
      return transposeB
        ? product(right, left, { transposeA: true, transposeB: transposeA }, b.shape, device)
        : product(left, right, { transposeA: !transposeA, transposeB: false }, b.shape, device);
    };
    return [wanted[0] ? dA() : null, wanted[1] ? dB() : null];
  },
};

/**
 * Matrix product over the last two axes, `[…, m, k] · […, k, n] → […, m, n]`; leading axes broadcast. One right
 * matrix for a batch of left ones is one large product.
 * @throws ShapeError if the inner sizes differ
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: MatmulOptions = {}): Tensor {
  if (a.rank < 2 || b.rank < 2) {
    throw new ShapeError(
      `matmul: needs matrices, received ${formatShape(a.shape)} × ${formatShape(b.shape)}; reshape vectors to [1, n] or [n, 1]`,
      { a: a.shape, b: b.shape },
    );
  }
  const [m, k] = transposeA ? a.shape.slice(-2).reverse() : a.shape.slice(-2);
  const [inner, n] = transposeB ? b.shape.slice(-2).reverse() : b.shape.slice(-2);
  if (k !== inner) {
    throw new ShapeError(
      `matmul: inner sizes differ: ${describe(a, transposeA)} × ${describe(b, transposeB)}; ` +
        `the left side has ${k} columns, the right side ${inner} rows; make them equal or transpose one`,
      { a: a.shape, b: b.shape, transposeA, transposeB },
    );
  }
  const lead = broadcastShapes('matmul', a.shape.slice(0, -2), b.shape.slice(0, -2));
  const fit = (x: Tensor): Tensor => {
    const shape = [...lead, ...x.shape.slice(-2)];
    return sameShape(x.shape, shape) ? x : broadcastTo(x, shape);
  };
  const shared = b.rank === 2 && !transposeA;
  return apply(matmulOperation, [fit(a), shared ? b : fit(b)], { transposeA, transposeB, shape: [...lead, m, n] });
}

const describe = (x: Tensor, transposed: boolean): string => formatShape(x.shape) + (transposed ? 'ᵀ' : '');

export const linearOperation: Operation<[Tensor, Tensor, Tensor | null], null, null> = {
  name: 'linear',
  forward([x, weight, bias], _options, device) {
    const [out, features] = weight.shape;
    const rows = x.size / features;
    const y = device.empty([...x.shape.slice(0, -1), out]);
    if (bias !== null) repeatInto(bias, y.view([rows, out]));
    const call = { batch: 1, m: rows, k: features, n: out, transposeA: false, transposeB: true, sharedB: false };
    device.backend.matmul(x, weight, y, { ...call, accumulate: bias !== null });
    return { outputs: [y], saved: null };
  },
  backward({ inputs: [x, weight, bias], gradients: [dy], wanted }, device) {
    const [out, features] = weight.shape;
    const rows = x.size / features;
    const flags = { batch: 1, sharedB: false, accumulate: false, transposeB: false };
    const dx = wanted[0] ? device.empty(x.shape) : null;
    const dWeight = wanted[1] ? device.empty(weight.shape) : null;
    const dBias = wanted[2] && bias !== null ? device.empty(bias.shape) : null;
    const { backend } = device;
    if (dx !== null) backend.matmul(dy!, weight, dx, { ...flags, m: rows, k: out, n: features, transposeA: false });
    if (dWeight !== null) {
      backend.matmul(dy!, x, dWeight, { ...flags, m: out, k: rows, n: features, transposeA: true });
    }
    if (dBias !== null) backend.reduce('sum', dy!, dBias, 1, rows, out);
    return [dx, dWeight, dBias];
  },
};

/**
 * y = x · Wᵀ + b over the last axis: x `[…, F]`, W `[units, F]` (PyTorch's layout), b `[units]` → `[…, units]`.
 * @throws ShapeError if W does not fit x, or b does not fit W
 */
export function linear(x: Tensor, weight: Tensor, bias: Tensor | null = null): Tensor {
  if (x.rank < 1 || weight.rank !== 2 || x.shape.at(-1) !== weight.shape[1]) {
    throw new ShapeError(
      `linear: input ${formatShape(x.shape)} does not fit weight ${formatShape(weight.shape)}; ` +
        "the input's last axis must be the weight's second",
      { x: x.shape, weight: weight.shape },
    );
  }
  if (bias !== null && !sameShape(bias.shape, [weight.shape[0]])) {
    throw new ShapeError(`linear: bias ${formatShape(bias.shape)} must be [${weight.shape[0]}]`, { bias: bias.shape });
  }
  return apply(linearOperation, [x, weight, bias], null);
}
