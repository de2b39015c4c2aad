import { requireOptions, whole } from '../../checks.ts';
import { padSequences } from '../../data/padding.ts';
import { DataError } from '../../errors.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference, initialiseParameters } from '../../nn/layer.ts';
import { Linear } from '../../nn/linear.ts';
import { binaryCrossEntropyLoss } from '../../nn/losses.ts';
import type { Declarations, Parameters, SavedParameters } from '../../nn/parameters.ts';
import { EncoderDecoder, type Reading } from '../../nn/seq2seq/encoder-decoder.ts';
import { type SequenceLossOptions, sequenceLoss } from '../../nn/seq2seq/loss.ts';
import { add } from '../../ops/index.ts';
import { objectOf, type Schema, scalar } from '../../schema.ts';
import type { Shape } from '../../shape.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { tokenizerConfig } from '../../tokenizers/description.ts';
import { Side } from '../../tokenizers/side.ts';
import type { TokenizerConfig } from '../../tokenizers/tokenizer.ts';
import { breathe } from '../../train/breathe.ts';
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
import { ClipNetwork, type EmbeddedClips } from './clip-network.ts';
import { ClipReader } from './clip-reader.ts';
import { eventsConfig, requireEventsConfig, type VideoEventsConfig } from './config.ts';
import { type EventBatch, EventEncoder } from './event-encoder.ts';
import {
  type Proposal,
  type ProposalOptions,
  proposalKinds,
  proposalsIn,
  proposalTargets,
  type Span,
} from './proposals.ts';

/** Everything that makes the model besides its parameters: plain data. */
export interface EventCaptionerDescription {
  readonly task: 'video-events';
  readonly config: VideoEventsConfig;
  readonly words: TokenizerConfig;
  readonly longest: number;
}

/** The description of a captioner of events in a file. */
export const eventCaptionerDescription: Schema<EventCaptionerDescription> = objectOf<EventCaptionerDescription>({
  task: taskName('video-events'),
  config: eventsConfig,
  words: tokenizerConfig,
  longest: scalar<number>(whole({ from: 1, to: 10_000 })),
});

/** A clip, and the parts of it that captions are about. */
export interface SpannedClip {
  readonly clip: Clip;
  readonly spans: readonly Span[];
}

/** What happens in a part of a video. Its attention is over the frames of the part. */
export interface ToldEvent extends Proposal, WrittenCaption<WordWeights> {}

/** What happens in a video, by first frames. */
export interface ToldVideo {
  readonly frames: number;
  readonly events: readonly ToldEvent[];
}

export type EventOptions = ProposalOptions & CaptionOptions;

/**
 * Finds the events of a video and describes each in a sentence (Krishna 2017).
 *
 * Proposals: at every frame t recurrent layers give a score to each of K windows that end with it, σ(W h_t + b), the expected
 * intersection over union of the window with an event; the best that do not overlap much are proposed. Captions: see
 * `EventEncoder`; the decoder, with attention over the frames of the event, is that of all captions. Loss: that of captions of the
 * true events per word, plus the cross-entropy of scores and true overlaps. Parameters: those of `ClipNetwork`;
 * `proposals.weight` [K, H], `proposals.bias`; those of encoder and decoder under `events.`.
 *
 * @example
 * const captioner = VideoEventCaptioner.load(device, bytes);
 * const [{ events }] = await captioner.predict([{ frames }]);   // [{ start: 3, end: 14, text: 'the red square enters', … }]
 */
export class VideoEventCaptioner extends ClipReader<VideoEventsConfig> implements CaptionWriter<SpannedClip> {
  readonly words: Side;
  readonly longest: number;
  readonly parameters: Parameters;
  readonly writer: EncoderDecoder<EventBatch, Shape>;
  readonly #proposals: Linear;

