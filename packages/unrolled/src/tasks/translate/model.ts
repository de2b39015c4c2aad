import { padSequences } from '../../data/padding.ts';
import type { AttentionMemory } from '../../nn/attention.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { Dropout } from '../../nn/dropout.ts';
import { Embedding, type EmbeddingOptions } from '../../nn/embedding.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { Recurrent } from '../../nn/recurrent.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { Bridge } from './bridge.ts';
import { completeConfig, type TranslatorConfig } from './config.ts';
import { Decoder, type DecoderState, type DecoderStep } from './decoder.ts';
import { translatorDescription } from './description.ts';
import { translationLoss } from './loss.ts';
import type { TranslationPair } from './pairs.ts';
import { describeSides, type EncodedPair, type Sides, type SidesDescription, sidesFrom } from './sides.ts';
import { type TranslateOptions, type Translation, translateTexts } from './translate.ts';

/** Everything that makes a translator besides its parameters. */
export interface TranslatorDescription extends SidesDescription {
  readonly task: 'translate';
  readonly config: TranslatorConfig;
}

/** Sources that were read, one a row, and how far their translations are. */
export type Reading = {
  readonly memory: AttentionMemory | null;
  readonly state: DecoderState;
};

/**
 * An encoder and a decoder (Sutskever 2014), with attention (Bahdanau 2015, Luong 2015) or without: source ids `[S, B]`
 * and the target's so far `[T, B]` → logits of the token that follows, `[T, B, V + 1]`: the V tokens of the target and
 * its end. `Decoder` has the equations.
 *
 * Parameters: `source.weight` [V + 1, E], `target.weight` [V + 2, E], `encoder.weight_ih_l0` … as in PyTorch,
 * `bridge.h_l0.weight` …, `decoder.weight_ih_l0` …, `decoder.attention.…`, `decoder.combine.…`, `decoder.output.…`.
 *
 * @example
 * const device = await openDevice();
 * const translator = Translator.load(device, bytes);       // the file of a checkpoint
 * translator.translate(['march 4th, 2017'])[0].text;        // '2017-03-04'
 */
export class Translator {
  readonly config: Required<TranslatorConfig>;
  readonly sides: Sides;
  readonly device: Device;
  readonly parameters: Parameters;
  readonly decoder: Decoder;
  readonly #encoder: Recurrent;
  readonly #bridge = new Bridge();
  readonly #sourceEmbedding: Embedding;
  readonly #targetEmbedding: Embedding;
  readonly #dropout: Dropout;

  /** @throws ConfigError on a size, a rate or a name that cannot work */
  constructor(device: Device, sides: Sides, config: TranslatorConfig, initial: number | SavedParameters = 1) {
    this.device = device;
    this.sides = sides;
    this.config = completeConfig(config);
    const { cell, hidden, layers, embedding, dropout, bidirectional, attention, feeding, coverage } = this.config;
    const { source, target } = sides;
    this.#sourceEmbedding = new Embedding(vectorsOf(source.size, embedding));
    this.#targetEmbedding = new Embedding(vectorsOf(target.size + 1, embedding));
    this.#dropout = new Dropout({ rate: dropout });
    this.#encoder = new Recurrent({ cell, hidden, layers, dropout, bidirectional });
    const seen = attention === 'none' ? null : { score: attention, units: hidden, coverage };
    this.decoder = new Decoder({ cell, hidden, layers, dropout, attention: seen, feeding, choices: target.size });
    this.parameters = initialiseParameters(this, [-1, -1], device, initial);
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters
   * @throws ConfigError if the description's cell is not built in, and not this one
   */
  static from(
    device: Device,
    description: TranslatorDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): Translator {
    const { config, ...sides } = translatorDescription(description, 'model');
    return new Translator(device, sidesFrom(sides), withCell(config, own), initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Translator {
    return loadModel(source, 'translate', (description, parameters) =>
      Translator.from(device, description as TranslatorDescription, own, parameters),
    );
  }

  describe(): TranslatorDescription {
    return { task: 'translate', config: this.config, ...describeSides(this.sides) };
  }

  build(ids: Shape, declarations: Declarations): Shape {
    const embedded = this.#sourceEmbedding.build(ids, declarations.within('source'));
    const encoded = this.#encoder.build(embedded, declarations.within('encoder'));
    this.#targetEmbedding.build(ids, declarations.within('target'));
    this.decoder.build(this.config.embedding, encoded.at(-1)!, declarations.within('decoder'));
    const state = this.decoder.initialState(1, this.device);
    this.#bridge.build(state, this.config.bidirectional, declarations.within('bridge'));
    return [...ids, this.sides.target.size];
  }

  /**
   * Translates texts, several at once where there are several; what comes of a text does not depend on the others.
   * @throws ConfigError on an option out of range
   */
  translate(texts: readonly string[], options: TranslateOptions = {}): Translation[] {
    return translateTexts(this, texts, options);
  }

  /** The recorded mean loss a token, in nats, with the right tokens before it. */
  loss(pairs: readonly EncodedPair[], context: Context): Tensor {
    return translationLoss(this, pairs, context).loss;
  }

  encode({ source, target }: TranslationPair): EncodedPair {
    return { source: this.sides.source.encode(source).ids, target: this.sides.target.encode(target).ids };
  }

  /** Reads sources, each with its end. */
  read(sources: readonly (readonly number[])[], context: Context = inference): Reading {
    const { values, shape, lengths } = padSequences(sources);
    const xs = this.#dropout.apply(this.#sourceEmbedding.apply(this.device.ids(values, shape)), context); // [S, B, E]
    const { outputs, state } = this.#encoder.run(xs, context, { lengths });
    return { memory: this.decoder.prepare(outputs, lengths), state: this.decoder.begin(this.#bridge.apply(state)) };
  }

  /** Vectors of target ids of any shape, `[…]` → `[…, E]`. */
  embed(ids: ArrayLike<number>, shape: Shape, context: Context = inference): Tensor {
    return this.#dropout.apply(this.#targetEmbedding.apply(this.device.ids(ids, shape)), context);
  }

  /** One step of writing: the tokens written last `[B]` → logits of the next `[B, V + 1]`. */
  write(tokens: ArrayLike<number>, { memory, state }: Reading): DecoderStep & { readonly logits: Tensor } {
    const step = this.decoder.step(this.embed(tokens, [tokens.length]), memory, state, inference);
    return { ...step, logits: this.decoder.logits(step.vector) };
  }
}

/**
 * A token of a large vocabulary is seen too rarely for its vector to grow from a small initial value, so it starts at N(0, 1)
 * per number, as in PyTorch.
 */
function vectorsOf(vocabularySize: number, dimension: number): EmbeddingOptions {
  const isLarge = vocabularySize > 1000;
  return { vocabularySize, dimension, ...(isLarge && { weight: { kind: 'normal', deviation: 1 } }) };
}
