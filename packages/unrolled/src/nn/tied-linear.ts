import { linear } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import type { Embedding } from './embedding.ts';
import { zeros } from './initialisers.ts';
import type { Layer } from './layer.ts';
import { type Declarations, type Parameter, unbuilt } from './parameters.ts';

/**
 * Logits from an embedding's own matrix W `[V, E]` (Press & Wolf 2017): y = W x + b, `[…, E]` → `[…, V]`, so that a token
 * has one vector on the way in and on the way out. An input of another width F is first projected: y = W P x + b.
 * Parameters: `bias` [V]; where F is not E, `projection.weight` [E, F].
 */
export class TiedLinear implements Layer {
  readonly config: { readonly layer: 'tiedLinear' } = { layer: 'tiedLinear' };
  readonly #embedding: Embedding;
  #projection: Parameter | null = null;
  #bias = unbuilt('tied linear');

  constructor(embedding: Embedding) {
    this.#embedding = embedding;
  }

  build(input: Shape, declarations: Declarations): Shape {
    const { vocabularySize, dimension } = this.#embedding.config;
    const features = input.at(-1)!;
    if (features !== dimension) {
      this.#projection = declarations.declare('projection.weight', [dimension, features], { kind: 'xavier' });
    }
    this.#bias = declarations.declare('bias', [vocabularySize], zeros);
    return [...input.slice(0, -1), vocabularySize];
  }

  apply(x: Tensor): Tensor {
    const fitting = this.#projection ? linear(x, this.#projection.value) : x;
    return linear(fitting, this.#embedding.table, this.#bias.value);
  }
}
