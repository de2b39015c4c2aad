import { Recording } from '../../autodiff/operation.ts';
import { slice } from '../../ops/index.ts';
import { type Primitive, primitiveOf } from '../../ops/primitives.ts';
import { formatShape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import { Allocation } from '../../tensor/scope.ts';
import { Tensor } from '../../tensor/tensor.ts';
import type { Cell, CellState, CellStep } from '../cells/cell.ts';
import { behind, Graph, type Value } from './value.ts';

/** The reason why a step cannot be compiled. */
export class Untraceable extends Error {}

/** A step of a cell as a graph of values. */
export interface Trace {
  readonly graph: Graph;
  readonly output: Value;
  /** Index of the part of the state that is also the output; −1: none. */
  readonly outputState: number;
  readonly states: readonly { readonly name: string; readonly before: Value; readonly after: Value }[];
  readonly gates: readonly { readonly name: string; readonly value: Value }[];
  /** Values that are the same at every step: tensors, and literal numbers in the step. */
  readonly leaves: (Tensor | number)[];
  /** Right-hand matrices of products. */
  readonly matrices: readonly Tensor[];
}

/**
 * Records the cell's step once and follows the recording from its results back to x, the state, parameters and constants.
 *
 * @param x  `[B, F]`, of any step
 * @throws Untraceable if an operation is not a `Primitive`, the step reads numbers, or something depends on x or the state
 *   in a way that gradients do not follow
 */
export function trace(cell: Cell, x: Tensor, state: CellState): Trace {
  const { device } = x;
  // The first run may compute constants that later runs reuse.
  for (let run = 0; run < 2; run++) {
    const { transfers } = device;
    const begin = { recording: Recording.next, allocation: Allocation.next };
    const leafX = x.track();
    const before = Object.fromEntries(Object.entries(state).map(([name, part]) => [name, part.track()]));
    const step = device.recordAll(() => tried(() => cell.step(leafX, before)));
    if (device.transfers === transfers) return new Reader(leafX, before, begin).read(step);
  }
  throw new Untraceable('it reads numbers from tensors or makes tensors of numbers');
}

/** Runs the step. @throws Untraceable if it fails: running single steps will report the error and the step */
function tried(step: () => CellStep): CellStep {
  let result: CellStep;
  try {
    result = step();
  } catch (cause) {
    throw new Untraceable(cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const tensors = [result?.output, ...Object.values(result?.state ?? {}), ...Object.values(result?.gates ?? {})];
  if (!tensors.every((tensor) => tensor instanceof Tensor)) {
    throw new Untraceable('it gives something else than { output, state, gates } with tensors');
  }
  return result;
}

class Reader {
  readonly #graph = new Graph();
  readonly #device: Device;
  readonly #rows: number;
  readonly #values = new Map<Tensor, Value>();
  readonly #leaves: (Tensor | number)[] = [];
  readonly #matrices: Tensor[] = [];
  readonly #ones = new Map<number, Tensor>();
  readonly #depends = new Map<Recording, boolean>();
  readonly #before: Readonly<Record<string, Tensor>>;
  readonly #given: readonly Tensor[];
  readonly #begin: { readonly recording: number; readonly allocation: number };

  constructor(x: Tensor, before: Readonly<Record<string, Tensor>>, begin: { recording: number; allocation: number }) {
    this.#device = x.device;
    this.#rows = x.shape[0];
    this.#before = before;
    this.#begin = begin;
    this.#given = [x, ...Object.values(before)];
    for (const part of [x, ...Object.values(before)]) {
      if (part.rank !== 2 || part.dtype === 'int32') {
        throw new Untraceable(`its input or a part of its state is ${part.dtype} ${formatShape(part.shape)}`);
      }
    }
    this.#values.set(x, this.#graph.input('x', x.shape[1]));
    Object.values(before).forEach((part, k) => {
      this.#values.set(part, this.#graph.before(k, part.shape[1]));
    });
  }

  read({ output, state, gates = {} }: ReturnType<Cell['step']>): Trace {
    const states = Object.entries(this.#before).map(([name, part]) => {
      const after = state[name];
      if (after === undefined || after.rank !== 2 || after.shape[1] !== part.shape[1]) {
        throw new Untraceable(`part ${name} of its state changes shape`);
      }
      return { name, before: this.#values.get(part)!, after: this.#wide(after) };
    });
    if (Object.keys(state).length !== states.length) throw new Untraceable('its state gains parts');
    return {
      graph: this.#graph,
      output: this.#wide(output),
      outputState: states.findIndex(({ name }) => state[name] === output),
      states,
      gates: Object.entries(gates).map(([name, gate]) => ({ name, value: this.#wide(gate) })),
      leaves: this.#leaves,
      matrices: this.#matrices,
    };
  }

  /** A tensor's value; it may be narrower than the tensor if that is broadcast. */
  #value(tensor: Tensor): Value {
    let value = this.#values.get(tensor);
    if (value === undefined) {
      value = this.#isVariable(tensor) ? this.#computed(tensor) : this.#leaf(tensor);
      this.#values.set(tensor, value);
    }
    return value;
  }

  /** The tensor's value, as wide as the tensor. */
  #wide(tensor: Tensor): Value {
    if (tensor.rank !== 2 || tensor.shape[0] !== this.#rows) {
      throw new Untraceable(`it returns a tensor of shape ${formatShape(tensor.shape)}, which is not [B, n]`);
    }
    const value = this.#value(tensor);
    return value.width === tensor.shape[1] ? value : this.#graph.point('copy', [value], tensor.shape[1]);
  }

  /** Whether gradients flow from the tensor to x or the state. */
  #isVariable(tensor: Tensor): boolean {
    const known = this.#values.get(tensor);
    if (known !== undefined) return known.kind !== 'leaf';
    const record = tensor.origin?.record as Recording | undefined;
    if (record === undefined || record.order < this.#begin.recording) return false;
    let depends = this.#depends.get(record);
    if (depends === undefined) {
      depends = record.inputs.some((input) => input !== null && this.#isVariable(input));
      this.#depends.set(record, depends);
    }
    return depends;
  }

  #leaf(tensor: Tensor): Value {
    this.#requireConstant(tensor);
    const made = tensor.allocation.order >= this.#begin.allocation;
    const leaf = made && tensor.origin === null && tensor.fill !== null ? tensor.fill : tensor;
    const width = typeof leaf === 'number' ? 1 : (leaf.shape.at(-1) ?? 1);
    if (tensor.rank > 2 || (tensor.rank === 2 && tensor.shape[0] !== 1 && tensor.shape[0] !== this.#rows)) {
      throw new Untraceable(`it computes element by element with a tensor of shape ${formatShape(tensor.shape)}`);
    }
    return this.#graph.leaf(indexIn(this.#leaves, leaf), width);
  }

  /** @throws Untraceable if the tensor may still depend on x or the state: detached, or read and written back */
  #requireConstant(tensor: Tensor): void {
    const record = tensor.origin?.record as Recording | undefined;
    if (record !== undefined) {
      if (record.order < this.#begin.recording) return;
      for (const input of record.inputs) if (input !== null) this.#requireConstant(input);
      return;
    }
    const made = tensor.allocation.order >= this.#begin.allocation;
    if ((made && tensor.fill === null) || this.#given.some((given) => overlap(given, tensor))) {
      throw new Untraceable('it uses numbers through which no gradient flows, such as those of a detached tensor');
    }
  }

  #computed(tensor: Tensor): Value {
    const record = tensor.origin!.record as Recording;
    const primitive = primitiveOf(record);
    if (primitive === null) throw new Untraceable(`it uses ${record.name}`);
    if (tensor.rank !== 2 || tensor.shape[0] !== this.#rows) {
      throw new Untraceable(`its ${record.name} gives ${formatShape(tensor.shape)}, which is not [B, n]`);
    }
    return this.#call(primitive, record.inputs as readonly Tensor[], tensor.shape[1]);
  }

  #call(call: Primitive, inputs: readonly Tensor[], width: number): Value {
    const graph = this.#graph;
    switch (call.kind) {
      case 'unary':
      case 'binary':
        return this.#point(call.operation, inputs, width);
      case 'select':
        return this.#point('select', inputs, width);
      case 'scale': {
        const factor = graph.leaf(indexIn(this.#leaves, call.factor), 1);
        return graph.point('mul', [this.#value(inputs[0]), factor], width);
      }
      case 'linear': {
        const [x, weight, bias] = inputs;
        return this.#product(this.#wide(x), weight, true, width, bias ? this.#value(bias) : null);
      }
      case 'matmul':
        if (call.transposeA || this.#isVariable(inputs[1])) throw new Untraceable('it multiplies two activations');
        return this.#product(this.#wide(inputs[0]), inputs[1], call.transposeB, width);
      case 'slice':
        if (call.axis !== 1) throw new Untraceable('it takes the batch apart');
        return graph.slice(this.#wide(inputs[0]), call.start, call.end - call.start);
      case 'concat':
        if (call.axis !== 1) throw new Untraceable('it makes the batch longer');
        return graph.concat(inputs.map((input) => this.#wide(input)));
      case 'broadcast':
        return this.#point('copy', inputs, width);
      case 'reshape':
        return this.#wide(inputs[0]);
    }
  }

  #point(operation: Parameters<Graph['point']>[0], inputs: readonly Tensor[], width: number): Value {
    const values = inputs.map((input) => {
      const value = this.#value(input);
      if (value.width === width || value.kind === 'leaf') return value;
      return this.#repeated(value, width);
    });
    // A copy of the same width is free; broadcasting has already widened its input.
    if (operation === 'copy' && values[0].width === width) return values[0];
    return this.#graph.point(operation, values, width);
  }

  /** Broadcasts one column: its product with a row of ones, so that its gradient is the sum over columns. */
  #repeated(value: Value, width: number): Value {
    let ones = this.#ones.get(width);
    if (ones === undefined) {
      ones = this.#device.ones([1, width]);
      this.#ones.set(width, ones);
    }
    return this.#graph.product([{ left: value, matrix: indexIn(this.#matrices, ones), transposed: false }], width);
  }

  /** A product with concatenated values is the sum of products with each, so that those of x run before the recurrence. */
  #product(left: Value, weight: Tensor, transposed: boolean, width: number, bias: Value | null = null): Value {
    this.#requireConstant(weight);
    const graph = this.#graph;
    let position = 0;
    const factors = (left.kind === 'concat' ? left.parts : [left]).map((part) => {
      if (behind([part]).every(({ kind }) => kind === 'leaf' || kind === 'point')) {
        throw new Untraceable('it multiplies a constant');
      }
      const end = position + part.width;
      const matrix = part === left ? weight : slice(weight, transposed ? 1 : 0, position, end);
      position = end;
      return { left: part, matrix: indexIn(this.#matrices, matrix), transposed };
    });
    const early = factors.filter((factor) => !factor.left.recurrent);
    const late = factors.filter((factor) => factor.left.recurrent);
    // A bias is added to the products that run before the recurrence, if any.
    const isRow = bias?.kind === 'leaf' && typeof this.#leaves[bias.index] !== 'number';
    const row = isRow && early.length > 0 ? bias : null;
    const terms: Value[] = [];
    if (early.length > 0) terms.push(graph.product(early, width, row));
    if (late.length > 0) terms.push(graph.product(late, width));
    if (bias !== null && row === null) terms.push(bias);
    return terms.reduce((sum, term) => graph.point('add', [sum, term], width));
  }
}

function overlap(a: Tensor, b: Tensor): boolean {
  return a.allocation === b.allocation && a.offset < b.offset + b.size && b.offset < a.offset + a.size;
}

/** The index of `one` in a list; appends it if it is new. */
export function indexIn<One>(list: One[], one: One): number {
  const index = list.indexOf(one);
  if (index >= 0) return index;
  return list.push(one) - 1;
}
