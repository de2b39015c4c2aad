import type { ConfigError } from '../../errors.ts';
import type { SavedParameters } from '../../nn/parameters.ts';
import type { Numbers } from './arrays.ts';
import type { GraphBuilder } from './builder.ts';
import { refusalOf } from './layer-writer.ts';

/** A layer of `unrolled/nn` that is to be written: the graph, and its parameters. */
export class Place {
  /** As in the names of its parameters; '' for the outermost layer. */
  readonly path: string;
  readonly #graph: GraphBuilder;
  readonly #parameters: SavedParameters;

  constructor(graph: GraphBuilder, parameters: SavedParameters, path = '') {
    this.#graph = graph;
    this.#parameters = parameters;
    this.path = path;
  }

  /** The graph; names of what is added begin with the path. */
  get graph(): GraphBuilder {
    this.#graph.prefix = this.path === '' ? '' : `${this.path}/`;
    return this.#graph;
  }

  /** A layer inside it; '' for one whose parameters have no prefix. */
  within(name: string): Place {
    return new Place(this.#graph, this.#parameters, this.#nameOf(name));
  }

  has(name: string): boolean {
    return Object.hasOwn(this.#parameters, this.#nameOf(name));
  }

  /** @throws ConfigError if it has no parameter of this name */
  numbers(name: string): Numbers {
    if (this.has(name)) return this.#parameters[this.#nameOf(name)];
    throw this.refusal(`has no parameter '${name}'`);
  }

  /** The error for what the format, or this writer, cannot hold. */
  readonly refusal = (reason: string): ConfigError => refusalOf(this.path === '' ? 'model' : this.path, reason);

  #nameOf(name: string): string {
    if (name === '' || this.path === '') return name || this.path;
    return `${this.path}.${name}`;
  }
}
