import { ShapeError, UnrolledError } from '../errors.ts';
import { formatShape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Recording } from './operation.ts';

/** A gradient being accumulated. Only sums created here may be added to in place; other tensors may be shared. */
interface Slot {
  tensor: Tensor;
  own: boolean;
}

/** What a gradient is about to flow back into: the name of a recorded operation and how it was called. */
export interface RecordedCall {
  readonly name: string;
  readonly options: unknown;
}

/**
 * Changes what flows back: receives ∂L/∂outputs of a recorded operation (null: of an output that was not used) and returns
 * what takes its place. It does not reach into a `recompute`d part.
 */
export type GradientRule = (call: RecordedCall, gradients: readonly (Tensor | null)[]) => readonly (Tensor | null)[];

/**
 * ∂loss/∂source for each source, by a backward pass through the recorded operations. A source the loss does not
 * depend on gets zeros. The graph is freed: it can be differentiated only once.
 *
 * @param loss  one number, unless `seed` gives ∂L/∂loss of its shape
 * @param rule  makes of the gradient something else, such as guided backpropagation
 * @throws ShapeError if loss is not one number and there is no seed
 */
export function gradients(loss: Tensor, sources: readonly Tensor[], seed?: Tensor, rule?: GradientRule): Tensor[] {
  const found = collectGradients(loss, new Set(sources), seed, rule);
  return sources.map((source) => found.get(source) ?? source.device.zeros(source.shape));
}

/** Like `gradients`, as a map of only the sources that were reached. */
export function collectGradients(
  loss: Tensor,
  sources: ReadonlySet<Tensor>,
  seed?: Tensor,
  rule: GradientRule = (_, gradients) => gradients,
): Map<Tensor, Tensor> {
  if (seed === undefined && loss.size !== 1) {
    throw new ShapeError(
      `gradients: the loss has shape ${formatShape(loss.shape)}, not one number; take its sum or mean, or give a seed`,
      { shape: loss.shape },
    );
  }
  const device = loss.device;
  return device.withoutGradients(() => {
    const leaves = new Map<Tensor, Slot>();
    const pending = new Map<Recording, (Slot | undefined)[]>();
    const add = (tensor: Tensor, gradient: Tensor): void => {
      if (tensor.origin === null) {
        if (sources.has(tensor)) leaves.set(tensor, sum(leaves.get(tensor), gradient));
        return;
      }
      const slots = pending.get(tensor.origin.record as Recording);
      if (slots !== undefined) slots[tensor.origin.output] = sum(slots[tensor.origin.output], gradient);
      if (sources.has(tensor)) leaves.set(tensor, sum(leaves.get(tensor), gradient));
    };

    const order = recordingsBehind([loss]);
    for (const record of order) pending.set(record, new Array(record.outputCount));
    add(loss, seed ?? device.full(loss.shape, 1));
    for (const record of order) {
      const slots = pending.get(record)!;
      pending.delete(record);
      if (slots.every((slot) => slot === undefined)) continue;
      if (record.consumed) {
        throw new UnrolledError(
          `gradients: ${record.name} was already differentiated; compute the loss again before taking its gradients again`,
        );
      }
      record.consumed = true;
      // A leaf that nobody asked about, such as the weights of a network seen through, costs nothing.
      const wanted = record.inputs.map(
        (input) => input?.tracked === true && (input.origin !== null || sources.has(input)),
      );
      const arriving = rule(
        record,
        Array.from(slots, (slot) => slot?.tensor ?? null),
      );
      const back = record.backward(arriving, wanted);
      record.inputs.forEach((input, index) => {
        const gradient = back[index];
        if (input?.tracked && gradient) add(input, gradient);
      });
    }
    return new Map(Array.from(leaves, ([tensor, slot]) => [tensor, slot.tensor]));
  });
}

function sum(slot: Slot | undefined, gradient: Tensor): Slot {
  if (slot === undefined) return { tensor: gradient, own: false };
  const backend = gradient.device.backend;
  if (slot.own) {
    backend.axpy(1, gradient, slot.tensor);
    return slot;
  }
  const total = gradient.device.empty(gradient.shape);
  backend.binary('add', slot.tensor, gradient, total);
  return { tensor: total, own: true };
}

/** All recordings that these tensors depend on, latest first. */
function recordingsBehind(tensors: readonly Tensor[]): Recording[] {
  const seen = new Set<Recording>();
  const stack: Tensor[] = [...tensors];
  for (let tensor = stack.pop(); tensor !== undefined; tensor = stack.pop()) {
    const record = tensor.origin?.record;
    if (!(record instanceof Recording) || seen.has(record)) continue;
    seen.add(record);
    for (const input of record.inputs) if (input?.tracked) stack.push(input);
  }
  return [...seen].sort((a, b) => b.order - a.order);
}

/**
 * The leaves that gradients of these tensors would reach.
 * @param since  the first recording of the function being examined
 * @throws UnrolledError if the function uses a tensor that was computed (and recorded) before it
 */
export function leavesBehind(tensors: readonly Tensor[], since: number, operation: string): Tensor[] {
  const leaves = new Set<Tensor>();
  for (const { inputs } of recordingsBehind(tensors)) {
    for (const input of inputs) {
      if (!input?.tracked) continue;
      if (input.origin === null) leaves.add(input);
      else if ((input.origin.record as Recording).order < since) {
        throw new UnrolledError(
          `${operation}: the function refers to a tensor of shape ${formatShape(input.shape)} that ` +
            `${(input.origin.record as Recording).name} made; give it as one of the inputs`,
          { shape: input.shape },
        );
      }
    }
  }
  return [...leaves];
}
