import { concat } from '../../ops/index.ts';
import type { Shape } from '../../shape.ts';
import { shapeDevice } from '../cells/shape-device.ts';
import { Dropout } from '../dropout.ts';
import { Embedding, type EmbeddingOptions } from '../embedding.ts';
import type { Context, Sequences } from '../layer.ts';
import type { Declarations } from '../parameters.ts';
import { Recurrent, type RecurrentLayerOptions } from '../recurrent.ts';
import { type Encoded, type EncodedShapes, type Encoder, shapesOf } from './encoded.ts';

/** `dropout` also applies to the embeddings. */
export type RecurrentEncoderOptions = EmbeddingOptions &
  RecurrentLayerOptions & {
    /**
     * Whether the memory holds the embeddings beside the outputs, `[S, B, D + E]`: a multi-level aligner (Mei, Bansal & Walter
     * 2016). Default false.
     */
    readonly multiLevel?: boolean | undefined;
  };

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
    const { vocabularySize, dimension, weight, multiLevel: _m, layer: _, ...recurrent } = this.config;
    this.#embedding = new Embedding({ vocabularySize, dimension, weight });
    this.#dropout = new Dropout({ rate: recurrent.dropout ?? 0 });
    this.#recurrent = new Recurrent(recurrent);
  }

  build(ids: Shape, declarations: Declarations): EncodedShapes {
    const embedded = this.#embedding.build(ids, declarations.within('source'));
    const outputs = this.#recurrent.build(embedded, declarations.within('encoder'));
    const { multiLevel = false, dimension } = this.config;
    const memory = multiLevel ? [...outputs.slice(0, -1), outputs.at(-1)! + dimension] : outputs;
    return { memory, state: shapesOf(this.#recurrent.initialState(1, shapeDevice())) };
  }

  apply({ xs, lengths }: Sequences, context: Context): Encoded {
    const embedded = this.#dropout.apply(this.#embedding.apply(xs), context); // [S, B, E]
    const { outputs, state } = this.#recurrent.run(embedded, context, { lengths });
    const memory = this.config.multiLevel ? concat([outputs, embedded], -1) : outputs;
    return { memory, lengths, state };
  }
}
