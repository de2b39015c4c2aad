import type { Shape } from '../../shape.ts';
import { shapeDevice } from '../cells/shape-device.ts';
import { Dropout } from '../dropout.ts';
import { Embedding, type EmbeddingOptions } from '../embedding.ts';
import type { Context, Sequences } from '../layer.ts';
import type { Declarations } from '../parameters.ts';
import { Recurrent, type RecurrentLayerOptions } from '../recurrent.ts';
import { type Encoded, type EncodedShapes, type Encoder, shapesOf } from './encoded.ts';

/** `dropout` also applies to the embeddings. */
export type RecurrentEncoderOptions = EmbeddingOptions & RecurrentLayerOptions;

/**
 * Reads tokens (Sutskever 2014): ids `[S, B]` → embeddings → recurrent layers, whose outputs are the memory `[S, B, D]` and
 * whose final state is the decoder's beginning. Parameters: `source.weight` [V, E], `encoder.weight_ih_l0` … as `Recurrent`.
 */
export class RecurrentEncoder implements Encoder<Sequences, Shape> {
  readonly config: { readonly layer: 'recurrentEncoder' } & RecurrentEncoderOptions;
  readonly #embedding: Embedding;
  readonly #dropout: Dropout;
  readonly #recurrent: Recurrent;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(options: RecurrentEncoderOptions) {
    this.config = { ...options, layer: 'recurrentEncoder' };
    const { vocabularySize, dimension, weight, layer: _, ...recurrent } = this.config;
    this.#embedding = new Embedding({ vocabularySize, dimension, weight });
    this.#dropout = new Dropout({ rate: recurrent.dropout ?? 0 });
    this.#recurrent = new Recurrent(recurrent);
  }

  build(ids: Shape, declarations: Declarations): EncodedShapes {
    const embedded = this.#embedding.build(ids, declarations.within('source'));
    const memory = this.#recurrent.build(embedded, declarations.within('encoder'));
    return { memory, state: shapesOf(this.#recurrent.initialState(1, shapeDevice())) };
  }

  apply({ xs, lengths }: Sequences, context: Context): Encoded {
    const embedded = this.#dropout.apply(this.#embedding.apply(xs), context); // [S, B, E]
    const { outputs, state } = this.#recurrent.run(embedded, context, { lengths });
    return { memory: outputs, lengths, state };
  }
}
