import { DataError, FormatError } from '../errors.ts';
import type { GraphProto, NodeProto } from '../io/onnx/schema.ts';
import { numbersOfTensor, type TensorNumbers } from '../io/onnx/tensor-data.ts';
import { sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import { labelOf, Node, type Room, type Run, type RunScope, type Subgraph, several, TooLarge } from './node.ts';
import { operatorOf } from './operators/index.ts';
import { onHost, tensorOf, type Value } from './value.ts';

/** Numbers of constants that stay on the host, too: scales, bounds, powers. */
const mostOnHost = 4096;
/** Elements of constants made of constants in all; further ones are computed at each run. */
const mostFolded = 2 ** 24;

interface Step {
  readonly label: string;
  readonly run: Run;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
}

/** Names of values, and the constants among them, while a graph is compiled. */
class Names {
  readonly #known = new Map<string, Value | null>();
  readonly #outer: Names | null;

  constructor(outer: Names | null) {
    this.#outer = outer;
  }

  /** @throws FormatError if another value of this graph has the name */
  add(name: string, constant: Value | null, place: string): void {
    if (this.#known.has(name))
      throw new FormatError(`onnx: two values are named '${name.slice(0, 80)}', ${place}`, { name });
    this.#known.set(name, constant);
  }

  /** Null where it is known only when the model runs; undefined where there is none of that name. */
  find(name: string): Value | null | undefined {
    return this.#known.has(name) ? this.#known.get(name) : this.#outer?.find(name);
  }

  has(name: string): boolean {
    return this.#known.has(name);
  }
}

class Scope implements RunScope {
  readonly #values = new Map<string, Value>();
  readonly #outer: RunScope | null;
  readonly #names: Names;

  constructor(names: Names, outer: RunScope | null) {
    this.#names = names;
    this.#outer = outer;
  }

  find(name: string): Value | null {
    return this.#values.get(name) ?? this.#names.find(name) ?? this.#outer?.find(name) ?? null;
  }

  set(name: string, value: Value): void {
    this.#values.set(name, value);
  }
}

export interface Compiling {
  readonly device: Device;
  /** Version of ONNX's operator set. */
  readonly version: number;
  /** Elements of constants that were computed. */
  folded: number;
  readonly room: Room;
  /** What stays on the device while the model is open. */
  readonly kept: unknown[];
  /** What does not open, where all of it is wanted; else the first is thrown. */
  readonly problems?: DataError[];
  /** Nodes compiled so far, for what a file lists. */
  readonly nodes?: { readonly label: string; readonly operation: string; readonly outputs: readonly string[] }[];
}

/** A graph made ready: constants on the device, weights in the layout of their operation. */
export class Program implements Subgraph {
  readonly #steps: readonly Step[];
  readonly #names: Names;
  readonly #outputs: readonly string[];
  /** Of the graph, without those that have an initial value. */
  readonly inputs: readonly string[];

  private constructor(steps: readonly Step[], names: Names, inputs: readonly string[], outputs: readonly string[]) {
    this.#steps = steps;
    this.#names = names;
    this.inputs = inputs;
    this.#outputs = outputs;
  }

  static compile(graph: GraphProto, compiling: Compiling, outer: Names | null = null): Program {
    const names = new Names(outer);
    if (graph.sparse.length > 0) {
      throw new DataError('onnx: the graph has sparse initializers, which are not read; store them as dense tensors');
    }
    for (const tensor of graph.initializers) {
      const place = `initializer '${tensor.name.slice(0, 80)}'`;
      names.add(tensor.name, constantOf(numbersOfTensor(tensor, place), compiling), place);
    }
    const inputs = graph.inputs.map(({ name }) => name).filter((name) => !names.has(name));
    for (const name of inputs) names.add(name, null, 'one an input of the graph');
    const steps: Step[] = [];
    for (const node of graph.nodes) {
      try {
        const step = compileNode(node, names, compiling);
        if (step !== null) steps.push(step);
      } catch (error) {
        if (!(error instanceof DataError) || !compiling.problems) throw error;
        compiling.problems.push(error);
        for (const name of node.outputs) if (name !== '' && !names.has(name)) names.add(name, null, labelOf(node));
      }
    }
    const outputs = graph.outputs.map(({ name }) => name);
    for (const name of outputs) if (names.find(name) === undefined) throw unknown(name, 'an output of the graph');
    return new Program(steps, names, inputs, outputs);
  }

  get outputs(): number {
    return this.#outputs.length;
  }

  run(outer: RunScope | null, inputs: Readonly<Record<string, Value>> = {}): readonly Value[] {
    const scope = new Scope(this.#names, outer);
    for (const [name, value] of Object.entries(inputs)) scope.set(name, value);
    for (const { label, run, inputs: from, outputs } of this.#steps) {
      const results = run(
        from.map((name) => (name === '' ? null : scope.find(name))),
        scope,
      );
      outputs.forEach((name, i) => {
        const value = results[i];
        if (name === '') return;
        if (!value) throw new DataError(`onnx: ${label} does not compute its output ${i}`, { node: label, output: i });
        scope.set(name, value);
      });
    }
    return this.#outputs.map((name) => scope.find(name)!);
  }
}

const unknown = (name: string, of: string): FormatError =>
  new FormatError(
    `onnx: '${name.slice(0, 80)}', ${of}, is not computed before it; the graph is cyclic, not in order, or damaged`,
    { name },
  );

function keep<Kept>(value: Kept, { device, kept }: Compiling): Kept {
  kept.push(value);
  return device.keep(value);
}

function constantOf({ kind, shape, numbers }: TensorNumbers, compiling: Compiling): Value {
  if (kind !== 'float') return onHost(kind, shape, numbers);
  const tensor = keep(compiling.device.tensor(numbers, shape), compiling);
  return { kind, shape, numbers: numbers.length <= mostOnHost ? numbers : null, tensor };
}

/** What a node does at each run; null for one whose outputs are constant. */
function compileNode(proto: NodeProto, names: Names, compiling: Compiling): Step | null {
  const { device, version } = compiling;
  const label = labelOf(proto);
  const { inputs, outputs, operation } = proto;
  compiling.nodes?.push({ label, operation, outputs });
  const constants = inputs.map((name) => {
    if (name === '') return null;
    const value = names.find(name);
    if (value === undefined) throw unknown(name, `an input of ${label}`);
    return value;
  });
  const node = new Node(proto, {
    device,
    version,
    constants,
    room: compiling.room,
    compile: (graph) => Program.compile(graph, compiling, names),
    keep: (value) => keep(value, compiling),
  });
  const operator = operatorOf(proto);
  const [least, most] = operator.inputs;
  if (inputs.length < least || inputs.length > most) {
    throw node.refusal(
      `has ${inputs.length} inputs; ${operation} takes ${least === most ? least : `${least} to ${most}`}`,
    );
  }
  const needed = most === several ? inputs.length : least;
  const left = inputs.findIndex((name, i) => name === '' && i < needed);
  if (left >= 0)
    throw node.refusal(`leaves out its input ${left}, which it needs; the file is damaged`, { input: left });
  const run = operator.build(node);
  node.requireAllRead();
  const isConstant = inputs.every((name, i) => name === '' || constants[i] !== null);
  const folded = isConstant && operator.folds !== false ? fold(node, run, compiling) : null;
  const missing = folded ? outputs.findIndex((name, i) => name !== '' && !folded[i]) : -1;
  if (missing >= 0) throw node.refusal(`does not compute its output ${missing}`, { output: missing });
  outputs.forEach((name, i) => {
    if (name !== '') names.add(name, folded?.[i] ?? null, `one an output of ${label}`);
  });
  return folded ? null : { label, run, inputs, outputs };
}

const noScope: RunScope = { find: () => null };

function fold(node: Node, run: Run, compiling: Compiling): readonly (Value | null)[] | null {
  const { device } = compiling;
  if (compiling.folded > mostFolded) return null;
  node.folding = true;
  try {
    const results = device.scope(() =>
      device.withoutGradients(() =>
        run(node.constants, noScope).map(
          (value) => value && { ...value, tensor: value.kind === 'float' ? tensorOf(value, device) : value.tensor },
        ),
      ),
    );
    for (const value of results) compiling.folded += value ? sizeOf(value.shape) : 0;
    return keep(results, compiling);
  } catch (error) {
    // What is too large for a constant may not be for a run.
    if (error instanceof TooLarge) return null;
    throw error;
  } finally {
    node.folding = false;
  }
}
