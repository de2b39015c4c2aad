import { DataError } from '../errors.ts';
import type { AttributeProto, GraphProto, NodeProto } from '../io/onnx/schema.ts';
import { attributeTypes } from '../io/onnx/schema.ts';
import { numbersOfTensor, type TensorNumbers } from '../io/onnx/tensor-data.ts';
import { formatShape, type Shape, sizeOf } from '../shape.ts';
import type { Device } from '../tensor/device.ts';
import type { Value } from './value.ts';

/** What a node computes from its inputs; null for one that is left out. */
export type Run = (inputs: readonly (Value | null)[], scope: RunScope) => readonly (Value | null)[];

/** Values by name while a graph runs; a graph within a node sees those around it. */
export interface RunScope {
  find(name: string): Value | null;
}

/** A graph within a node, such as a branch. */
export interface Subgraph {
  readonly outputs: number;
  run(scope: RunScope): readonly Value[];
}

export interface NodeSurroundings {
  readonly device: Device;
  /** Version of the operator set. */
  readonly version: number;
  /** The values of inputs that are known before the model runs. */
  readonly constants: readonly (Value | null)[];
  readonly room: Room;
  compile(graph: GraphProto, place: string): Subgraph;
  /** Keeps tensors for as long as the model is open. */
  keep<Value>(value: Value): Value;
}

type AttributeType = keyof typeof attributeTypes;

/**
 * Most elements of a value that a model makes: on the host, and while constants are computed; and times as many as its inputs and
 * weights have together.
 */
const most = { host: 2 ** 22, folding: 2 ** 20, times: 256 };

/** How large values may become; follows from the inputs of a run. */
export class Room {
  elements: number = most.host;

  /** @param size  elements of inputs and weights together */
  allow(size: number): void {
    this.elements = Math.max(most.host, most.times * size);
  }
}

/** A value that is more than a model may make, as a damaged file asks for. */
export class TooLarge extends DataError {}

/** A node as an operator sees it: attributes with their defaults, and what is known before the model runs. */
export class Node {
  readonly operation: string;
  /** For errors: "node 'x' (LSTM)". */
  readonly label: string;
  readonly inputs: number;
  readonly outputs: readonly string[];
  readonly device: Device;
  readonly version: number;
  readonly constants: readonly (Value | null)[];
  /** Whether constants are computed, which are to be small. */
  folding = false;
  readonly #given: ReadonlySet<number>;
  readonly #attributes: Map<string, AttributeProto>;
  readonly #read = new Set<string>();
  readonly #compile: NodeSurroundings['compile'];
  readonly #keep: NodeSurroundings['keep'];
  readonly #room: Room;

  constructor(proto: NodeProto, { device, version, constants, room, compile, keep }: NodeSurroundings) {
    this.operation = proto.operation;
    this.label = labelOf(proto);
    this.inputs = proto.inputs.length;
    this.outputs = proto.outputs;
    this.device = device;
    this.version = version;
    this.constants = constants;
    this.#given = new Set(proto.inputs.flatMap((name, i) => (name === '' ? [] : [i])));
    this.#attributes = new Map(proto.attributes.map((attribute) => [attribute.name, attribute]));
    this.#compile = compile;
    this.#keep = keep;
    this.#room = room;
  }

  /** Computes, before the model runs, what its nodes use at each run. */
  prepare<Value>(body: () => Value): Value {
    const { device } = this;
    return this.#keep(device.scope(() => device.withoutGradients(body)));
  }

  /** Whether the input is there. */
  has(index: number): boolean {
    return this.#given.has(index);
  }

  hasAttribute(name: string): boolean {
    return this.#attributes.has(name);
  }

  integer(name: string, otherwise: number): number {
    return this.#attribute(name, 'integer')?.integer ?? otherwise;
  }

  flag(name: string, otherwise = false): boolean {
    return this.integer(name, Number(otherwise)) !== 0;
  }

