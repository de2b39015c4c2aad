import { mix32 } from '../../random.ts';
import { broadcastStrides, type Shape, stridesOf } from '../../shape.ts';
import type { BinaryOperation, StridedView, TypedArray, UnaryOperation } from '../backend.ts';
import type { Floats } from './memory.ts';
import { normalBelow, normalDensity } from './normal-distribution.ts';

/** σ(x) = 1/(1 + e⁻ˣ), from the side where e^… cannot overflow. */
export function sigmoid(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

/** 2√(2/π) (x + 0.044715 x³): GELU by tanh is x·σ of it, since (1 + tanh u)/2 = σ(2u). */
const bent = (x: number): number => Math.sqrt(8 / Math.PI) * (x + 0.044715 * x ** 3);

/** The slope of x·σ(u(x)), s = σ(u). */
const gatedSlope = (x: number, s: number, slope: number): number => s + x * s * (1 - s) * slope;

interface UnaryRule {
  readonly value: (x: number) => number;
  /** f′(x), where y = f(x) is known too. */
  readonly slope: (x: number, y: number) => number;
}

export const unaryRules: Record<UnaryOperation, UnaryRule> = {
  neg: { value: (x) => -x, slope: () => -1 },
  exp: { value: Math.exp, slope: (_, y) => y },
  log: { value: Math.log, slope: (x) => 1 / x },
  sqrt: { value: Math.sqrt, slope: (_, y) => 0.5 / y },
  abs: { value: Math.abs, slope: (x) => Math.sign(x) },
  square: { value: (x) => x * x, slope: (x) => 2 * x },
  reciprocal: { value: (x) => 1 / x, slope: (_, y) => -y * y },
  sign: { value: Math.sign, slope: () => 0 },
  tanh: { value: Math.tanh, slope: (_, y) => 1 - y * y },
  sigmoid: { value: sigmoid, slope: (_, y) => y * (1 - y) },
  relu: { value: (x) => Math.max(0, x), slope: (x) => (x > 0 ? 1 : 0) },
  softplus: { value: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))), slope: sigmoid },
  relu6: { value: (x) => Math.min(Math.max(0, x), 6), slope: (x) => (x > 0 && x < 6 ? 1 : 0) },
  gelu: { value: (x) => x * normalBelow(x), slope: (x) => normalBelow(x) + x * normalDensity(x) },
  geluTanh: {
    value: (x) => x * sigmoid(bent(x)),
    slope: (x) => gatedSlope(x, sigmoid(bent(x)), Math.sqrt(8 / Math.PI) * (1 + 3 * 0.044715 * x * x)),
  },
  silu: { value: (x) => x * sigmoid(x), slope: (x) => gatedSlope(x, sigmoid(x), 1) },
};

export const binaryRules: Record<BinaryOperation, (a: number, b: number) => number> = {
  add: (a, b) => a + b,
  sub: (a, b) => a - b,
  mul: (a, b) => a * b,
  div: (a, b) => a / b,
  min: Math.min,
  max: Math.max,
  greater: (a, b) => (a > b ? 1 : 0),
  greaterEqual: (a, b) => (a >= b ? 1 : 0),
  equal: (a, b) => (a === b ? 1 : 0),
  less: (a, b) => (a < b ? 1 : 0),
  lessEqual: (a, b) => (a <= b ? 1 : 0),
};

/** Calls `visit` with the element positions in every view, for every index below `extents`, in row-major order. */
export function forEachIndex(
  extents: Shape,
  views: readonly StridedView[],
  visit: (positions: readonly number[]) => void,
): void {
  const positions = views.map((view) => view.start);
  const walk = (axis: number): void => {
    if (axis === extents.length) {
      visit(positions);
      return;
    }
    for (let i = 0; i < extents[axis]; i++) {
      walk(axis + 1);
      for (let v = 0; v < views.length; v++) positions[v] += views[v].strides[axis];
    }
    for (let v = 0; v < views.length; v++) positions[v] -= extents[axis] * views[v].strides[axis];
  };
  walk(0);
}

export function stridedCopy(
  x: TypedArray,
  xView: StridedView,
  out: TypedArray,
  outView: StridedView,
  extents: Shape,
  accumulate: boolean,
): void {
  forEachIndex(extents, [xView, outView], ([from, to]) => {
    out[to] = accumulate ? out[to] + x[from] : x[from];
  });
}

export function unary(operation: UnaryOperation, x: Floats, out: Floats): void {
  const { value } = unaryRules[operation];
  for (let i = 0; i < x.length; i++) out[i] = value(x[i]);
}

export function unaryGrad(operation: UnaryOperation, x: Floats, y: Floats, dy: Floats, dx: Floats): void {
  const { slope } = unaryRules[operation];
  for (let i = 0; i < x.length; i++) dx[i] = dy[i] * slope(x[i], y[i]);
}

export function binary(
  operation: BinaryOperation,
  a: Floats,
  aShape: Shape,
  b: Floats,
  bShape: Shape,
  out: Floats,
  outShape: Shape,
): void {
  const apply = binaryRules[operation];
  const views = [broadcastStrides(aShape, outShape), broadcastStrides(bShape, outShape), stridesOf(outShape)];
  forEachIndex(
    outShape,
    views.map((strides) => ({ start: 0, strides })),
    ([ia, ib, io]) => {
      out[io] = apply(a[ia], b[ib]);
    },
  );
}

export function select(condition: Floats, a: Floats, b: Floats, out: Floats): void {
  for (let i = 0; i < out.length; i++) out[i] = condition[i] !== 0 ? a[i] : b[i];
}

export function axpy(alpha: number, x: Floats, y: Floats): void {
  for (let i = 0; i < x.length; i++) y[i] += alpha * x[i];
}

export function dropout(x: Floats, out: Floats, rate: number, seed: number): void {
  for (let i = 0; i < x.length; i++) {
    const kept = mix32(mix32(i) + seed) >= rate * 2 ** 32;
    out[i] = kept ? x[i] / (1 - rate) : 0;
  }
}
