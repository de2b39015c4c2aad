import { apply, type Operation } from '../autodiff/operation.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape, sizeOf } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { mul } from './elementwise.ts';
import { requireIds } from './ids.ts';
import { repeatInto } from './repeat.ts';

const softmaxOperation: Operation<[Tensor], null, Tensor> = {
  name: 'softmax',
  forward([x], _options, device) {
    const y = device.empty(x.shape);
    device.backend.softmax(x, y, x.shape.at(-1)!);
    return { outputs: [y], saved: y };
  },
  backward({ saved: y, gradients: [dy] }, device) {
    const dx = device.empty(y.shape);
    device.backend.softmaxGrad(y, dy!, dx, y.shape.at(-1)!);
    return [dx];
  },
};

/** exp(x) / Σ exp(x) over the last axis. */
export function softmax(x: Tensor): Tensor {
  requireRows('softmax', x);
  return apply(softmaxOperation, [x], null);
}

const logSoftmaxOperation: Operation<[Tensor], null, Tensor> = {
  name: 'logSoftmax',
  forward([x], _options, device) {
    const y = device.empty(x.shape);
    device.backend.logSoftmax(x, y, x.shape.at(-1)!);
    return { outputs: [y], saved: y };
  },
  backward({ saved: y, gradients: [dy] }, device) {
    const dx = device.empty(y.shape);
    device.backend.logSoftmaxGrad(y, dy!, dx, y.shape.at(-1)!);
    return [dx];
  },
};

/** x − log Σ exp(x) over the last axis. */
export function logSoftmax(x: Tensor): Tensor {
  requireRows('logSoftmax', x);
  return apply(logSoftmaxOperation, [x], null);
}

const logSumExpOperation: Operation<[Tensor], null, null> = {
  name: 'logSumExp',
  forward([x], _options, device) {
    const rows = x.shape.slice(0, -1);
    const y = device.empty(rows);
    // The log-normaliser of a cross-entropy whose targets are all ignored.
    const targets = device.ids(new Int32Array(y.size).fill(-1), rows);
    device.backend.crossEntropy(x, targets, device.empty(rows), y);
    return { outputs: [y], saved: null };
  },
  // Not exp(x − y): that would lose precision where y is large.
  backward: ({ inputs: [x], gradients: [dy] }) => [mul(softmax(x), dy!.view([...dy!.shape, 1]))],
};

/** log Σ exp(x) over the last axis, which is removed. A row of −∞ gives NaN. */
export function logSumExp(x: Tensor): Tensor {
  requireRows('logSumExp', x);
  return apply(logSumExpOperation, [x], null);
}

const crossEntropyOperation: Operation<[Tensor, Tensor], null, Tensor> = {
  name: 'crossEntropy',
  integers: true,
  forward([logits, targets], _options, device) {
    const losses = device.empty(targets.shape);
    const logNormaliser = device.empty(targets.shape);
    device.backend.crossEntropy(logits, targets, losses, logNormaliser);
    return { outputs: [losses], saved: logNormaliser };
  },
  backward({ inputs: [logits, targets], saved, gradients: [dLosses] }, device) {
    const dLogits = device.empty(logits.shape);
    device.backend.crossEntropyGrad(logits, targets, saved, dLosses!, dLogits);
    return [dLogits, null];
  },
};

/**
 * −log softmax(logits)[target] in nats, one loss per position: logits `[…, V]`, target ids int32 `[…]` → `[…]`.
 * A negative target is ignored: loss 0 and no gradient. So is a position where `weights`, of the targets' shape, is 0; they
 * have no other effect.
 * @throws ShapeError if the shapes do not fit, or an id is not below V
 */
export function crossEntropy(logits: Tensor, targets: Tensor, weights: Tensor | null = null): Tensor {
  requireRows('crossEntropy', logits);
  if (!sameShape(logits.shape.slice(0, -1), targets.shape) || targets.dtype !== 'int32') {
    throw new ShapeError(
      `crossEntropy: logits ${formatShape(logits.shape)} need int32 targets ${formatShape(logits.shape.slice(0, -1))}, ` +
        `received ${targets.dtype} ${formatShape(targets.shape)}`,
      { logits: logits.shape, targets: targets.shape },
    );
  }
  requireIds('crossEntropy', targets, logits.shape.at(-1)!, -Infinity);
  return apply(crossEntropyOperation, [logits, weights ? weightedTargets(targets, weights) : targets], null);
}

/** Targets where the weight is not 0, else −1. */
function weightedTargets(targets: Tensor, weights: Tensor): Tensor {
  const { device, shape } = targets;
  const [asked, none] = [device.empty(shape, 'int32'), device.empty(shape, 'int32')];
  device.backend.fill(none, -1);
  const each = sameShape(weights.shape, shape) ? weights : repeatInto(weights, device.empty(shape));
  device.backend.select(each, targets, none, asked);
  return asked;
}

function requireRows(operation: string, x: Tensor): void {
  if (x.rank === 0 || (x.shape.at(-1) === 0 && sizeOf(x.shape.slice(0, -1)) > 0)) {
    throw new ShapeError(`${operation}: shape ${formatShape(x.shape)} has no last axis to normalise over`, {
      shape: x.shape,
    });
  }
}
