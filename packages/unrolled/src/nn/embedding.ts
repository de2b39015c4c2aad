import { embedding } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Initialiser } from './initialisers.ts';
import type { Layer } from './layer.ts';
import type { Declarations, Parameter } from './parameters.ts';

export interface EmbeddingOptions {
  /** V, the number of different ids. */
  readonly entries: number;
  /** E, the length of a vector. */
  readonly size: number;
  /** Default normal with deviation 1/√E: vectors of length about 1. */
  readonly weight?: Initialiser;
}

/** A vector for every id: int32 `[…]` → `[…, E]`. Parameter: `weight` [V, E]. */
export class Embedding implements Layer {
  readonly config: { readonly layer: 'embedding' } & EmbeddingOptions;
  #weight!: Parameter;

  constructor(options: EmbeddingOptions) {
    this.config = { layer: 'embedding', ...options };
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { entries, size, weight = { kind: 'normal', deviation: 1 / Math.sqrt(size) } } = this.config;
    this.#weight = declarations.declare('weight', [entries, size], weight);
    return [...input, size];
  }

  /** The vectors of all ids, `[V, E]`. */
  get table(): Tensor {
    return this.#weight.value;
  }

  apply(ids: Tensor): Tensor {
    return embedding(this.table, ids);
  }
}
