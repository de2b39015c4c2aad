import type { Operation } from '../../autodiff/operation.ts';
import type { Block } from '../../backend/backend.ts';
import { add, slice } from '../../ops/index.ts';
import { sumToShape } from '../../ops/reduction.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { Place } from './compile.ts';
import { type Core, type Plan, slots } from './core.ts';
import type { ArraySpec } from './shelf.ts';

/** How a recurrence runs over a sequence. `parts` splits the operation's inputs. */
export interface ScanCall {
  readonly core: Core;
  readonly steps: number; // T
  readonly rows: number; // B
  /** Whether gradients may be requested. */
  readonly keep: boolean;
  /** Tensors among the operation's inputs, and numbers. */
  readonly leaves: readonly (Tensor | number)[];
  readonly matrixCount: number;
  /** Called in the backward pass with ∂L/∂ of each part of the state after every step, `[T, B, n]`. */
  readonly onGradient?: (totals: readonly Tensor[]) => void;
}

type Arrays = Map<string, Tensor>;

/** Runs a traced recurrence: the exports at all steps `[T, B, n]`, and each part of the state after the last one. */
export const scanOperation: Operation<Tensor[], ScanCall, Arrays> = {
  name: 'recurrence',
  forward(inputs, call, device) {
    const { core, steps, rows, keep } = call;
    const { states, reverse } = core.recurrence;
    const plan = core.forward(keep);
    const { initial } = parts(inputs, call);
    const arrays = allocate(plan.arrays, call, device);
    const ends = endsOf(reverse, steps);
    states.forEach((_, k) => {
      device.backend.copy(initial[k], slotOf(arrays.get(`state ${k}`)!, ends.first));
    });
    runPlan(plan, inputs, arrays, reverse, call, device);
    const exported = plan.exports.map((place, i) =>
      sequenceAt(arrays, place, core.recurrence.exports[i].width, [steps, rows]),
    );
    const finals = states.map((_, k) => slotOf(arrays.get(`state ${k}`)!, ends.last));
    return { outputs: [...exported, ...finals], saved: arrays };
  },
  backward({ inputs, options: call, saved, gradients, wanted }, device) {
    const { core, steps, rows, onGradient } = call;
    const { states, exports, reverse } = core.recurrence;
    const plan = core.backward(
      exports.map((_, i) => gradients[i] !== null),
      onGradient !== undefined,
    );
    const arrays = new Map([...saved, ...allocate(plan.arrays, call, device)]);
    exports.forEach((_, i) => {
      if (gradients[i] !== null) arrays.set(`d export ${i}`, gradients[i]);
    });
    const ends = endsOf(!reverse, steps);
    states.forEach((_, k) => {
      const first = slotOf(arrays.get(`carry ${k}`)!, ends.first);
      const given = gradients[exports.length + k];
      if (given === null) device.backend.fill(first, 0);
      else device.backend.copy(given, first);
    });
    runPlan(plan, inputs, arrays, !reverse, call, device);
    const at = (place: Place, width: number) => sequenceAt(arrays, place, width, [steps, rows]);
    onGradient?.(states.map(({ after }, k) => at({ array: `total ${k}`, shift: 0, column: 0 }, after.width)));

    const result: (Tensor | null)[] = inputs.map(() => null);
    const { leafAt, matrixAt, initialAt } = positions(call);
    plan.inputs.forEach((place, i) => {
      if (place !== null) result[i] = at(place, core.recurrence.inputs[i].width);
    });
    for (const { index, place, width } of plan.leaves) {
      const position = leafAt[index];
      const gradient = sumToShape(at(place, width), inputs[position].shape);
      result[position] = result[position] === null ? gradient : add(result[position], gradient);
    }
    for (const { factor, left, gradient, width } of plan.products) {
      const position = matrixAt + factor.matrix;
      const accumulate = result[position] !== null;
      result[position] ??= device.empty(inputs[position].shape);
      const [a, dy] = [at(left, factor.left.width), at(gradient, width)];
      const [m, n] = inputs[position].shape;
      const flags = {
        batch: 1,
        m,
        n,
        k: steps * rows,
        transposeA: true,
        transposeB: false,
        sharedB: false,
        accumulate,
      };
      device.backend.matmul(factor.transposed ? dy : a, factor.transposed ? a : dy, result[position], flags);
    }
    states.forEach((_, k) => {
      result[initialAt + k] = slotOf(arrays.get(`carry ${k}`)!, ends.last);
    });
    return result.map((gradient, i) => (wanted[i] ? gradient : null));
  },
};

/** Index of the first input of each kind, and of each leaf that is a tensor. */
function positions({ core, leaves, matrixCount }: ScanCall) {
  let next = core.recurrence.inputs.length;
  const leafAt = leaves.map((leaf) => (typeof leaf === 'number' ? -1 : next++));
  return { leafAt, matrixAt: next, initialAt: next + matrixCount };
}

function parts(inputs: readonly Tensor[], call: ScanCall) {
  const { matrixAt, initialAt } = positions(call);
  return { matrices: inputs.slice(matrixAt, initialAt), initial: inputs.slice(initialAt) };
}

/** The slots (modulo the array's length) of the values before the first and after the last step. */
function endsOf(reverse: boolean, steps: number): { readonly first: number; readonly last: number } {
  const { before, after } = slots(reverse);
  return reverse ? { first: steps - 1 + before, last: after } : { first: before, last: steps - 1 + after };
}

function slotOf(array: Tensor, slot: number): Tensor {
  const [S, B, n] = array.shape;
  return array.view([B, n], (slot % S) * B * n);
}

/** The values of a place at all steps, `[T, B, width]`. */
function sequenceAt(arrays: Arrays, { array, shift, column }: Place, width: number, [T, B]: Shape): Tensor {
  const whole = arrays.get(array)!;
  const n = whole.shape[2];
  const steps = whole.view([T, B, n], shift * B * n);
  return width === n ? steps : slice(steps, 2, column, column + width);
}

function allocate(specs: ReadonlyMap<string, ArraySpec>, { steps, rows }: ScanCall, device: Device): Arrays {
  const slotsOf = { T: steps, 'T+1': steps + 1, turns: 2 };
  return new Map(Array.from(specs, ([name, spec]) => [name, device.empty([slotsOf[spec.steps], rows, spec.width])]));
}

function runPlan(
  { program }: Plan,
  inputs: readonly Tensor[],
  arrays: Arrays,
  reverse: boolean,
  call: ScanCall,
  device: Device,
): void {
  const { steps, rows, leaves } = call;
  const { leafAt } = positions(call);
  const blockOf = (name: string): Block => {
    const own = arrays.get(name);
    if (own !== undefined) return own;
    const temporary = program.temporaries.get(name);
    if (temporary !== undefined) return device.empty([1, rows, temporary]);
    const [kind, number] = name.split(' ');
    if (kind === 'input') return inputs[Number(number)];
    const leaf = leaves[Number(number)];
    return typeof leaf === 'number' ? device.full([1], leaf) : leafBlock(inputs[leafAt[Number(number)]], rows);
  };
  device.backend.scan({
    steps,
    rows,
    reverse,
    arrays: program.arrays.map(blockOf),
    matrices: parts(inputs, call).matrices,
    program: program.instructions,
  });
}

/** A leaf as an array, shared by all rows or with one row each. */
function leafBlock(leaf: Tensor, rows: number): Tensor {
  const n = leaf.shape.at(-1) ?? 1;
  return sizeOf(leaf.shape) === n ? leaf.view([n]) : leaf.view([1, rows, n]);
}
