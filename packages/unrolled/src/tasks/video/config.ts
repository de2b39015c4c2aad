import { count, flag, type Kinds, oneOf, required, requireOptions, whole } from '../../checks.ts';
import { ConfigError } from '../../errors.ts';
import { inputSize, type Preprocessing, preprocessingSchema } from '../../images/index.ts';
import type { CellSource } from '../../nn/cells/registry.ts';
import type { LayerConfig } from '../../nn/layer.ts';
import { mismatch, objectOf, optional, type Schema, scalar } from '../../schema.ts';
import { stackKinds, taskName } from '../../train/description.ts';

/** What a model of videos sees in each frame. */
export type FrameInput =
  | {
      readonly kind: 'features';
      /** F, such as two for each joint of a pose. */
      readonly features: number;
    }
  | {
      readonly kind: 'frames';
      /** Frames `[N, H, W, C]` → features `[N, F]`: a `sequential`. Maps `[N, h, w, D]` are averaged over their places. */
      readonly network: LayerConfig;
      readonly preprocessing: Preprocessing;
      /** Whether the network is not trained, such as a pretrained one. Default false. */
      readonly frozen?: boolean | undefined;
    };

/** Layers from frames to a vector for each of them: plain data. */
export interface ClipNetworkConfig {
  readonly input: FrameInput;
  /** Name of the cell, one of your own, or a full configuration. */
  readonly cell: CellSource;
  /** H, hidden units of each layer and direction. */
  readonly hidden: number;
  readonly layers: number;
  /** Dropout rate of the features, between layers and before the output. */
  readonly dropout: number;
  /** Whether other layers read from the end. Such a model needs whole clips, and reads no stream. Default false. */
  readonly bidirectional?: boolean | undefined;
  /**
   * Whether differences of successive frames are a second stream, in the place of optical flow: a network of its own reads them
   * where the network is trained; otherwise differences of features stand beside the features. Default false.
   */
  readonly differences?: boolean | undefined;
}

export const readings = ['average', 'last', 'mean', 'single'] as const;

/**
 * How a clip's label follows from its frames.
 *
 * - average: recurrent layers predict at every frame; the probabilities are averaged over all frames (Donahue 2015).
 * - last: the prediction of recurrent layers at the last frame.
 * - mean: the mean of the features over all frames, without recurrence.
 * - single: each frame by itself, without recurrence; the probabilities are averaged over all frames.
 */
export type Reading = (typeof readings)[number];

/** Configuration of a classifier of videos: plain data. */
export interface VideoClassifierConfig extends ClipNetworkConfig {
  /** Default 'average'. Without recurrence a hidden layer of H units with relu stands for the recurrent ones. */
  readonly reading?: Reading | undefined;
}

/** Configuration of a model that labels each frame: plain data. */
export interface FrameLabellerConfig extends ClipNetworkConfig {
  /** Whether frames are read in order. Default true; false: each by itself, as 'single'. */
  readonly recurrent?: boolean | undefined;
}

export const clipConditionings = ['attention', 'sequence', 'mean'] as const;

/**
 * How a decoder of captions knows the clip.
 *
 * - attention: recurrent layers read the frames; at every word attention looks at all of them (Yao 2015).
 * - sequence: the decoder begins with the final state of the recurrent layers (Venugopalan 2015).
 * - mean: the mean of the frames' features is part of every input (Venugopalan 2015).
 */
export type ClipConditioning = (typeof clipConditionings)[number];

/** Configuration of a captioner of clips: plain data. Encoder and decoder have the same cell, H and number of layers. */
export interface VideoCaptionerConfig extends ClipNetworkConfig {
  /** E, embedding dimension of words. */
  readonly embedding: number;
  /** Default 'attention'. */
  readonly conditioning?: ClipConditioning | undefined;
  /** A, the width of attention's hidden layer. Default: half of H, at least 1. */
  readonly attentionUnits?: number | undefined;
}

export const eventContexts = ['both', 'past', 'none'] as const;

/** Which other events of a clip the caption of one knows: those before and after it, those before it (as online), or none. */
export type EventContext = (typeof eventContexts)[number];

/** Configuration of a captioner of events: plain data. Proposals, encoder and decoder have the same cell, H and number of layers. */
export interface VideoEventsConfig extends ClipNetworkConfig {
  /** E, embedding dimension of words. */
  readonly embedding: number;
  /** Lengths of the windows that are proposed, in frames: `windowLengths` of the training events. */
  readonly windows: readonly number[];
  /** Default 'both'. */
  readonly context?: EventContext | undefined;
  /** A, the width of attention's hidden layer. Default: half of H, at least 1. */
  readonly attentionUnits?: number | undefined;
}

