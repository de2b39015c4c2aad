import { oneOf, rate, requireKind, shown } from '../checks.ts';
import { ConfigError, ShapeError } from '../errors.ts';
import {
  add,
  broadcastTo,
  crossEntropy,
  div,
  greater,
  greaterEqual,
  log,
  logSoftmax,
  maximum,
  mul,
  neg,
  reciprocal,
  reshape,
  scale,
  select,
  softplus,
  square,
  sub,
  sum,
} from '../ops/index.ts';
import { formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { smoothed } from './label-smoothing.ts';

export interface LossOptions {
  /** 'mean' over the positions that are not ignored (default), their 'sum', or 'none': one loss per position. */
  readonly reduction?: 'mean' | 'sum' | 'none' | undefined;
  /** The weight of each position, of the targets' shape. A position of weight 0 is ignored, even if its prediction is NaN. */
  readonly weights?: Tensor | null | undefined;
}

export interface CrossEntropyOptions extends LossOptions {
  /**
   * ε of label smoothing (Szegedy 2016): the target distribution is 1 − ε of the given one plus ε spread evenly over all V.
   * Default 0.
   */
  readonly labelSmoothing?: number | undefined;
}

/**
 * Cross-entropy in nats: logits `[…, V]`, and targets as ids int32 `[…]`: −log softmax(logits)[target], or as distributions
 * `[…, V]`: −Σ_v target_v log softmax(logits)_v, such as those of mixed examples. A negative id is ignored. The mean is
 * weighted, over the positions that are not ignored; 0 if there are none.
 * @throws ShapeError if the shapes do not match or an id is not below V; ConfigError on a smoothing outside [0, 1)
 */
export function crossEntropyLoss(logits: Tensor, targets: Tensor, options: CrossEntropyOptions = {}): Tensor {
  const { labelSmoothing = 0, weights = null } = options;
  requireKind('crossEntropyLoss', 'labelSmoothing', labelSmoothing, rate);
  if (targets.dtype !== 'int32') return distributionLoss(logits, targets, options);
  const losses = crossEntropy(logits, targets, weights);
  if (labelSmoothing === 0) return reduceLosses(losses, options, targets);
  const counts = targets.ids?.every((id) => id >= 0) ? null : presence(targets);
  const asked = weights && counts ? mul(weights, counts) : (weights ?? counts);
  return reduceLosses(smoothed(losses, countingRows(logits, asked), labelSmoothing, asked), options, targets);
}

function distributionLoss(logits: Tensor, targets: Tensor, options: CrossEntropyOptions): Tensor {
  if (!sameShape(logits.shape, targets.shape)) {
    throw new ShapeError(
      `crossEntropyLoss: logits ${formatShape(logits.shape)} need distributions of their shape, or int32 ids ` +
        `${formatShape(logits.shape.slice(0, -1))}; received ${targets.dtype} ${formatShape(targets.shape)}`,
      { logits: logits.shape, targets: targets.shape },
    );
  }
  const { labelSmoothing = 0, weights = null } = options;
  const rows = countingRows(logits, weights);
  const losses = neg(sum(mul(countingRows(targets, weights), logSoftmax(rows)), { axes: -1 }));
  return reduceLosses(labelSmoothing > 0 ? smoothed(losses, rows, labelSmoothing, weights) : losses, options);
}

/** Rows `[…, V]` whose weight `[…]` is not 0, else 0. */
const countingRows = (rows: Tensor, weights: Tensor | null): Tensor =>
  weights ? select(reshape(weights, [...weights.shape, 1]), rows, 0) : rows;

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
  return weights ? select(weights, x, instead) : x;
}

/** @param targets  ids of the losses' shape, of which negative ones do not count */
function reduceLosses(losses: Tensor, options: LossOptions, targets: Tensor | null = null): Tensor {
  const { reduction = 'mean', weights = null } = options;
  requireKind('loss', 'reduction', reduction, reductions);
  const weighted = weights ? mul(losses, weights) : losses;
  if (reduction === 'none') return weighted;
  const total = sum(weighted);
  if (reduction === 'sum') return total;
  const ids = targets?.ids;
  if (weights === null && (targets === null || ids)) {
    const count = ids ? ids.reduce((n, id) => n + Number(id >= 0), 0) : losses.size;
    return scale(total, count > 0 ? 1 / count : 0);
  }
  // What only the device knows stays there.
  const present = targets && presence(targets);
  const shares = weights && broadcastTo(weights.detach(), weighted.shape);
  const weight = sum(present && shares ? select(present, shares, 0) : (present ?? shares)!);
  return mul(total, select(greater(weight, 0), reciprocal(weight), 0));
}

/** 1 where an id is not negative, else 0. */
function presence(ids: Tensor): Tensor {
  const numbers = ids.device.empty(ids.shape);
  ids.device.backend.copy(ids, numbers);
  return greaterEqual(numbers, 0);
}

const reductions = oneOf(['mean', 'sum', 'none']);
