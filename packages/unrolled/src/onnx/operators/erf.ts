import { abs, add, exp, mul, neg, reciprocal, scale, sign, square, sub } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';

/** erf x by its rational approximation, with an error below 1.5e-7 (Abramowitz & Stegun 7.1.26). */
export function erf(x: Tensor): Tensor {
  const t = reciprocal(add(mul(abs(x), 0.3275911), 1));
  const factors = [-1.453152027, 1.421413741, -0.284496736, 0.254829592];
  const sum = factors.reduce((value, factor) => add(mul(value, t), factor), add(scale(t, 0), 1.061405429));
  const polynomial = mul(sum, t);
  return mul(sign(x), sub(1, mul(polynomial, exp(neg(square(x))))));
}
