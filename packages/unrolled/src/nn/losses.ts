import { ConfigError } from '../errors.ts';
import { add, crossEntropy, div, log, maximum, mul, scale, softplus, square, sub, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface LossOptions {
  /** 'mean' over the positions that count (default), their 'sum', or 'none': one loss a position. */
  readonly reduction?: 'mean' | 'sum' | 'none';
  /** Of the targets' shape: how much each position counts; 0 leaves it out. */
  readonly weights?: Tensor | null;
}

/**
 * −log softmax(logits)[target] in nats: logits `[…, V]`, target ids int32 `[…]`. A target below 0 asks for no loss at
 * that position, so that losses may exist at any subset of the steps; the mean is over those that do, by weight.
 */
export function crossEntropyLoss(logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const ids = targets.data();
  return reduceLosses(crossEntropy(logits, targets), options, (position) => ids[position] >= 0);
}

/** (prediction − target)², one a number; the mean is over all of them, by weight. */
export function squaredErrorLoss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  return reduceLosses(square(sub(prediction, target)), options, () => true);
}

/**
 * −t log σ(z) − (1−t) log(1−σ(z)) in nats for logits z and targets t in [0, 1], one a number; the mean is over all of
 * them, by weight.
 */
export function binaryCrossEntropyLoss(logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  return reduceLosses(sub(softplus(logits), mul(logits, targets)), options, () => true);
}

/**
 * −log of the normal density of the targets in nats, ½ log 2π + log σ + (y − μ)²/2σ², one a number; means μ and
 * deviations σ > 0 of the targets' shape. The mean is over all of them, by weight.
 */
export function gaussianLoss(mean: Tensor, deviation: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const distance = scale(square(div(sub(target, mean), deviation)), 0.5);
  return reduceLosses(add(add(log(deviation), distance), 0.5 * Math.log(2 * Math.PI)), options, () => true);
}

/**
 * The pinball loss of forecast quantiles (Koenker & Bassett 1978), max(q (y − ŷ), (q − 1)(y − ŷ)): predictions
 * `[…, Q]`, one for each quantile, targets `[…, 1]`. One loss a prediction; the mean is over all of them, by weight.
 * @throws ConfigError if there is not a quantile between 0 and 1 for each prediction
 */
export function quantileLoss(
  prediction: Tensor,
  target: Tensor,
  quantiles: readonly number[],
  options: LossOptions = {},
): Tensor {
  if (quantiles.length !== prediction.shape.at(-1) || !quantiles.every((q) => q > 0 && q < 1)) {
    throw new ConfigError(
      `quantile loss: ${prediction.shape.at(-1)} predictions need as many quantiles between 0 and 1, received [${quantiles.join(', ')}]`,
      { quantiles },
    );
  }
  const over = sub(target, prediction);
  const q = prediction.device.tensor(quantiles, [quantiles.length]);
  return reduceLosses(maximum(mul(over, q), mul(over, sub(q, 1))), options, () => true);
}

function reduceLosses(
  losses: Tensor,
  { reduction = 'mean', weights }: LossOptions,
  counts: (position: number) => boolean,
): Tensor {
  const weighted = weights ? mul(losses, weights) : losses;
  if (reduction === 'none') return weighted;
  const total = sum(weighted);
  if (reduction === 'sum') return total;
  const shares = weights?.data();
  let weight = 0;
  for (let i = 0; i < losses.size; i++) if (counts(i)) weight += shares ? shares[i] : 1;
  return scale(total, weight > 0 ? 1 / weight : 0);
}
