import { add, crossEntropy, logSoftmax, matmul, mul, neg, scale, softmax, square, sub, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Drawn } from './attention.ts';
import type { Parameter } from './parameters.ts';

/** What was drawn at every step of sequences, and what came of it; all `[T, B]`. */
export interface Episodes {
  /** Of each step, such as the log-probability of the right token; 0 beyond a row's length. Without gradients. */
  readonly rewards: Tensor;
  readonly drawn: Drawn;
  /** 1 at the steps below each row's length, else 0. */
  readonly active: Tensor;
}

/** Share of the newest mean reward in the baseline. */
const SHARE = 0.1;

/**
 * A loss whose gradient is REINFORCE's (Williams 1992) estimate for hard attention (Xu 2015), to be added to Σ −log p:
 *
 *     Σ_{t,b} −(G_tb − b · n_tb) · log p(position_tb) − λ H_tb
 *
 * with the return G_t = Σ_{t′ ≥ t} reward_t′ that a draw at t can change, n_t the number of these steps, and the baseline b, a
 * moving mean of the reward a step. The estimate is unbiased for any b.
 * @param baseline  a buffer `[1]`, which is updated; null: b = 0
 * @param entropy  λ
 */
export function reinforceLoss(episodes: Episodes, baseline: Parameter | null, entropy: number): Tensor {
  const { rewards, active } = episodes;
  const { device } = rewards;
  const advantage = device.withoutGradients(() =>
    returnsOf(baseline ? sub(rewards, mul(active, baseline.value)) : rewards),
  );
  const loss = policyLoss(episodes.drawn, advantage, entropy, active);
  if (baseline) {
    device.withoutGradients(() => {
      const mean = scale(sum(rewards), SHARE);
      const steps = sum(active);
      baseline.assign(add(scale(baseline.value, 1 - SHARE), mean.div(steps).reshape([1])));
    });
  }
  return loss;
}

/**
 * The same with a baseline that the model predicts at each step (Mnih 2014), and its error, by which it learns:
 *
 *     Σ_{t,b} −(G_tb − b_tb) · log p(draw_tb) − λ H_tb + (G_tb − b_tb)²
 *
 * The baseline gets no gradient of the first term.
 * @param baseline  b, `[T, B]`, which must not depend on the draw of its step
 */
export function reinforceWithBaseline(episodes: Episodes, baseline: Tensor, entropy: number): Tensor {
  const returns = episodes.rewards.device.withoutGradients(() => returnsOf(episodes.rewards));
  const advantage = sub(returns, baseline.detach());
  const error = sum(mul(episodes.active, square(sub(returns, baseline))));
  return add(policyLoss(episodes.drawn, advantage, entropy, episodes.active), error);
}

/** G_t = Σ_{t′ ≥ t} reward_t′, `[T, B]`. */
function returnsOf(rewards: Tensor): Tensor {
  const [T] = rewards.shape;
  const later = rewards.device.tensor(
    Uint8Array.from({ length: T * T }, (_, i) => Number(i % T >= Math.floor(i / T))),
    [T, T],
  );
  return matmul(later, rewards);
}

/**
 * What choices by a softmax were worth, for `policyLoss`: log p of each, and the entropy of its distribution.
 * @param logits  `[…, K]`, finite; −10⁴ rules a choice out
 * @param ids  what was chosen, int32 `[…]`
 */
export function drawnFrom(logits: Tensor, ids: Tensor): Drawn {
  const logProbability = neg(crossEntropy(logits, ids));
  const entropy = neg(sum(mul(softmax(logits), logSoftmax(logits)), { axes: -1 }));
  return { logProbability, entropy };
}

/**
 * A loss whose gradient is the estimate of REINFORCE (Williams 1992) for draws whose advantage is known:
 *
 *     Σ −A · log p(draw) − λ H
 *
 * It is unbiased where A is the return less a baseline that does not depend on the draw. Its value says nothing.
 * @param advantage  A of each draw, in a shape that broadcasts to theirs; without gradients
 * @param entropy  λ
 * @param active  1 for draws that count, else 0. Default: all count
 */
export function policyLoss(drawn: Drawn, advantage: Tensor, entropy: number, active?: Tensor): Tensor {
  const losses = sub(mul(neg(advantage), drawn.logProbability), scale(drawn.entropy, entropy));
  return sum(active ? mul(active, losses) : losses);
}
