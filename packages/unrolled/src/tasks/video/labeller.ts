import { anything, count, type Kinds, requireOptions } from '../../checks.ts';
import { ConfigError, DataError } from '../../errors.ts';
import { labelIndex, softmaxOf } from '../../metrics/label-predictions.ts';
import { movingMean, type ScoredSegment, segmentsIn } from '../../metrics/segments.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import type { SavedParameters } from '../../nn/parameters.ts';
import { listOfDifferent, nullable, objectOf, type Schema, text } from '../../schema.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { taskName } from '../../train/description.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import { type Clip, lengthOf } from './clip.ts';
import { ClipModel } from './clip-model.ts';
import type { ClipOptions } from './clip-reader.ts';
import { type FrameLabellerConfig, labellerConfig, requireLabellerConfig } from './config.ts';
import { perFrame } from './frame-targets.ts';

/** Everything that makes the model besides its parameters: plain data. */
export interface FrameLabellerDescription {
  readonly task: 'video-frames';
  readonly config: FrameLabellerConfig;
  readonly labels: readonly string[];
  /** The label of frames in which nothing happens, which make no segment; null: there is none. */
  readonly background: string | null;
}

/** The description of a labeller of frames in a file. */
export const frameLabellerDescription: Schema<FrameLabellerDescription> = objectOf<FrameLabellerDescription>({
  task: taskName('video-frames'),
  config: labellerConfig,
  labels: listOfDifferent(text, 2),
  background: nullable(text),
});

/** How frames' probabilities become segments. */
export interface SegmentOptions {
  /** Frames over which probabilities are averaged. Default 1: not. */
  readonly smooth?: number | undefined;
  /** Shorter segments are left out. Default 1. */
  readonly minLength?: number | undefined;
}

export const segmentKinds: Kinds<SegmentOptions> = { smooth: count, minLength: count };

/** What happens in a video, and when. */
export interface LabelledFrames {
  /** The likeliest label of each frame. */
  readonly labels: readonly string[];
  /** Runs of frames with one label, without the background; their score is the label's mean probability. */
  readonly segments: readonly ScoredSegment[];
}

/**
 * A label for each frame of a video, aligned many to many: softmax(W h_t + b) at every frame; see `ClipNetwork`. Parameters: its
 * own; `output.weight` [K, H], `output.bias` [K].
 *
 * @example
 * const labeller = FrameLabeller.load(device, bytes);
 * const [{ segments }] = await labeller.predict([{ frames }], { smooth: 5 });   // [{ label: 'wave', start: 12, end: 40, … }]
 */
export class FrameLabeller extends ClipModel<FrameLabellerConfig> {
  readonly background: string | null;

  /** @throws ConfigError on an unknown option, fewer than two labels, or a background that is none of them */
  constructor(
    device: Device,
    { config, labels, background }: Omit<FrameLabellerDescription, 'task'>,
    initial: number | SavedParameters = 1,
  ) {
    requireLabellerConfig(config);
    super(device, config, labels, config.recurrent ?? true, initial);
    if (background !== null && !labels.includes(background)) {
      throw new ConfigError(`video: the background '${background}' must be one of the labels`, { background });
    }
    this.background = background;
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters; ConfigError if it cannot work
   */
  static from(
    device: Device,
    description: FrameLabellerDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): FrameLabeller {
    const { config, labels, background } = frameLabellerDescription(description, 'model');
    return new FrameLabeller(device, { config: withCell(config, own), labels, background }, initial);
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): FrameLabeller {
    return loadModel(source, 'video-frames', (description, parameters) =>
      FrameLabeller.from(device, description as FrameLabellerDescription, own, parameters),
    );
  }

  describe(): FrameLabellerDescription {
    const { config, labels, background } = this;
    return { task: 'video-frames', config, labels, background };
  }

  /** @throws DataError if the model has no such label */
  labelId(label: string): number {
    return labelIndex('video', this.labels, label);
  }

  /**
   * Mean cross-entropy of all frames in nats; every clip counts alike.
   * @param clips  as `prepared` gives them
   * @throws DataError unless there is a label for each frame
   */
  loss(clips: readonly Clip[], labels: readonly (readonly string[])[], context: Context = inference): Tensor {
    const logits = this.frameLogits(this.network.embed(clips, this.device, context), context);
    const { ids, weights } = perFrame(
      clips.map((clip, b) => this.targetsOf(clip, labels[b])),
      this.device,
    );
    return crossEntropyLoss(logits, ids, { weights });
  }

  /** The ids of a clip's labels. @throws DataError unless there is one for each frame, and each is one of the model's */
  targetsOf(clip: Clip, labels: readonly string[]): number[] {
    if (labels.length !== lengthOf(clip)) {
      throw new DataError(
        `video: a clip has ${lengthOf(clip)} frames and ${labels.length} labels; give one for each frame`,
        {
          frames: lengthOf(clip),
          labels: labels.length,
        },
      );
    }
    return labels.map((label) => this.labelId(label));
  }

  /** Probabilities of each frame, `[T][K]` for each clip. */
  async probabilities(clips: readonly Clip[], options: ClipOptions = {}): Promise<Float64Array[][]> {
    const all = await this.rows(clips, 'logits', options);
    return all.map((rows) => rows.map((row) => softmaxOf(row, 1)));
  }

  /** @throws ConfigError on an option out of range; DataError on a clip that is none; the signal's reason if it is aborted */
  async predict(clips: readonly Clip[], options: SegmentOptions & ClipOptions = {}): Promise<LabelledFrames[]> {
    requireOptions('video', options, { ...segmentKinds, signal: anything });
    const { signal, ...how } = options;
    return (await this.probabilities(clips, { signal })).map((rows) => this.labelled(rows, how));
  }

  /** Labels and segments from the probabilities of a clip's frames. */
  labelled(rows: readonly Float64Array[], { smooth = 1, minLength = 1 }: SegmentOptions = {}): LabelledFrames {
    const smoothed = smooth > 1 ? movingMean(rows, smooth) : rows;
    const labels = smoothed.map((row) => this.labels[row.indexOf(Math.max(...row))]);
    const segments = segmentsIn(labels, this.background).filter(({ start, end }) => end - start >= minLength);
    const scoreOf = ({ label, start, end }: (typeof segments)[number]): number => {
      const k = this.labels.indexOf(label);
      return smoothed.slice(start, end).reduce((sum, row) => sum + row[k], 0) / (end - start);
    };
    return { labels, segments: segments.map((one) => ({ ...one, score: scoreOf(one) })) };
  }
}
