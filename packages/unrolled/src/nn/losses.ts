import { oneOf, requireKind, shown } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { add, crossEntropy, div, log, maximum, mul, scale, select, softplus, square, sub, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';

export interface LossOptions {
  /** 'mean' over the positions that are not ignored (default), their 'sum', or 'none': one loss per position. */
  readonly reduction?: 'mean' | 'sum' | 'none' | undefined;
  /** The weight of each position, of the targets' shape. A position of weight 0 is ignored, even if its prediction is NaN. */
  readonly weights?: Tensor | null | undefined;
}

/**
 * Cross-entropy −log softmax(logits)[target], in nats: logits `[…, V]`, target ids int32 `[…]`. A negative target is
 * ignored. The mean is weighted, over the positions that are not ignored; 0 if there are none.
 * @throws ShapeError if the shapes do not match or an id is not below V
 */
export function crossEntropyLoss(logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const ids = targets.data();
  const shares = options.weights?.data();
  const counted = shares ? ids.map((id, position) => (shares[position] === 0 ? -1 : id)) : ids;
  const asked = shares?.includes(0) ? targets.device.tensor(counted, targets.shape, targets.dtype) : targets;
  return reduceLosses(crossEntropy(logits, asked), options, (position) => counted[position] >= 0);
}

/** Squared error (ŷ − y)², elementwise. */
export function squaredErrorLoss(prediction: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const [p, y] = [counting(prediction, options), counting(target, options)];
  return reduceLosses(square(sub(p, y)), options);
}

/** Binary cross-entropy −y log σ(z) − (1 − y) log(1 − σ(z)) in nats, elementwise: logits z, targets y in [0, 1]. */
export function binaryCrossEntropyLoss(logits: Tensor, targets: Tensor, options: LossOptions = {}): Tensor {
  const [z, y] = [counting(logits, options), counting(targets, options)];
  return reduceLosses(sub(softplus(z), mul(z, y)), options);
}

/**
 * Negative log-likelihood of a normal distribution in nats, elementwise: ½ log 2π + log σ + (y − μ)²/2σ², for means μ and
 * standard deviations σ > 0 of the targets' shape.
 */
export function gaussianLoss(mean: Tensor, deviation: Tensor, target: Tensor, options: LossOptions = {}): Tensor {
  const [mu, sigma, y] = [counting(mean, options), counting(deviation, options, 1), counting(target, options)];
  const distance = scale(square(div(sub(y, mu), sigma)), 0.5);
  return reduceLosses(add(add(log(sigma), distance), 0.5 * Math.log(2 * Math.PI)), options);
}

/**
 * Pinball loss of quantile forecasts (Koenker & Bassett 1978), max(q (y − ŷ), (q − 1)(y − ŷ)): predictions `[…, Q]`, one for
 * each quantile q, targets and weights `[…, 1]`.
 * @throws ConfigError unless there is one quantile between 0 and 1 for each prediction
 */
export function quantileLoss(
  prediction: Tensor,
  target: Tensor,
  quantiles: readonly number[],
  options: LossOptions = {},
): Tensor {
  if (quantiles.length !== prediction.shape.at(-1) || !quantiles.every((q) => q > 0 && q < 1)) {
    throw new ConfigError(
      `quantile loss: ${prediction.shape.at(-1)} predictions need as many quantiles between 0 and 1, received ${shown(quantiles)}`,
      { quantiles },
    );
  }
  const over = sub(counting(target, options), counting(prediction, options));
  const q = prediction.device.tensor(quantiles, [quantiles.length]);
  return reduceLosses(maximum(mul(over, q), mul(over, sub(q, 1))), options);
}

/** x where the weight is not 0. Multiplying by 0 would not mask a NaN or its gradient. */
function counting(x: Tensor, { weights }: LossOptions, instead = 0): Tensor {
  return weights?.data().includes(0) ? select(weights, x, instead) : x;
}

function reduceLosses(
  losses: Tensor,
  { reduction = 'mean', weights }: LossOptions,
  counts: (position: number) => boolean = () => true,
): Tensor {
  requireKind('loss', 'reduction', reduction, reductions);
  const weighted = weights ? mul(losses, weights) : losses;
  if (reduction === 'none') return weighted;
  const total = sum(weighted);
  if (reduction === 'sum') return total;
  const shares = weights?.data();
  const places = shares?.length ?? losses.size;
  let weight = 0;
  for (let i = 0; i < places; i++) if (counts(i)) weight += shares ? shares[i] : 1;
  weight *= weighted.size / places;
  return scale(total, weight > 0 ? 1 / weight : 0);
}

const reductions = oneOf(['mean', 'sum', 'none']);
