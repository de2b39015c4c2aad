import { apply, type Operation } from '../autodiff/operation.ts';
import type { Activation } from '../backend/convolution.ts';
import { ShapeError } from '../errors.ts';
import { formatShape, sameShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';

interface Options {
  readonly activation: Exclude<Activation, 'none'>;
}

const operation: Operation<[Tensor, Tensor], Options, Tensor> = {
  name: 'addActivated',
  forward([a, b], { activation }, device) {
    const y = device.empty(a.shape);
    device.backend.addActivated(a, b, y, activation);
    return { outputs: [y], saved: y };
  },
  backward({ options: { activation }, saved: y, gradients: [dy] }, device) {
    const d = device.empty(y.shape);
    device.backend.unaryGrad(activation, y, y, dy!, d);
    return [d, d];
  },
};

/**
 * φ(a + b) in one operation, as at the end of a residual block (He 2016): φ is 'relu' or 'relu6', a and b have one shape.
 * @throws ShapeError if the shapes differ
 */
export function addActivated(a: Tensor, b: Tensor, activation: 'relu' | 'relu6'): Tensor {
  if (!sameShape(a.shape, b.shape)) {
    throw new ShapeError(`addActivated: the shapes ${formatShape(a.shape)} and ${formatShape(b.shape)} differ`, {
      a: a.shape,
      b: b.shape,
    });
  }
  return apply(operation, [a, b], { activation });
}
