import type { Bytes } from '../../io/bytes.ts';
import { encodeModel } from '../../io/onnx/messages.ts';
import {
  type AttributeProto,
  attributeTypes,
  type Draft,
  type NodeProto,
  type TensorProto,
} from '../../io/onnx/schema.ts';
import { tensorOfNumbers } from '../../io/onnx/tensor-data.ts';
import { type Shape, sameShape } from '../../shape.ts';

/** Floating-point attributes, which look like whole numbers. */
export interface Real {
  readonly real: number | readonly number[];
}
export const real = (value: number | readonly number[]): Real => ({ real: value });

type Attribute = number | string | readonly number[] | readonly string[] | Real;
export type Attributes = Readonly<Record<string, Attribute | undefined>>;

/** An input or output of the graph; extents that are open have a name. */
export interface GraphValue {
  readonly name: string;
  readonly isWhole: boolean;
  readonly shape: readonly (number | string)[];
}

/** Versions that are written: every runtime since 2022 reads them. */
const versions = { format: 8, operators: 17 };

/** Collects the nodes and numbers of a graph. */
export class GraphBuilder {
  readonly #nodes: Draft<NodeProto>[] = [];
  readonly #tensors: Draft<TensorProto>[] = [];
  readonly #taken = new Set<string>();
  /** Constants of whole numbers, each once. */
  readonly #constants = new Map<string, string>();
  /** Names of the model's numbers: an array that is used twice, such as a tied embedding, is stored once. */
  readonly #stored = new Map<ArrayLike<number>, { readonly name: string; readonly shape: Shape }>();
  /** Names of nodes and values begin with it. */
  prefix = '';

  /** A name that no other value has. */
  name(wanted: string): string {
    let own = wanted;
    for (let n = 1; this.#taken.has(own); n++) own = `${wanted}_${n}`;
    this.#taken.add(own);
    return own;
  }

  /** A node with one output. @returns the output's name */
  add(operation: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.addSeveral(operation, inputs, attributes, 1)[0];
  }

  addSeveral(operation: string, inputs: readonly string[], attributes: Attributes, outputs: number): string[] {
    const name = this.name(`${this.prefix}${operation}`);
    const names = Array.from({ length: outputs }, (_, i) => (i === 0 ? `${name}:0` : `${name}:${i}`));
    this.#nodes.push({ operation, name, inputs, outputs: names, attributes: attributesOf(attributes) });
    return names;
  }

  /** Gives a value this name. */
  call(value: string, name: string): void {
    this.#nodes.push({ operation: 'Identity', name: this.name(`${name}/Identity`), inputs: [value], outputs: [name] });
  }

  /** Floating-point numbers of the model. */
  floats(name: string, shape: Shape, numbers: ArrayLike<number>): string {
    const stored = this.#stored.get(numbers);
    if (stored && sameShape(stored.shape, shape)) return stored.name;
    const own = this.name(`${this.prefix}${name}`);
    this.#tensors.push(tensorOfNumbers(own, 'float', shape, numbers));
    this.#stored.set(numbers, { name: own, shape });
    return own;
  }

  /** Whole numbers, such as axes: rank 1, or a single one. */
  whole(numbers: number | readonly number[]): string {
    const list = typeof numbers === 'number' ? [numbers] : numbers;
    const name = `const:${typeof numbers === 'number' ? numbers : `[${numbers}]`}`;
    if (!this.#constants.has(name)) {
      this.#constants.set(name, this.name(name));
      this.#tensors.push(tensorOfNumbers(name, 'integer', typeof numbers === 'number' ? [] : [list.length], list));
    }
    return name;
  }

  number(value: number): string {
    const name = `const:${value}f`;
    if (!this.#constants.has(name)) {
      this.#constants.set(name, this.name(name));
      this.#tensors.push(tensorOfNumbers(name, 'float', [], [value]));
    }
    return name;
  }

  /** @param metadata  texts by name, which runtimes pass on */
  encode(
    graph: string,
    inputs: readonly GraphValue[],
    outputs: readonly GraphValue[],
    metadata: Readonly<Record<string, string>> = {},
  ): Bytes {
    return encodeModel({
      irVersion: versions.format,
      producer: 'unrolled',
      opsets: [{ domain: '', version: versions.operators }],
      metadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
      graph: {
        name: graph,
        nodes: this.#nodes,
        initializers: this.#tensors,
        inputs: inputs.map(declared),
        outputs: outputs.map(declared),
      },
    });
  }
}

const types = { float: 1, int32: 6 };

function declared({ name, isWhole, shape }: GraphValue) {
  const dims = shape.map((extent) => (typeof extent === 'number' ? { value: extent } : { name: extent }));
  return { name, type: { tensor: { type: isWhole ? types.int32 : types.float, shape: { dims } } } };
}

function attributesOf(attributes: Attributes): Draft<AttributeProto>[] {
  return Object.entries(attributes).flatMap(([name, value]) =>
    value === undefined ? [] : [{ name, ...described(value) }],
  );
}

function described(value: Attribute): Draft<AttributeProto> {
  const { float, floats, integer, integers, text, texts } = attributeTypes;
  if (typeof value === 'number') return { type: integer, integer: value };
  if (typeof value === 'string') return { type: text, text: value };
  if ('real' in value) {
    return typeof value.real === 'number' ? { type: float, float: value.real } : { type: floats, floats: value.real };
  }
  if (typeof value[0] === 'string') return { type: texts, texts: value as readonly string[] };
  return { type: integers, integers: value as readonly number[] };
}
