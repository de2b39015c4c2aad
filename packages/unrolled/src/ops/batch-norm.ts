import { applyAll, type Operation, run } from '../autodiff/operation.ts';
import type { Activation, RunningStatistics } from '../backend/convolution.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, mul, neg, reciprocal, sqrt, sub } from './elementwise.ts';

interface Statistics {
  readonly mean: Tensor;
  readonly variance: Tensor;
}

interface Options {
  readonly epsilon: number;
  readonly activation: Activation;
  readonly running: RunningStatistics | null;
}

const batchNormOperation: Operation<[Tensor, Tensor | null, Tensor | null], Options, Statistics> = {
  name: 'batchNorm',
  forward([x, gain, bias], options, device) {
    const channels = x.shape.slice(-1);
    const y = device.empty(x.shape);
    const saved = { mean: device.empty(channels), variance: device.empty(channels) };
    device.backend.batchNorm({ x, gain, bias, y, ...saved, ...options });
    return { outputs: [y], saved };
  },
  backward({ inputs: [x, gain, bias], options: { epsilon, activation }, saved, gradients: [dy] }, device) {
    const dx = device.empty(x.shape);
    const dGain = gain && device.empty(gain.shape);
    const dBias = bias && device.empty(bias.shape);
    device.backend.batchNormGrad({ x, gain, bias, ...saved, dy: dy!, dx, dGain, dBias, epsilon, activation });
    return [dx, dGain, dBias];
  },
};

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined;
  /** What follows in the same operation. Default 'none'. */
  readonly activation?: Activation | undefined;
  /** Running statistics `[C]`, overwritten: running ← (1 − m)·running + m·batch, with the unbiased variance. Default: none. */
  readonly running?: { readonly mean: Tensor; readonly variance: Tensor; readonly momentum: number } | null | undefined;
}

/**
 * Batch normalisation with the statistics of this batch (Ioffe & Szegedy 2015), as in training:
 *
 *     y = φ(gain ⊙ (x − μ)/√(σ² + ε) + bias)
 *
 * with the mean μ and the biased variance σ² of each channel over all axes but the last. x `[…, C]`, gain and bias `[C]` or
 * null. Gradients flow through y only, and through the statistics within it.
 * @returns y, and μ and σ² `[C]`
 * @throws ShapeError if x is empty, or has a single value a channel where there are running statistics; or if gain, bias or
 *   they do not fit
 */
export function batchNorm(
  x: Tensor,
  gain: Tensor | null = null,
  bias: Tensor | null = null,
  { epsilon = 1e-5, activation = 'none', running = null }: BatchNormOptions = {},
): { readonly y: Tensor; readonly mean: Tensor; readonly variance: Tensor } {
  if (x.rank === 0 || x.size === 0) {
    throw new ShapeError(`batchNorm: there are no numbers in ${formatShape(x.shape)} to take a mean of`, {
      x: x.shape,
    });
  }
  if (running && x.size === x.shape[x.rank - 1]) {
    throw new ShapeError(
      `batchNorm: training needs at least two values a channel, received ${formatShape(x.shape)}; use a larger batch`,
      { x: x.shape },
    );
  }
  const parts = { gain, bias, 'running mean': running?.mean ?? null, 'running variance': running?.variance ?? null };
  for (const [name, part] of Object.entries(parts)) {
    if (part !== null && !sameShape(part.shape, x.shape.slice(-1))) {
      throw new ShapeError(
        `batchNorm: ${name} ${formatShape(part.shape)} does not fit the channels of ${formatShape(x.shape)}`,
        { [name]: part.shape, x: x.shape },
      );
    }
  }
  const { outputs, saved } = run(batchNormOperation, [x, gain, bias], { epsilon, activation, running });
  return { y: outputs[0], mean: saved.mean, variance: saved.variance };
}

type AffineInputs = [gain: Tensor, bias: Tensor, mean: Tensor, variance: Tensor];

const affineOperation: Operation<AffineInputs, { readonly epsilon: number }, null> = {
  name: 'batchNormAffine',
  forward([gain, bias, mean, variance], { epsilon }, device) {
    const [scale, shift] = [device.empty(gain.shape), device.empty(gain.shape)];
    device.backend.batchNormAffine({ gain, bias, mean, variance, scale, shift, epsilon });
    return { outputs: [scale, shift], saved: null };
  },
  // With r = 1/√(variance + ε): scale = gain · r and shift = bias − mean · scale, so scale receives s = dScale − mean · dShift.
  backward({ inputs: [gain, , mean, variance], options, gradients: [dScale, dShift], wanted }, device) {
    const given = dShift ?? device.zeros(gain.shape);
    const s = sub(dScale ?? 0, mul(mean, given));
    const r = reciprocal(sqrt(add(variance, options.epsilon)));
    return [
      wanted[0] ? mul(s, r) : null,
      wanted[1] ? given : null,
      wanted[2] ? neg(mul(given, mul(gain, r))) : null,
      wanted[3] ? mul(mul(s, gain), mul(mul(r, mul(r, r)), -0.5)) : null,
    ];
  },
};

/** A batch norm with given statistics, as in inference: gain ⊙ (x − mean)/√(variance + ε) + bias = scale ⊙ x + shift; all `[C]`. */
export function batchNormAffine(
  gain: Tensor,
  bias: Tensor,
  mean: Tensor,
  variance: Tensor,
  epsilon: number,
): { readonly scale: Tensor; readonly shift: Tensor } {
  const [scale, shift] = applyAll(affineOperation, [gain, bias, mean, variance], { epsilon });
  return { scale, shift };
}
