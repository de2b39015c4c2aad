import { count, required, requireKind } from '../../checks.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import type { AttentionMemory, HardReading, PrepareOptions } from '../attention.ts';
import { Buildable } from '../buildable.ts';
import { shapeDevice } from '../cells/shape-device.ts';
import { Dropout } from '../dropout.ts';
import { Embedding, type EmbeddingOptions } from '../embedding.ts';
import { type Context, inference, type Layer, type LayerConfig } from '../layer.ts';
import type { Declarations, Parameter } from '../parameters.ts';
import { type Episodes, reinforceLoss } from '../reinforce.ts';
import { TransformerDecoder } from '../transformer/decoder.ts';
import type { StackOptions } from '../transformer/options.ts';
import { Bridge } from './bridge.ts';
import { Decoder, type DecoderOptions, type DecoderState, type DecoderStep, type SequenceDecoder } from './decoder.ts';
import { type Encoded, type Encoder, shapesOf } from './encoded.ts';

/** The target's tokens have ids below V = `vocabularySize`; `dropout` also applies to their embeddings. */
export interface EncoderDecoderOptions extends EmbeddingOptions, Omit<DecoderOptions, 'choices'> {
  /** The blocks of a Transformer that writes in place of cells and attention; `dimension` is their width. Default: none. */
  readonly transformer?: StackOptions | null | undefined;
}

/** What the encoder reads, and the target's ids so far, int32 `[T, B]`. */
export interface EncoderDecoderInputs<Source> {
  readonly source: Source;
  readonly targets: Tensor;
}

export interface EncoderDecoderShapes<SourceShapes> {
  readonly source: SourceShapes;
  readonly targets: Shape;
}

/** Sources that were read, one a row, and how far the sequences about them are. */
export type Reading = {
  readonly memory: AttentionMemory | null;
  readonly state: DecoderState;
};

/**
 * A decoder that writes a sequence of tokens about what an encoder has read (Sutskever 2014), with attention (Bahdanau 2015,
 * Luong 2015) or without: source and the target's ids so far `[T, B]` → logits of the token that follows, `[T, B, V + 1]`:
 * the V tokens of the target and its end. `Decoder` has the equations.
 *
 * Two ids follow those of the tokens: `end` V, which ends every sequence, and `start` V + 1, the decoder's first input.
 * Parameters: the encoder's, `target.weight` [V + 2, E], `decoder.weight_ih_l0` …, `decoder.attention.…`,
 * `decoder.combine.…`, `decoder.output.…`, `bridge.h_l0.weight` …; with hard attention a buffer `baseline` [1].
 */
export class EncoderDecoder<Source = never, SourceShapes = never>
  extends Buildable<{ readonly bridge: Bridge; readonly baseline: Parameter | null }>
  implements Layer<EncoderDecoderInputs<Source>, Tensor, EncoderDecoderShapes<SourceShapes>>
{
  readonly config: { readonly layer: 'encoderDecoder'; readonly encoder: LayerConfig } & EncoderDecoderOptions;
  readonly decoder: SequenceDecoder;
  readonly end: number;
  readonly start: number;
  readonly #encoder: Encoder<Source, SourceShapes>;
  readonly #embedding: Embedding;
  readonly #dropout: Dropout;

  /** @throws ConfigError on an unknown option or a value that cannot work */
  constructor(encoder: Encoder<Source, SourceShapes>, options: EncoderDecoderOptions) {
    super();
    const { vocabularySize: V, dimension, weight, transformer, ...decoder } = options;
    requireKind('encoderDecoder', 'vocabularySize', V, required(count));
    this.config = { ...options, encoder: encoder.config, layer: 'encoderDecoder' };
    [this.end, this.start] = [V, V + 1];
    this.#encoder = encoder;
    this.#embedding = new Embedding({ vocabularySize: V + 2, dimension, weight });
    this.#dropout = new Dropout({ rate: decoder.dropout });
    this.decoder = transformer
      ? new TransformerDecoder({ ...transformer, choices: V + 1 })
      : new Decoder({ ...decoder, choices: V + 1 });
  }

  /** @param make  makes the encoder from its configuration */
  static fromConfig(
    { layer: _, encoder, ...options }: EncoderDecoder['config'],
    make: (config: LayerConfig) => unknown,
  ): EncoderDecoder {
    return new EncoderDecoder(make(encoder) as Encoder<never, never>, options);
  }

  get device(): Device {
    return this.#embedding.table.device;
  }

  build({ source, targets }: EncoderDecoderShapes<SourceShapes>, declarations: Declarations): Shape {
    const encoded = this.#encoder.build(source, declarations);
    const ys = this.#embedding.build(targets, declarations.within('target'));
    const { memory, constant } = encoded;
    const logits = this.decoder.build({ ys, memory, constant }, declarations.within('decoder'));
    const bridge = new Bridge({ state: shapesOf(this.decoder.initialState(1, shapeDevice())) });
    bridge.build(encoded.state, declarations.within('bridge'));
    const baseline = this.config.attention?.hard ? declarations.buffer('baseline', [1]) : null;
    this.parts = { bridge, baseline };
    return logits;
  }

  apply({ source, targets }: EncoderDecoderInputs<Source>, context: Context): Tensor {
    const { memory, state } = this.read(source, context);
    return this.decoder.logits(this.decoder.run(this.embed(targets, context), memory, state, context).vectors);
  }

  /** Reads sources: the state before the first token of each. @param reads  of hard attention after training */
  read(source: Source, context: Context = inference, reads?: HardReading): Reading {
    return this.continue(this.#encoder.apply(source, context), { context, reads });
  }

  /** The same for what any encoder has read. */
  continue({ memory, lengths, state, ...encoded }: Encoded, options?: PrepareOptions): Reading {
    const attended = this.decoder.prepare(memory, lengths, options);
    const begun = { ...encoded, state: this.parts.bridge.apply(state) };
    return { memory: attended, state: this.decoder.begin(begun, attended) };
  }

  /**
   * What hard attention learns from; see `reinforceLoss`. The baseline is a buffer of the model's.
   * @param baseline  false: b = 0. Default true
   */
  reinforce(episodes: Episodes, entropy: number, baseline = true): Tensor {
    return reinforceLoss(episodes, baseline ? this.parts.baseline : null, entropy);
  }

  /** Vectors of target ids of any shape, `[…]` → `[…, E]`. */
  embed(ids: Tensor, context: Context = inference): Tensor {
    return this.#dropout.apply(this.#embedding.apply(ids), context);
  }

  /** One step of writing: the tokens written last, ids `[B]` → logits of the next `[B, V + 1]`. */
  write(tokens: Tensor, { memory, state }: Reading): DecoderStep & { readonly logits: Tensor } {
    const step = this.decoder.step(this.embed(tokens), memory, state, inference);
    return { ...step, logits: this.decoder.logits(step.vector) };
  }
}
