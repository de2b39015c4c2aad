import { collectGradients } from '../autodiff/gradients.ts';
import { applyAll, type Operation } from '../autodiff/operation.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { add, mul } from './elementwise.ts';
import { sum } from './reduction.ts';

type Part = (inputs: readonly Tensor[]) => readonly Tensor[];

const recomputeOperation: Operation<Tensor[], Part, null> = {
  name: 'recompute',
  integers: true,
  forward: (inputs, part, device) => ({
    outputs: device.withoutGradients(() => device.scope(() => part(inputs.map((input) => input.detach())))),
    saved: null,
  }),
  backward({ inputs, options: part, gradients, wanted }, device) {
    const leaves = inputs.map((input, index) => (wanted[index] ? input.track() : input.detach()));
    return device.scope(() => {
      const loss = device.withGradients(() =>
        part(leaves)
          .flatMap((output, index) => (gradients[index] === null ? [] : [sum(mul(output, gradients[index]))]))
          .reduce(add),
      );
      const found = collectGradients(loss, new Set(leaves));
      return leaves.map((leaf) => found.get(leaf) ?? null);
    });
  },
};

/**
 * Outputs of `part` that keep nothing of what was computed on the way: it is computed again when gradients are taken
 * (Chen et al. 2016). For parts with large inner results.
 *
 * @param part  tensors it depends on must come as inputs; must give the same at every call
 */
export function recompute(inputs: readonly Tensor[], part: Part): readonly Tensor[] {
  return applyAll(recomputeOperation, [...inputs], part);
}
