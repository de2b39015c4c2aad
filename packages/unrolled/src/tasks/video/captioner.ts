import { whole } from '../../checks.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import type { Parameters, SavedParameters } from '../../nn/parameters.ts';
import { EncoderDecoder, type Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { objectOf, type Schema, scalar } from '../../schema.ts';
import type { Device } from '../../tensor/device.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { Side } from '../../tokenizers/side.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { taskName } from '../../train/description.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { type CaptionWords, captionWords } from '../caption-words.ts';
import {
  type CaptionOptions,
  type CaptionWriter,
  captionDecoder,
  type WordWeights,
  type WrittenCaption,
  writeCaptions,
} from '../caption-writer.ts';
import { type Clip, lengthOf } from './clip.ts';
import { type ClipBatch, ClipEncoder } from './clip-encoder.ts';
import { ClipNetwork } from './clip-network.ts';
import { ClipReader } from './clip-reader.ts';
import { captionerConfig, requireCaptionerConfig, type VideoCaptionerConfig } from './config.ts';

/** Everything that makes the model besides its parameters: plain data. */
export interface VideoCaptionerDescription {
  readonly task: 'video-caption';
  readonly config: VideoCaptionerConfig;
  readonly words: TokenizerConfig;
  /** Tokens of the longest caption in the training data, its end included. */
  readonly longest: number;
}

/** The description of a captioner of videos in a file. */
export const videoCaptionerDescription: Schema<VideoCaptionerDescription> = objectOf<VideoCaptionerDescription>({
  task: taskName('video-caption'),
  config: captionerConfig,
  words: tokenizerConfig,
  longest: scalar<number>(whole({ from: 1, to: 10_000 })),
});

/** A caption of a clip; its attention is over frames: `weights[t][s]` of word t and frame s. */
export type ClipCaption = WrittenCaption<WordWeights>;

/** Clips that are captioned together; more frames would take much memory. */
const together = { clips: 50, frames: 4096 };

/** How many clips are read at once. It changes the speed, not the result. */
export const captionedAtOnce = (clips: readonly Clip[]): number =>
  Math.max(1, Math.min(together.clips, Math.floor(together.frames / Math.max(1, ...clips.map(lengthOf)))));

/**
 * Describes a clip in a sentence: an encoder over the features of its frames, and the decoder that also captions images.
 *
 * - attention: at every word a mean of all frames, weighted by attention (temporal attention, Yao 2015);
 * - sequence: the decoder begins with the encoder's final state (Venugopalan 2015, ICCV);
 * - mean: the mean of the features is part of every input of the decoder (Venugopalan 2015, NAACL).
 *
 * Parameters: those of `ClipNetwork`, and `target.…`, `decoder.…`, `bridge.…` as in `EncoderDecoder`.
 *
 * @example
 * const captioner = VideoCaptioner.load(device, bytes);
 * const [{ text }] = await captioner.predict([{ frames }]);   // 'the red square follows the blue circle'
 */
export class VideoCaptioner extends ClipReader<VideoCaptionerConfig> implements CaptionWriter<Clip> {
  readonly words: Side;
  readonly longest: number;
  readonly parameters: Parameters;
  readonly writer: EncoderDecoder<ClipBatch, null>;

  /**
   * @param initial  a seed, or saved parameters
   * @throws ConfigError on an unknown option, or a network that does not give features
   */
  constructor(
    device: Device,
    { config, vocabulary }: { readonly config: VideoCaptionerConfig; readonly vocabulary: CaptionWords },
    initial: number | SavedParameters = 1,
  ) {
    requireCaptionerConfig(config);
    const { cell, hidden, layers, dropout, embedding, conditioning = 'attention' } = config;
    const { attentionUnits = Math.max(1, hidden >> 1) } = config;
    super(device, config, new ClipNetwork(config, conditioning !== 'mean'));
    this.words = vocabulary.words;
    this.longest = vocabulary.longest;
    const attention = conditioning === 'attention' ? { units: attentionUnits } : null;
    this.writer = new EncoderDecoder(
      new ClipEncoder(config, this.network),
      captionDecoder({ cell, hidden, layers, dropout, embedding, words: this.words, attention }),
    );
    this.parameters = initialiseParameters(this.writer, { source: null, targets: [-1, -1] }, device, initial);
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters; ConfigError if it cannot work
   */
  static from(
    device: Device,
    description: VideoCaptionerDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): VideoCaptioner {
    const { config, words, longest } = videoCaptionerDescription(description, 'model');
    const options = { config: withCell(config, own), vocabulary: { words: new Side(words), longest } };
    return new VideoCaptioner(device, options, initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): VideoCaptioner {
    return loadModel(source, 'video-caption', (description, parameters) =>
      VideoCaptioner.from(device, description as VideoCaptionerDescription, own, parameters),
    );
  }

  describe(): VideoCaptionerDescription {
    const { config, words, longest } = this;
    return { task: 'video-caption', config, words: words.tokenizer.config, longest };
  }

  encode(caption: string): number[] {
    return this.words.encode(captionWords(caption)).ids;
  }

  /** @param clips  as `prepared` gives them */
  read(clips: readonly Clip[], context: Context = inference): Reading {
    return this.writer.read({ clips, device: this.device }, context);
  }

  positions(clip: Clip): readonly number[] {
    return [lengthOf(clip)];
  }

  /**
   * Captions of clips; the caption of a clip does not depend on the others.
   * @throws ConfigError on an option out of range; DataError on a clip that is none; the signal's reason if it is aborted
   */
  async predict(clips: readonly Clip[], options: CaptionOptions = {}): Promise<ClipCaption[]> {
    const { signal, batch = captionedAtOnce(clips) } = options;
    return writeCaptions(this, await this.prepared(clips, { signal }), (weights) => weights, { ...options, batch });
  }
}
