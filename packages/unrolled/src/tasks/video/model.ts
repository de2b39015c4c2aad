import { number } from '../../checks.ts';
import { type Classification, classificationOf, labelIndex } from '../../metrics/label-predictions.ts';
import type { DefinedCell } from '../../nn/cells/define.ts';
import { withCell } from '../../nn/cells/registry.ts';
import { type Context, inference } from '../../nn/layer.ts';
import { crossEntropyLoss } from '../../nn/losses.ts';
import type { SavedParameters } from '../../nn/parameters.ts';
import { pool } from '../../nn/pooling.ts';
import { listOfDifferent, objectOf, type Schema, scalar, text } from '../../schema.ts';
import type { Device } from '../../tensor/device.ts';
import type { Tensor } from '../../tensor/tensor.ts';
import { taskName } from '../../train/description.ts';
import { loadModel, type ModelSource } from '../../train/stored-model.ts';
import type { Clip } from './clip.ts';
import { ClipModel } from './clip-model.ts';
import type { ClipOptions } from './clip-reader.ts';
import { classifierConfig, requireClassifierConfig, type VideoClassifierConfig } from './config.ts';
import { perFrame } from './frame-targets.ts';
import { ClipReading, rowsFor, type StreamOptions, VideoStream } from './stream.ts';

/** Everything that makes the model besides its parameters: plain data. */
export interface VideoClassifierDescription {
  readonly task: 'video';
  readonly config: VideoClassifierConfig;
  readonly labels: readonly string[];
  /** T of softmax(logits / T), fitted on validation clips so that probabilities are calibrated (Guo 2017). */
  readonly temperature: number;
}

/** The description of a classifier of videos in a file. */
export const videoClassifierDescription: Schema<VideoClassifierDescription> = objectOf<VideoClassifierDescription>({
  task: taskName('video'),
  config: classifierConfig,
  labels: listOfDifferent(text, 2),
  temperature: scalar<number>(number({ above: 0 })),
});

/**
 * A video to one of K labels (Donahue 2015), with recurrent layers over the features of its frames:
 *
 *     v_t = network(frame_t);   h_t = cells(v_t, h_{t−1});   p = 1/T Σ_t softmax(W h_t + b)
 *
 * or by another `Reading`; then softmax(log p / temperature). Parameters: those of `ClipNetwork`; `output.weight` [K, H],
 * `output.bias` [K].
 *
 * @example
 * const device = await openDevice();
 * const classifier = VideoClassifier.load(device, await (await fetch('actions.safetensors')).arrayBuffer());
 * (await classifier.predict([{ frames }]))[0].label;   // 'wave'
 */
export class VideoClassifier extends ClipModel<VideoClassifierConfig> {
  /** See `VideoClassifierDescription`; 1 until it is fitted. */
  temperature = 1;

  /**
   * @param initial  a seed, or saved parameters
   * @throws ConfigError on an unknown option, fewer than two labels, or a network that does not give features
   */
  constructor(
    device: Device,
    { config, labels }: { readonly config: VideoClassifierConfig; readonly labels: readonly string[] },
    initial: number | SavedParameters = 1,
  ) {
    requireClassifierConfig(config);
    const { reading = 'average' } = config;
    super(device, config, labels, reading === 'average' || reading === 'last', initial);
  }

  /**
   * A model from its description.
   * @param own  the cell, if it is one of your own: a description from a file has only its name
   * @param initial  saved parameters, or a seed for new ones. Default 1
   * @throws FormatError if the description is not one, or does not fit the parameters; ConfigError if it cannot work
   */
  static from(
    device: Device,
    description: VideoClassifierDescription,
    own?: DefinedCell,
    initial: number | SavedParameters = 1,
  ): VideoClassifier {
    const { config, labels, temperature } = videoClassifierDescription(description, 'model');
    const model = new VideoClassifier(device, { config: withCell(config, own), labels }, initial);
    model.temperature = temperature;
    return model;
  }

  /**
   * Loads an exported model (`unrolled export`, `encodeModel`) or a checkpoint.
   * @param source  the bytes of the file, or a stored model
   * @throws FormatError if the file is damaged or of another task; ConfigError if `source` is neither
   */
  static load(device: Device, source: ModelSource, own?: DefinedCell): VideoClassifier {
    return loadModel(source, 'video', (description, parameters) =>
      VideoClassifier.from(device, description as VideoClassifierDescription, own, parameters),
    );
  }

  describe(): VideoClassifierDescription {
    const { config, labels, temperature } = this;
    return { task: 'video', config, labels, temperature };
  }

  /** @throws DataError if the model has no such label */
  labelId(label: string): number {
    return labelIndex('video', this.labels, label);
  }

  /**
   * Mean cross-entropy in nats: of every frame where predictions are averaged over frames, otherwise of the clip.
   * @param clips  as `prepared` gives them
   */
  loss(clips: readonly Clip[], targets: readonly number[], context: Context = inference): Tensor {
    const { reading = 'average' } = this.config;
    const embedded = this.network.embed(clips, this.device, context);
    const { lengths } = embedded;
    if (reading === 'mean') {
      const xs = pool('mean', embedded.xs, lengths).reshape([1, clips.length, -1]);
      const logits = this.frameLogits({ xs, lengths: clips.map(() => 1) }, context);
      return crossEntropyLoss(logits, this.device.ids([...targets], [1, clips.length]));
    }
    const { outputs } = this.network.run(embedded, context);
    if (reading === 'last')
      return crossEntropyLoss(this.logitsOf(pool('last', outputs, lengths)), this.device.ids([...targets]));
    const { ids, weights } = perFrame(
      targets.map((target, b) => new Array<number>(lengths[b]).fill(target)),
      this.device,
    );
    return crossEntropyLoss(this.logitsOf(outputs), ids, { weights });
  }

  /** Logits of clips, K for each, before the temperature. They do not depend on how clips are batched. */
  async logits(clips: readonly Clip[], options: ClipOptions = {}): Promise<Float64Array[]> {
    const { reading = 'average' } = this.config;
    const found: Float64Array[] = [];
    for (const rows of await this.rows(clips, rowsFor(reading), options)) {
      const sum = new ClipReading(this, reading);
      for (const row of rows) sum.add(row);
      found.push(await sum.logits());
    }
    return found;
  }

  /** The label of each clip. @throws DataError on a clip that is none; the signal's reason if it is aborted */
  async predict(clips: readonly Clip[], options: ClipOptions = {}): Promise<Classification[]> {
    const logits = await this.logits(clips, options);
    return logits.map((row) => classificationOf(row, this.labels, this.temperature));
  }

  /** A stream of its own for a video that comes frame by frame. @throws ConfigError for a bidirectional model */
  stream(options: StreamOptions = {}): VideoStream {
    return new VideoStream(this, options);
  }
}