const input = required({
  must: "{ kind: 'features', features: F } or { kind: 'frames', network, preprocessing }",
  fits: (value) => ['features', 'frames'].includes((value as Partial<FrameInput> | null)?.kind as string),
});

const networkKinds: Kinds<ClipNetworkConfig> = { ...stackKinds, input, bidirectional: flag, differences: flag };
const classifierKinds: Kinds<VideoClassifierConfig> = { ...networkKinds, reading: oneOf(readings) };
const labellerKinds: Kinds<FrameLabellerConfig> = { ...networkKinds, recurrent: flag };
const captionerKinds: Kinds<VideoCaptionerConfig> = {
  ...networkKinds,
  embedding: required(count),
  conditioning: oneOf(clipConditionings),
  attentionUnits: count,
};

const windows = required({
  must: 'from 1 to 100 whole numbers of frames, from 1 to 10000',
  fits: (value) =>
    Array.isArray(value) &&
    value.length > 0 &&
    value.length <= 100 &&
    value.every((one) => Number.isInteger(one) && one >= 1 && one <= 10_000),
});
const eventsKinds: Kinds<VideoEventsConfig> = {
  ...networkKinds,
  embedding: required(count),
  windows,
  context: oneOf(eventContexts),
  attentionUnits: count,
};

/** @throws ConfigError on an unknown option or a value that cannot work */
export function requireClassifierConfig(config: VideoClassifierConfig): void {
  requireOptions('video', config, classifierKinds);
  const { reading = 'average', bidirectional } = config;
  if (bidirectional && (reading === 'mean' || reading === 'single')) {
    throw new ConfigError(
      `video: reading '${reading}' has no recurrence, so bidirectional has no meaning; leave it out`,
    );
  }
}

/** @throws ConfigError on an unknown option or a value that cannot work */
export function requireCaptionerConfig(config: VideoCaptionerConfig): void {
  requireOptions('video', config, captionerKinds);
  if (config.bidirectional && config.conditioning === 'mean') {
    throw new ConfigError(
      "video: conditioning 'mean' has no recurrence, so bidirectional has no meaning; leave it out",
    );
  }
}

/** @throws ConfigError on an unknown option or a value that cannot work */
export function requireEventsConfig(config: VideoEventsConfig): void {
  requireOptions('video', config, eventsKinds);
}

/** @throws ConfigError on an unknown option or a value that cannot work */
export function requireLabellerConfig(config: FrameLabellerConfig): void {
  requireOptions('video', config, labellerKinds);
  if (config.bidirectional && config.recurrent === false) {
    throw new ConfigError('video: without recurrence bidirectional has no meaning; leave it out');
  }
}

/** Larger inputs that are opened from a file would fill the memory. */
const most = { side: 2048, features: 2 ** 20 };

const preprocessing: Schema<Preprocessing> = (value, place) => {
  const found = preprocessingSchema(value, place);
  if (inputSize(found).every((side) => side <= most.side)) return found;
  throw mismatch(`${place}.size`, `at most ${most.side}`, found.size);
};

const frames = objectOf<Extract<FrameInput, { kind: 'frames' }>>({
  kind: taskName('frames'),
  // What is in it is checked when its layers are made.
  network(value, place) {
    if ((value as Partial<LayerConfig> | null)?.layer === 'sequential') return value as LayerConfig;
    throw mismatch(place, 'the configuration of a sequential layer', value);
  },
  preprocessing,
  frozen: optional(scalar<boolean>(flag)),
});
const features = objectOf<Extract<FrameInput, { kind: 'features' }>>({
  kind: taskName('features'),
  features: scalar<number>(whole({ from: 1, to: most.features })),
});
const frameInput: Schema<FrameInput> = (value, place) =>
  (value as Partial<FrameInput> | null)?.kind === 'frames' ? frames(value, place) : features(value, place);

const fieldsOf = <Config extends ClipNetworkConfig>(kinds: Kinds<Config>) => {
  const fields = Object.entries(kinds).map(([name, kind]) => {
    const schema = name === 'input' ? frameInput : scalar(kind as Kinds<Config>[keyof Config]);
    return [name, (kind as { optional?: boolean }).optional === false ? schema : optional(schema as Schema<unknown>)];
  });
  return objectOf<Config>(Object.fromEntries(fields));
};

/** Configurations in files. */
export const classifierConfig: Schema<VideoClassifierConfig> = fieldsOf(classifierKinds);
export const labellerConfig: Schema<FrameLabellerConfig> = fieldsOf(labellerKinds);
export const eventsConfig: Schema<VideoEventsConfig> = fieldsOf(eventsKinds);
export const captionerConfig: Schema<VideoCaptionerConfig> = fieldsOf(captionerKinds);
