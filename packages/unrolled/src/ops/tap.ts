import { applyAll, type Operation } from '../autodiff/operation.ts';
import type { Tensor } from '../tensor/tensor.ts';

type OnGradients = (gradients: readonly Tensor[]) => void;

const tapOperation: Operation<Tensor[], OnGradients, null> = {
  name: 'tap',
  forward: (inputs) => ({ outputs: inputs.map((x) => x.view(x.shape)), saved: null }),
  backward({ inputs, options: onGradients, gradients }, device) {
    onGradients(gradients.map((gradient, index) => gradient ?? device.zeros(inputs[index].shape)));
    return gradients;
  },
};

/** The identity; in the backward pass `onGradients` receives ∂L/∂ of all tensors together. */
export function tap(tensors: readonly Tensor[], onGradients: OnGradients): readonly Tensor[] {
  return applyAll(tapOperation, [...tensors], onGradients);
}
