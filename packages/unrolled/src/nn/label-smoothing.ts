import { add, logSumExp, mean, scale, select, sub } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * Losses whose targets are smoothed (Szegedy 2016): (1 − ε) · losses + ε · mean over v of −log softmax(logits)_v.
 * @param asked  positions where it is 0 stay 0. Default: all are smoothed
 */
export function smoothed(losses: Tensor, logits: Tensor, epsilon: number, asked: Tensor | null = null): Tensor {
  const even = sub(logSumExp(logits), mean(logits, { axes: -1 }));
  return add(scale(losses, 1 - epsilon), scale(asked ? select(asked, even, 0) : even, epsilon));
}
