import { count } from '../checks.ts';
import { ConfigError } from '../errors.ts';
import { add } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Attention } from './attention.ts';
import { Buildable } from './buildable.ts';
import type { Layer } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import type { Declarations } from './parameters.ts';

export interface StackedAttentionOptions {
  /** How often the memory is looked at. Default 1. */
  readonly layers?: number | undefined;
  /** A, the width of each one's hidden layer. Default U. */
  readonly units?: number | undefined;
}

/** A query `[B, U]`, and what it looks at, `[L, B, U]`, with the number of places of each row. Default: L for all. */
export interface StackedAttentionInputs {
  readonly query: Tensor;
  readonly memory: Tensor;
  readonly lengths?: readonly number[] | null | undefined;
}

export interface StackedAttentionShapes {
  readonly query: Shape;
  readonly memory: Shape;
}

export interface StackedAttentionResult {
  /** u_K, `[B, U]`. */
  readonly query: Tensor;
  /** ṽ_K, what was looked at last, `[B, U]`. */
  readonly context: Tensor;
  /** Of each layer the weights of all places, `[B, L]`, each row with sum 1; 0 beyond a row's length. */
  readonly weights: readonly Tensor[];
}

/**
 * Attention several times over the same memory, such as the places of an image, each time with what was found before
 * (Yang 2016, "Stacked Attention Networks for Image Question Answering"), for layers k = 1 … K:
 *
 *     p_k = softmax over l of w_kᵀ tanh(W_k u_{k−1} + U_k v_l),   ṽ_k = Σ_l p_kl v_l,   u_k = u_{k−1} + ṽ_k
 *
 * Parameters: those of `Attention` under `0.`, `1.`, …
 */
export class StackedAttention
  extends Buildable<readonly Attention[]>
  implements Layer<StackedAttentionInputs, Tensor, StackedAttentionShapes>
{
  readonly config: { readonly layer: 'stackedAttention' } & StackedAttentionOptions;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: StackedAttentionOptions = {}) {
    super();
    this.config = layerConfig('stackedAttention', options, { layers: count, units: count });
  }

  /** @throws ConfigError if the query is not as wide as the memory */
  build({ query, memory }: StackedAttentionShapes, declarations: Declarations): Shape {
    const [U, D] = [query.at(-1)!, memory.at(-1)!];
    if (U !== D) {
      throw new ConfigError(
        `stackedAttention: needs a query as wide as the memory, received ${U} and ${D}; map one of them`,
        { query: U, memory: D },
      );
    }
    const { layers = 1, units = U } = this.config;
    const parts: Attention[] = [];
    for (let k = 0; k < layers; k++) {
      const attention = new Attention({ score: 'additive', units });
      attention.build({ queries: query, memory }, declarations.within(String(k)));
      parts.push(attention);
    }
    this.parts = parts;
    return query;
  }

  /** u_K. */
  apply(inputs: StackedAttentionInputs): Tensor {
    return this.run(inputs).query;
  }

  /** Like `apply`, but also returns what was looked at. @throws ShapeError if the memory is not [L, B, U] */
  run({ query, memory, lengths }: StackedAttentionInputs): StackedAttentionResult {
    let u = query;
    let found = query;
    const weights: Tensor[] = [];
    for (const attention of this.parts) {
      const step = attention.step(u, attention.prepare(memory, lengths ?? null));
      found = step.context;
      u = add(u, found);
      weights.push(step.weights);
    }
    return { query: u, context: found, weights };
  }
}
