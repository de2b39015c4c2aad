import { apply, type Operation } from '../autodiff/operation.ts';
import type { BinaryOperation, UnaryOperation } from '../backend/backend.ts';
import { broadcastShapes, sameShape } from '../shape.ts';
import { commonDevice, type Device } from '../tensor/device.ts';
import type { Operand } from '../tensor/operations.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { broadcastTo } from './movement.ts';
import { sumToShape } from './reduction.ts';

// ── one input ─────────────────────────────────────────────────────────────────────────────────────────────

export const unary: Operation<[Tensor], UnaryOperation, Tensor> = {
  name: 'unary',
  forward([x], operation, device) {
    const y = device.empty(x.shape);
    device.backend.unary(operation, x, y);
    return { outputs: [y], saved: y };
  },
  backward({ inputs: [x], options, saved: y, gradients: [dy] }, device) {
    const dx = device.empty(x.shape);
    device.backend.unaryGrad(options, x, y, dy!, dx);
    return [dx];
  },
};

export const applyUnary = (operation: UnaryOperation, x: Tensor): Tensor => apply(unary, [x], operation);

/** −x */
export const neg = (x: Tensor): Tensor => apply(unary, [x], 'neg');
/** eˣ */
export const exp = (x: Tensor): Tensor => apply(unary, [x], 'exp');
/** Natural logarithm. */
export const log = (x: Tensor): Tensor => apply(unary, [x], 'log');
export const sqrt = (x: Tensor): Tensor => apply(unary, [x], 'sqrt');
/** |x|, with gradient 0 at 0. */
export const abs = (x: Tensor): Tensor => apply(unary, [x], 'abs');
export const square = (x: Tensor): Tensor => apply(unary, [x], 'square');
/** 1/x */
export const reciprocal = (x: Tensor): Tensor => apply(unary, [x], 'reciprocal');
/** −1, 0 or 1; its gradient is 0. */
export const sign = (x: Tensor): Tensor => apply(unary, [x], 'sign');
export const tanh = (x: Tensor): Tensor => apply(unary, [x], 'tanh');
/** σ(x) = 1/(1 + e⁻ˣ) */
export const sigmoid = (x: Tensor): Tensor => apply(unary, [x], 'sigmoid');
/** max(x, 0), with gradient 0 at 0. */
export const relu = (x: Tensor): Tensor => apply(unary, [x], 'relu');
/** log(1 + eˣ) */
export const softplus = (x: Tensor): Tensor => apply(unary, [x], 'softplus');
/** min(max(x, 0), 6) (Howard 2017). */
export const relu6 = (x: Tensor): Tensor => apply(unary, [x], 'relu6');
/** x·Φ(x), Φ the standard normal distribution (Hendrycks & Gimpel 2016). */
export const gelu = (x: Tensor): Tensor => apply(unary, [x], 'gelu');
/** ½x (1 + tanh(√(2/π) (x + 0.044715 x³))): `gelu` to within 5e-4, as in GPT-2. */
export const geluTanh = (x: Tensor): Tensor => apply(unary, [x], 'geluTanh');
/** x·σ(x) (Elfwing 2017), also called swish. */
export const silu = (x: Tensor): Tensor => apply(unary, [x], 'silu');

// ── two inputs, with NumPy broadcasting ───────────────────────────────────────────────────────────────────

type Rule = (a: Tensor, b: Tensor, dy: Tensor) => readonly [() => Tensor, () => Tensor] | null;

/** ∂L/∂a and ∂L/∂b before they are summed to the inputs' shapes; null: no gradient flows. */
const binaryGradients: Record<BinaryOperation, Rule> = {
  add: (_a, _b, dy) => [() => dy, () => dy],
  sub: (_a, _b, dy) => [() => dy, () => neg(dy)],
  mul: (a, b, dy) => [() => mul(dy, b), () => mul(dy, a)],
  div: (a, b, dy) => [() => div(dy, b), () => neg(div(mul(dy, a), square(b)))],
  // Where both are equal each side gets half, as in PyTorch.
  max: (a, b, dy) => [() => mul(dy, half(greater(a, b), equal(a, b))), () => mul(dy, half(less(a, b), equal(a, b)))],
  min: (a, b, dy) => [() => mul(dy, half(less(a, b), equal(a, b))), () => mul(dy, half(greater(a, b), equal(a, b)))],
  greater: () => null,
  greaterEqual: () => null,
  equal: () => null,
  less: () => null,
  lessEqual: () => null,
};

