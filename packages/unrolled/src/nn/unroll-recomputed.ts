import { gradients, leavesBehind } from '../autodiff/gradients.ts';
import { applyAll, type Operation, Recording } from '../autodiff/operation.ts';
import { add, mul, sum } from '../ops/index.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Cell, CellState } from './cells/cell.ts';
import { type Unrolled, type UnrollOptions, unroll } from './unroll.ts';

/** A chunk of steps, and the parts of the state before it, in the order in which steps run. */
interface Chunk {
  readonly from: number;
  readonly to: number;
  readonly before: readonly Tensor[];
}

interface Forward {
  /** Outputs of all steps, then the parts of the final state. */
  readonly results: readonly Tensor[];
  readonly chunks: readonly Chunk[];
  /** Outputs and the parts of the state after these steps. */
  readonly run: (xs: Tensor, before: readonly Tensor[], from: number, to: number) => readonly Tensor[];
}

/** Inputs: xs, the parts of the state, the cell's parameters. */
const unrollOperation: Operation<Tensor[], Forward, null> = {
  name: 'unroll',
  forward: (_, { results }) => ({ outputs: results, saved: null }),
  backward({ inputs, options: { results, chunks, run }, gradients: given, wanted }, device) {
    const [xs] = inputs;
    const parts = results.length - 1;
    const weights = inputs.slice(1 + parts);
    const dx = wanted[0] ? device.empty(xs.shape) : null;
    const dWeights = weights.map(({ shape }) => device.zeros(shape));
    let dState: readonly (Tensor | null)[] = given.slice(1);
    for (const { from, to, before } of chunks.toReversed()) {
      const after = dState;
      dState = device.scope(() => {
        const own = stepsOf(xs, from, to);
        const leaves = [wanted[0] ? own.track() : own, ...before.map((part) => part.track())];
        const seeds = [given[0] && stepsOf(given[0], from, to), ...after];
        const loss = device.withGradients(() =>
          run(leaves[0], leaves.slice(1), from, to)
            .flatMap((result, index) => (seeds[index] && result.tracked ? [sum(mul(result, seeds[index]))] : []))
            .reduce<Tensor | null>((total, term) => (total === null ? term : add(total, term)), null),
        );
        if (loss === null) return after;
        const [dChunk, ...rest] = gradients(loss, [...leaves, ...weights]);
        if (dx) device.backend.copy(dChunk, stepsOf(dx, from, to));
        dWeights.forEach((total, index) => {
          device.backend.axpy(1, rest[parts + index], total);
        });
        return rest.slice(0, parts);
      });
    }
    return [dx, ...dState, ...dWeights];
  },
};

/**
 * `unroll` in chunks of about √T steps, storing only the state before each and the outputs; everything else is recomputed chunk
 * by chunk in the backward pass (Chen, Xu, Zhang & Guestrin 2016). Gradients differ in rounding, since a weight's gradient is
 * summed per chunk.
 */
export function unrollRecomputed<State extends CellState>(
  cell: Cell<State>,
  xs: Tensor,
  state: State | null | undefined,
  options: UnrollOptions<State>,
): Unrolled<State> {
  const { device } = xs;
  const [T, B] = xs.shape;
  if (!device.recording || T < 2) return unroll(cell, xs, state, options);
  const { lengths, reverse = false } = options;
  const initial = state ?? cell.initialState(B, device);
  const names = Object.keys(initial);
  const named = (parts: readonly Tensor[]): State =>
    Object.fromEntries(names.map((name, index) => [name, parts[index]])) as State;
  const run: Forward['run'] = (steps, before, from, to) => {
    const own = lengths?.map((length) => Math.max(0, Math.min(length, to) - from));
    const unrolled = unroll(cell, steps, named(before), { ...options, lengths: own });
    return [unrolled.outputs, ...names.map((name) => unrolled.state[name])];
  };

  const outputs = device.empty([T, B, cell.width]);
  let parameters: readonly Tensor[] | null = null;
  let before: readonly Tensor[] = Object.values(initial).map((part) => part.detach());
  const chunks: Chunk[] = [];
  for (const [from, to] of boundaries(T, reverse)) {
    chunks.push({ from, to, before });
    before = device.scope(() => {
      const since = Recording.next;
      const leaves = [stepsOf(xs, from, to), ...before].map((each) => (parameters === null ? each.track() : each));
      const forward = () => run(leaves[0], leaves.slice(1), from, to);
      // The first chunk is recorded, to find the cell's parameters.
      const [output, ...after] = parameters === null ? forward() : device.withoutGradients(forward);
      parameters ??= leavesBehind([output, ...after], since, 'unroll').filter((leaf) => !leaves.includes(leaf));
      device.backend.copy(output, stepsOf(outputs, from, to));
      return after.map(copyOf);
    });
  }
  const forward = { results: [outputs, ...before], chunks, run };
  const [all, ...final] = applyAll(unrollOperation, [xs, ...Object.values(initial), ...parameters!], forward);
  return { outputs: all, state: named(final) };
}

/** Steps `from` … `to` of an array with time first. No copy. */
function stepsOf(xs: Tensor, from: number, to: number): Tensor {
  const [, ...rest] = xs.shape;
  return xs.view([to - from, ...rest], (from * xs.size) / xs.shape[0]);
}

/** Chunks of ⌈√T⌉ steps in the order in which they run. */
function boundaries(T: number, reverse: boolean): [from: number, to: number][] {
  const size = Math.ceil(Math.sqrt(T));
  const chunks = Array.from({ length: Math.ceil(T / size) }, (_, i): [number, number] => [
    i * size,
    Math.min(T, (i + 1) * size),
  ]);
  return reverse ? chunks.reverse() : chunks;
}

/** A copy: a final state is a view of the states of all steps and would keep them in memory. */
function copyOf(part: Tensor): Tensor {
  const copy = part.device.empty(part.shape);
  part.device.backend.copy(part, copy);
  return copy;
}