  float(name: string, otherwise: number): number {
    return this.#attribute(name, 'float')?.float ?? otherwise;
  }

  text(name: string, otherwise: string): string {
    return this.#attribute(name, 'text')?.text ?? otherwise;
  }

  integers(name: string): readonly number[] | null {
    return this.#attribute(name, 'integers')?.integers ?? null;
  }

  floats(name: string): readonly number[] {
    return this.#attribute(name, 'floats')?.floats ?? [];
  }

  texts(name: string): readonly string[] | null {
    return this.#attribute(name, 'texts')?.texts ?? null;
  }

  tensor(name: string): TensorNumbers | null {
    const tensor = this.#attribute(name, 'tensor')?.tensor;
    return tensor ? numbersOfTensor(tensor, `attribute ${name} of ${this.label}`) : null;
  }

  graph(name: string): Subgraph {
    const graph = this.#attribute(name, 'graph')?.graph;
    if (!graph) throw this.refusal(`has no graph ${name}`, { attribute: name });
    return this.#compile(graph, `${name} of ${this.label}`);
  }

  /** A graph that is never run, and so need not be read. */
  skipGraph(name: string): void {
    this.#read.add(name);
  }

  /** An attribute that may have only one value. */
  requireOnly(name: string, value: number): void {
    const given = this.integer(name, value);
    if (given !== value) {
      throw this.refusal(`has ${name} = ${given}; only ${value} is read`, { attribute: name });
    }
  }

  /** Says so of attributes that no method asked for: they would change what the node computes. */
  requireAllRead(): void {
    for (const name of this.#attributes.keys()) {
      if (!this.#read.has(name))
        throw this.refusal(`has the attribute '${name.slice(0, 60)}', which is not read`, { attribute: name });
    }
  }

  /** @throws TooLarge if a value of this shape is more than a model may make */
  requireRoom(shape: Shape, where: 'host' | 'device'): void {
    const limit = this.folding ? most.folding : where === 'host' ? most.host : this.#room.elements;
    if (shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0) && sizeOf(shape) <= limit) return;
    throw new TooLarge(
      `onnx: ${this.label} makes a value of shape ${formatShape(shape.slice(0, 16))}; at most ${limit} elements are computed`,
      { operation: this.operation, node: this.label, shape },
    );
  }

  /** The error for what this node asks for and the reader does not do. */
  refusal(reason: string, details: Readonly<Record<string, unknown>> = {}): DataError {
    return new DataError(`onnx: ${this.label} ${reason}`, { operation: this.operation, node: this.label, ...details });
  }

  #attribute(name: string, type: AttributeType): AttributeProto | null {
    this.#read.add(name);
    const attribute = this.#attributes.get(name);
    if (attribute === undefined) return null;
    if (attribute.reference !== '')
      throw this.refusal(`takes ${name} from a function, which are not read`, { attribute: name });
    // Files of the first versions state no type.
    if (attribute.type !== 0 && attribute.type !== attributeTypes[type]) {
      throw this.refusal(`has an attribute ${name} that is not of type ${type}; the file is damaged`, {
        attribute: name,
      });
    }
    return attribute;
  }
}

export function labelOf({ name, operation, domain }: Pick<NodeProto, 'name' | 'operation' | 'domain'>): string {
  const kind = `${domain ? `${domain.slice(0, 60)}.` : ''}${operation.slice(0, 60)}`;
  return name === '' ? `a node ${kind}` : `node '${name.slice(0, 80)}' (${kind})`;
}

/** Any number of inputs. */
export const several = 2 ** 16;

/** Makes what a node computes, from its attributes and constant inputs. */
export interface Operator {
  build(node: Node): Run;
  /** Whether it is computed once where all its inputs are constant. Default true. */
  readonly folds?: boolean;
  /** Inputs there may be; those from `least` on may be left out, unless there may be `several`. */
  readonly inputs: readonly [least: number, most: number];
}
