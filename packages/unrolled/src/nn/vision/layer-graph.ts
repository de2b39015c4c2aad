import { anything, listOfKind, required, requireOptions } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { add, concat } from '../../ops/index.ts';
import { formatShape, type Shape, sameShape } from '../../shape.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { applyPart, type Context, type Layer, type LayerConfig } from '../layer.ts';
import type { Declarations } from '../parameters.ts';

/** What a node reads: a layer applied to the graph's input or to a node before it. */
interface Branch<One> {
  /** 0: the input of the graph; i: its node i − 1. */
  readonly from: number;
  /** Null: the value as it is. */
  readonly layer: One | null;
}

type Nodes<One> = readonly (readonly Branch<One>[])[];

export interface LayerGraphOptions {
  /** Each a list of branches, which are added. */
  readonly nodes: Nodes<Layer>;
  /** Applied to what comes out, such as a convolution of 1 × 1 that restores the number of channels. Default: nothing. */
  readonly projection?: Layer | null | undefined;
}

/**
 * A directed acyclic graph of layers, as the blocks of searched networks are (Zoph 2018; Pham 2018):
 *
 *     v_0 = x;   v_i = Σ_k layer_ik(v_from(i,k));   y = projection([v_i that no node reads])
 *
 * Values that no node reads are concatenated along the last axis. Parameters: `<node>.<branch>.…`, nodes and branches counted from
 * 0, and `projection.…`.
 *
 * @example
 * new LayerGraph({
 *   nodes: [
 *     [{ from: 0, layer: new Conv2d({ channels: 16, kernel: 3, padding: 1 }) }, { from: 0, layer: null }],
 *     [{ from: 1, layer: new MaxPool2d({ kernel: 3, stride: 1, padding: 1 }) }],
 *   ],
 * });
 */
export class LayerGraph implements Layer {
  readonly config: {
    readonly layer: 'layerGraph';
    readonly nodes: Nodes<LayerConfig>;
    readonly projection?: LayerConfig;
  };
  readonly #nodes: Nodes<Layer>;
  readonly #projection: Layer | null;
  /** Values that nobody reads. */
  readonly #ends: readonly number[];

  /** @throws ConfigError if there is no node, or one reads none or one that is not before it */
  constructor(options: LayerGraphOptions) {
    const branches = { must: 'a list of branches { from, layer }, at least one', fits: isBranches };
    requireOptions('layerGraph', options, { nodes: required(listOfKind(branches)), projection: anything });
    const { nodes, projection = null } = options;
    nodes.forEach((branches, i) => {
      const wrong = branches.find(({ from }) => !Number.isInteger(from) || from < 0 || from > i);
      if (!wrong) return;
      throw new ConfigError(
        `layerGraph: node ${i} reads from ${wrong.from}; it can read 0, the input, up to ${i}, the node before it`,
        { node: i, from: wrong.from },
      );
    });
    this.#nodes = nodes;
    this.#projection = projection;
    const read = new Set(nodes.flat().map(({ from }) => from));
    this.#ends = nodes.map((_, i) => i + 1).filter((value) => !read.has(value));
    const configOf = ({ from, layer }: Branch<Layer>) => ({ from, layer: layer?.config ?? null });
    this.config = {
      layer: 'layerGraph',
      nodes: nodes.map((branches) => branches.map(configOf)),
      ...(projection && { projection: projection.config }),
    };
  }

  /** @param make  makes the layers from their configurations */
  static fromConfig(
    { layer: _, nodes, projection, ...others }: LayerGraph['config'],
    make: (config: LayerConfig) => Layer,
  ): LayerGraph {
    const branchOf = ({ from, layer }: Branch<LayerConfig>) => ({ from, layer: layer && make(layer) });
    // What is no list of branches is named by the constructor.
    const made: unknown = Array.isArray(nodes)
      ? nodes.map((branches) => (isBranches(branches) ? branches.map(branchOf) : branches))
      : nodes;
    return new LayerGraph({ nodes: made as Nodes<Layer>, projection: projection && make(projection), ...others });
  }

  /** @throws ConfigError if branches of a node have outputs of different shapes */
  build(input: Shape, declarations: Declarations): Shape {
    const shapes: Shape[] = [input];
    this.#nodes.forEach((branches, i) => {
      const within = declarations.within(String(i));
      const outputs = branches.map(
        ({ from, layer }, k) => layer?.build(shapes[from], within.within(String(k))) ?? shapes[from],
      );
      const other = outputs.find((one) => !sameShape(one, outputs[0]));
      if (other) {
        throw new ConfigError(
          `layerGraph: node ${i} adds ${formatShape(outputs[0])} and ${formatShape(other)}; give branches of equal shape`,
          { node: i, shapes: outputs },
        );
      }
      shapes.push(outputs[0]);
    });
    const ends = this.#ends.map((i) => shapes[i]);
    const places = ends[0].slice(0, -1);
    const odd = ends.find((one) => !sameShape(one.slice(0, -1), places));
    if (odd) {
      throw new ConfigError(
        `layerGraph: its ends ${formatShape(ends[0])} and ${formatShape(odd)} cannot be joined; they may differ in the last extent only`,
        { shapes: ends },
      );
    }
    const joined = [...places, ends.reduce((sum, one) => sum + one[one.length - 1], 0)];
    return this.#projection?.build(joined, declarations.within('projection')) ?? joined;
  }

  apply(x: Tensor, context: Context): Tensor {
    const values: Tensor[] = [x];
    this.#nodes.forEach((branches, i) => {
      const outputs = branches.map(({ from, layer }, k) =>
        layer ? applyPart(`${i}.${k}`, layer, values[from], context) : values[from],
      );
      values.push(outputs.reduce((sum, one) => add(sum, one)));
    });
    const ends = this.#ends.map((i) => values[i]);
    const joined = ends.length > 1 ? concat(ends, -1) : ends[0];
    return this.#projection ? applyPart('projection', this.#projection, joined, context) : joined;
  }
}

const isBranches = (value: unknown): value is readonly Branch<never>[] =>
  Array.isArray(value) && value.length > 0 && value.every((one) => typeof one === 'object' && one !== null);
