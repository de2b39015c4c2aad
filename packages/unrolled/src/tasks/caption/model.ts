import { whole } from '../../checks.ts';
import type { Examples } from '../../data/examples.ts';
import { DataError } from '../../errors.ts';
import type { Image } from '../../images/index.ts';
import type { HardReading } from '../../nn/attention.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import type { Parameters, SavedParameters } from '../../nn/parameters.ts';
import { EncoderDecoder, type Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { FeatureEncoder } from '../../nn/seq2seq/feature-encoder.ts';
import { objectOf, optionsOf, type Schema, scalar } from '../../schema.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { Side } from '../../tokenizers/side.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { taskName } from '../../train/description.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { Backbone, type BackboneDescription, backboneDescription } from '../../vision/backbone.ts';
import { type CaptionWords, captionWords } from '../caption-words.ts';
import { type CaptionWriter, captionDecoder } from '../caption-writer.ts';
import { featureStatistics, type ImageFeatureOptions, imageFeatures } from '../image-features.ts';
import {
  type CaptionerConfig,
  type CompleteCaptionerConfig,
  captionerKinds,
  completeConfig,
  hasAttention,
} from './config.ts';
import { type Caption, type CaptionOptions, captionFeatures } from './predict.ts';

/** What makes a captioner besides its parameters. */
export interface CaptionerOptions {
  readonly config: CaptionerConfig;
  /** The network that sees the image; its weights are set by `takeBackbone`. */
  readonly backbone: BackboneDescription;
  readonly vocabulary: CaptionWords;
}

/** The same as plain data. */
export interface CaptionerDescription {
  readonly task: 'caption';
  readonly config: CaptionerConfig;
  readonly backbone: BackboneDescription;
  readonly words: TokenizerConfig;
  readonly longest: number;
}

/** The description of a captioner in a file. @throws FormatError if it is not one */
export const captionerDescription: Schema<CaptionerDescription> = objectOf<CaptionerDescription>({
  task: taskName('caption'),
  config: optionsOf(captionerKinds),
  backbone: backboneDescription,
  words: tokenizerConfig,
  longest: scalar<number>(whole({ from: 1, to: 10_000 })),
});

/**
 * Describes images in a sentence: features of a frozen network (`Backbone`) at L places, `[L, B, D]`, and an `EncoderDecoder` with
 * a `FeatureEncoder` that writes words about them. Parameters: the network's under `backbone.`, as buffers, and those of the two.
 *
 * @example
 * const device = await openDevice();
 * const captioner = Captioner.load(device, bytes);           // the file of a checkpoint
 * const [{ text }] = await captioner.predict([imageOf(video)]);   // 'a dog runs through the grass'
 */
export class Captioner implements CaptionWriter<ArrayLike<number>> {
  readonly device: Device;
  readonly config: CompleteCaptionerConfig;
  readonly backbone: Backbone;
  readonly words: Side;
  readonly longest: number;
  readonly parameters: Parameters;
  readonly network: EncoderDecoder<Tensor, Shape>;
  readonly #encoder: FeatureEncoder;

  /** @throws ConfigError on a size, a rate or a name that cannot work, or a backbone without a feature map */
  constructor(
    device: Device,
    { config, backbone, vocabulary }: CaptionerOptions,
    initial: number | SavedParameters = 1,
  ) {
    this.device = device;
    this.config = completeConfig(config);
    this.backbone = new Backbone(backbone);
    this.words = vocabulary.words;
    this.longest = vocabulary.longest;
    const { cell, hidden, layers, embedding, dropout, conditioning, units, attentionUnits, gate, transformer } =
      this.config;
    const recurrent = { cell, hidden, layers, dropout };
    const attends = hasAttention(conditioning);
    const hard = conditioning === 'hard-attention';
    this.#encoder = new FeatureEncoder({
      ...recurrent,
      ...{ conditioning: conditioning === 'first' || conditioning === 'constant' ? conditioning : 'memory' },
      ...{ units, dimension: embedding, standardise: !attends, ...(transformer && { stateless: true }) },
    });
    const attention = attends && !transformer ? { units: attentionUnits, hard, gate } : null;
    this.network = new EncoderDecoder(
      this.#encoder,
      captionDecoder({ ...recurrent, embedding, words: this.words, attention, transformer }),
    );
    this.parameters = initialiseParameters(
      {
        build: (shapes: { source: Shape; targets: Shape }, declarations) => {
          this.backbone.build(declarations);
          this.network.build(shapes, declarations);
        },
      },
      { source: [this.#places, -1, this.backbone.depth], targets: [-1, -1] },
      device,
      initial,
    );
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters; ConfigError if it cannot work
   */
  static from(
    device: Device,
    description: CaptionerDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): Captioner {
    const { config, backbone, words, longest } = captionerDescription(description, 'model');
    const options = { config: withCell(config, own), backbone, vocabulary: { words: new Side(words), longest } };
    return new Captioner(device, options, initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): Captioner {
    return loadModel(source, 'caption', (description, parameters) =>
      Captioner.from(device, description as CaptionerDescription, own, parameters),
    );
  }

  describe(): CaptionerDescription {
    const { config, backbone, words, longest } = this;
    return { task: 'caption', config, backbone: backbone.description, words: words.tokenizer.config, longest };
  }

  /** Copies pretrained weights into the backbone, before training. @throws FormatError if one is missing, or of another shape */
  takeBackbone(weights: SavedParameters): void {
    this.backbone.take(this.parameters, weights);
  }

  /**
   * Takes the mean and deviation of each feature over training images, before training: a decoder without attention, which sees
   * an image once, learns from features only where these are standardised by them. With attention features stay as they are,
   * and nothing is taken.
   * @param features  of images, as `features` gives them; 500 of them, spread evenly, are read
   * @throws DataError if there are none
   */
  async setStatistics(features: Examples<ArrayLike<number>>): Promise<void> {
    if (hasAttention(this.config.conditioning)) return;
    const { mean, deviation } = await featureStatistics(features, this.backbone.depth);
    this.device.scope(() => this.#encoder.setStatistics(this.device.tensor(mean), this.device.tensor(deviation)));
  }

  /** The features of images: for each L·D numbers, place after place. @throws the signal's reason if it is aborted */
  features(images: readonly Image[], options: ImageFeatureOptions = {}): Promise<Float32Array[]> {
    return imageFeatures(this.backbone, this.device, images, options);
  }

  /**
   * Captions of images; the caption of an image does not depend on the others.
   * @throws ConfigError on an option out of range; the signal's reason if it is aborted
   */
  async predict(images: readonly Image[], options: CaptionOptions = {}): Promise<Caption[]> {
    const { signal } = options;
    return captionFeatures(this, await this.features(images, { signal }), options);
  }

  /** The mean of features over all places, D numbers. */
  meanOf(features: ArrayLike<number>): Float32Array {
    const { places, depth } = this.backbone;
    const mean = new Float32Array(depth);
    for (let i = 0; i < features.length; i++) mean[i % depth] += features[i] / places;
    return mean;
  }

  /** The ids of a caption, with its end. */
  encode(caption: string): number[] {
    return this.words.encode(captionWords(caption)).ids;
  }

  /**
   * Reads features of images, one a row.
   * @param reads  of hard attention after training. Default: the mean of all places, as the program of Xu (2015) does
   * @throws DataError if one has not L·D numbers
   */
  read(features: readonly ArrayLike<number>[], context: Context = inference, reads: HardReading = 'mean'): Reading {
    const { places, depth: D } = this.backbone;
    const [L, B] = [this.#places, features.length];
    const numbers = new Float32Array(L * B * D);
    features.forEach((one, b) => {
      if (one.length !== places * D) {
        throw new DataError(`caption: an image has ${places} · ${D} features, received ${one.length}`, {
          received: one.length,
        });
      }
      if (L === 1) {
        numbers.set(this.meanOf(one), b * D);
      } else {
        for (let l = 0; l < L; l++) for (let d = 0; d < D; d++) numbers[(l * B + b) * D + d] = one[l * D + d];
      }
    });
    return this.network.read(this.device.tensor(numbers, [L, B, D]), context, reads);
  }

  get writer(): EncoderDecoder<Tensor, Shape> {
    return this.network;
  }

  positions(): readonly number[] {
    return [this.backbone.places];
  }

  /** Without attention only the mean over all places is read. */
  get #places(): number {
    return hasAttention(this.config.conditioning) ? this.backbone.places : 1;
  }
}
