import type { Tensor } from '../tensor/tensor.ts';
import { abs, add, exp, mul, neg, reciprocal, sign, square, sub, tanh } from './elementwise.ts';
import { scale } from './reduction.ts';

/** erf x by its rational approximation, with an error below 1.5e-7 (Abramowitz & Stegun 7.1.26). */
export function erf(x: Tensor): Tensor {
  const t = reciprocal(add(mul(abs(x), 0.3275911), 1));
  const factors = [-1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const sum = factors.reduce((value, factor) => add(mul(value, t), factor), add(scale(t, 0), 1.061405429));
  const polynomial = mul(sum, t);
  return mul(sign(x), sub(1, mul(polynomial, exp(neg(square(x))))));
}

/** x Φ(x), with Φ the normal distribution (Hendrycks & Gimpel 2016). */
export const gelu = (x: Tensor): Tensor => mul(scale(x, 0.5), add(erf(scale(x, Math.SQRT1_2)), 1));

/** Its form with tanh, which differs by less than 5e-4. */
export function geluTanh(x: Tensor): Tensor {
  const inner = scale(mul(x, add(scale(mul(x, x), 0.044715), 1)), Math.sqrt(2 / Math.PI));
  return mul(scale(x, 0.5), add(tanh(inner), 1));
}
