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
 * Gradient checkpointing (Chen et al. 2016): runs `part` without storing intermediate results, which are recomputed in
 * the backward pass. For parts with large intermediate results.
 *
 * @param part  tensors it depends on must come as inputs; must give the same at every call
 */
export function recompute(inputs: readonly Tensor[], part: Part): readonly Tensor[] {
  return applyAll(recomputeOperation, [...inputs], part);
}

const inPartsOperation: Operation<Tensor[], { readonly part: Part; readonly size: number }, null> = {
  name: 'recomputeInParts',
  integers: true,
  forward([xs, ...shared], { part, size }, device) {
    const outputs: Tensor[] = [];
    device.withoutGradients(() => {
      for (const { of, from, steps } of partsOf(xs, size)) {
        device.scope(() => {
          part([of, ...shared].map((input) => input.detach())).forEach((output, index) => {
            outputs[index] ??= device.empty([xs.shape[0], ...output.shape.slice(1)]);
            device.backend.copy(output, outputs[index].view(output.shape, (from * output.size) / steps));
          });
          // What is returned stays.
          return outputs;
        });
      }
    });
    return { outputs, saved: null };
  },
  backward({ inputs, options: { part, size }, gradients, wanted }, device) {
    const totals = inputs.map((input, index) => (wanted[index] ? device.zeros(input.shape) : null));
    const [xs, ...shared] = inputs;
    for (const { of, from, steps } of partsOf(xs, size)) {
      device.scope(() => {
        const leaves = [of, ...shared].map((input, index) => (wanted[index] ? input.track() : input.detach()));
        const loss = device.withGradients(() =>
          part(leaves)
            .flatMap((output, index) => {
              const whole = gradients[index];
              const offset = (from * output.size) / steps;
              return whole === null ? [] : [sum(mul(output, whole.view(output.shape, offset)))];
            })
            .reduce(add),
        );
        const found = collectGradients(loss, new Set(leaves));
        leaves.forEach((leaf, index) => {
          const gradient = found.get(leaf);
          if (!gradient) return;
          const total = index === 0 ? totals[0]!.view(of.shape, from * (of.size / steps)) : totals[index]!;
          device.backend.axpy(1, gradient, total);
        });
      });
    }
    return totals;
  },
};

/** Chunks of a sequence. */
function* partsOf(xs: Tensor, size: number): Generator<{ of: Tensor; from: number; steps: number }> {
  const [T, ...rest] = xs.shape;
  for (let from = 0; from < T; from += size) {
    const steps = Math.min(size, T - from);
    yield { of: xs.view([steps, ...rest], from * (xs.size / T)), from, steps };
  }
}

/**
 * `recompute` for a long sequence, in chunks: intermediate results are never stored for more than `size` steps, forward
 * or backward.
 *
 * @param xs  `[T, …]`; a chunk of it is the first input of `part`
 * @param shared  further inputs, the same for every chunk
 * @param part  its outputs have the steps as their first axis; the result concatenates them, `[T, …]`
 */
export function recomputeInParts(xs: Tensor, shared: readonly Tensor[], size: number, part: Part): readonly Tensor[] {
  return applyAll(inPartsOperation, [xs, ...shared], { part, size });
}
