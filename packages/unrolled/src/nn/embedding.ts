import { count, required } from '../checks.ts';
import { embedding } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Buildable } from './buildable.ts';
import type { Initialiser } from './initialisers.ts';
import type { Layer } from './layer.ts';
import { initialiserKind, layerConfig } from './layer-config.ts';
import type { Declarations, Parameter } from './parameters.ts';

export interface EmbeddingOptions {
  /** V, the number of different ids. */
  readonly vocabularySize: number;
  /** E, the length of a vector. */
  readonly dimension: number;
  /** Default normal with deviation 1/√E: vectors of length about 1. */
  readonly weight?: Initialiser | undefined;
}

/** A vector for every id: int32 `[…]` → `[…, E]`. Parameter: `weight` [V, E]. */
export class Embedding extends Buildable<{ weight: Parameter }> implements Layer {
  readonly config: { readonly layer: 'embedding' } & EmbeddingOptions;

  /** @throws ConfigError on an unknown option or a size that is not a whole number from 1 */
  constructor(options: EmbeddingOptions) {
    super();
    this.config = layerConfig('embedding', options, {
      vocabularySize: required(count),
      dimension: required(count),
      weight: initialiserKind,
    });
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { vocabularySize, dimension, weight = { kind: 'normal', deviation: 1 / Math.sqrt(dimension) } } = this.config;
    this.parts = { weight: declarations.declare('weight', [vocabularySize, dimension], weight) };
    return [...input, dimension];
  }

  /** The vectors of all ids, `[V, E]`. */
  get table(): Tensor {
    return this.parts.weight.value;
  }

  apply(ids: Tensor): Tensor {
    return embedding(this.table, ids);
  }
}
