import { add, mul } from '../../ops/index.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Context, Fused, Layer } from '../layer.ts';
import { activationOf } from './activation.ts';
import { BatchNorm } from './batch-norm.ts';

/** What a convolution computes with its sums w ∗ x: activation(scale ⊙ (w ∗ x) + bias). */
export interface Following {
  readonly scale?: Tensor;
  readonly bias: Tensor | null;
  readonly activation: 'none' | 'relu' | 'relu6';
}

/**
 * A convolution with the batch norm and the activation that follow it: in training the activation is part of the batch norm,
 * otherwise both are part of the convolution.
 * @param bias  of the convolution
 */
export function fuseConvolution(
  convolve: (then: Following) => Tensor,
  bias: Tensor | null,
  context: Context,
  following: readonly Layer[],
): Fused {
  const [norm, ...rest] = following;
  if (!(norm instanceof BatchNorm)) {
    const activation = activationOf(norm);
    return { value: convolve({ bias, activation }), included: activation === 'none' ? 0 : 1 };
  }
  if (context.training) {
    const { value, included } = norm.applyFused(convolve({ bias, activation: 'none' }), context, rest);
    return { value, included: included + 1 };
  }
  const { scale, shift } = norm.affine();
  const activation = activationOf(rest[0]);
  const value = convolve({ scale, bias: bias ? add(mul(bias, scale), shift) : shift, activation });
  return { value, included: activation === 'none' ? 1 : 2 };
}
