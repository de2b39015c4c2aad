import { add, argmax } from '../ops/index.ts';
import type { Random } from '../random.ts';
import type { Tensor } from '../tensor/tensor.ts';

/**
 * An id for each row of logits `[B, V]`, drawn from their softmax without reading them: the argmax of logit − log(−log u)
 * over uniform u (Gumbel 1954). int32 `[B]`.
 * @param given  rows with an id from 0 get that one, and draw nothing. Default: all draw
 * @param never  an id that is never drawn
 */
export function drawIds(
  logits: Tensor,
  random: Random,
  { given, never }: { readonly given?: ArrayLike<number>; readonly never?: number } = {},
): Tensor {
  const [B, V] = logits.shape;
  const noise = new Float32Array(B * V).fill(Number.NEGATIVE_INFINITY);
  for (let row = 0; row < B; row++) {
    if (given && given[row] >= 0) noise[row * V + given[row]] = 0;
    else for (let id = 0; id < V; id++) if (id !== never) noise[row * V + id] = gumbel(random);
  }
  return argmax(add(logits, logits.device.tensor(noise, [B, V])));
}

/** From the standard Gumbel distribution. */
const gumbel = (random: Random): number => -Math.log(-Math.log(Math.max(random.uniform(), Number.MIN_VALUE)));
