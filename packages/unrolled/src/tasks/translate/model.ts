import { padSequences } from '../../data/padding.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import type { Initialiser } from '../../nn/initialisers.ts';
import { type Context, inference, initialiseParameters, type Sequences } from '../../nn/layer.ts';
import type { Parameters, SavedParameters } from '../../nn/parameters.ts';
import { EncoderDecoder, type Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { RecurrentEncoder } from '../../nn/seq2seq/recurrent-encoder.ts';
import { TransformerReader } from '../../nn/seq2seq/transformer-reader.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { completeConfig, type TranslatorConfig } from './config.ts';
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

/**
 * Translates texts by an `EncoderDecoder` with a `RecurrentEncoder` or a `TransformerReader`, between the vocabularies of two sides: the ids of a source
 * and its end, `[S, B]`, and the target's so far `[T, B]` → logits of the token that follows, `[T, B, V + 1]`. Parameters are
 * those of the two.
 *
 * @example
 * const device = await openDevice();
 * const translator = Translator.load(device, bytes);       // the file of a checkpoint
 * const [{ text }] = await translator.translate(['march 4th, 2017']);   // '2017-03-04'
 */
export class Translator {
  readonly config: Required<TranslatorConfig>;
  readonly sides: Sides;
  readonly device: Device;
  readonly parameters: Parameters;
  readonly network: EncoderDecoder<Sequences, Shape>;

  /** @throws ConfigError on a size, a rate or a name that cannot work */
  constructor(device: Device, sides: Sides, config: TranslatorConfig, initial: number | SavedParameters = 1) {
    this.device = device;
    this.sides = sides;
    this.config = completeConfig(config);
    const { cell, hidden, layers, embedding, dropout, bidirectional, attention, feeding, coverage, transformer } =
      this.config;
    const { source, target } = sides;
    const recurrent = { cell, hidden, layers, dropout };
    const read = { vocabularySize: source.size, dimension: embedding, weight: weightOf(source.size) };
    this.network = new EncoderDecoder(
      transformer
        ? new TransformerReader({ ...read, ...transformer })
        : new RecurrentEncoder({ ...read, bidirectional, ...recurrent }),
      {
        ...{ vocabularySize: target.end, dimension: embedding, weight: weightOf(target.end + 2) },
        ...{ attention: attention === 'none' ? null : { score: attention, units: hidden, coverage }, feeding },
        ...recurrent,
        ...(transformer && { attention: null, feeding: 'none', transformer }),
      },
    );
    const ids = [-1, -1];
    this.parameters = initialiseParameters(this.network, { source: ids, targets: ids }, device, initial);
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

  /**
   * Translates texts in batches; what comes of a text does not depend on the others.
   * @throws ConfigError on an option out of range; the signal's reason if it is aborted
   */
  predict(texts: readonly string[], options: TranslateOptions = {}): Promise<Translation[]> {
    return translateTexts(this, texts, options);
  }

  /** As `predict`. */
  translate(texts: readonly string[], options: TranslateOptions = {}): Promise<Translation[]> {
    return this.predict(texts, options);
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
    return this.network.read({ xs: this.device.ids(values, shape), lengths }, context);
  }
}

/**
 * A token of a large vocabulary is seen too rarely for its vector to grow from a small initial value, so it starts at N(0, 1)
 * per number, as in PyTorch.
 */
const weightOf = (vocabularySize: number): Initialiser | undefined =>
  vocabularySize > 1000 ? { kind: 'normal', deviation: 1 } : undefined;