  /**
   * @param initial  a seed, or saved parameters
   * @throws ConfigError on an unknown option, or a network that does not give features
   */
  constructor(
    device: Device,
    { config, vocabulary }: { readonly config: VideoEventsConfig; readonly vocabulary: CaptionWords },
    initial: number | SavedParameters = 1,
  ) {
    requireEventsConfig(config);
    const { cell, hidden, layers, dropout, embedding, attentionUnits = Math.max(1, hidden >> 1), windows } = config;
    super(device, config, new ClipNetwork(config, true));
    this.words = vocabulary.words;
    this.longest = vocabulary.longest;
    this.#proposals = new Linear({ units: windows.length });
    const decoder = {
      cell,
      hidden,
      layers,
      dropout,
      embedding,
      words: this.words,
      attention: { units: attentionUnits },
    };
    this.writer = new EncoderDecoder(new EventEncoder(config), captionDecoder(decoder));
    this.parameters = initialiseParameters(this, null, device, initial);
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters; ConfigError if it cannot work
   */
  static from(
    device: Device,
    description: EventCaptionerDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): VideoEventCaptioner {
    const { config, words, longest } = eventCaptionerDescription(description, 'model');
    const options = { config: withCell(config, own), vocabulary: { words: new Side(words), longest } };
    return new VideoEventCaptioner(device, options, initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): VideoEventCaptioner {
    return loadModel(source, 'video-events', (description, parameters) =>
      VideoEventCaptioner.from(device, description as EventCaptionerDescription, own, parameters),
    );
  }

  build(_: null, declarations: Declarations): void {
    this.#proposals.build(this.network.build(declarations), declarations.within('proposals'));
    const source = [-1, -1, this.network.width];
    this.writer.build({ source, targets: [-1, -1] }, declarations.within('events'));
  }

  describe(): EventCaptionerDescription {
    const { config, words, longest } = this;
    return { task: 'video-events', config, words: words.tokenizer.config, longest };
  }

  encode(caption: string): number[] {
    return this.words.encode(captionWords(caption)).ids;
  }

  /** @param sources  with clips as `prepared` gives them */
  read(sources: readonly SpannedClip[], context: Context = inference): Reading {
    const clips = sources.map(({ clip }) => clip);
    for (const { clip, spans } of sources) requireSpans(clip, spans);
    const embedded = this.network.embed(clips, this.device, context);
    return this.writer.read({ embedded, spans: sources.map(({ spans }) => spans) }, context);
  }

  positions({ spans }: SpannedClip): readonly number[] {
    return spans.map(({ start, end }) => end - start);
  }

  /**
   * The loss of captions per word, in nats, plus that of proposals.
   * @param sources  with clips as `prepared` gives them
   * @param captions  one for each event of all clips
   */
  loss(
    sources: readonly SpannedClip[],
    captions: readonly string[],
    context: Context = inference,
    options: SequenceLossOptions = {},
  ): Tensor {
    const clips = sources.map(({ clip }) => clip);
    for (const { clip, spans } of sources) requireSpans(clip, spans);
    const embedded = this.network.embed(clips, this.device, context);
    const spans = sources.map((one) => one.spans);
    const proposals = this.#proposalLoss(embedded, spans, context);
    if (captions.length === 0) return proposals;
    const targets = padSequences(
      captions.map((one) => this.encode(one)),
      { padding: -1 },
    );
    const reading = this.writer.read({ embedded, spans }, context);
    return add(proposals, sequenceLoss(this.writer as unknown as EncoderDecoder, reading, targets, context, options));
  }

  #proposalLoss(embedded: EmbeddedClips, spans: readonly (readonly Span[])[], context: Context): Tensor {
    const { windows } = this.config;
    const logits = this.#proposals.apply(this.network.run(embedded, context).outputs); // [T, B, K]
    const [T, B, K] = logits.shape;
    const targets = new Float32Array(T * B * K);
    const weights = new Float32Array(T * B * K);
    for (const [b, own] of spans.entries()) {
      for (const [t, row] of proposalTargets(embedded.lengths[b], own, windows).entries()) {
        for (const [k, target] of row.entries()) {
          if (target < 0) continue;
          targets[(t * B + b) * K + k] = target;
          weights[(t * B + b) * K + k] = 1;
        }
      }
    }
    // A clip that is shorter than every window has no score to learn from.
    if (!weights.includes(1)) return logits.mul(0).sum();
    return binaryCrossEntropyLoss(logits, this.device.tensor(targets, [T, B, K]), {
      weights: this.device.tensor(weights, [T, B, K]),
    });
  }

  /** Scores of the windows that end with each frame, `[T][K]`, of a clip as `prepared` gives it. */
  async scores(clip: Clip): Promise<Float64Array[]> {
    const { device, network } = this;
    const K = this.config.windows.length;
    const values = await device.read(() =>
      device.withoutGradients(() =>
        this.#proposals.apply(network.run(network.embed([clip], device), inference).outputs),
      ),
    );
    return Array.from({ length: lengthOf(clip) }, (_, t) =>
      Float64Array.from(values.subarray(t * K, (t + 1) * K), (logit) => 1 / (1 + Math.exp(-logit))),
    );
  }

  /** Proposals of events, the best first. */
  async proposals(
    clips: readonly Clip[],
    options: ProposalOptions & Pick<CaptionOptions, 'signal'> = {},
  ): Promise<Proposal[][]> {
    const { signal, ...how } = options;
    requireOptions('video', how, proposalKinds);
    const found: Proposal[][] = [];
    for (const clip of await this.prepared(clips, { signal })) {
      await breathe(signal);
      found.push(proposalsIn(await this.scores(clip), this.config.windows, how));
    }
    return found;
  }

  /**
   * Captions of given parts of clips, in their order.
   * @throws DataError on a part that is not in its clip; ConfigError on an option out of range
   */
  async tell(sources: readonly SpannedClip[], options: CaptionOptions = {}): Promise<WrittenCaption<WordWeights>[][]> {
    const clips = await this.prepared(
      sources.map(({ clip }) => clip),
      options,
    );
    const filled = sources.map(({ spans }, i) => ({ clip: clips[i], spans })).filter(({ spans }) => spans.length > 0);
    const written = await writeCaptions(this, filled, (weights) => weights, { batch: 8, ...options });
    return sources.map(({ spans }) => written.splice(0, spans.length));
  }

  /**
   * The events of clips, each with its caption; those of a clip do not depend on the others.
   * @throws ConfigError on an option out of range; DataError on a clip that is none; the signal's reason if it is aborted
   */
  async predict(clips: readonly Clip[], options: EventOptions = {}): Promise<ToldVideo[]> {
    const { threshold, overlap, mostEvents, ...how } = options;
    requireOptions('video', { threshold, overlap, mostEvents }, proposalKinds);
    const { signal } = how;
    const read = await this.prepared(clips, { signal });
    const proposed = await this.proposals(read, { threshold, overlap, mostEvents, signal });
    const ordered = proposed.map((some) => [...some].sort((a, b) => a.start - b.start || a.end - b.end));
    const told = await this.tell(
      read.map((clip, i) => ({ clip, spans: ordered[i] })),
      how,
    );
    return read.map((clip, i) => ({
      frames: lengthOf(clip),
      events: ordered[i].map((proposal, e) => {
        // The score of a proposal, and that of its caption, are different things.
        const { score: _, ...caption } = told[i][e];
        return { ...caption, ...proposal };
      }),
    }));
  }
}

/** @throws DataError unless parts are whole frames of the clip */
export function requireSpans(clip: Clip, spans: readonly Span[]): void {
  const T = lengthOf(clip);
  const odd = spans.find(
    ({ start, end }) => !(Number.isInteger(start) && Number.isInteger(end) && start >= 0 && end > start && end <= T),
  );
  if (odd) {
    throw new DataError(`video: an event from frame ${odd.start} to ${odd.end} is not in a clip of ${T} frames`, {
      ...{ start: odd.start, end: odd.end, frames: T },
    });
  }
}