const half = (strict: Tensor, tie: Tensor): Tensor => add(strict, mul(tie, 0.5));

export const binary: Operation<[Tensor, Tensor], BinaryOperation, null> = {
  name: 'binary',
  forward([a, b], operation, device) {
    const y = device.empty(broadcastShapes(operation, a.shape, b.shape));
    device.backend.binary(operation, a, b, y);
    return { outputs: [y], saved: null };
  },
  backward({ inputs: [a, b], options, gradients: [dy], wanted }) {
    const rule = binaryGradients[options](a, b, dy!);
    if (rule === null) return [null, null];
    return [wanted[0] ? sumToShape(rule[0](), a.shape) : null, wanted[1] ? sumToShape(rule[1](), b.shape) : null];
  },
};

export function applyBinary(operation: BinaryOperation, a: Operand, b: Operand): Tensor {
  const device = commonDevice(
    operation,
    [a, b].map((operand) => (typeof operand === 'number' ? null : operand)),
  );
  return apply(binary, [asTensor(a, device), asTensor(b, device)], operation);
}

function asTensor(operand: Operand, device: Device): Tensor {
  return typeof operand === 'number' ? device.full([], operand) : operand;
}

export const add = (a: Operand, b: Operand): Tensor => applyBinary('add', a, b);
export const sub = (a: Operand, b: Operand): Tensor => applyBinary('sub', a, b);
/** Element-wise product a ⊙ b. */
export const mul = (a: Operand, b: Operand): Tensor => applyBinary('mul', a, b);
export const div = (a: Operand, b: Operand): Tensor => applyBinary('div', a, b);
export const minimum = (a: Operand, b: Operand): Tensor => applyBinary('min', a, b);
export const maximum = (a: Operand, b: Operand): Tensor => applyBinary('max', a, b);
/** 1 where a > b, else 0; comparisons carry no gradient. */
export const greater = (a: Operand, b: Operand): Tensor => applyBinary('greater', a, b);
export const greaterEqual = (a: Operand, b: Operand): Tensor => applyBinary('greaterEqual', a, b);
export const equal = (a: Operand, b: Operand): Tensor => applyBinary('equal', a, b);
export const less = (a: Operand, b: Operand): Tensor => applyBinary('less', a, b);
export const lessEqual = (a: Operand, b: Operand): Tensor => applyBinary('lessEqual', a, b);

// ── choice ────────────────────────────────────────────────────────────────────────────────────────────────

export const selectOperation: Operation<[Tensor, Tensor, Tensor], null, null> = {
  name: 'select',
  forward([condition, a, b], _options, device) {
    const y = device.empty(a.shape);
    device.backend.select(condition, a, b, y);
    return { outputs: [y], saved: null };
  },
  backward({ inputs: [condition], gradients: [dy], wanted }, device) {
    const zero = device.zeros(dy!.shape);
    const part = (a: Tensor, b: Tensor): Tensor => apply(selectOperation, [condition, a, b], null);
    return [null, wanted[1] ? part(dy!, zero) : null, wanted[2] ? part(zero, dy!) : null];
  },
};

/**
 * condition ≠ 0 ? a : b, element by element; the three are broadcast to one shape. The side not selected gets
 * no gradient, even if it is NaN.
 */
export function select(condition: Tensor, a: Operand, b: Operand): Tensor {
  const { device } = condition;
  const shapes = [a, b].map((operand) => (typeof operand === 'number' ? [] : operand.shape));
  const shape = shapes.reduce((one, other) => broadcastShapes('select', one, other), condition.shape);
  const fit = (x: Operand): Tensor => {
    if (typeof x === 'number') return device.full(shape, x);
    return sameShape(x.shape, shape) ? x : broadcastTo(x, shape);
  };
  return apply(selectOperation, [fit(condition), fit(a), fit(b)], null);
}
