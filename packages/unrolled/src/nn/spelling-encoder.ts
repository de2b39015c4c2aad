import { count, required } from '../checks.ts';
import { concat } from '../ops/index.ts';
import type { Shape } from '../shape.ts';
import type { Tensor } from '../tensor/tensor.ts';
import { Embedding } from './embedding.ts';
import type { Context, Layer, Sequences } from './layer.ts';
import { layerConfig } from './layer-config.ts';
import type { Declarations } from './parameters.ts';
import { Recurrent } from './recurrent.ts';

export interface SpellingEncoderOptions {
  /** Number of characters, with one for all unknown characters. */
  readonly vocabularySize: number;
  /** C, dimension of a character vector, and hidden units of each direction. */
  readonly dimension: number;
}

/**
 * A vector for the spelling of each word (Lample 2016): the last states of a forward and a backward LSTM over its characters,
 * concatenated: ids `[T, W]` → `[W, 2C]`. Parameters: `embedding.weight`, `lstm.weight_ih_l0` …
 */
export class SpellingEncoder implements Layer<Sequences> {
  readonly config: { readonly layer: 'spellingEncoder' } & SpellingEncoderOptions;
  readonly #embedding: Embedding;
  readonly #recurrent: Recurrent;

  /** @throws ConfigError on an unknown option or a size that is not a whole number from 1 */
  constructor(options: SpellingEncoderOptions) {
    const sizes = { vocabularySize: required(count), dimension: required(count) };
    this.config = layerConfig('spellingEncoder', options, sizes);
    const { vocabularySize, dimension } = options;
    this.#embedding = new Embedding({ vocabularySize, dimension });
    this.#recurrent = new Recurrent({ cell: 'lstm', hidden: dimension, bidirectional: true });
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const embedded = this.#embedding.build(ids, declarations.within('embedding'));
    return this.#recurrent.build(embedded, declarations.within('lstm')).slice(1);
  }

  apply({ xs, lengths }: Sequences, context: Context): Tensor {
    const { state } = this.#recurrent.run(this.#embedding.apply(xs), context, { lengths }); // [T, W, C]
    return concat(
      state.map(({ h }) => h),
      -1,
    );
  }
}
