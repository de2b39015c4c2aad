import { type Operation, run } from '../autodiff/operation.ts';
import type { Activation } from '../backend/convolution.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

interface Statistics {
  readonly y: Tensor;
  readonly mean: Tensor;
  readonly variance: Tensor;
}

interface Options {
  readonly epsilon: number;
  readonly activation: Activation;
}

const batchNormOperation: Operation<[Tensor, Tensor | null, Tensor | null], Options, Statistics> = {
  name: 'batchNorm',
  forward([x, gain, bias], options, device) {
    const channels = x.shape.slice(-1);
    const saved = { y: device.empty(x.shape), mean: device.empty(channels), variance: device.empty(channels) };
    device.backend.batchNorm({ x, gain, bias, ...saved, ...options });
    return { outputs: [saved.y], saved };
  },
  backward({ inputs: [x, gain, bias], options, saved, gradients: [dy] }, device) {
    const dx = device.empty(x.shape);
    const dGain = gain && device.empty(gain.shape);
    const dBias = bias && device.empty(bias.shape);
    device.backend.batchNormGrad({ x, gain, ...saved, dy: dy!, dx, dGain, dBias, ...options });
    return [dx, dGain, dBias];
  },
};

export interface BatchNormOptions {
  /** Added to the variance. Default 1e-5. */
  readonly epsilon?: number | undefined;
  /** What follows in the same operation. Default 'none'. */
  readonly activation?: Activation | undefined;
}

/**
 * Batch normalisation with the statistics of this batch (Ioffe & Szegedy 2015), as in training:
 *
 *     y = φ(gain ⊙ (x − μ)/√(σ² + ε) + bias)
 *
 * with the mean μ and the biased variance σ² of each channel over all axes but the last. x `[…, C]`, gain and bias `[C]` or
 * null. Gradients flow through y only, and through the statistics within it.
 * @returns y, and μ and σ² `[C]`, for running statistics
 * @throws ShapeError if x is empty, or gain or bias do not fit
 */
export function batchNorm(
  x: Tensor,
  gain: Tensor | null = null,
  bias: Tensor | null = null,
  { epsilon = 1e-5, activation = 'none' }: BatchNormOptions = {},
): { readonly y: Tensor; readonly mean: Tensor; readonly variance: Tensor } {
  if (x.rank === 0 || x.size === 0) {
    throw new ShapeError(`batchNorm: there are no numbers in ${formatShape(x.shape)} to take a mean of`, {
      x: x.shape,
    });
  }
  for (const [name, part] of Object.entries({ gain, bias })) {
    if (part !== null && !sameShape(part.shape, x.shape.slice(-1))) {
      throw new ShapeError(
        `batchNorm: ${name} ${formatShape(part.shape)} does not fit the channels of ${formatShape(x.shape)}`,
        { [name]: part.shape, x: x.shape },
      );
    }
  }
  const { outputs, saved } = run(batchNormOperation, [x, gain, bias], { epsilon, activation });
  return { y: outputs[0], mean: saved.mean, variance: saved.variance };
}
