import { anything, requireOptions, seed as seedKind, text } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { Graph } from './graph.ts';
import type { KerasLayerConfig } from './layer.ts';
import { type Form, Model, type ModelOptions, type OutputForm } from './model.ts';
import { type DataType, SymbolicTensor, type Symbols, symbolsIn } from './symbolic.ts';

export interface FunctionalOptions<Outputs extends OutputForm> extends ModelOptions {
  readonly inputs: Symbols;
  readonly outputs: Outputs;
}

/** Where a symbolic tensor of a saved model comes from: an input (node −1) or a call of a layer, and which of its outputs. */
export type Reference = readonly [node: number, output: number];

export interface FunctionalConfig extends KerasLayerConfig {
  readonly layer: 'functional';
  readonly seed: number;
  readonly inputs: readonly { readonly name: string; readonly shape: readonly number[]; readonly dtype: DataType }[];
  readonly inputForm: Form;
  /** Each once, with its name. */
  readonly layers: readonly KerasLayerConfig[];
  /** Calls of layers by their place, in order. */
  readonly calls: readonly { readonly of: number; readonly inputs: readonly Reference[] }[];
  readonly outputs: readonly Reference[];
  readonly outputForm: Form;
  readonly outputNames: readonly string[];
}

export const modelKinds = { name: text, trainable: anything, seed: seedKind, device: anything };

const formOf = (given: Symbols): Form =>
  given instanceof SymbolicTensor ? 'one' : Array.isArray(given) ? 'list' : 'record';

export class Functional<Out extends OutputForm = SymbolicTensor> extends Model<Out> {
  readonly graph: Graph;
  readonly inputForm: Form;
  readonly outputForm: Form;
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  readonly #options: { readonly name?: string | undefined; readonly trainable?: boolean | undefined };

  constructor({ inputs, outputs, ...options }: FunctionalOptions<Out>) {
    super(options);
    requireOptions<object>('model', options, modelKinds as never);
    this.#options = { name: options.name, trainable: options.trainable };
    const [from, to] = [symbolsIn('model: inputs', inputs), symbolsIn('model: outputs', outputs)];
    const odd = from.find(({ node }) => node.layer !== null);
    if (odd)
      throw new ConfigError(`model: its inputs are made by input(…); one is the output of '${odd.node.layer!.name}'`);
    this.graph = new Graph(from, to);
    this.inputForm = formOf(inputs);
    this.outputForm = formOf(outputs);
    this.nameLayers();
    this.inputNames =
      this.inputForm === 'record' ? Object.keys(inputs) : unique(from.map(({ node }) => node.name ?? 'input'));
    this.outputNames =
      this.outputForm === 'record'
        ? Object.keys(outputs)
        : unique(to.map(({ node }) => (node.layer ? this.nameOf(node.layer) : (node.name ?? 'input'))));
    const shapes = from.map(({ shape }) => shape);
    this.ensureBuilt(shapes);
  }

  get config(): FunctionalConfig {
    const { layers, nodes, inputs, outputs } = this.graph;
    const reference = (symbol: SymbolicTensor): Reference => {
      const place = inputs.indexOf(symbol);
      return place >= 0 ? [-1, place] : [nodes.indexOf(symbol.node), symbol.index];
    };
    const { name, trainable } = this.#options;
    return {
      layer: 'functional',
      ...(name !== undefined && { name }),
      ...(trainable !== undefined && { trainable }),
      seed: this.seed,
      inputs: inputs.map(({ shape, dtype }, i) => ({ name: this.inputNames[i], shape, dtype })),
      inputForm: this.inputForm,
      layers: layers.map((layer) => ({
        ...layer.config,
        name: this.nameOf(layer),
        ...(layer.trainable ? {} : { trainable: false }),
      })),
      calls: nodes.map(({ layer, inputs: from }) => ({ of: layers.indexOf(layer!), inputs: from.map(reference) })),
      outputs: outputs.map(reference),
      outputForm: this.outputForm,
      outputNames: this.outputNames,
    };
  }
}

/** Names with a number where there are several of one. */
function unique(names: readonly string[]): readonly string[] {
  const taken = new Set<string>();
  return names.map((name) => {
    let own = name;
    for (let n = 1; taken.has(own); n++) own = `${name}_${n}`;
    taken.add(own);
    return own;
  });
}

/**
 * A model of layers between inputs and outputs, each one, a list, or by name. Layers that are applied several times are shared.
 * @throws ConfigError if an output does not follow from the inputs alone
 *
 * @example
 * const title = input({ shape: [null], dtype: 'int32', name: 'title' });
 * const tags = input({ shape: [12], name: 'tags' });
 * const read = lstm({ units: 32 }).apply(embedding({ inputDim: 5000, outputDim: 32, maskZero: true }).apply(title));
 * const both = concatenate().apply([read, tags]);
 * const priority = dense({ units: 1, activation: 'sigmoid' }).apply(both);
 * const department = dense({ units: 4, activation: 'softmax' }).apply(both);
 * const triage = model({ inputs: { title, tags }, outputs: { priority, department } });
 */
export const model = <Out extends OutputForm>(options: FunctionalOptions<Out>): Functional<Out> =>
  new Functional(options);
