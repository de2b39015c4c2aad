import { apply, type Operation } from '../autodiff/operation.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

interface NormOptions {
  readonly centred: boolean;
  readonly epsilon: number;
}

interface Statistics {
  readonly mean: Tensor;
  readonly inverseDeviation: Tensor;
}

const layerNormOperation: Operation<[Tensor, Tensor | null, Tensor | null], NormOptions, Statistics> = {
  name: 'layerNorm',
  forward([x, gain, bias], options, device) {
    const rows = x.shape.slice(0, -1);
    const y = device.empty(x.shape);
    const saved = { mean: device.empty(rows), inverseDeviation: device.empty(rows) };
    device.backend.layerNorm({ x, gain, bias, y, ...saved, ...options });
    return { outputs: [y], saved };
  },
  backward({ inputs: [x, gain, bias], options: { centred }, saved, gradients: [dy] }, device) {
    const dx = device.empty(x.shape);
    const dGain = gain && device.zeros(gain.shape);
    const dBias = bias && device.zeros(bias.shape);
    device.backend.layerNormGrad({ x, gain, ...saved, centred, dy: dy!, dx, dGain, dBias });
    return [dx, dGain, dBias];
  },
};

/**
 * y = gain ⊙ (x − mean)/√(variance + ε) + bias over the last axis (Ba, Kiros & Hinton 2016); the variance is the
 * biased one. x `[…, F]`, gain and bias `[F]` or null.
 * @throws ShapeError if gain or bias do not fit
 */
export function layerNorm(x: Tensor, gain: Tensor | null = null, bias: Tensor | null = null, epsilon = 1e-5): Tensor {
  requireFit('layerNorm', x, { gain, bias });
  return apply(layerNormOperation, [x, gain, bias], { centred: true, epsilon });
}

/**
 * y = gain ⊙ x/√(mean(x²) + ε) over the last axis (Zhang & Sennrich 2019). x `[…, F]`, gain `[F]` or null.
 * @throws ShapeError if the gain does not fit
 */
export function rmsNorm(x: Tensor, gain: Tensor | null = null, epsilon = 1e-5): Tensor {
  requireFit('rmsNorm', x, { gain });
  return apply(layerNormOperation, [x, gain, null], { centred: false, epsilon });
}

function requireFit(operation: string, x: Tensor, parts: Readonly<Record<string, Tensor | null>>): void {
  for (const [name, part] of Object.entries(parts)) {
    if (part !== null && !sameShape(part.shape, x.shape.slice(-1))) {
      throw new ShapeError(
        `${operation}: ${name} ${formatShape(part.shape)} does not fit input ${formatShape(x.shape)}`,
        {
          [name]: part.shape,
          x: x.shape,
        },
      );
    }
  }
}
