import type { Shape } from '../../shape.ts';
import { Embedding, type EmbeddingOptions } from '../embedding.ts';
import type { Context, Sequences } from '../layer.ts';
import type { Declarations } from '../parameters.ts';
import { TransformerEncoder } from '../transformer/encoder.ts';
import type { StackOptions } from '../transformer/options.ts';
import type { Encoded, EncodedShapes, Encoder } from './encoded.ts';

export type TransformerReaderOptions = EmbeddingOptions & StackOptions;

/**
 * Reads tokens (Vaswani 2017): ids `[S, B]` → embeddings → the blocks of a Transformer, whose outputs are the memory
 * `[S, B, E]`. It has no state. Parameters: `source.weight` [V, E], `encoder.blocks.0…` as `TransformerEncoder`.
 */
export class TransformerReader implements Encoder<Sequences, Shape> {
  readonly config: { readonly layer: 'transformerReader' } & TransformerReaderOptions;
  readonly #embedding: Embedding;
  readonly #encoder: TransformerEncoder;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: TransformerReaderOptions) {
    this.config = { ...options, layer: 'transformerReader' };
    const { vocabularySize, dimension, weight, layer: _, ...stack } = this.config;
    this.#embedding = new Embedding({ vocabularySize, dimension, weight });
    this.#encoder = new TransformerEncoder(stack);
  }

  build(ids: Shape, declarations: Declarations): EncodedShapes {
    const embedded = this.#embedding.build(ids, declarations.within('source'));
    return { memory: this.#encoder.build(embedded, declarations.within('encoder')), state: [] };
  }

  apply({ xs, lengths }: Sequences, context: Context): Encoded {
    return { memory: this.#encoder.apply({ xs: this.#embedding.apply(xs), lengths }, context), lengths, state: [] };
  }
}
